//! Signatures that Nix itself adds to the paths of a store.

use cache_protocol::Fault;

use super::{Store, asked, by_kind, chunks};
use crate::key_source::KeyFile;

impl Store<'_> {
    /// Adds signatures of `key` to `paths`, without what they refer to. The key is named by its file: arguments are for all to see.
    ///
    /// # Errors
    /// When Nix says that something was not signed.
    pub fn sign(&self, key: &KeyFile, paths: &[String]) -> Result<(), Fault> {
        for (paths, flag) in by_kind(paths) {
            for chunk in chunks(&paths) {
                let mut command = self.command("nix");
                command.args(["store", "sign", "--key-file"]).arg(key.path()).args(flag).arg("--");
                asked(command.args(chunk))?;
            }
        }
        Ok(())
    }
}
