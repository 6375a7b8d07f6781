//! The values of the repository's encrypted files, for whoever looks for them where they must not be.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::check;
use super::private::{go_on, leave_no_copy};
use super::side_by_side::side_by_side;
use super::workshop::Workshop;
use crate::bootstrap::Machine;
use crate::interrupt;
use crate::rules::secrets::{Encrypted, Format, Leaf, read, sort};
use crate::session::Session;
use crate::sops::closed::{Closed, Why};
use crate::sops::program::{Opened, Sops, open, open_unless};

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
    /// The files that were not opened.
    pub closed: Vec<Closed>,
}

impl Values {
    fn add(&mut self, path: &Path, opened: Result<Vec<Value>, Why>) {
        match opened {
            Ok(known) => self.known.extend(known),
            Err(why) => self.closed.push(Closed { path: path.to_owned(), why }),
        }
    }
}

/// The values of all files, for a user who asked for them, and may be asked for a passphrase.
///
/// # Errors
/// When the user interrupts.
pub fn values(workshop: &Workshop) -> Result<Values> {
    leave_no_copy()?;
    let mut values = Values::default();
    for file in sort(&workshop.files).encrypted {
        go_on()?;
        let opened = workshop.bench(file.path, &["decrypt"]).and_then(|mut command| open(&mut command));
        values.add(file.path, values_if_open(workshop, &file, opened));
    }
    go_on()?;
    Ok(values)
}

/// The values of the files that open by themselves, which are opened when they are first wanted.
#[derive(Debug)]
pub struct AtHand<'a> {
    session: &'a Session<'a>,
    opened: OnceCell<Values>,
}

impl<'a> AtHand<'a> {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(session: &'a Session<'a>) -> Self {
        Self { session, opened: OnceCell::new() }
    }

    /// Opens them, unless they are.
    ///
    /// # Errors
    /// When the repository cannot be read, or the user interrupts.
    pub fn known(&self) -> Result<&[Value]> {
        if self.opened.get().is_none() {
            // Nobody else fills it meanwhile: it is not shared.
            drop(self.opened.set(values_at_hand(self.session)?));
        }
        Ok(self.opened.get().map_or(&[], |values| &values.known))
    }

    /// The files that did not open; none as long as they were not wanted.
    #[must_use]
    pub fn closed(&self) -> &[Closed] {
        self.opened.get().map_or(&[], |values| &values.closed)
    }
}

/// The values of the files that open by themselves: without asking anybody, and without the keyring of GnuPG, which does. Whatever is
/// in the way of one leaves it closed.
///
/// # Errors
/// When the repository cannot be read, or the user interrupts.
fn values_at_hand(session: &Session<'_>) -> Result<Values> {
    let files = check::files(&session.tree, &session.config.secrets.ignore)?;
    let paths: Vec<PathBuf> = sort(&files).encrypted.iter().map(|file| file.path.to_owned()).collect();
    if paths.is_empty() {
        return Ok(Values::default());
    }
    leave_no_copy()?;
    let closed = |why: &Why| paths.iter().map(|path| Closed { path: path.clone(), why: why.clone() }).collect();
    if Sops::find(&Machine::read().tools_folder()).is_err() {
        return Ok(Values { known: Vec::new(), closed: closed(&Why::NoSops) });
    }
    let workshop = match Workshop::of(files, &session.context.repository) {
        Ok(workshop) => workshop,
        Err(error) => return Ok(Values { known: Vec::new(), closed: closed(&Why::Otherwise(format!("{error:#}"))) }),
    };
    let encrypted = sort(&workshop.files).encrypted;
    let opened = side_by_side(&encrypted, &recipients, &|file| opened_by_itself(&workshop, file));
    go_on()?;
    let mut values = Values::default();
    for (file, opened) in encrypted.iter().zip(opened) {
        values.add(file.path, opened);
    }
    Ok(values)
}

/// For whom `file` is: what a key is asked for that may not answer.
fn recipients(file: &Encrypted<'_>) -> Vec<String> {
    let groups = file.document.metadata.iter().flat_map(|metadata| metadata.groups.iter().flatten());
    groups.map(|recipient| format!("{} {}", recipient.kind, recipient.name)).collect()
}

fn opened_by_itself(workshop: &Workshop, file: &Encrypted<'_>) -> Result<Vec<Value>, Why> {
    let otherwise = |error: anyhow::Error| Why::Otherwise(format!("{error:#}"));
    let mut command = workshop.bench(file.path, &["decrypt"]).map_err(otherwise)?;
    command.env("GNUPGHOME", workshop.empty_folder(file.path).map_err(otherwise)?);
    let (begun, interrupts) = (Instant::now(), interrupt::count());
    let opened = open_unless(&mut command, &|| begun.elapsed() > PATIENCE || interrupt::count() > interrupts);
    if opened.is_err() && begun.elapsed() > PATIENCE {
        return Err(Why::TookTooLong);
    }
    values_if_open(workshop, file, opened)
}

/// The values of `file`, if sops did open it.
fn values_if_open(workshop: &Workshop, file: &Encrypted<'_>, opened: Result<Opened>) -> Result<Vec<Value>, Why> {
    match opened {
        Ok(Opened::Plain(plain)) => values_of(file, &plain).map_err(|error| Why::Otherwise(format!("{error:#}"))),
        Ok(Opened::NoKey) => Err(Why::NoKey),
        Ok(Opened::Tampered) => Err(Why::Tampered),
        Ok(Opened::Otherwise(refusal)) => Err(Why::Otherwise(refusal.told(&quotable(workshop, file.path)))),
        Err(error) => Err(Why::Otherwise(format!("{error:#}"))),
    }
}

/// What sops may quote: what stands in the file in plain text, and the command that gets its key.
fn quotable(workshop: &Workshop, path: &Path) -> Vec<String> {
    let text = workshop.files.iter().find(|file| file.path == path).map(|file| file.text.as_str());
    let plain = text.unwrap_or_default().lines().filter(|line| !line.contains("ENC[")).map(str::to_owned);
    plain.chain(std::env::var("SOPS_AGE_KEY_CMD")).collect()
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

#[cfg(test)]
mod tests {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use super::*;
    use crate::commands::secrets::workshop::tests::workshop;

    #[test]
    fn a_crash_leaves_no_copy_of_values_that_were_asked_for() {
        let before = getrlimit(Resource::Core);
        setrlimit(Resource::Core, Rlimit { current: before.maximum, ..before }).unwrap();
        values(&workshop(Vec::new())).unwrap();
        assert_eq!(getrlimit(Resource::Core), Rlimit { current: Some(0), ..before });
    }
}
