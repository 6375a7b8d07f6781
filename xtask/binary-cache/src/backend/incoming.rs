//! Where the files of a file cache are until they are complete: a folder for each client, locked while it lives.

use std::fs::{self, File};
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

/// The folder of one client; removed with all that is in it when it is dropped.
#[derive(Debug)]
pub struct Incoming {
    own: TempDir,
    /// Held as long as this lives: the system lets go of it when the process ends, however that happens.
    _lock: File,
}

impl Incoming {
    /// A new one for the cache in `cache`, after those of clients that are gone have been taken away.
    ///
    /// # Errors
    /// When it cannot be made there.
    pub fn begin(cache: &Path) -> Result<Self> {
        let all = cache.join(".incoming");
        fs::create_dir_all(&all)?;
        // Between making a folder and locking it, nobody else looks.
        let guard = File::open(&all)?;
        flock(&guard, FlockOperation::LockExclusive)?;
        remove_abandoned(&all)?;
        let own = TempDir::new_in(&all)?;
        let lock = File::open(own.path())?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { own, _lock: lock })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.own.path()
    }
}

/// Takes away what nobody holds a lock of any more.
fn remove_abandoned(all: &Path) -> Result<()> {
    for entry in fs::read_dir(all)? {
        let path: PathBuf = entry?.path();
        let abandoned = match File::open(&path) {
            Ok(folder) => flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok(),
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if abandoned && let Err(error) = fs::remove_dir_all(&path) {
            // A client that has just ended takes its own away.
            if error.kind() != ErrorKind::NotFound {
                return Err(error);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_left_is_taken_away_and_what_they_use_is_not() {
        let cache = tempfile::tempdir().unwrap();
        let count = || fs::read_dir(cache.path().join(".incoming")).unwrap().count();
        fs::create_dir_all(cache.path().join(".incoming/abandoned")).unwrap();
        fs::write(cache.path().join(".incoming/abandoned/0"), "half of it").unwrap();
        let first = Incoming::begin(cache.path()).unwrap();
        assert_eq!(count(), 1);
        fs::write(first.folder().join("0"), "").unwrap();
        let second = Incoming::begin(cache.path()).unwrap();
        assert_eq!(count(), 2);
        assert!(first.folder().join("0").exists());
        drop((first, second));
        assert_eq!(count(), 0);
    }
}
