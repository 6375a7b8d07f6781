//! The versions of Nix that tests run on.

use std::path::{Path, PathBuf};

/// Which Nix a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestNix {
    /// The one that is installed on this machine.
    Distribution,
    /// A recent one.
    Modern,
}

impl TestNix {
    /// Every Nix that tests run on.
    pub const ALL: [Self; 2] = [Self::Distribution, Self::Modern];

    /// The folder of its programs.
    pub fn bin(self) -> PathBuf {
        match self {
            Self::Distribution => {
                let path = std::env::var_os("PATH").unwrap_or_default();
                let found = std::env::split_paths(&path).find(|folder| folder.join("nix").is_file());
                found.unwrap_or_else(|| panic!("`nix` is missing: run `apt-get install nix-bin`"))
            }
            Self::Modern => {
                let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/xtask/tools");
                let tools = std::env::var_os("XTASK_TEST_TOOLS").map_or_else(default, PathBuf::from);
                let bin = tools.join("nix-modern/bin");
                assert!(bin.join("nix").exists(), "`{}/nix` is missing: run `cargo xtask test`", bin.display());
                bin
            }
        }
    }
}
