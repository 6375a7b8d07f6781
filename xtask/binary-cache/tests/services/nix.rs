//! Genuine Nix: makes NARs, and reads caches into stores of its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::place::Sample;

/// The NAR of a file that holds `content`.
pub fn dump(content: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, content).unwrap();
    let output = nix("nix-store", folder.path()).arg("--dump").arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    output.stdout
}

/// Copies `sample` with all that it refers to from the cache at `url` into an empty store, believing `public_key` alone.
pub fn copy(url: &str, public_key: &str, netrc: &str, sample: &Sample) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let netrc_file = folder.path().join("netrc");
    fs::write(&netrc_file, netrc).unwrap();
    let path = sample.narinfo.store_path.as_str();
    let root = folder.path().join("root");
    let output = nix("nix", folder.path())
        .args(["copy", "--from", url, "--to", root.to_str().unwrap(), path])
        .args(["--option", "trusted-public-keys", public_key])
        .args(["--option", "netrc-file", netrc_file.to_str().unwrap()])
        .env("NIX_REMOTE", &root)
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(said(&output));
    }
    let content = fs::read(root.join(path.trim_start_matches('/'))).unwrap();
    assert!(content == sample.content, "another content");
    Ok(())
}

fn nix(program: &str, home: &Path) -> Command {
    let settings = "build-users-group =\nexperimental-features = nix-command\nsubstituters =\nconnect-timeout = 5\n";
    let mut command = Command::new(program);
    command
        .env("NIX_CONFIG", settings)
        .env("HOME", home)
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("NIX_STATE_DIR", home.join("state"))
        .env("NIX_LOG_DIR", home.join("log"))
        .env("NIX_CONF_DIR", home.join("conf"))
        .env_remove("NIX_REMOTE");
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
