//! Where a flake is, in the forms that every Nix reads.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Nix;
use crate::fleet::nix_string;
use crate::{files, process};

/// Where a flake is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A URL, such as `git+file:///r`.
    Url(String),
    /// A folder as it is, in git or not. No URL does for it: Nix 2.8 does not decode the path of a `path:` URL, and newer ones
    /// refuse one that is not encoded.
    Folder(PathBuf),
}

impl Reference {
    /// The attributes that declare it as an input, each with its value as Nix code.
    #[must_use]
    pub fn attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Url(url) => vec![("url", nix_string(url))],
            Self::Folder(folder) => {
                vec![("type", nix_string("path")), ("path", nix_string(&folder.to_string_lossy()))]
            }
        }
    }
}

impl Nix {
    /// Whether this Nix decodes percent-encoded paths in URLs, tried on a flake below `state`. One that does not (before 2.19)
    /// takes a git repository at such a path for a remote one: it reads the last commit, whatever the working tree holds.
    ///
    /// # Errors
    /// When the flake cannot be written, or Nix cannot be run.
    pub fn decodes_paths(&self, state: &Path) -> Result<bool> {
        let folder = state.join("per cent");
        files::write_if_changed(&folder.join("flake.nix"), b"{ outputs = _: { decoded = true; }; }\n")
            .context("write a flake to try paths on")?;
        let mut command = self.command("nix");
        command.args(["eval", "--no-write-lock-file"]).arg(format!("{}#decoded", path_reference(&folder)));
        Ok(process::probe(&mut command)?.status.success())
    }
}

/// A folder as a flake reference: `path:/abs`, percent-encoded, which Nix 2.8 reads only where nothing had to be encoded.
#[must_use]
pub fn path_reference(folder: &Path) -> String {
    format!("path:{}", percent_encoded(folder))
}

/// A path as part of a URL.
#[must_use]
pub fn percent_encoded(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~+@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_urls() {
        for (path, expected) in [("/a/b-c.d", "/a/b-c.d"), ("/a b", "/a%20b"), ("/ü#?", "/%C3%BC%23%3F")] {
            assert_eq!(percent_encoded(Path::new(path)), expected);
        }
    }
}
