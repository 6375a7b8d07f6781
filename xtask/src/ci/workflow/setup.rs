//! The action that sets a machine up: Nix, and this program, built where that is had.

use super::MARK;
use super::jobs::uses;
use super::text::{Map, Value};

/// A runner of one's own may have Nix, and it stays as it is, be it one that an earlier job installed, which no `PATH` names.
///
/// A machine of GitHub is made for a job and gone after it: it asks the caches that flake.nix names, for which Nix must trust its user.
/// On any other these settings would outlive the job, and a later one, of a fork, could name caches and keys for a store that is pushed.
const INSTALL: &str = r#"if command -v nix > /dev/null; then
  nix --version
else
  if [ ! -x /nix/var/nix/profiles/default/bin/nix ]; then
    : > "$RUNNER_TEMP/nix.conf"
    if [ "$RUNNER_ENVIRONMENT" = github-hosted ]; then
      printf 'accept-flake-config = true\ntrusted-users = root %s\n' "$(id -un)" > "$RUNNER_TEMP/nix.conf"
    fi
    curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location https://nixos.org/nix/install \
      | sh -s -- --daemon --yes --nix-extra-conf-file "$RUNNER_TEMP/nix.conf"
  fi
  /nix/var/nix/profiles/default/bin/nix --version
  echo /nix/var/nix/profiles/default/bin >> "$GITHUB_PATH"
fi
"#;

/// The flake's package, where a cache has it, stands in for what cargo would compile.
///
/// It must be of these very sources, file by file: a fleet may call something else `xtask`, or take it from elsewhere. What a cache has
/// is asked first, since Nix would bring a compiler before it says that it may not build. Cargo finds a program `cargo-NAME` among its
/// own, and calls it with the name as the first argument; its documentation says so of external subcommands, and of
/// `CARGO_ALIAS_NAME` that it goes before the alias in .cargo/config.toml.
///
/// That the flake has no such package is only said where Nix says so; of any other failure its last words are shown.
const TAKE: &str = r#"flake() { nix --extra-experimental-features 'nix-command flakes' "$@" < /dev/null; }
of_these_sources() {
  for part in Cargo.lock Cargo.toml xtask/src xtask/standin xtask/{cache-protocol,secret-patterns,binary-cache/src}; do
    diff --recursive --brief "$part" "$1/$part" || return 1
  done
}
mkdir -p "$RUNNER_TEMP/xtask"
said="$RUNNER_TEMP/xtask/said"
if ! sources=$(flake eval --raw .#xtask.src 2> "$said"); then
  if grep -q 'does not provide attribute' "$said"; then
    echo 'the flake has no package xtask: cargo brings it'
  else
    tail -n 20 "$said"
    echo 'the package xtask of the flake could not be evaluated: cargo brings it'
  fi
elif ! of_these_sources "$sources"; then
  echo 'the package xtask is of other sources: cargo brings it'
elif ! flake build --dry-run .#xtask > "$said" 2>&1; then
  tail -n 20 "$said"
  echo 'what caches have of the package xtask could not be found out: cargo brings it'
elif grep 'will be built' "$said"; then
  echo 'no cache has the package xtask of these sources: cargo brings it'
elif ! flake build --out-link "$RUNNER_TEMP/xtask/built" --max-jobs 0 --builders '' .#xtask \
  || ! "$RUNNER_TEMP/xtask/built/bin/xtask" --version; then
  echo 'the package xtask does not come, or does not run: cargo brings it'
else
  programs="${CARGO_HOME:-$HOME/.cargo}/bin"
  mkdir -p "$programs"
  printf '#!/bin/sh\nshift\nexec "$RUNNER_TEMP/xtask/built/bin/xtask" "$@"\n' > "$programs/cargo-xtask-as-built"
  chmod +x "$programs/cargo-xtask-as-built"
  echo CARGO_ALIAS_XTASK=xtask-as-built >> "$GITHUB_ENV"
  echo taken=true >> "$GITHUB_OUTPUT"
  echo 'xtask is taken from a cache: cargo compiles nothing'
fi
"#;

/// What cargo downloaded and compiled; results of this program itself are of the machine that made them.
const KEPT: &str = "~/.cargo/registry
target/debug/.fingerprint
target/debug/build
target/debug/deps
target/xtask/client
";

/// The names under which results of cargo are kept: what is kept under a name stays as it is, and whoever comes first keeps its own.
///
/// Results of another compiler are of no use, so that the name tells the compiler; and most machines have no client of caches, so that
/// those that do go by another name. A machine without a compiler hears of it from cargo.
const NAMES: &str = r#"compiler="xtask-$RUNNER_OS-$RUNNER_ARCH-$(rustc --version | tr ' ' '-' | tr -d '()')-" || true
if [ "$CLIENT" = true ]; then kind=with-client; else kind=without-client; fi
echo "compiler=$compiler" >> "$GITHUB_OUTPUT"
echo "name=$compiler$kind-" >> "$GITHUB_OUTPUT"
"#;

/// The input that says whether the client of caches is compiled on this machine as well.
pub const CLIENT: &str = "client";

/// Whatever this program and the client of caches are compiled from.
const SOURCES: &str = "'Cargo.lock', 'Cargo.toml', '.cargo/**', 'xtask/**'";

/// Cargo takes what is newer than its results for changed, and a fresh checkout is newer than anything that was kept.
const UNCHANGED: &str = "find Cargo.lock Cargo.toml .cargo xtask -exec touch -t 200001010000 {} +\n";

/// The action.
pub fn action(committed: &str) -> String {
    let install =
        Map::new().with("name", "Install Nix").with("shell", "bash").with("run", Value::Lines(INSTALL.to_owned()));
    let take = Map::new()
        .with("name", "Take xtask from a cache of the flake")
        .with("id", "built")
        .with("shell", "bash")
        .with("run", Value::Lines(TAKE.to_owned()));
    let not_taken = "${{ steps.built.outputs.taken != 'true' }}";
    let names = Map::new()
        .with("name", "Name what cargo builds")
        .with("id", "results")
        .with("if", not_taken)
        .with("shell", "bash")
        .with("env", Map::new().with("CLIENT", format!("${{{{ inputs.{CLIENT} }}}}")))
        .with("run", Value::Lines(NAMES.to_owned()));
    let [name, compiler] = ["name", "compiler"].map(|output| format!("${{{{ steps.results.outputs.{output} }}}}"));
    let with = Map::new()
        .with("path", Value::Lines(KEPT.to_owned()))
        .with("key", format!("{name}${{{{ hashFiles({SOURCES}) }}}}"))
        .with("restore-keys", Value::Lines(format!("{name}\n{compiler}\n")));
    let keep = uses("Keep what cargo built", "actions/cache", Some(not_taken), with, committed).with("id", "kept");
    let unchanged = Map::new()
        .with("name", "Compile nothing again that was compiled from these sources")
        .with("if", "${{ steps.kept.outputs.cache-hit == 'true' }}")
        .with("shell", "bash")
        .with("run", Value::Lines(UNCHANGED.to_owned()));
    let runs =
        Map::new().with("using", "composite").with("steps", Value::Maps(vec![install, take, names, keep, unchanged]));
    let client = Map::new()
        .with("description", "Whether a job asks the client of caches, which cargo compiles as well")
        .with("default", "false");
    let all = Map::new()
        .with("name", "Set up Nix")
        .with("description", "Installs Nix with its official installer; `cargo xtask` finds it and does the rest")
        .with("inputs", Map::new().with(CLIENT, client))
        .with("runs", runs);
    format!("{MARK}: the commit and version of an action are read back from here.\n{}", all.text())
}
