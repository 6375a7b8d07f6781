//! What every command is given: the repository, the user's wishes, and where state is kept.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::builder::FalseyValueParser;
use clap::{Args, Parser};

use crate::commands::Command;
use crate::report::{Color, Console, Verbosity};

/// The automation of a Nix configuration repository
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How, and where.
    #[command(flatten)]
    pub global: GlobalArgs,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask bootstrap     a machine that can build
  cargo xtask ci            everything that CI does
  cargo xtask build         everything that this machine can build

Exit status: 0 clean · 1 problems found or something failed · 2 could not check (usage, configuration, environment, a tool \
missing or broken) · 130 interrupted";

/// Flags that stand before or after any command; each has an environment twin.
#[derive(Debug, Clone, Args)]
pub struct GlobalArgs {
    /// The repository to work on [default: the nearest folder upwards that holds a flake.nix]
    #[arg(long, global = true, value_name = "DIR", env = "XTASK_REPO", help_heading = "Global options")]
    pub repo: Option<PathBuf>,
    /// Which inputs the flake is evaluated with
    #[arg(long, global = true, value_enum, default_value_t, env = "XTASK_INPUTS", help_heading = "Global options")]
    pub inputs: Inputs,
    /// Never ask the network
    #[arg(long, global = true, env = "XTASK_OFFLINE", help_heading = "Global options", value_parser = FalseyValueParser::new())]
    pub offline: bool,
    /// Say only what failed and the verdict
    #[arg(
        short,
        long,
        global = true,
        env = "XTASK_QUIET",
        conflicts_with = "verbose",
        help_heading = "Global options", value_parser = FalseyValueParser::new())]
    pub quiet: bool,
    /// Say every line of every build's log
    #[arg(short, long, global = true, env = "XTASK_VERBOSE", help_heading = "Global options", value_parser = FalseyValueParser::new())]
    pub verbose: bool,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, env = "XTASK_COLOR", help_heading = "Global options")]
    pub color: Color,
    /// Where results, links and stand-in inputs are kept [default: below the target folder]
    #[arg(long, global = true, value_name = "DIR", env = "XTASK_STATE_DIR", hide = true)]
    pub state_dir: Option<PathBuf>,
}

/// Which inputs the flake is evaluated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Inputs {
    /// Those of flake.lock
    Locked,
    /// The embedded replacements: an offline structural check, never pushed nor activated
    Standin,
    /// The locked ones where they can be had; else, on a developer's machine only, the stand-in
    #[default]
    Auto,
}

/// How a command that could do its work ended; one that could not returns an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Nothing is wrong: exit status 0.
    Clean,
    /// Problems were found, or something failed: exit status 1.
    Problems,
    /// Something could not be checked, and was said: exit status 2.
    Unchecked,
    /// A command that was run for the user failed with this status, which is passed on.
    Status(u8),
}

impl Ending {
    /// The exit status.
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Problems => 1,
            Self::Unchecked => 2,
            Self::Status(status) => status,
        }
    }

    /// The worse of two endings.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Clean, other) => other,
            (Self::Problems, Self::Unchecked | Self::Status(_)) => other,
            (one, _) => one,
        }
    }
}

/// What every command is given.
#[derive(Debug)]
pub struct Context {
    /// The repository's root: the folder of flake.nix, absolute.
    pub repository: PathBuf,
    /// The repository as the user named it, if at all.
    pub named: Option<PathBuf>,
    /// Where results, links and stand-in inputs of this repository are kept.
    pub state: PathBuf,
    /// Which inputs were asked for.
    pub inputs: Inputs,
    /// Never ask the network.
    pub offline: bool,
    /// Whether this is a CI run (`CI` is set): no prompts, no silent stand-in.
    pub ci: bool,
    /// Where to say things.
    pub console: Console,
}

impl Context {
    /// Finds the repository and the state folder.
    ///
    /// # Errors
    /// When no flake.nix is found.
    pub fn new(args: &GlobalArgs, console: Console) -> Result<Self> {
        let repository = match &args.repo {
            Some(named) => named_repository(named)?,
            None => nearest_repository(&std::env::current_dir().context("find the current folder")?)?,
        };
        let state = match &args.state_dir {
            Some(named) => std::path::absolute(named).context("find the state folder")?,
            None => default_state(&repository),
        };
        let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        Ok(Self {
            repository,
            named: args.repo.clone(),
            state,
            inputs: args.inputs,
            offline: args.offline,
            ci,
            console,
        })
    }

    /// The same wishes, but for inputs about which is decided: the stand-in, or those of the lock.
    #[must_use]
    pub fn with_inputs(&self, stand_in: bool) -> Self {
        Self {
            repository: self.repository.clone(),
            named: self.named.clone(),
            state: self.state.clone(),
            inputs: if stand_in { Inputs::Standin } else { Inputs::Locked },
            offline: self.offline,
            ci: self.ci,
            console: Console::new(Color::Auto, self.console.verbosity()),
        }
    }
}

impl GlobalArgs {
    /// The console these flags ask for.
    #[must_use]
    pub fn console(&self) -> Console {
        let verbosity = match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        Console::new(self.color, verbosity)
    }
}

fn named_repository(named: &Path) -> Result<PathBuf> {
    let folder = named.canonicalize().with_context(|| format!("open the repository `{}`", named.display()))?;
    if !folder.join("flake.nix").is_file() {
        bail!("`{}` has no flake.nix", folder.display());
    }
    Ok(folder)
}

/// The nearest folder upwards from `start` that holds a flake.nix.
fn nearest_repository(start: &Path) -> Result<PathBuf> {
    match start.ancestors().find(|folder| folder.join("flake.nix").is_file()) {
        Some(folder) => folder.canonicalize().with_context(|| format!("open `{}`", folder.display())),
        None => bail!("no flake.nix in `{}` or above: name the repository with --repo DIR", start.display()),
    }
}

/// The target folder that this program was built into.
#[must_use]
pub fn target_folder() -> Option<PathBuf> {
    let exe = std::env::current_exe().ok()?.canonicalize().ok()?;
    exe.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
}

/// The target folder that this program was built into, else the user's cache folder; a repository that does not hold it gets a
/// folder of its own there, since other people's repositories are not ours to write into.
fn default_state(repository: &Path) -> PathBuf {
    let Some(target) = target_folder() else {
        return cache_home().join("xtask").join(slug(repository));
    };
    if target.starts_with(repository) {
        target.join("xtask")
    } else {
        target.join("xtask/repos").join(slug(repository))
    }
}

fn cache_home() -> PathBuf {
    match std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir().unwrap_or_default().join(".cache"),
    }
}

/// Where the system's own folders (`/etc`, `/usr/bin`, `/run`) are looked for: `/`, unless a test names a folder that stands
/// for another machine.
#[must_use]
pub fn system_root() -> PathBuf {
    std::env::var_os("XTASK_SYSTEM_ROOT").map_or_else(|| PathBuf::from("/"), PathBuf::from)
}

/// A folder name for a repository: its own name, and what tells it from others of that name.
#[must_use]
pub fn slug(repository: &Path) -> String {
    let digest = hmac_sha256::Hash::hash(repository.as_os_str().as_encoded_bytes());
    let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let name = repository.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}-{short}")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_flag_has_an_environment_twin() {
        let mut command = Cli::command();
        command.build();
        for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
            let flags = subcommand.get_arguments().filter(|flag| !flag.is_positional());
            let twinless = flags.filter(|flag| !["help", "version"].contains(&flag.get_id().as_str()));
            let twinless: Vec<_> = twinless.filter(|flag| flag.get_env().is_none()).map(clap::Arg::get_id).collect();
            assert!(twinless.is_empty(), "{}: {twinless:?}", subcommand.get_name());
        }
    }
}
