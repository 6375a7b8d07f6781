//! Stores that Nix speaks to for us: what they have, and copying to them.

use std::collections::HashSet;
use std::process::Command;

use cache_protocol::{Fault, FaultKind};
use tempfile::TempDir;

use super::{Store, asked, chunks};

impl Store<'_> {
    /// Which of `paths` the store at `url` lacks, by what it says now.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn invalid_at(&self, url: &str, paths: &[String]) -> Result<HashSet<String>, Fault> {
        let forgetful = Forgetful::new()?;
        let mut invalid = HashSet::new();
        for chunk in chunks(&paths.iter().collect::<Vec<_>>()) {
            // Not `nix path-info`, which begins a new connection after each path that is not there.
            let mut command = self.command("nix-store");
            let command = forgetful.applied(command.args(["--check-validity", "--print-invalid", "--store", url]));
            let answer = asked(command.args(chunk)).map_err(|fault| of_the_other(FaultKind::Unreachable, fault))?;
            invalid.extend(String::from_utf8_lossy(&answer).lines().map(str::to_owned));
        }
        Ok(invalid)
    }

    /// Copies `paths`, with all that they refer to, to the store at `url`. Whether it takes what nobody signed is for it to say; what it
    /// can fetch by itself, it may.
    ///
    /// # Errors
    /// When Nix says that something was not copied: the others may have been.
    pub fn copy_to(&self, url: &str, paths: &[String]) -> Result<(), Fault> {
        let forgetful = Forgetful::new()?;
        for (paths, flag) in super::by_kind(paths) {
            for chunk in chunks(&paths) {
                let mut command = self.command("nix");
                let command = forgetful.applied(command.args(["copy", "--to", url, "--quiet"]));
                asked(
                    command.args(["--no-check-sigs", "--substitute-on-destination"]).args(flag).arg("--").args(chunk),
                )
                .map_err(|fault| of_the_other(FaultKind::Refused, fault))?;
            }
        }
        Ok(())
    }
}

/// What Nix hands on of another store says more than that it failed: words of ssh, of the system there and of its database.
const WORDS: [(&str, FaultKind); 7] = [
    ("No space left on device", FaultKind::Full),
    ("database or disk is full", FaultKind::Full),
    ("Permission denied", FaultKind::Unauthorised),
    ("Connection reset", FaultKind::Unreachable),
    ("closed by remote host", FaultKind::Unreachable),
    ("Broken pipe", FaultKind::Unreachable),
    ("unexpected end-of-file", FaultKind::Unreachable),
];

/// The fault of another store: of the kind that its words are, else of `kind`.
fn of_the_other(kind: FaultKind, fault: Fault) -> Fault {
    let said = WORDS.iter().find(|(words, _)| fault.what.contains(words)).map(|(_, kind)| *kind);
    Fault::new(said.unwrap_or(kind), fault.what)
}

/// Lets Nix remember nothing of other stores from earlier.
struct Forgetful(TempDir);

impl Forgetful {
    fn new() -> Result<Self, Fault> {
        let folder = tempfile::tempdir();
        folder.map(Self).map_err(|error| Fault::new(FaultKind::Local, format!("make a temporary folder: {error}")))
    }

    fn applied<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("XDG_CACHE_HOME", self.0.path())
    }
}
