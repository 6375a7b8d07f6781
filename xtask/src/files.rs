//! Files this program owns: written whole or not at all.

use std::fs::Metadata;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

/// Replaces the file at `path` in one step: readers see the old content or the new, never a part.
///
/// # Errors
/// When the folder cannot be made or written.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let writing = || format!("write `{}`", path.display());
    let folder = path.parent().with_context(|| format!("`{}` has no folder", path.display()))?;
    std::fs::create_dir_all(folder).with_context(writing)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(writing)?;
    file.write_all(content).with_context(writing)?;
    file.as_file().sync_all().with_context(writing)?;
    // A temporary file is private; what is written here is for whoever may read the folder.
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    rustix::fs::fchmod(file.as_file(), mode).with_context(writing)?;
    file.persist(path).with_context(writing)?;
    Ok(())
}

/// As [`write_atomically`], unless the file has that content already.
///
/// # Errors
/// When the file has other content and cannot be replaced.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<()> {
    match std::fs::read(path) {
        Ok(present) if present == content => Ok(()),
        _ => write_atomically(path, content),
    }
}

/// What makes the file at `path` itself: kind, executable bit, and content or target; a missing file is one kind.
///
/// # Errors
/// When it is there and cannot be read.
pub fn identity(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(b"missing".to_vec()),
        Err(error) => return Err(error),
    };
    if metadata.is_symlink() {
        let target = std::fs::read_link(path)?;
        return Ok([b"link ", target.as_os_str().as_encoded_bytes()].concat());
    }
    if metadata.is_dir() {
        return Ok(b"folder".to_vec());
    }
    let mode: &[u8] = if metadata.permissions().mode() & 0o111 == 0 { b"file " } else { b"executable " };
    Ok([mode, &hmac_sha256::Hash::hash(&std::fs::read(path)?)].concat())
}

/// So long a folder stays that nothing uses any more.
const UNUSED: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Notes that the folder at `path` is used now; whether it is there at all.
///
/// # Errors
/// When it is there and belongs to somebody else.
pub fn is_used(path: &Path) -> Result<bool> {
    let noted = std::fs::File::open(path).and_then(|folder| folder.set_modified(SystemTime::now()));
    match noted {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("note that `{}` is used", path.display())),
    }
}

/// Removes the folders in `parent` that were neither made nor used, as [`is_used`] notes it, in the last two weeks. What cannot be
/// removed stays: it is in nobody's way.
pub fn remove_unused(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let used = entry.metadata().ok().filter(Metadata::is_dir).and_then(|metadata| metadata.modified().ok());
        if used.and_then(|used| used.elapsed().ok()).is_some_and(|since| since > UNUSED) {
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}

/// Everything below `folder` but the folder `without`, as one hash: names, modes and contents.
///
/// # Errors
/// When a file cannot be read.
pub fn tree_hash(folder: &Path, without: &Path) -> Result<String> {
    let walk = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    let mut texts = Vec::new();
    for entry in walk.filter_entry(|entry| entry.path() != without) {
        let entry = entry.with_context(|| format!("read the folder `{}`", folder.display()))?;
        texts.push(entry.path().as_os_str().as_encoded_bytes().to_vec());
        texts.push(identity(entry.path()).with_context(|| format!("read `{}`", entry.path().display()))?);
    }
    Ok(short_hash(&texts))
}

/// The first 16 hex digits of the SHA-256 of `texts`, each with its length so that no two lists look alike.
#[must_use]
pub fn short_hash<T: AsRef<[u8]>>(texts: &[T]) -> String {
    let mut hasher = hmac_sha256::Hash::new();
    for text in texts {
        let text = text.as_ref();
        hasher.update(text.len().to_le_bytes());
        hasher.update(text);
    }
    hex(&hasher.finalize()[..8])
}

/// A name that no other run has, not even one in a container where process numbers begin anew.
#[must_use]
pub fn unique_name() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{}", now.as_nanos(), std::process::id())
}

/// `bytes` in lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        write_if_changed(&path, b"one").unwrap();
        write_if_changed(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn lists_that_join_alike_differ() {
        assert_ne!(short_hash(&["ab", "c"]), short_hash(&["a", "bc"]));
    }

    #[test]
    fn only_folders_that_nothing_used_for_long_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let day = Duration::from_secs(24 * 60 * 60);
        let used = [("new", now), ("ahead", now + day), ("kept", now - 13 * day), ("old", now - 15 * day)];
        for (name, used) in used.into_iter().chain([("used again", now - 15 * day)]) {
            let folder = parent.path().join(name);
            std::fs::create_dir_all(folder.join("below")).unwrap();
            std::fs::File::open(folder).unwrap().set_modified(used).unwrap();
        }
        assert!(is_used(&parent.path().join("used again")).unwrap());
        let file = std::fs::File::create(parent.path().join("file")).unwrap();
        file.set_modified(now - 15 * day).unwrap();
        remove_unused(parent.path());
        let entries = std::fs::read_dir(parent.path()).unwrap();
        let mut left: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["ahead", "file", "kept", "new", "used again"]);
        remove_unused(&parent.path().join("missing"));
        assert!(!is_used(&parent.path().join("missing")).unwrap());
    }
}
