//! Secret keys, read from where they are kept.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use cache_protocol::{Cache, Fault, FaultKind, KeySource};
use tempfile::NamedTempFile;

use crate::backend::cachix::Location;
use crate::signature::SigningKey;
use crate::transport::Secret;

/// The key that signs what is pushed to `cache`, if there is one; for a cache of Cachix it may be written without its name.
///
/// # Errors
/// When it cannot be read, or is no key; no error holds anything of it.
pub fn signing_key(cache: &Cache) -> Result<Option<SigningKey>, Fault> {
    let Some(source) = &cache.signing_key else { return Ok(None) };
    let text = read(source)?;
    let key = match Location::parse(&cache.url) {
        Some(location) => location?.signing_key(text.reveal())?,
        None => SigningKey::parse(text.reveal())?,
    };
    Ok(Some(key))
}

/// The text that `source` holds, without blanks around it.
///
/// # Errors
/// When the variable is not set or empty, or the file cannot be read; neither error holds anything of it.
pub fn read(source: &KeySource) -> Result<Secret, Fault> {
    let text = match source {
        KeySource::Variable(variable) => std::env::var(variable).map_err(|_| {
            Fault::new(FaultKind::Usage, format!("read the signing key: the variable `{variable}` is not set"))
        })?,
        KeySource::File(file) => std::fs::read_to_string(file).map_err(|error| {
            Fault::new(FaultKind::Usage, format!("read the signing key in `{}`: {}", file.display(), error.kind()))
        })?,
    };
    if text.trim().is_empty() {
        return Err(Fault::new(FaultKind::Usage, format!("read the signing key: {} is empty", shown(source))));
    }
    Ok(Secret::new(text.trim()))
}

/// A file that holds a secret key, for a program that reads no other.
pub enum KeyFile {
    /// The user's own.
    Kept(PathBuf),
    /// One that only this user can read, and that is gone with this value.
    Temporary(NamedTempFile),
}

impl KeyFile {
    /// The file of `source`: its own, or for a variable a temporary one.
    ///
    /// # Errors
    /// As [`read`], and when there is no place for the file.
    pub fn of(source: &KeySource) -> Result<Self, Fault> {
        if let KeySource::File(file) = source {
            return Ok(Self::Kept(file.clone()));
        }
        let text = read(source)?;
        let written = NamedTempFile::new().and_then(|mut file| {
            file.write_all(text.reveal().as_bytes())?;
            Ok(Self::Temporary(file))
        });
        written.map_err(|error| {
            Fault::new(FaultKind::Local, format!("keep the signing key in a temporary file: {}", error.kind()))
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Kept(file) => file,
            Self::Temporary(file) => file.path(),
        }
    }
}

fn shown(source: &KeySource) -> String {
    match source {
        KeySource::Variable(variable) => format!("the variable `{variable}`"),
        KeySource::File(file) => format!("`{}`", file.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_in_a_variable_is_lent_in_a_private_file_that_goes_again() {
        // A variable that is always there stands for one that holds a key.
        let file = KeyFile::of(&KeySource::Variable("PATH".to_owned())).unwrap();
        let path = file.path().to_owned();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), std::env::var("PATH").unwrap().trim());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(file);
        assert!(!path.exists());
        let kept = KeyFile::of(&KeySource::File(PathBuf::from("/kept/key"))).unwrap();
        assert_eq!(kept.path(), Path::new("/kept/key"));
    }

    #[test]
    fn a_file_is_read_without_blanks() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "name:abc\n").unwrap();
        assert_eq!(read(&KeySource::File(file.clone())).unwrap().reveal(), "name:abc");
        std::fs::write(&file, " \n").unwrap();
        assert!(read(&KeySource::File(file)).unwrap_err().what.ends_with("/key` is empty"));
    }

    #[test]
    fn what_is_not_there_is_said_by_name() {
        let check = |source: KeySource, expected: &str| {
            assert_eq!(read(&source).unwrap_err(), Fault::new(FaultKind::Usage, expected));
        };
        check(
            KeySource::Variable("NO_SUCH_KEY".to_owned()),
            "read the signing key: the variable `NO_SUCH_KEY` is not set",
        );
        check(
            KeySource::File(PathBuf::from("/no/such/key")),
            "read the signing key in `/no/such/key`: entity not found",
        );
    }
}
