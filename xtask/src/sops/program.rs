//! Calls of the genuine sops. Private keys reach it as files that it reads itself; what it says is never repeated where it may quote
//! a value.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail};

use super::closed::Refusal;
use crate::process;

/// How sops ends when no key opens a file.
pub const NO_KEY: i32 = 128;
/// How it ends when a value was changed, or the MAC does not fit.
const TAMPERED: [i32; 2] = [25, 51];

/// A sops that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sops {
    program: PathBuf,
}

/// What became of an attempt to decrypt.
#[derive(Clone, PartialEq, Eq)]
pub enum Opened {
    /// The plain text.
    Plain(Vec<u8>),
    /// None of the keys is one of the file's.
    NoKey,
    /// The file is not as it was encrypted.
    Tampered,
    /// Something else; among others, that a key here cannot be read.
    Otherwise(Refusal),
}

// What was decrypted is never shown, not even by accident.
impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("it was decrypted"),
            Self::NoKey => f.write_str("no key fits"),
            Self::Tampered => f.write_str("tampering was noticed"),
            Self::Otherwise(refusal) => refusal.fmt(f),
        }
    }
}

impl Sops {
    /// The sops on `PATH`, else the one installed in `bin`.
    ///
    /// # Errors
    /// When there is neither.
    pub fn find(bin: &Path) -> Result<Self> {
        let program = super::path(bin).context("sops is missing: run `cargo xtask bootstrap --only sops`")?;
        Ok(Self { program })
    }

    /// sops as its user would call it.
    #[must_use]
    pub fn command(&self) -> Command {
        Command::new(&self.program)
    }

    /// sops that knows no key but those in `keys`, and nothing else of this user; `home` is an empty folder.
    #[must_use]
    pub fn alone(&self, home: &Path, keys: &[&Path]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", home).env("XDG_CONFIG_HOME", home).env("GNUPGHOME", home);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        match keys {
            [] => {}
            [key] => drop(command.env("SOPS_AGE_KEY_FILE", key)),
            // sops itself runs this, without a shell; the keys pass through no hands of ours.
            several => {
                let files: Vec<String> = several.iter().map(|key| process::quoted(&key.to_string_lossy())).collect();
                command.env("SOPS_AGE_KEY_CMD", format!("cat {}", files.join(" ")));
            }
        }
        command
    }
}

/// Runs a sops that must succeed; its output is not repeated.
///
/// # Errors
/// When it cannot be started or fails.
pub fn must(command: &mut Command, doing: &str) -> Result<()> {
    let output = process::probe(command)?;
    if !output.status.success() {
        bail!("could not {doing}: sops failed ({})", output.status);
    }
    Ok(())
}

/// Runs a sops that decrypts to stdout.
///
/// # Errors
/// When it cannot be started.
pub fn open(command: &mut Command) -> Result<Opened> {
    Ok(opened(process::probe(command)?))
}

/// The same, until it is `given_up`, without the user: it is in a group of its own, which the system keeps from reading a terminal and from
/// changing it. One that asks for a passphrase could not put the terminal's echo back when it is given up.
///
/// # Errors
/// When it cannot be started, or was given up.
pub fn open_unless(command: &mut Command, given_up: &dyn Fn() -> bool) -> Result<Opened> {
    Ok(opened(process::probe_unless(command.process_group(0), given_up)?))
}

fn opened(output: Output) -> Opened {
    let refusal = || Refusal::new(&output.status, &output.stderr);
    match output.status.code() {
        Some(0) => Opened::Plain(output.stdout),
        Some(NO_KEY) => Some(refusal()).filter(Refusal::is_of_keys).map_or(Opened::NoKey, Opened::Otherwise),
        Some(status) if TAMPERED.contains(&status) => Opened::Tampered,
        _ => Opened::Otherwise(refusal()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_be_given_up_has_no_hold_of_the_terminal() {
        let mut command = Command::new("sh");
        command.args(["-c", "test $(ps -o pgid= -p $$) -eq $$ && printf own"]);
        assert_eq!(open_unless(&mut command, &|| false).ok(), Some(Opened::Plain(b"own".to_vec())));
    }
}
