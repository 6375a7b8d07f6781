//! Keys that sign store paths, and what another program of this repository must know of the store.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use cache_protocol::LocalStore;

use super::{Flavour, Nix, Store, Version};
use crate::process;

impl Nix {
    /// The public half, `name:base64`, of the key in `folder`; a new one by the name of `name` where there is none.
    ///
    /// The folder holds `secret` and `public`; only its owner may look into it.
    ///
    /// # Errors
    /// When Nix cannot make one, or the folder cannot be written.
    pub fn signing_key(&self, folder: &Path, name: &str) -> Result<String> {
        let public = folder.join("public");
        if !public.is_file() {
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
            // Who comes second finds it made.
            if let Err(error) = fs::rename(new.keep(), folder).with_context(|| format!("keep `{}`", folder.display()))
                && !public.is_file()
            {
                return Err(error);
            }
        }
        let text = fs::read_to_string(&public).with_context(|| format!("read `{}`", public.display()))?;
        Ok(text.trim().to_owned())
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
