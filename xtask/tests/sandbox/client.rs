//! The client of binary caches, built once for all tests of a binary and handed to the commands that run in a sandbox.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::Sandbox;

/// The client's program. `cargo xtask test` builds it before the tests and names it; whoever runs one test alone has it built by
/// cargo here, which finds it built already unless its source has changed.
pub fn client() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("XTASK_TEST_CLIENT") {
        Some(named) => PathBuf::from(named),
        None => build(),
    })
}

/// In a folder of its own: `cargo test` lets nobody else into the one that it built in, until the tests are over.
fn build() -> PathBuf {
    let target =
        Path::new(env!("CARGO_BIN_EXE_xtask")).parent().unwrap().with_file_name("xtask").join("client-of-tests");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--locked", "--package", "binary-cache", "--target-dir"]);
    command.arg(&target).current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(command.status().unwrap().success(), "the client of binary caches does not build");
    target.join("debug/binary-cache")
}

impl Sandbox {
    /// Hands the built client to every command: nothing is built in here, where there is no cargo.
    pub fn with_client(mut self) -> Self {
        self.set("XTASK_BINARY_CACHE", client().to_str().unwrap());
        self
    }
}
