//! What a command brings into the store is pushed while it runs: the store itself is watched, which needs no trusted user and no
//! hook, and sees what is fetched as well as what is built.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal};

use crate::nix::Store;
use crate::report::Console;
use crate::{interrupt, process, supervise};

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long what could not be pushed rests before it is tried again, unless something new comes.
const AGAIN: Duration = Duration::from_secs(10);
/// How long a command may take to end by an interrupt of its own, before this program's is passed on.
const MOMENT: Duration = Duration::from_secs(1);

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
                // A lock may stay for ever, and goes with a change of the folder.
                waiting |= !name.ends_with(".lock");
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

/// Whether an entry may be something built: no derivation, nothing of Nix's own. A lock is told by its time, since what is built may
/// be called `….lock` too.
fn is_output(name: &str) -> bool {
    let hash_and_name = name.split_once('-').is_some_and(|(hash, _)| hash.len() == 32);
    hash_and_name && ![".drv", ".chroot", ".check"].iter().any(|suffix| name.ends_with(suffix))
}

/// Pushes what it can of some paths, and returns those that are to be tried again.
pub type Push<'a> = dyn FnMut(Vec<String>) -> Vec<String> + 'a;

/// Runs `command` with the terminal as it is, and hands what appears in the store to `push` while it runs and once more at its end.
/// Returns its exit status.
///
/// A first interrupt is passed on to the command, and what it has built is pushed still; a second one ends all.
///
/// # Errors
/// When it cannot be started, its end not be learnt, or the store not be watched from the beginning.
pub fn watch(console: &Console, store: &Store, command: &mut Command, push: &mut Push<'_>) -> Result<i32> {
    let mut watched = Watched { console, entries: Entries::new(store)?, pending: Vec::new(), tried: None, said: false };
    console.command(&process::spelled(command));
    let mut child = command.spawn().with_context(|| format!("could not start {}", process::spelled(command)))?;
    let pid = child.id();
    let (sender, ends) = mpsc::channel();
    std::thread::spawn(move || drop(sender.send(child.wait())));
    let mut ending = Ending::default();
    let status = loop {
        match ends.recv_timeout(LOOK) {
            Ok(status) => break status.context("learn how the command ended")?,
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("it is not known how the command ended"),
            Err(RecvTimeoutError::Timeout) if interrupt::count() > 0 => ending.urge(pid, interrupt::count()),
            Err(RecvTimeoutError::Timeout) => watched.hand_over(false, push),
        }
    };
    if interrupt::count() < 2 {
        watched.hand_over(true, push);
    }
    for path in &watched.pending {
        console.detail(&format!("cache push: `{path}` was not pushed, or never became valid"));
    }
    // Ended by a signal is a failure with the number that shells give it.
    Ok(status.code().unwrap_or_else(|| 128 + std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0)))
}

/// How far the command was asked to end.
#[derive(Debug, Default)]
struct Ending {
    since: Option<Instant>,
    is_passed_on: bool,
}

impl Ending {
    /// Has the command `pid` end: Ctrl-C reaches it and this program alike, so that only who is still there after a moment is told;
    /// at the second interrupt it is ended.
    fn urge(&mut self, pid: u32, interrupts: usize) {
        let since = *self.since.get_or_insert_with(Instant::now);
        if interrupts > 1 {
            supervise::kill_family(pid);
        } else if !self.is_passed_on && since.elapsed() >= MOMENT {
            self.is_passed_on = true;
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                // One that is gone needs no end.
                rustix::process::kill_process(pid, Signal::TERM).ok();
            }
        }
    }
}

/// What is watched, and what waits to be pushed.
struct Watched<'a> {
    console: &'a Console,
    entries: Entries<'a>,
    /// What is not pushed yet, or not valid yet.
    pending: Vec<String>,
    /// When it was last tried.
    tried: Option<Instant>,
    /// Whether it was said that the store cannot be looked at.
    said: bool,
}

impl Watched<'_> {
    /// Pushes what is new; with it, now and then and at the end, what could not be pushed before. No error ends the command.
    fn hand_over(&mut self, is_end: bool, push: &mut Push<'_>) {
        let news = self.entries.news().unwrap_or_else(|error| {
            if !std::mem::replace(&mut self.said, true) {
                self.console.error(&error);
            }
            Vec::new()
        });
        let is_due = is_end || self.tried.is_none_or(|tried| tried.elapsed() >= AGAIN);
        if news.is_empty() && (self.pending.is_empty() || !is_due) {
            return;
        }
        let mut paths = std::mem::take(&mut self.pending);
        paths.extend(news);
        self.pending = push(paths);
        self.tried = Some(Instant::now());
    }
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
        put(&folder, &format!("{HASH}-slow.lock"), false);
        check(&[]);
        fs::remove_file(folder.join(format!("{HASH}-slow.lock"))).unwrap();
        check(&["slow"]);
        // A lock is not registered; what is built may be called like one.
        put(&folder, &format!("{HASH}-other.lock"), false);
        put(&folder, &format!("{HASH}-Cargo.lock"), true);
        check(&["Cargo.lock"]);
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
            seen.push(paths.clone());
            // Nothing of it can be pushed yet.
            paths
        });
        assert_eq!(status.unwrap(), 7);
        let [first, last] = ["built", "built-last"].map(|name| format!("/nix/store/{HASH}-{name}"));
        assert_eq!(seen, [vec![first.clone()], vec![first, last]]);
    }
}
