//! The values of the repository's encrypted files, for whoever looks for them where they must not be.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::check;
use super::private::go_on;
use super::workshop::Workshop;
use crate::interrupt;
use crate::rules::secrets::{Encrypted, Format, Leaf, read, sort};
use crate::session::Session;
use crate::sops::program::{Opened, open, open_unless};

/// How long one file may take to open where nobody asked for it: whose key wants a passphrase or a touch is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A value.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// What it is called: the key and the file, never the value.
    pub name: String,
    /// What it is.
    pub text: Vec<u8>,
}

// The value is never shown, not even by accident.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Value {
    /// What is looked for of it, unless it is too short for that.
    #[must_use]
    pub fn wanted(self) -> Option<secret_patterns::Value> {
        secret_patterns::Value::new(self.name, &self.text)
    }
}

/// The values of a repository.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// Those of the files that a key of the user opens.
    pub known: Vec<Value>,
    /// The files that none does.
    pub closed: Vec<PathBuf>,
}

/// The values of all files, for a user who asked for them.
///
/// # Errors
/// When a file cannot be decrypted though a key is there, or read then.
pub fn values(workshop: &Workshop) -> Result<Values> {
    let mut values = Values::default();
    for file in sort(&workshop.files).encrypted {
        go_on()?;
        let path = file.path;
        match open(&mut workshop.bench(path, &["decrypt"])?)? {
            Opened::Plain(plain) => values.known.extend(values_of(&file, &plain)?),
            Opened::NoKey => values.closed.push(path.to_owned()),
            other => bail!("`{}` cannot be decrypted: {other:?}", path.display()),
        }
    }
    Ok(values)
}

/// The values of the files that open by themselves: without asking anybody, and without the keyring of GnuPG, which does. Whatever is
/// in the way of one leaves it closed.
///
/// # Errors
/// When the repository cannot be read, or the user interrupts.
pub fn values_at_hand(session: &Session<'_>) -> Result<Values> {
    let files = check::files(&session.tree, &session.config.secrets.ignore)?;
    let paths: Vec<PathBuf> = sort(&files).encrypted.iter().map(|file| file.path.to_owned()).collect();
    if paths.is_empty() {
        return Ok(Values::default());
    }
    // From here on there is something in memory that a crash must not write into a file.
    let limit = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
    setrlimit(Resource::Core, limit).context("have a crash leave no copy of the memory")?;
    let Ok(workshop) = Workshop::of(files, &session.context.repository) else {
        return Ok(Values { known: Vec::new(), closed: paths });
    };
    let encrypted = sort(&workshop.files).encrypted;
    let opened: Vec<Option<Vec<Value>>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            encrypted.iter().map(|file| scope.spawn(|| opened_by_itself(&workshop, file).ok())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
    });
    go_on()?;
    let mut values = Values::default();
    for (path, opened) in paths.into_iter().zip(opened) {
        match opened {
            Some(known) => values.known.extend(known),
            None => values.closed.push(path),
        }
    }
    Ok(values)
}

fn opened_by_itself(workshop: &Workshop, file: &Encrypted<'_>) -> Result<Vec<Value>> {
    let mut command = workshop.bench(file.path, &["decrypt"])?;
    command.env("GNUPGHOME", workshop.empty_folder(file.path)?);
    let (begun, interrupts) = (Instant::now(), interrupt::count());
    match open_unless(&mut command, &|| begun.elapsed() > PATIENCE || interrupt::count() > interrupts)? {
        Opened::Plain(plain) => values_of(file, &plain),
        other => bail!("{other:?}"),
    }
}

/// What is encrypted in `file`, from its plain text.
fn values_of(file: &Encrypted<'_>, plain: &[u8]) -> Result<Vec<Value>> {
    let (path, format) = (file.path, file.format);
    if format == Format::Binary {
        return Ok(vec![Value { name: format!("the content of `{}`", path.display()), text: plain.to_vec() }]);
    }
    let text = std::str::from_utf8(plain).ok().context("a decrypted file is not text")?;
    let Ok(document) = read(format, text) else { bail!("the decrypted `{}` cannot be read", path.display()) };
    let name = |keys: &[String]| format!("the value of `{}` in `{}`", keys.join("."), path.display());
    let sealed = |leaf: &&Leaf| {
        file.document.leaves.iter().any(|known| known.path == leaf.path && known.text.starts_with("ENC["))
    };
    let value = |leaf: &Leaf| Value { name: name(&leaf.path), text: leaf.text.as_bytes().to_vec() };
    Ok(document.leaves.iter().filter(sealed).map(value).collect())
}

/// One line that names the first of `closed`, for a person.
#[must_use]
pub fn closed_values(closed: &[PathBuf]) -> Option<String> {
    let shown = |path: &Path| format!("`{}`", path.display());
    match closed {
        [] => None,
        [one] => Some(format!("the values in {}, which no key on this machine opens", shown(one))),
        [first, others @ ..] => {
            let number = others.len();
            Some(format!("the values in {} and {number} more, which no key on this machine opens", shown(first)))
        }
    }
}
