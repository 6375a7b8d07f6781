//! Which Nix this machine has: found once, parsed once, passed to whoever runs it.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;

/// The oldest Nix that this program is tested with (Debian 12 ships it).
pub const OLDEST: Version = Version { major: 2, minor: 8 };

/// Where a Nix that is not on `PATH` is usually found, in order; `~` is the home folder.
const USUAL_PLACES: [&str; 6] = [
    "/nix/var/nix/profiles/default/bin",
    "~/.nix-profile/bin",
    "~/.local/state/nix/profile/bin",
    "/run/current-system/sw/bin",
    "/usr/bin",
    "~/.local/share/xtask/nix/bin",
];

/// One installed Nix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nix {
    /// The folder of `nix`, `nix-store` and the others.
    pub bin: PathBuf,
    /// Whether that folder is on `PATH`.
    pub on_path: bool,
    /// Who made it.
    pub flavour: Flavour,
    /// Its version, for what differs between versions.
    pub version: Version,
    /// The first line of `nix --version`, as printed.
    pub description: String,
    /// Lines appended to the inherited `NIX_CONFIG` of every call.
    config: Vec<String>,
}

/// The implementations of Nix that differ in what they accept and print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// NixOS/nix.
    Nix,
    /// Lix.
    Lix,
    /// Determinate Nix.
    Determinate,
}

/// Major and minor version: no feature in use depends on more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The `2` of `2.34.8`.
    pub major: u32,
    /// The `34` of `2.34.8`.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What looking for Nix came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// None anywhere it is usually found.
    Absent,
    /// One that works.
    Found(Nix),
    /// One that is there and says no version.
    Broken {
        /// The program that was started.
        program: PathBuf,
        /// What it said, with the file and line of a nix.conf it could not read.
        reason: String,
    },
    /// One that is older than [`OLDEST`].
    TooOld {
        /// The program that was started.
        program: PathBuf,
        /// The first line of `nix --version`.
        description: String,
    },
}

/// The Nix to use: on `PATH`, else in one of the usual places, else `None`.
///
/// # Errors
/// When a Nix is there but does not say its version (a broken nix.conf), or is too old.
pub fn find() -> Result<Option<Nix>> {
    match search()? {
        Search::Absent => Ok(None),
        Search::Found(nix) => Ok(Some(nix)),
        Search::Broken { program, reason } => bail!("`{}` does not start: {reason}", program.display()),
        Search::TooOld { program, description } => {
            bail!("`{}` is {description}, older than {OLDEST}: install a newer Nix", program.display())
        }
    }
}

/// Looks for Nix by path first, so that one that cannot even say its version is told from one that is not there.
///
/// # Errors
/// When a Nix that is there cannot be started, or prints what no Nix prints.
pub fn search() -> Result<Search> {
    let on_path = which::which("nix").ok().and_then(|program| program.parent().map(Path::to_owned));
    let home = std::env::home_dir().unwrap_or_default();
    let root = crate::context::system_root();
    let mut usual = USUAL_PLACES.iter().map(|place| match place.strip_prefix("~/") {
        Some(below_home) => home.join(below_home),
        None => root.join(place.trim_start_matches('/')),
    });
    match on_path {
        Some(bin) => describe(bin, true),
        None => usual.find(|bin| bin.join("nix").is_file()).map_or(Ok(Search::Absent), |bin| describe(bin, false)),
    }
}

fn describe(bin: PathBuf, on_path: bool) -> Result<Search> {
    let program = bin.join("nix");
    let output = process::probe(Command::new(&program).arg("--version").env("LC_ALL", "C"))?;
    if !output.status.success() {
        let reason = super::complaint::reason(&String::from_utf8_lossy(&output.stderr));
        return Ok(Search::Broken { program, reason });
    }
    let description = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned();
    let (flavour, version) = parse_version(&description)?;
    if version < OLDEST {
        return Ok(Search::TooOld { program, description });
    }
    Ok(Search::Found(Nix { bin, on_path, flavour, version, description, config: Vec::new() }))
}

/// Flavour and version from the first line of `nix --version`.
fn parse_version(line: &str) -> Result<(Flavour, Version)> {
    let flavour = if line.contains("(Lix") {
        Flavour::Lix
    } else if line.contains("(Determinate") {
        Flavour::Determinate
    } else {
        Flavour::Nix
    };
    let number = line.rsplit(' ').next().unwrap_or_default();
    let mut parts = number.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match (line.starts_with("nix "), parts.next(), parts.next()) {
        (true, Some(Ok(major)), Some(Ok(minor))) => Ok((flavour, Version { major, minor })),
        _ => bail!("`nix --version` printed {line:?}, which names no version"),
    }
}

impl Nix {
    /// The oldest Nix, in the folder `bin`, for tests of what is called how.
    #[cfg(test)]
    pub(super) fn at(bin: &Path) -> Self {
        let (flavour, description) = (Flavour::Nix, String::new());
        Self { bin: bin.to_owned(), on_path: true, flavour, version: OLDEST, description, config: Vec::new() }
    }

    /// A call of `program` (`nix`, `nix-store`, …) with the settings every call gets.
    ///
    /// Settings are appended to the inherited `NIX_CONFIG`, so a user's own come first and stay in force where ours are silent.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(self.bin.join(program.as_ref()));
        let inherited = std::env::var("NIX_CONFIG").unwrap_or_default();
        let ours = ["extra-experimental-features = nix-command flakes", "warn-dirty = false", "connect-timeout = 5"];
        let lines = std::iter::once(inherited.as_str())
            .chain(ours)
            .chain(self.config.iter().map(String::as_str))
            .filter(|line| !line.is_empty());
        command.env("NIX_CONFIG", lines.collect::<Vec<_>>().join("\n"));
        command.env("LC_ALL", "C");
        // Whatever would ask on the terminal (git for a password, ssh for a passphrase or a host key) would wait for ever in the
        // background: it fails instead, and says why. A user's own askpass program may still ask in a window.
        command.env("GIT_TERMINAL_PROMPT", "0").env("SSH_ASKPASS_REQUIRE", "force");
        if std::env::var_os("SSH_ASKPASS").is_none() {
            command.env("SSH_ASKPASS", "false");
        }
        command
    }

    /// The same Nix with one more setting for every call.
    #[must_use]
    pub fn with_setting(mut self, line: impl Into<String>) -> Self {
        self.config.push(line.into());
        self
    }

    /// The same Nix, never asking the network: no substituters, no registries (a retry would cost five seconds a build). An
    /// input that must be fetched nevertheless fails at once.
    #[must_use]
    pub fn offline(self) -> Self {
        ["substitute = false", "use-registries = false", "download-attempts = 1", "connect-timeout = 1"]
            .into_iter()
            .fold(self, Self::with_setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_line_of_every_flavour() {
        let check = |line: &str, expected: Option<(Flavour, u32, u32)>| {
            let parsed = parse_version(line).ok().map(|(flavour, v)| (flavour, v.major, v.minor));
            assert_eq!(parsed, expected, "{line}");
        };
        check("nix (Nix) 2.8.0", Some((Flavour::Nix, 2, 8)));
        check("nix (Nix) 2.34.8", Some((Flavour::Nix, 2, 34)));
        check("nix (Nix) 2.19pre20231214_abcdef", Some((Flavour::Nix, 2, 19)));
        check("nix (Lix, like Nix) 2.93.3", Some((Flavour::Lix, 2, 93)));
        check("nix (Determinate Nix 3.22.2) 2.35.2", Some((Flavour::Determinate, 2, 35)));
        check("nix 2.3", Some((Flavour::Nix, 2, 3)));
        check("something else", None);
        check("nix (Nix) unknown", None);
    }
}
