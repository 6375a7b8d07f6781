//! Secret keys, read from where they are kept.

use cache_protocol::{Cache, Fault, FaultKind, KeySource};

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

fn shown(source: &KeySource) -> String {
    match source {
        KeySource::Variable(variable) => format!("the variable `{variable}`"),
        KeySource::File(file) => format!("`{}`", file.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

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
