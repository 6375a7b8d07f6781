//! age: the genuine `age-keygen`, and the care that a private key needs. No private key is ever read into this program.

use std::fs::{DirBuilder, hard_link};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;

/// Whether `age-keygen` is on `PATH`.
///
/// # Errors
/// Never now; a search that fails for another reason than absence would be one.
pub fn is_installed() -> Result<bool> {
    match which::which("age-keygen") {
        Ok(_) => Ok(true),
        Err(which::Error::CannotFindBinaryPath) => Ok(false),
        Err(error) => Err(anyhow::Error::new(error).context("look for age-keygen")),
    }
}

/// Makes a key at `path`, readable by its owner alone, and returns its public half.
///
/// It is made in a private folder beside its place and then linked there, so that at no moment a half-written or readable key
/// exists, and a key that appeared meanwhile is not replaced.
///
/// # Errors
/// When there is something at `path`, or age-keygen fails.
pub fn make_key(path: &Path) -> Result<String> {
    let what = || format!("make the age key `{}`", path.display());
    let folder = path.parent().with_context(what)?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(what)?;
    let private = tempfile::Builder::new().prefix(".key-").tempdir_in(folder).with_context(what)?;
    let made = private.path().join("keys.txt");
    process::ask(Command::new("age-keygen").arg("--output").arg(&made)).with_context(what)?;
    match hard_link(&made, path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("`{}` exists, and is never overwritten", path.display())
        }
        Err(error) => return Err(anyhow::Error::new(error).context(what())),
    }
    match public_keys(path)?.as_deref() {
        Some([key]) => Ok(key.clone()),
        _ => bail!("age-keygen made no key in `{}`", path.display()),
    }
}

/// The public halves of the keys in a file; `None` if it holds none.
///
/// # Errors
/// When age-keygen cannot be started.
pub fn public_keys(path: &Path) -> Result<Option<Vec<String>>> {
    let output = process::probe(Command::new("age-keygen").arg("-y").arg(path))?;
    // What age-keygen says of a malformed file is not repeated: it may quote a line of it.
    let keys: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    Ok((output.status.success() && !keys.is_empty()).then_some(keys))
}

/// Whether `recipient` is one that age encrypts for.
///
/// # Errors
/// When age is missing.
pub fn is_recipient(recipient: &str) -> Result<bool> {
    // Nothing is encrypted, for this recipient.
    let output = process::probe(Command::new("age").args(["--encrypt", "--recipient", recipient]))?;
    Ok(output.status.success())
}

/// Whether `path`, which need not exist, lies inside `folder`, links followed.
///
/// # Errors
/// When a folder above `path` cannot be looked at.
pub fn lies_within(path: &Path, folder: &Path) -> Result<bool> {
    let what = || format!("look at `{}`", path.display());
    let absolute = std::path::absolute(path).with_context(what)?;
    let existing = absolute.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"));
    let rest = absolute.strip_prefix(existing).with_context(what)?;
    let real: PathBuf = existing.canonicalize().with_context(what)?.join(rest);
    Ok(real.starts_with(folder.canonicalize().with_context(what)?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_private_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sops/age/keys.txt");
        let public = make_key(&path).unwrap();
        assert!(public.starts_with("age1"));
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let before = std::fs::read(&path).unwrap();
        let error = make_key(&path).unwrap_err().to_string();
        assert!(error.contains("never overwritten"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let left = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "nothing but the key is left in its folder");
    }

    #[test]
    fn what_is_no_key_is_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.txt");
        std::fs::write(&path, "AGE-SECRET-KEY-1BROKEN\n").unwrap();
        assert_eq!(public_keys(&path).unwrap(), None);
    }

    #[test]
    fn recipients_are_what_age_takes() {
        let folder = tempfile::tempdir().unwrap();
        let public = make_key(&folder.path().join("k")).unwrap();
        assert!(is_recipient(&public).unwrap());
        assert!(!is_recipient(&public[..public.len() - 1]).unwrap());
        assert!(!is_recipient("ada").unwrap());
    }

    #[test]
    fn inside_is_told_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let (repository, elsewhere) = (folder.path().join("repository"), folder.path().join("elsewhere"));
        std::fs::create_dir_all(&repository).unwrap();
        std::fs::create_dir_all(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&repository, elsewhere.join("link")).unwrap();
        let check =
            |path: PathBuf, expected: bool| assert_eq!(lies_within(&path, &repository).unwrap(), expected, "{path:?}");
        check(repository.join("new/keys.txt"), true);
        check(elsewhere.join("link/new/keys.txt"), true);
        check(elsewhere.join("new/keys.txt"), false);
        check(folder.path().join("repository-2/keys.txt"), false);
    }
}
