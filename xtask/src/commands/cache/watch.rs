//! What a command brings into the store is pushed while it runs: the store itself is watched, which needs no trusted user and no
//! hook, and sees what is fetched as well as what is built.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

use crate::interrupt;
use crate::nix::Store;
use crate::process;
use crate::report::Console;

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// The entries of a store's folder, and when it last changed.
#[derive(Debug)]
struct Entries<'a> {
    store: &'a Store,
    folder: PathBuf,
    known: HashSet<String>,
    changed: Option<SystemTime>,
}

impl<'a> Entries<'a> {
    /// What is there now is no news.
    fn new(store: &'a Store) -> Result<Self> {
        let folder = store.on_disk(&store.folder.to_string_lossy());
        let known = listed(&folder)?.into_iter().collect();
        Ok(Self { store, folder, known, changed: None })
    }

    /// The store paths that were not there when they were last looked for, and are whole; each is told once.
    fn news(&mut self) -> Result<Vec<String>> {
        let changed = self.folder.metadata().and_then(|metadata| metadata.modified()).ok();
        let unchanged = changed.is_some() && changed == self.changed;
        if unchanged {
            return Ok(Vec::new());
        }
        let listed = listed(&self.folder)?;
        let unfinished: HashSet<&str> = listed.iter().filter_map(|name| name.strip_suffix(".lock")).collect();
        let (mut news, mut waiting) = (Vec::new(), false);
        for name in &listed {
            if self.known.contains(name) || !is_output(name) {
                continue;
            }
            let path = self.store.folder.join(name).display().to_string();
            if unfinished.contains(name.as_str()) || !self.store.holds(&path) {
                waiting = true;
            } else {
                news.push(path);
                self.known.insert(name.clone());
            }
        }
        // What is not whole yet becomes so without the folder changing.
        self.changed = changed.filter(|_| !waiting);
        Ok(news)
    }
}

fn listed(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("watch the store `{}`", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

/// Whether an entry may be something built: no derivation, no lock, nothing of Nix's own.
fn is_output(name: &str) -> bool {
    let hash_and_name = name.split_once('-').is_some_and(|(hash, _)| hash.len() == 32);
    hash_and_name && ![".drv", ".lock", ".chroot", ".check"].iter().any(|suffix| name.ends_with(suffix))
}

/// Runs `command` with the terminal as it is, and hands what appears in the store to `push` while it runs and once more at its end.
/// Returns its exit status.
///
/// # Errors
/// When it cannot be started, or the store not be watched; what `push` returns ends the watching, not the command.
pub fn watch(
    console: &Console,
    store: &Store,
    command: &mut Command,
    push: &mut dyn FnMut(Vec<String>) -> Result<()>,
) -> Result<i32> {
    let mut entries = Entries::new(store)?;
    console.command(&process::spelled(command));
    let mut child = command.spawn().with_context(|| format!("could not start {}", process::spelled(command)))?;
    let (sender, ends) = mpsc::channel();
    std::thread::spawn(move || drop(sender.send(child.wait())));
    let status = loop {
        match ends.recv_timeout(LOOK) {
            Ok(status) => break status.context("learn how the command ended")?,
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("it is not known how the command ended"),
            // Whoever interrupts the command interrupts it and this one: its end is near.
            Err(RecvTimeoutError::Timeout) if interrupt::count() > 0 => {}
            Err(RecvTimeoutError::Timeout) => hand_over(&mut entries, push)?,
        }
    };
    if interrupt::count() == 0 {
        hand_over(&mut entries, push)?;
    }
    // Ended by a signal is a failure with the number that shells give it.
    Ok(status.code().unwrap_or_else(|| 128 + std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0)))
}

fn hand_over(entries: &mut Entries<'_>, push: &mut dyn FnMut(Vec<String>) -> Result<()>) -> Result<()> {
    let news = entries.news()?;
    if news.is_empty() { Ok(()) } else { push(news) }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    const HASH: &str = "00bgd045z0d4icpbc2yyz4gx48ak44la";

    /// A file in the store that is whole, or not yet.
    fn put(folder: &Path, name: &str, whole: bool) {
        let path = folder.join(name);
        fs::write(&path, "").unwrap();
        let seconds = if whole { 1 } else { 1_000_000 };
        File::open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }

    #[test]
    fn news_are_told_once_and_when_whole() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("nix/store");
        fs::create_dir_all(&folder).unwrap();
        put(&folder, &format!("{HASH}-old"), true);
        let store = Store::chroot(root.path());
        let mut entries = Entries::new(&store).unwrap();
        let mut check = |expected: &[&str]| {
            let expected: Vec<String> = expected.iter().map(|name| format!("/nix/store/{HASH}-{name}")).collect();
            assert_eq!(entries.news().unwrap(), expected);
        };
        check(&[]);
        put(&folder, &format!("{HASH}-new"), true);
        check(&["new"]);
        check(&[]);
        put(&folder, &format!("{HASH}-slow"), false);
        put(&folder, &format!("{HASH}-a.drv"), true);
        put(&folder, "links", true);
        check(&[]);
        put(&folder, &format!("{HASH}-slow"), true);
        put(&folder, &format!("{HASH}-slow.lock"), true);
        check(&[]);
        fs::remove_file(folder.join(format!("{HASH}-slow.lock"))).unwrap();
        check(&["slow"]);
    }

    #[test]
    fn what_appears_while_a_command_runs_is_handed_over_before_it_ends() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("nix/store");
        fs::create_dir_all(&folder).unwrap();
        let store = Store::chroot(root.path());
        let console = Console::new(crate::report::Color::Never, crate::report::Verbosity::Quiet);
        let path = folder.join(format!("{HASH}-built"));
        let pushed = folder.join("pushed");
        // It ends when its first path was pushed, and leaves another behind.
        let script = format!(
            "touch -d @1 {0}; while [ ! -e {1} ]; do sleep 0.05; done; touch -d @1 {0}-last; exit 7",
            path.display(),
            pushed.display()
        );
        let mut seen = Vec::new();
        let status = watch(&console, &store, Command::new("sh").args(["-c", &script]), &mut |paths| {
            fs::write(&pushed, "").unwrap();
            seen.extend(paths);
            Ok(())
        });
        assert_eq!(status.unwrap(), 7);
        assert_eq!(seen, [format!("/nix/store/{HASH}-built"), format!("/nix/store/{HASH}-built-last")]);
    }
}
