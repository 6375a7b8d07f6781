//! Copies of a repository's tree as its flake sees it, each without some of its files, or with others in their place: hard links
//! where the file system has them.
//!
//! A disk takes longer to make and remove a thousand links than Nix to evaluate a small host, so the links are made in memory where
//! there is room: to one copy of all bytes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};

use crate::session::cores;
use crate::tree::{FileKind, Tree};

/// A file system that Linux keeps in memory.
const MEMORY: &str = "/dev/shm";
/// Of what is free in memory, at most one part in so many is taken.
const SHARE: u64 = 4;

/// How the names of folders with copies begin.
const PREFIX: &str = "xtask-copies-";

/// A folder of copies that goes away with its owner; if that is killed, when somebody makes another.
#[derive(Debug)]
pub struct Copies<'a> {
    folder: Owned,
    /// What files are linked to.
    root: PathBuf,
    files: Vec<(&'a Path, &'a FileKind)>,
    folders: Vec<PathBuf>,
}

impl<'a> Copies<'a> {
    /// Up to `count` copies of `tree`, whose files are below `root`, in a new folder in memory or below `state`; none is made yet.
    /// Those of `folders` that the tree has are in every copy.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(state: &Path, root: &Path, tree: &'a Tree, folders: Vec<PathBuf>, count: usize) -> Result<Self> {
        let seen = tree.files().filter(|(_, file)| file.tracked && file.kind != FileKind::Submodule);
        let files: Vec<_> = seen.map(|(path, file)| (path, &file.kind)).collect();
        let there = |folder: &PathBuf| files.iter().any(|(path, _)| path.starts_with(folder));
        let folders: Vec<PathBuf> = folders.into_iter().filter(there).collect();
        // What was left in memory may be what takes up the room.
        remove_abandoned(Path::new(MEMORY));
        if let Some(folder) = room_in_memory(root, &files, count) {
            let whole = folder.path().join("whole");
            let mut copies = Self { folder, root: root.to_owned(), files: files.clone(), folders: folders.clone() };
            if copies.make_one(&whole, &BTreeSet::new()).is_ok() {
                copies.root = whole;
                return Ok(copies);
            }
        }
        fs::create_dir_all(state).context("make the state folder")?;
        remove_abandoned(state);
        let folder = Owned::new(state).context("make a folder for copies")?;
        Ok(Self { folder, root: root.to_owned(), files, folders })
    }

    /// The folder that holds the copies, each named by its number.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes copies anew, each with a number and without some files.
    ///
    /// # Errors
    /// When a file can be neither linked nor copied.
    pub fn make(&self, wanted: &[(usize, &BTreeSet<PathBuf>)]) -> Result<()> {
        let share = wanted.len().div_ceil(cores()).max(1);
        let one_by_one = |share: &[(usize, &BTreeSet<PathBuf>)]| {
            share
                .iter()
                .try_for_each(|(number, without)| self.make_one(&self.folder.path().join(number.to_string()), without))
        };
        // Links are the price of the whole check where configurations are light.
        std::thread::scope(|scope| {
            let threads: Vec<_> = wanted.chunks(share).map(|share| scope.spawn(move || one_by_one(share))).collect();
            let ends =
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| bail!("a thread ended early")));
            ends.collect::<Result<Vec<()>>>().map(drop)
        })
    }

    fn make_one(&self, copy: &Path, without: &BTreeSet<PathBuf>) -> Result<()> {
        if copy.exists() {
            fs::remove_dir_all(copy).with_context(|| format!("remove `{}`", copy.display()))?;
        }
        for folder in &self.folders {
            fs::create_dir_all(copy.join(folder)).with_context(|| format!("make `{}`", folder.display()))?;
        }
        let mut made = BTreeSet::new();
        for (path, kind) in self.files.iter().filter(|(path, _)| !without.contains(*path)) {
            let (from, to) = (self.root.join(path), copy.join(path));
            let copying = || format!("copy `{}`", from.display());
            if let Some(folder) = to.parent().filter(|folder| !made.contains(*folder)) {
                fs::create_dir_all(folder).with_context(copying)?;
                made.insert(folder.to_owned());
            }
            match kind {
                FileKind::Symlink(target) => std::os::unix::fs::symlink(target, &to).with_context(copying)?,
                _ => link(&from, &to).with_context(copying)?,
            }
        }
        Ok(())
    }

    /// Puts `files`, relative to the folder `others`, into the copy of that number, where no such files are; those that `others`
    /// does not hold either are left out.
    ///
    /// # Errors
    /// When a file can be neither linked nor copied.
    pub fn add(&self, number: usize, others: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
        for file in files {
            let (from, to) = (others.join(file), self.folder.path().join(number.to_string()).join(file));
            let copying = || format!("copy `{}`", from.display());
            let Ok(metadata) = from.symlink_metadata() else { continue };
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder).with_context(copying)?;
            }
            if metadata.is_symlink() {
                let target = fs::read_link(&from).with_context(copying)?;
                std::os::unix::fs::symlink(target, &to).with_context(copying)?;
            } else if metadata.is_file() {
                link(&from, &to).with_context(copying)?;
            }
        }
        Ok(())
    }
}

/// Another file system, or somebody else's file: then the bytes are copied.
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}

/// A new folder in memory, if there is room for all bytes of `files` and for a link to each of them in `count` copies.
fn room_in_memory(root: &Path, files: &[(&Path, &FileKind)], count: usize) -> Option<Owned> {
    let memory = rustix::fs::statvfs(MEMORY).ok()?;
    let sizes = files.iter().filter_map(|(path, _)| root.join(path).symlink_metadata().ok());
    let bytes: u64 = sizes.map(|metadata| metadata.len()).sum();
    // At worst, every file has a folder of its own.
    let links = u64::try_from(2 * files.len() * (count + 1)).ok()?;
    let fits = bytes < memory.f_bavail * memory.f_frsize / SHARE && links < memory.f_favail / SHARE;
    fits.then(|| Owned::new(Path::new(MEMORY)).ok()).flatten()
}

/// A temporary folder that is locked as long as its owner lives, however that ends.
#[derive(Debug)]
struct Owned {
    folder: tempfile::TempDir,
    _lock: File,
}

impl Owned {
    fn new(parent: &Path) -> Result<Self> {
        loop {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            let lock = match File::open(folder.path()) {
                // Somebody found it before it was locked, and took it for abandoned.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                lock => lock.context("open it")?,
            };
            // On a file system that locks nothing, nothing is taken for abandoned either.
            flock(&lock, FlockOperation::LockShared).ok();
            if folder.path().exists() {
                return Ok(Self { folder, _lock: lock });
            }
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders of copies in `parent` whose owner was killed. Numbers of processes would not tell: they are given anew, and
/// containers that share the folder have their own. What cannot be removed is somebody else's, and takes room as before.
fn remove_abandoned(parent: &Path) {
    let is_ours = |entry: &fs::DirEntry| {
        entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes())
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
    };
    for entry in fs::read_dir(parent).into_iter().flatten().flatten().filter(is_ours) {
        let Ok(lock) = File::open(entry.path()) else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_owners_that_were_killed_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let names = || {
            let names = fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().path());
            names.collect::<BTreeSet<_>>()
        };
        let killed = Owned::new(parent.path()).unwrap();
        fs::create_dir_all(killed.path().join("1/modules")).unwrap();
        fs::write(killed.path().join("1/modules/a.nix"), "{ }").unwrap();
        // Whoever is killed removes nothing, and its locks are gone.
        let Owned { folder, _lock: lock } = killed;
        let abandoned = folder.keep();
        drop(lock);
        assert!(names().contains(&abandoned));
        let alive = Owned::new(parent.path()).unwrap();
        let other = parent.path().join("other");
        fs::create_dir(&other).unwrap();
        let file = parent.path().join(format!("{PREFIX}file"));
        fs::write(&file, "").unwrap();
        remove_abandoned(parent.path());
        assert_eq!(names(), BTreeSet::from([alive.path().to_owned(), other.clone(), file.clone()]));
        drop(alive);
        assert_eq!(names(), BTreeSet::from([other, file]));
        remove_abandoned(&parent.path().join("none"));
    }
}
