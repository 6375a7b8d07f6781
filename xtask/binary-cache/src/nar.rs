//! A store path on disk as a NAR, Nix's own archive: written block by block, whatever its size, the same bytes as `nix-store --dump`.

use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use cache_protocol::{Fault, FaultKind};

/// Bytes handed on at once: what fits into the processor's own cache while it is hashed, searched and packed.
const BLOCK: usize = 128 * 1024;

/// What Nix appends on macOS to names that differ in case only.
const CASE_HACK: &[u8] = b"~nix~case~hack~";

/// Reads trees and hands them on as NARs; keeps its memory from one to the next.
pub struct Dump {
    block: Vec<u8>,
    filled: usize,
    case_hack: bool,
}

impl Default for Dump {
    fn default() -> Self {
        Self { block: vec![0; BLOCK], filled: 0, case_hack: cfg!(target_os = "macos") }
    }
}

/// Where blocks go: it is handed each, in order, and never an empty one.
pub type Take<'a> = dyn FnMut(&[u8]) -> Result<(), Fault> + 'a;

impl Dump {
    /// Hands the NAR of `path` to `take`.
    ///
    /// # Errors
    /// When something of `path` cannot be read, is neither file, folder nor link, or changes meanwhile; and when `take` fails.
    pub fn run(&mut self, path: &Path, take: &mut Take) -> Result<(), Fault> {
        self.filled = 0;
        self.text(b"nix-archive-1", take)?;
        let metadata = fs::symlink_metadata(path).map_err(|error| unreadable(path, &error))?;
        self.node(path, &metadata, take)?;
        self.hand_on(take)
    }

    fn node(&mut self, path: &Path, metadata: &Metadata, take: &mut Take) -> Result<(), Fault> {
        self.text(b"(", take)?;
        self.text(b"type", take)?;
        let kind = metadata.file_type();
        if kind.is_file() {
            self.text(b"regular", take)?;
            if metadata.permissions().mode() & 0o100 != 0 {
                self.text(b"executable", take)?;
                self.text(b"", take)?;
            }
            self.text(b"contents", take)?;
            self.content(path, metadata.len(), take)?;
        } else if kind.is_dir() {
            self.text(b"directory", take)?;
            self.entries(path, take)?;
        } else if kind.is_symlink() {
            self.text(b"symlink", take)?;
            self.text(b"target", take)?;
            let target = fs::read_link(path).map_err(|error| unreadable(path, &error))?;
            self.text(target.as_os_str().as_bytes(), take)?;
        } else {
            let what = format!("`{}` is neither a file, a folder nor a symbolic link", path.display());
            return Err(Fault::new(FaultKind::Local, what));
        }
        self.text(b")", take)
    }

    fn entries(&mut self, folder: &Path, take: &mut Take) -> Result<(), Fault> {
        let listed = fs::read_dir(folder)
            .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
            .map_err(|error| unreadable(folder, &error))?;
        let mut entries: Vec<(Vec<u8>, fs::DirEntry)> =
            listed.into_iter().map(|entry| (self.real_name(entry.file_name().into_vec()), entry)).collect();
        entries.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let what = format!("`{}` and another file there have the same name in a NAR", pair[0].1.path().display());
            return Err(Fault::new(FaultKind::Local, what));
        }
        for (name, entry) in entries {
            self.text(b"entry", take)?;
            self.text(b"(", take)?;
            self.text(b"name", take)?;
            self.text(&name, take)?;
            self.text(b"node", take)?;
            let path = entry.path();
            let metadata = entry.metadata().map_err(|error| unreadable(&path, &error))?;
            self.node(&path, &metadata, take)?;
            self.text(b")", take)?;
        }
        Ok(())
    }

    /// A name as it is in the NAR.
    fn real_name(&self, mut name: Vec<u8>) -> Vec<u8> {
        if self.case_hack
            && let Some(end) = name.windows(CASE_HACK.len()).rposition(|part| part == CASE_HACK)
        {
            name.truncate(end);
        }
        name
    }

    /// The content of a file, read straight into the block.
    fn content(&mut self, path: &Path, size: u64, take: &mut Take) -> Result<(), Fault> {
        self.bytes(&size.to_le_bytes(), take)?;
        if size == 0 {
            return Ok(());
        }
        let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let mut left = size;
        while left > 0 {
            if self.filled == self.block.len() {
                self.hand_on(take)?;
            }
            let room = self.block.len() - self.filled;
            let wanted = usize::try_from(left).map_or(room, |left| left.min(room));
            let read = match file.read(&mut self.block[self.filled..self.filled + wanted]) {
                Ok(0) => {
                    let what = format!("`{}` became shorter while it was read", path.display());
                    return Err(Fault::new(FaultKind::Local, what));
                }
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => 0,
                Err(error) => return Err(unreadable(path, &error)),
            };
            self.filled += read;
            left -= read as u64;
        }
        self.padding(size, take)
    }

    /// Length, bytes, and zeros up to a multiple of eight.
    fn text(&mut self, text: &[u8], take: &mut Take) -> Result<(), Fault> {
        self.bytes(&(text.len() as u64).to_le_bytes(), take)?;
        self.bytes(text, take)?;
        self.padding(text.len() as u64, take)
    }

    fn padding(&mut self, size: u64, take: &mut Take) -> Result<(), Fault> {
        let over = usize::try_from(size % 8).unwrap_or(0);
        self.bytes(&[0; 8][..(8 - over) % 8], take)
    }

    fn bytes(&mut self, mut bytes: &[u8], take: &mut Take) -> Result<(), Fault> {
        while !bytes.is_empty() {
            if self.filled == self.block.len() {
                self.hand_on(take)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.block.len() - self.filled));
            self.block[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            bytes = later;
        }
        Ok(())
    }

    fn hand_on(&mut self, take: &mut Take) -> Result<(), Fault> {
        if self.filled == 0 {
            return Ok(());
        }
        let filled = std::mem::take(&mut self.filled);
        take(&self.block[..filled])
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::Local, format!("read `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nar(dump: &mut Dump, path: &Path) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        dump.run(path, &mut |block| {
            assert!(!block.is_empty());
            bytes.extend_from_slice(block);
            Ok(())
        })?;
        Ok(bytes)
    }

    #[test]
    fn what_is_no_tree_of_files_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let check = |below: &str, expected: &str| {
            let error = nar(&mut Dump::default(), &folder.path().join(below)).unwrap_err();
            assert_eq!(error.kind, FaultKind::Local);
            assert!(error.what.contains(expected), "{error}");
        };
        check("absent", "absent`: No such file or directory");
        let _listener = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        check("", "socket` is neither a file, a folder nor a symbolic link");
    }

    #[test]
    fn a_file_that_shrinks_meanwhile_is_refused() {
        let mut dump = Dump::default();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "short").unwrap();
        let error = dump.content(&path, 6, &mut |_| Ok(())).unwrap_err();
        assert!(error.what.ends_with("file` became shorter while it was read"), "{error}");
    }

    #[test]
    fn a_taker_that_fails_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("big"), vec![7; 3 * BLOCK]).unwrap();
        let mut taken = 0;
        let full = Fault::new(FaultKind::Full, "no room");
        let error = Dump::default().run(folder.path(), &mut |_| {
            taken += 1;
            Err(full.clone())
        });
        assert_eq!((error, taken), (Err(full), 1));
    }

    #[test]
    fn names_that_macos_needed_changed_are_changed_back() {
        let hacked = tempfile::tempdir().unwrap();
        let plain = tempfile::tempdir().unwrap();
        for (folder, names) in [(&hacked, ["Foo~nix~case~hack~1", "foo"]), (&plain, ["Foo", "foo"])] {
            names.iter().for_each(|name| fs::write(folder.path().join(name), "").unwrap());
        }
        let mut dump = Dump { case_hack: true, ..Dump::default() };
        assert_eq!(nar(&mut dump, hacked.path()), nar(&mut dump, plain.path()));
        fs::write(hacked.path().join("Foo"), "").unwrap();
        let error = nar(&mut dump, hacked.path()).unwrap_err();
        assert!(error.what.ends_with("and another file there have the same name in a NAR"), "{error}");
    }
}
