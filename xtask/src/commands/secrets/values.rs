//! The values of the repository's encrypted files, for whoever looks for them where they must not be.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::check;
use super::private::go_on;
use super::workshop::Workshop;
use crate::bootstrap::Machine;
use crate::interrupt;
use crate::rules::secrets::{Encrypted, Format, Leaf, read, sort};
use crate::session::{Session, cores};
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
    let mut values = Values::default();
    for file in sort(&workshop.files).encrypted {
        go_on()?;
        let opened = workshop.bench(file.path, &["decrypt"]).and_then(|mut command| open(&mut command));
        values.add(file.path, values_if_open(workshop, &file, opened));
    }
    go_on()?;
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
    let closed = |why: &Why| paths.iter().map(|path| Closed { path: path.clone(), why: why.clone() }).collect();
    if Sops::find(&Machine::read().tools_folder()).is_err() {
        return Ok(Values { known: Vec::new(), closed: closed(&Why::NoSops) });
    }
    let workshop = match Workshop::of(files, &session.context.repository) {
        Ok(workshop) => workshop,
        Err(error) => return Ok(Values { known: Vec::new(), closed: closed(&Why::Otherwise(format!("{error:#}"))) }),
    };
    let encrypted = sort(&workshop.files).encrypted;
    let opened = side_by_side(&encrypted, &|file| opened_by_itself(&workshop, file));
    go_on()?;
    let mut values = Values::default();
    for (file, opened) in encrypted.iter().zip(opened) {
        values.add(file.path, opened);
    }
    Ok(values)
}

/// What `open` makes of each file, as many at once as there are cores. Where that many were waited for in vain, whatever they wait for is
/// in the way of the others as well, and these are not tried.
fn side_by_side<T: Sync, O: Send>(files: &[T], open: &(dyn Fn(&T) -> Result<O, Why> + Sync)) -> Vec<Result<O, Why>> {
    let (next, late) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut opened = Vec::new();
        while let Some((index, file)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|index| Some((index, files.get(index)?)))
        {
            let result = if late.load(Ordering::Relaxed) < cores() { open(file) } else { Err(Why::TookTooLong) };
            if matches!(result, Err(Why::TookTooLong)) {
                late.fetch_add(1, Ordering::Relaxed);
            }
            opened.push((index, result));
        }
        opened
    };
    // What a thread that died has opened is not known any more.
    let unknown = || Err(Why::Otherwise("it is not known what became of it".to_owned()));
    let mut opened: Vec<Result<O, Why>> = files.iter().map(|_| unknown()).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores().min(files.len())).map(|_| scope.spawn(work)).collect();
        for (index, result) in threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()) {
            if let Some(place) = opened.get_mut(index) {
                *place = result;
            }
        }
    });
    opened
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
    use std::sync::{Condvar, Mutex};

    use super::*;

    #[test]
    fn as_many_are_opened_at_once_as_there_are_cores() {
        let files: Vec<usize> = (0..50).collect();
        let (now, changed) = (Mutex::new((0, 0)), Condvar::new());
        let opened = side_by_side(&files, &|file| {
            let mut count = now.lock().unwrap();
            *count = (count.0 + 1, (count.0 + 1).max(count.1));
            // Each waits until as many are at work as may be.
            let (mut count, _) = changed.wait_timeout_while(count, PATIENCE, |count| count.1 < cores()).unwrap();
            changed.notify_all();
            count.0 -= 1;
            if file % 2 == 0 { Ok(*file) } else { Err(Why::NoKey) }
        });
        assert_eq!(now.lock().unwrap().1, cores());
        let expected = files.iter().map(|file| if file % 2 == 0 { Ok(*file) } else { Err(Why::NoKey) });
        assert_eq!(opened, expected.collect::<Vec<_>>());
    }

    #[test]
    fn what_all_wait_for_is_not_waited_for_again_and_again() {
        let tried = AtomicUsize::new(0);
        let opened: Vec<Result<(), Why>> = side_by_side(&[(); 1000], &|()| {
            tried.fetch_add(1, Ordering::Relaxed);
            Err(Why::TookTooLong)
        });
        assert!(tried.load(Ordering::Relaxed) < 2 * cores(), "{tried:?}");
        assert_eq!(opened, vec![Err(Why::TookTooLong); 1000]);
    }

    #[test]
    fn a_thread_that_dies_takes_no_file_along() {
        let opened = side_by_side(&[1, 2, 3], &|file| if *file == 2 { panic!("on purpose") } else { Ok(*file) });
        assert_eq!(opened.len(), 3);
        assert!(matches!(&opened[1], Err(Why::Otherwise(said)) if said == "it is not known what became of it"));
    }
}
