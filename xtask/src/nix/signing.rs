//! Keys that sign store paths, and what another program of this repository must know of the store.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cache_protocol::LocalStore;
use data_encoding::BASE64;

use super::{Flavour, Nix, Store, Version};
use crate::process;

impl Nix {
    /// The public half, `name:base64`, of the key in `folder`; a new one by the name of `name` where there is none.
    ///
    /// The folder holds `secret` and `public`; only its owner may look into it.
    ///
    /// # Errors
    /// When something else is in the folder, Nix cannot make a key, or the folder cannot be written.
    pub fn signing_key(&self, folder: &Path, name: &str) -> Result<String> {
        if let Some(public) = key_in(folder)? {
            return Ok(public);
        }
        let parent = folder.parent().with_context(|| format!("find the folder of `{}`", folder.display()))?;
        fs::create_dir_all(parent).with_context(|| format!("make the folder `{}`", parent.display()))?;
        // Private from the beginning, and whole or not at all.
        let new = tempfile::Builder::new()
            .prefix(".cache-key-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .context("make a folder for a signing key")?;
        let mut command = self.command("nix-store");
        command.args(["--generate-binary-cache-key", name]);
        command.arg(new.path().join("secret")).arg(new.path().join("public"));
        process::ask(&mut command).context("make a signing key")?;
        fs::set_permissions(new.path().join("secret"), fs::Permissions::from_mode(0o600))
            .context("keep a signing key private")?;
        match fs::rename(new.path(), folder) {
            // It has another name now, and is not to be removed.
            Ok(()) => drop(new.keep()),
            // Who comes second finds it made.
            Err(error) if !folder.join("public").is_file() => {
                return Err(error).with_context(|| format!("keep `{}`", folder.display()));
            }
            Err(_) => {}
        }
        key_in(folder)?.with_context(|| format!("read the key in `{}`", folder.display()))
    }

    /// What the binary-cache client must know of `store`, and of this Nix.
    #[must_use]
    pub fn local_store(&self, store: &Store) -> LocalStore {
        let command = self.command("nix");
        let config = command.get_envs().find(|(name, _)| *name == "NIX_CONFIG").and_then(|(_, value)| value);
        LocalStore {
            folder: store.folder.clone(),
            root: store.root().map(Path::to_owned),
            nix: self.bin.clone(),
            nix_config: config.map(|config| config.to_string_lossy().into_owned()).unwrap_or_default(),
            json_format: self.names_json_format(),
            database: store.database().map(Path::to_owned),
        }
    }

    /// Whether `nix path-info --json` wants to be told which form: without it, newer versions warn, and will refuse.
    #[must_use]
    pub fn names_json_format(&self) -> bool {
        self.version >= (Version { major: 2, minor: 33 }) && self.flavour != Flavour::Lix
    }
}

/// The public half, `name:base64`, of the key in `folder`; nothing where there is no such folder, or nothing in it.
///
/// # Errors
/// When `folder` holds something else than the two halves of one key: `secret`, whose last 32 of 64 bytes are the public key, and
/// `public`.
pub fn key_in(folder: &Path) -> Result<Option<String>> {
    let shown = folder.display();
    let read = |name: &str| match fs::read_to_string(folder.join(name)) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read `{name}` in `{shown}`")),
    };
    match (read("secret")?, read("public")?) {
        (Some(secret), Some(public)) if are_of_one_key(&secret, &public) => Ok(Some(public)),
        (Some(_), Some(_)) => bail!(
            "`secret` and `public` in `{shown}` are not the halves of one key: put those of one key there, or name a folder that is not \
             there yet"
        ),
        (Some(_), None) => bail!(
            "`{shown}` holds a secret key without its public half: `nix --extra-experimental-features nix-command key \
             convert-secret-to-public < {secret} > {public}`",
            secret = process::quoted(&folder.join("secret").to_string_lossy()),
            public = process::quoted(&folder.join("public").to_string_lossy()),
        ),
        (None, Some(_)) => bail!(
            "`{shown}` holds a public key without its secret half, `secret`: put that there, or name a folder that is not there yet"
        ),
        (None, None) => match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
            Ok(true) => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Ok(_) => {
                bail!("`{shown}` holds something else than a key: name a folder that is not there yet, or an empty one")
            }
            Err(error) => {
                Err(error).with_context(|| format!("`{shown}` is no folder for a key: name one that is not there yet"))
            }
        },
    }
}

fn are_of_one_key(secret: &str, public: &str) -> bool {
    let (Some((name, secret)), Some((named, public))) = (secret.split_once(':'), public.split_once(':')) else {
        return false;
    };
    let (secret, public) = (BASE64.decode(secret.as_bytes()), BASE64.decode(public.as_bytes()));
    name == named && secret.ok().zip(public.ok()).is_some_and(|(secret, public)| secret.get(32..) == Some(&public[..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_one_whole_key_or_nothing() {
        // Made up: a secret key is a seed and its public key.
        let secret = format!("a-1:{}", BASE64.encode(&[[1_u8; 32], [2; 32]].concat()));
        let public = format!("a-1:{}", BASE64.encode(&[2; 32]));
        let (renamed, other) = (public.replace("a-1", "b-1"), format!("a-1:{}", BASE64.encode(&[3; 32])));
        let check = |files: &[(&str, &str)], expected: Result<Option<&str>, &str>| {
            let folder = tempfile::tempdir().unwrap();
            files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), format!("{text}\n")).unwrap());
            let found = key_in(folder.path()).map_err(|error| format!("{error:#}"));
            match expected {
                Ok(expected) => assert_eq!(found.as_ref().map(Option::as_deref), Ok(expected), "{files:?}"),
                Err(expected) => assert!(found.as_ref().is_err_and(|error| error.contains(expected)), "{found:?}"),
            }
            assert!(found.is_ok() || !format!("{found:?}").contains(&secret[4..]), "{found:?}");
        };
        check(&[], Ok(None));
        check(&[("secret", &secret), ("public", &public)], Ok(Some(&public)));
        for foreign in [renamed.as_str(), &other, "", "a-1:?"] {
            check(
                &[("secret", &secret), ("public", foreign)],
                Err("are not the halves of one key: put those of one key"),
            );
        }
        check(
            &[("secret", &secret)],
            Err("without its public half: `nix --extra-experimental-features nix-command key"),
        );
        check(&[("public", &public)], Err("without its secret half, `secret`: put that there"));
        check(&[("notes", "x")], Err("holds something else than a key: name a folder that is not there yet"));
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = key_in(file.path()).unwrap_err().to_string();
        assert!(refused.contains("is no folder for a key: name one"), "{refused}");
        assert_eq!(key_in(&file.path().with_extension("none")).unwrap(), None);
    }
}
