//! The action that sets a machine up: Nix, and what cargo built for the same lock file.

use super::MARK;
use super::jobs::uses;
use super::text::{Map, Value};

/// A runner of one's own may have Nix, and it stays as it is.
const INSTALL: &str = r#"if command -v nix > /dev/null; then
  nix --version
else
  curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location https://nixos.org/nix/install \
    | sh -s -- --daemon --yes
  echo /nix/var/nix/profiles/default/bin >> "$GITHUB_PATH"
fi
"#;

/// What cargo downloaded and compiled; results of this program itself are of the machine that made them.
const KEPT: &str = "~/.cargo/registry
target/debug/.fingerprint
target/debug/build
target/debug/deps
target/cache-client/.fingerprint
target/cache-client/build
target/cache-client/deps
target/cache-client/binary-cache
";

/// Whatever this program and the client of caches are compiled from.
const SOURCES: &str = "'Cargo.lock', 'Cargo.toml', '.cargo/**', 'xtask/**'";

/// Cargo takes what is newer than its results for changed, and a fresh checkout is newer than anything that was kept.
const UNCHANGED: &str = "find Cargo.lock Cargo.toml .cargo xtask -exec touch -t 200001010000 {} +\n";

/// The action.
pub fn action(committed: &str) -> String {
    let install =
        Map::new().with("name", "Install Nix").with("shell", "bash").with("run", Value::Lines(INSTALL.to_owned()));
    let with = Map::new()
        .with("path", Value::Lines(KEPT.to_owned()))
        .with("key", format!("xtask-${{{{ runner.os }}}}-${{{{ runner.arch }}}}-${{{{ hashFiles({SOURCES}) }}}}"))
        .with("restore-keys", "xtask-${{ runner.os }}-${{ runner.arch }}-");
    let keep = uses("Keep what cargo built", "actions/cache", None, with, committed).with("id", "kept");
    let unchanged = Map::new()
        .with("name", "Compile nothing again that was compiled from these sources")
        .with("if", "${{ steps.kept.outputs.cache-hit == 'true' }}")
        .with("shell", "bash")
        .with("run", Value::Lines(UNCHANGED.to_owned()));
    let runs = Map::new().with("using", "composite").with("steps", Value::Maps(vec![install, keep, unchanged]));
    let all = Map::new()
        .with("name", "Set up Nix")
        .with("description", "Installs Nix with its official installer; `cargo xtask` finds it and does the rest")
        .with("runs", runs);
    format!("{MARK}: the commit and version of an action are read back from here.\n{}", all.text())
}
