//! Packed NARs until they are sent: in memory as far as all of them together may, then in private files.

use std::fs::File;
use std::io::{Read, Write as _};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use cache_protocol::{Fault, FaultKind};
use tempfile::NamedTempFile;

use super::budget::{Budget, Memory};
use crate::backend::Packed;

/// What is bigger goes straight to the disk where the cache takes it from there.
const STAGED: usize = 1024 * 1024;

/// Where a packed NAR is.
pub(super) enum Place<'a> {
    /// In memory.
    Memory(Memory<'a>),
    /// In a file without a name.
    File(File),
    /// In a file that the cache may move to its place.
    Staged(NamedTempFile),
}

/// A packed NAR, while it grows.
pub(super) struct Spool<'a> {
    place: Place<'a>,
    staging: Option<&'a Path>,
    size: u64,
}

/// A packed NAR that is complete.
pub(super) struct Written<'a> {
    pub place: Place<'a>,
    pub size: u64,
}

impl<'a> Spool<'a> {
    pub fn new(budget: &'a Budget, staging: Option<&'a Path>) -> Self {
        Self { place: Place::Memory(Memory::new(budget)), staging, size: 0 }
    }

    pub fn write(&mut self, block: &[u8]) -> Result<(), Fault> {
        self.size += block.len() as u64;
        let written = match &mut self.place {
            Place::Memory(memory) => {
                let staged = self.staging.is_some() && memory.bytes().len() + block.len() > STAGED;
                if !staged && memory.append(block) {
                    return Ok(());
                }
                self.spill(block)
            }
            Place::File(file) => file.write_all(block),
            Place::Staged(file) => file.as_file_mut().write_all(block),
        };
        written.map_err(|error| match self.staging {
            Some(folder) => crate::backend::file::fault("write a NAR in", folder, &error),
            None => {
                let folder = std::env::temp_dir();
                let what =
                    format!("keep a packed NAR in `{}`: {error}; set TMPDIR to another folder", folder.display());
                Fault::new(FaultKind::Local, what)
            }
        })
    }

    /// Moves what is in memory to a file, with `block` after it.
    fn spill(&mut self, block: &[u8]) -> std::io::Result<()> {
        let (place, mut file) = match self.staging {
            Some(folder) => {
                // As the cache's other files: what may be read of them is for the user's umask to say.
                let permissions = std::fs::Permissions::from_mode(0o666);
                let file = tempfile::Builder::new().permissions(permissions).tempfile_in(folder)?;
                let same = file.as_file().try_clone()?;
                (Place::Staged(file), same)
            }
            None => {
                let file = tempfile::tempfile()?;
                let same = file.try_clone()?;
                (Place::File(file), same)
            }
        };
        if let Place::Memory(memory) = std::mem::replace(&mut self.place, place) {
            file.write_all(memory.bytes())?;
        }
        file.write_all(block)
    }

    pub fn finish(self) -> Written<'a> {
        Written { place: self.place, size: self.size }
    }
}

/// A packed NAR that waits to be sent.
pub struct PackedNar<'a> {
    place: Place<'a>,
    size: u64,
    sha256: [u8; 32],
    stop: &'a AtomicBool,
}

impl<'a> PackedNar<'a> {
    /// What is at `place`; reading it fails once `stop` is set.
    pub(super) fn new(place: Place<'a>, size: u64, sha256: [u8; 32], stop: &'a AtomicBool) -> Self {
        Self { place, size, sha256, stop }
    }
}

impl Packed for PackedNar<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    fn open(&self) -> std::io::Result<Box<dyn Read + Send + '_>> {
        self.open_from(0)
    }

    fn open_from(&self, from: u64) -> std::io::Result<Box<dyn Read + Send + '_>> {
        let file = match &self.place {
            Place::Memory(memory) => {
                let bytes = memory.bytes();
                let rest = usize::try_from(from).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
                return Ok(Box::new(Stoppable { stop: self.stop, inner: rest }));
            }
            Place::File(file) => file,
            Place::Staged(file) => file.as_file(),
        };
        Ok(Box::new(Stoppable { stop: self.stop, inner: FileReader { file, at: from } }))
    }

    fn staged(&self) -> Option<&Path> {
        match &self.place {
            Place::Staged(file) => Some(file.path()),
            Place::Memory(_) | Place::File(_) => None,
        }
    }
}

/// Reads a file that others read at the same time.
struct FileReader<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FileReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Reads until the user interrupts, so that a long upload ends.
struct Stoppable<'a, R> {
    stop: &'a AtomicBool,
    inner: R,
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            // Not `ErrorKind::Interrupted`, which means: try again.
            return Err(std::io::Error::other("interrupted"));
        }
        self.inner.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    fn spooled<'a>(budget: &'a Budget, staging: Option<&'a Path>, blocks: usize) -> Spool<'a> {
        let mut spool = Spool::new(budget, staging);
        for block in 0..blocks {
            spool.write(&vec![u8::try_from(block % 251).unwrap(); 32 * KIB]).unwrap();
        }
        spool
    }

    #[test]
    fn what_does_not_fit_into_memory_waits_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let stop = AtomicBool::new(false);
        let check = |kib: usize, staging: Option<&Path>, blocks: usize, expected: &str| {
            let budget = Budget::new((kib * KIB) as u64);
            let Written { place, size } = spooled(&budget, staging, blocks).finish();
            let packed = PackedNar::new(place, size, [0; 32], &stop);
            let place = match packed.place {
                Place::Memory(_) => "memory",
                Place::File(_) => "file",
                Place::Staged(_) => "staged",
            };
            assert_eq!(place, expected, "{kib} {blocks}");
            assert_eq!(packed.staged().is_some(), expected == "staged");
            assert_eq!(size, (blocks * 32 * KIB) as u64);
            // As often as needed, and side by side.
            let (mut one, mut other) = (packed.open().unwrap(), packed.open().unwrap());
            let mut read = (Vec::new(), Vec::new());
            one.read_to_end(&mut read.0).unwrap();
            other.read_to_end(&mut read.1).unwrap();
            assert!(read.0 == read.1 && read.0.len() as u64 == size);
            assert!(read.0.chunks(32 * KIB).enumerate().all(|(at, block)| usize::from(block[0]) == at % 251));
            drop((one, other));
            drop(packed);
            assert_eq!(budget.left(), (kib * KIB) as u64, "given back");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "taken away");
        };
        check(1024, None, 0, "memory");
        check(1024, None, 2, "memory");
        check(128, None, 4, "memory");
        check(127, None, 4, "file");
        check(0, None, 1, "file");
        check(8192, None, 64, "memory");
        check(8192, Some(folder.path()), 32, "memory");
        check(8192, Some(folder.path()), 33, "staged");
        check(0, Some(folder.path()), 1, "staged");
    }

    #[test]
    fn all_share_one_budget() {
        let budget = Budget::new(256 * KIB as u64);
        let first = spooled(&budget, None, 4);
        let second = spooled(&budget, None, 4);
        let third = spooled(&budget, None, 1);
        assert!(matches!((&first.place, &second.place), (Place::Memory(_), Place::Memory(_))));
        assert!(matches!(third.place, Place::File(_)));
        drop(first);
        assert!(matches!(spooled(&budget, None, 4).place, Place::Memory(_)));
    }

    #[test]
    fn what_is_interrupted_is_read_no_more() {
        let stop = AtomicBool::new(false);
        let budget = Budget::new(1024 * KIB as u64);
        let Written { place, size } = spooled(&budget, None, 1).finish();
        let packed = PackedNar::new(place, size, [0; 32], &stop);
        let mut reader = packed.open().unwrap();
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 8);
        stop.store(true, Ordering::Relaxed);
        assert_eq!(reader.read_to_end(&mut Vec::new()).unwrap_err().to_string(), "interrupted");
    }
}
