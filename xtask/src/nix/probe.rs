//! Whether a Nix that starts can also do its work: open its store, and build.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::{Nix, Version};
use crate::fleet::nix_string;
use crate::process;

/// Builds with nothing but `/bin/sh`. Its output stays, and is built again to be compared: a probe that leaves no litter.
const PROBE: &str = r#"derivation {
  name = "xtask-probe";
  system = builtins.currentSystem;
  builder = "/bin/sh";
  args = [ "-c" "echo built > $out" ];
}"#;

/// Whether the store could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It was opened.
    Open {
        /// `local`, `daemon`, or another store's address.
        url: String,
        /// Whether the store takes this user's settings; `None` where Nix does not say.
        trusted: Option<bool>,
    },
    /// It was not.
    Closed(Failure),
}

/// How the probe build ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It was built just now.
    Built,
    /// It could not be.
    Failed(Failure),
}

/// What Nix said, and what that means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The meaning.
    pub trouble: Trouble,
    /// Nix's own words, on one line.
    pub said: String,
}

/// What keeps a store from being opened or a build from being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Root builds as members of a group that does not exist or has no members.
    NoBuildUsers,
    /// The sandbox cannot be set up on this machine, or holds no shell.
    Sandbox,
    /// The daemon's socket is there, and nobody answers.
    NoDaemon,
    /// This user may not use the daemon or the store.
    Permission,
    /// The store or its database lies on a file system that cannot be written.
    ReadOnly,
    /// The disk is full.
    DiskFull,
    /// Something else, which Nix's own words have to explain.
    Other,
}

/// The words by which each trouble is known in Nix 2.8 to 2.34, most telling first.
const SIGNS: [(&str, Trouble); 19] = [
    // A remote builder whose connection is refused is no daemon of this machine.
    ("cannot build on '", Trouble::Other),
    ("No space left on device", Trouble::DiskFull),
    ("specified in 'build-users-group' does not exist", Trouble::NoBuildUsers),
    ("has no members", Trouble::NoBuildUsers),
    ("user namespaces are not enabled", Trouble::Sandbox),
    ("does not support the kernel namespaces", Trouble::Sandbox),
    ("cannot perform a sandboxed build", Trouble::Sandbox),
    ("unable to make '/' private", Trouble::Sandbox),
    ("unable to make filesystem '/' private", Trouble::Sandbox),
    ("executing '/bin/sh': No such file or directory", Trouble::Sandbox),
    ("while setting up the build environment", Trouble::Sandbox),
    ("Connection refused", Trouble::NoDaemon),
    ("Read-only file system", Trouble::ReadOnly),
    ("writable: Invalid argument", Trouble::ReadOnly),
    ("is not a directory", Trouble::ReadOnly),
    ("Not a directory", Trouble::ReadOnly),
    ("Permission denied", Trouble::Permission),
    ("Operation not permitted", Trouble::Permission),
    ("may have been run as non-root", Trouble::Permission),
];

fn failure(stderr: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(stderr);
    // Warnings are not the reason: 2.8 warns of a missing group before it fails of something else.
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("warning:"));
    let reason = lines().collect::<Vec<_>>().join("\n");
    let sign = SIGNS.iter().find(|(words, _)| reason.contains(words));
    let telling = sign.and_then(|(words, _)| lines().find(|line| line.contains(words)));
    let said = telling.or_else(|| lines().find(|line| line.starts_with("error:"))).or_else(|| lines().next_back());
    let said = said.unwrap_or("no reason given").split_whitespace().collect::<Vec<_>>().join(" ");
    let said = said.strip_prefix("error: ").unwrap_or(&said).to_owned();
    Failure { trouble: sign.map_or(Trouble::Other, |(_, trouble)| *trouble), said }
}

#[derive(Deserialize)]
struct Ping {
    url: String,
    trusted: Option<serde_json::Value>,
}

impl Nix {
    /// Opens the store in use.
    ///
    /// # Errors
    /// When Nix cannot be started.
    pub fn reach_store(&self) -> Result<Reach> {
        let json = self.version >= Version { major: 2, minor: 15 };
        let mut command = self.command("nix");
        command.args(["store", "ping"]).args(json.then_some("--json"));
        let output = process::probe(&mut command)?;
        if !output.status.success() {
            return Ok(Reach::Closed(failure(&output.stderr)));
        }
        if json {
            let ping: Ping = serde_json::from_slice(&output.stdout).context("read the answer of `nix store ping`")?;
            // 1 in 2.26, true in 2.34, null where the store cannot say.
            let trusted = ping.trusted.map(|value| value == 1 || value == true);
            return Ok(Reach::Open { url: ping.url, trusted });
        }
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let url = text.lines().find_map(|line| line.trim().strip_prefix("Store URL: ")).unwrap_or("unknown");
        Ok(Reach::Open { url: url.to_owned(), trusted: None })
    }

    /// Builds the smallest derivation there is, really: what was built before is built again.
    ///
    /// # Errors
    /// When Nix cannot be started, or prints what it never prints.
    pub fn probe_build(&self) -> Result<Probe> {
        let offline = ["--option", "substitute", "false"];
        let instantiated = process::probe(self.command("nix-instantiate").args(offline).args(["--expr", PROBE]))?;
        if !instantiated.status.success() {
            return Ok(Probe::Failed(failure(&instantiated.stderr)));
        }
        let derivation = String::from_utf8_lossy(&instantiated.stdout).trim().to_owned();
        let output = process::ask(self.command("nix-store").args(["--query", "--outputs", &derivation]))
            .context("ask for the path of the probe build")?;
        let valid = process::probe(self.command("nix-store").args(["--check-validity", &output]))?.status.success();
        let mut build = self.command("nix-store");
        build.args(["--realise", &derivation]).args(valid.then_some("--check")).args(offline);
        let built = process::probe(&mut build)?;
        if built.status.success() { Ok(Probe::Built) } else { Ok(Probe::Failed(failure(&built.stderr))) }
    }

    /// The settings that a call typed by the user gets, by name, without those of this program; `None` when `nix show-config`
    /// itself is not allowed, because `nix-command` is off.
    ///
    /// As text, since 2.8 answers experimental features as bare numbers in JSON.
    ///
    /// # Errors
    /// When Nix cannot say them for any other reason.
    pub fn settings_of_the_user(&self) -> Result<Option<BTreeMap<String, String>>> {
        let ask = |words: &[&str]| process::probe(Command::new(self.bin.join("nix")).args(words).env("LC_ALL", "C"));
        let mut output = ask(&["show-config"])?;
        if String::from_utf8_lossy(&output.stderr).contains("is not a recognised command") {
            output = ask(&["config", "show"])?;
        }
        if String::from_utf8_lossy(&output.stderr).contains("'nix-command' is disabled") {
            return Ok(None);
        }
        if !output.status.success() {
            bail!("read the settings of Nix: {}", failure(&output.stderr).said);
        }
        let text = String::from_utf8(output.stdout).context("read the settings of Nix")?;
        let entries = text.lines().filter_map(|line| line.split_once('='));
        Ok(Some(entries.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()))
    }

    /// The names of the outputs that the flake at `reference` declares.
    ///
    /// # Errors
    /// When Nix cannot be started; what it says of the flake is the inner error.
    pub fn flake_outputs(&self, reference: &str) -> Result<std::result::Result<Vec<String>, String>> {
        let expression = format!("builtins.attrNames (builtins.getFlake {}).outputs", nix_string(reference));
        let output = process::probe(self.command("nix").args(["eval", "--json", "--impure", "--expr", &expression]))?;
        if !output.status.success() {
            return Ok(Err(failure(&output.stderr).said));
        }
        serde_json::from_slice(&output.stdout).context("read the outputs of the flake").map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_each_message_means() {
        let check = |stderr: &str, trouble: Trouble, said: &str| {
            assert_eq!(failure(stderr.as_bytes()), Failure { trouble, said: said.to_owned() });
        };
        check(
            "warning: x\nerror: the group 'nixbld' specified in 'build-users-group' does not exist\n",
            Trouble::NoBuildUsers,
            "the group 'nixbld' specified in 'build-users-group' does not exist",
        );
        check(
            "building '/nix/store/x.drv'...\n\n   Error   D    executing '/bin/sh': No such file or directory   \nerror: builder for '/nix/store/x.drv' failed with exit code 1\n",
            Trouble::Sandbox,
            "Error D executing '/bin/sh': No such file or directory",
        );
        check(
            "error:\n … while setting up the build environment\n\n error: getting attributes of path \"/usr/bin/bash-static\": No such file or directory",
            Trouble::Sandbox,
            "… while setting up the build environment",
        );
        check(
            "error: remounting /s writable: Invalid argument",
            Trouble::ReadOnly,
            "remounting /s writable: Invalid argument",
        );
        check("error: '/f' is not a directory", Trouble::ReadOnly, "'/f' is not a directory");
        check(
            "error: creating directory '/nix': Permission denied",
            Trouble::Permission,
            "creating directory '/nix': Permission denied",
        );
        check(
            "error: cannot connect to socket at '/s': Connection refused",
            Trouble::NoDaemon,
            "cannot connect to socket at '/s': Connection refused",
        );
        check("error: writing: No space left on device", Trouble::DiskFull, "writing: No space left on device");
        check("error: something new\nmore", Trouble::Other, "something new");
        // A warning about build users is not what stopped the user.
        check(
            "warning: the group 'nixbld' specified in 'build-users-group' does not exist\nerror: opening lock file '/l': Permission denied",
            Trouble::Permission,
            "opening lock file '/l': Permission denied",
        );
        check("", Trouble::Other, "no reason given");
    }

    #[test]
    fn quotes_a_reference() {
        assert_eq!(nix_string(r#"path:/a"b\${c}"#), r#""path:/a\"b\\\${c}""#);
    }
}
