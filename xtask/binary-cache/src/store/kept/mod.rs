//! What the store answered last, kept until its database changes: asking Nix again is nearly all that a push takes that finds nothing
//! to do.
//!
//! Why this is sound: all that Nix answers here stands in the database that it opens itself (whoever asks a daemon names none: it may
//! answer from any); what a store path or a derivation holds never changes while it is valid. Whatever registers, signs or deletes a path commits to the database,
//! and SQLite commits by writing: to the log beside it (`-wal`), or, where Nix is told to do without, to the database itself. Either
//! changes the time at which that file was written, to the nanosecond as far as the kernel counts. Moving the log's content to the
//! database writes there, so that an answer is forgotten once more than it must be, never less. The log is empty or gone while
//! nothing is in it, and touched by who merely opens it, so that only one with content counts. Nix remembers nothing of a database
//! elsewhere.
//!
//! A kernel may give two writes within a few milliseconds the same time, and a commit becomes visible a moment after it was written.
//! So an answer is kept only if the last write was [`SETTLED`] before it was asked for and none was seen afterwards: any later one
//! has another time.
//!
//! What the database does not know, the kept answer does not either: what was changed on disk is found when it is packed. Then the
//! store is asked anew all the same, once: what is kept may be of another database than the one that Nix opens, and would be wrong
//! each time.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cache_protocol::Fault;
use data_encoding::HEXLOWER;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Raised whenever the shape or the meaning of what is kept changes.
const SCHEMA: u32 = 1;
/// How long nothing must have been written before an answer counts: the coarsest file systems count in steps of two seconds.
const SETTLED: Duration = Duration::from_secs(2);

/// Where the answer to a question is kept.
pub struct Kept<'a, Q> {
    /// The file, in which only the last answer is.
    pub file: &'a Path,
    /// The database that the answer comes from.
    pub database: &'a Path,
    /// All that the answer depends on besides. It may hold secrets: only its hash is kept.
    pub question: &'a Q,
}

impl<Q: Serialize> Kept<'_, Q> {
    /// The kept answer, if it still counts.
    #[must_use]
    pub fn answer<A: DeserializeOwned>(&self) -> Option<A> {
        self.read(&State::of(self.database)?)
    }

    /// What `ask` answers, which is kept from now on; what was kept before is forgotten, whether it counts or not.
    ///
    /// # Errors
    /// Those of `ask`.
    pub fn asked<A: Serialize>(&self, ask: impl FnOnce() -> Result<A, Fault>) -> Result<A, Fault> {
        self.asked_at(SystemTime::now(), ask)
    }

    fn asked_at<A: Serialize>(&self, now: SystemTime, ask: impl FnOnce() -> Result<A, Fault>) -> Result<A, Fault> {
        // Mostly there is none.
        fs::remove_file(self.file).ok();
        let Some(state) = State::of(self.database) else { return ask() };
        let answer = ask()?;
        if state.is_settled(now) && State::of(self.database).as_ref() == Some(&state) {
            self.write(&state, &answer);
        }
        Ok(answer)
    }

    fn read<A: DeserializeOwned>(&self, state: &State) -> Option<A> {
        let content = fs::read(self.file).ok()?;
        let (seal, body) = content.split_at_checked(content.iter().position(|byte| *byte == b'\n')?)?;
        if seal != self.seal(state, body)?.as_bytes() {
            return None;
        }
        serde_json::from_slice(body).ok()
    }

    /// Keeps `answer`. Nothing is said where that is not possible: it costs time alone.
    fn write<A: Serialize>(&self, state: &State, answer: &A) {
        let Ok(mut body) = serde_json::to_vec(answer) else { return };
        body.insert(0, b'\n');
        let Some(seal) = self.seal(state, &body) else { return };
        // Whoever is killed leaves nothing behind but this one, and of two at once the seal shows what is not whole.
        let mut unfinished = PathBuf::from(self.file).into_os_string();
        unfinished.push(".new");
        let folder = self.file.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder.and_then(|()| fs::write(&unfinished, [seal.into_bytes(), body].concat()));
        written.and_then(|()| fs::rename(&unfinished, self.file)).ok();
    }

    /// What fits only this answer to this question in this state of the database.
    fn seal(&self, state: &State, body: &[u8]) -> Option<String> {
        let question = serde_json::to_vec(&(SCHEMA, self.question, state)).ok()?;
        Some(HEXLOWER.encode(&Sha256::new().chain_update(Sha256::digest(question)).chain_update(body).finalize()))
    }
}

/// What changes whenever something is written to a database.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    database: Written,
    /// When it was replaced, or its owner or mode changed.
    changed: (i64, i64),
    log: Option<Written>,
}

/// A file, and when it was written.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    device: u64,
    inode: u64,
    size: u64,
    /// In seconds and nanoseconds since the epoch.
    time: (i64, i64),
}

impl State {
    /// That of the database at `path` now; nothing if there is none, or it cannot be looked at.
    fn of(path: &Path) -> Option<Self> {
        // SQLite follows links before it names the log.
        let path = path.canonicalize().ok()?;
        let database = fs::metadata(&path).ok().filter(Metadata::is_file)?;
        let mut log = path.into_os_string();
        log.push("-wal");
        let log = match fs::metadata(log) {
            Ok(log) => Some(log).filter(|log| log.len() > 0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(_) => return None,
        };
        let changed = (database.ctime(), database.ctime_nsec());
        Some(Self { database: Written::of(&database), changed, log: log.as_ref().map(Written::of) })
    }

    /// Whether nothing was written for [`SETTLED`] before `now`; not where a clock was set back.
    fn is_settled(&self, now: SystemTime) -> bool {
        let latest = self.log.iter().map(|log| log.time).chain([self.database.time, self.changed]).max();
        let seconds = latest.and_then(|(seconds, _)| u64::try_from(seconds).ok()).unwrap_or(u64::MAX);
        // The fraction counts as a whole second.
        let written = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.saturating_add(1)));
        written.and_then(|written| written.checked_add(SETTLED)).is_some_and(|settled| settled <= now)
    }
}

impl Written {
    fn of(file: &Metadata) -> Self {
        Self { device: file.dev(), inode: file.ino(), size: file.size(), time: (file.mtime(), file.mtime_nsec()) }
    }
}

#[cfg(test)]
mod tests;
