//! The ways to build a whole fleet: this program, and what one does with plain Nix. Each must end with every host built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::generate::Fleet;
use super::measure::answer;
use super::sandbox::Sandbox;

/// A way to build a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    /// This program as it is.
    Ours,
    /// This program with a bound on memory.
    OursBounded,
    /// `nix build`, one host after the other.
    Sequential,
    /// `nix build` per host, one process a core.
    Parallel,
    /// One `nix build` of all hosts.
    AllInOne,
}

/// What was there before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing but the inputs.
    Cold,
    /// The same tree was built before.
    Unchanged,
    /// All was built before, then one host's file was edited.
    Edited,
}

/// The bound of [`Contender::OursBounded`].
pub const BOUND: &str = "700M";

impl Contender {
    /// Every contender for a fleet with what it is measured at; plain Nix follows ours in the table.
    pub const ALL: [(Self, &'static [Phase]); 5] = [
        (Self::Ours, &[Phase::Cold, Phase::Unchanged, Phase::Edited]),
        (Self::OursBounded, &[Phase::Cold]),
        (Self::Sequential, &[Phase::Cold, Phase::Unchanged, Phase::Edited]),
        (Self::Parallel, &[Phase::Cold]),
        (Self::AllInOne, &[Phase::Cold, Phase::Unchanged, Phase::Edited]),
    ];

    /// The words for it.
    pub fn name(self) -> String {
        match self {
            Self::Ours => "`cargo xtask build`".to_owned(),
            Self::OursBounded => format!("`cargo xtask build --max-memory {BOUND}`"),
            Self::Sequential => "`nix build` per host, in sequence".to_owned(),
            Self::Parallel => format!("`nix build` per host, {} at once", cores()),
            Self::AllInOne => "one `nix build` of all".to_owned(),
        }
    }

    /// Whether it is plain Nix.
    pub fn is_plain(self) -> bool {
        !matches!(self, Self::Ours | Self::OursBounded)
    }

    /// Builds `fleet` in `sandbox`; `binary` is this program. The store paths of the hosts.
    ///
    /// # Errors
    /// When a process fails or does not say what it built.
    pub fn build(self, fleet: &Fleet, sandbox: &Sandbox, binary: &Path) -> Result<Vec<PathBuf>> {
        match self {
            Self::Ours => ours(fleet, sandbox, binary, &[]),
            Self::OursBounded => ours(fleet, sandbox, binary, &["--max-memory", BOUND]),
            Self::Sequential => plain_each(fleet, sandbox, 1),
            Self::Parallel => plain_each(fleet, sandbox, cores()),
            Self::AllInOne => plain(fleet, sandbox, &fleet.hosts),
        }
    }
}

impl Phase {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Unchanged => "unchanged",
            Self::Edited => "one host edited",
        }
    }
}

/// How many processes this machine runs at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// Checks that `paths` are as many as the fleet has hosts, all different, and all there; and that as many of them are new, against
/// those `before`, as `phase` has changed: a stale answer is no fast answer.
///
/// # Errors
/// When a host was not built, or another than the one edited.
pub fn check_built(fleet: &Fleet, phase: Phase, paths: &[PathBuf], before: &BTreeSet<PathBuf>) -> Result<()> {
    let there = |path: &&PathBuf| path.symlink_metadata().is_ok();
    let built: BTreeSet<&PathBuf> = paths.iter().filter(there).collect();
    if built.len() != fleet.hosts.len() {
        bail!("{} of {} hosts were built", built.len(), fleet.hosts.len());
    }
    let changed = match phase {
        Phase::Cold => fleet.hosts.len(),
        Phase::Unchanged => 0,
        Phase::Edited => 1,
    };
    let new = built.iter().filter(|path| !before.contains(**path)).count();
    if new != changed {
        bail!("{new} hosts have a new result, where {changed} have changed");
    }
    Ok(())
}

#[derive(Deserialize)]
struct Report {
    outputs: Vec<Output>,
}

/// What both this program and `nix build` say of a result.
#[derive(Deserialize)]
struct Output {
    outputs: BTreeMap<String, PathBuf>,
}

fn ours(fleet: &Fleet, sandbox: &Sandbox, binary: &Path, arguments: &[&str]) -> Result<Vec<PathBuf>> {
    let mut command = sandbox.command(binary);
    command.args(["build", "--quiet", "--json", "--inputs", "locked", "--state-dir"]).arg(sandbox.state());
    let json = answer(command.args(arguments).current_dir(&fleet.repository))?;
    let report: Report = serde_json::from_slice(&json).context("read the report")?;
    Ok(report.outputs.into_iter().flat_map(|output| output.outputs.into_values()).collect())
}

/// One process a host, `at_once` of them.
fn plain_each(fleet: &Fleet, sandbox: &Sandbox, at_once: usize) -> Result<Vec<PathBuf>> {
    let hosts = Mutex::new(fleet.hosts.iter());
    let next = || hosts.lock().ok()?.next();
    let work = || -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        while let Some(host) = next() {
            let built = plain(fleet, sandbox, std::slice::from_ref(host)).with_context(|| format!("build `{host}`"))?;
            paths.extend(built);
        }
        Ok(paths)
    };
    let all: Vec<Result<Vec<PathBuf>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread of the benchmark panicked")))
        };
        threads.into_iter().map(ended).collect()
    });
    Ok(all.into_iter().collect::<Result<Vec<_>>>()?.concat())
}

fn plain(fleet: &Fleet, sandbox: &Sandbox, hosts: &[String]) -> Result<Vec<PathBuf>> {
    let mut command: Command = sandbox.command("nix");
    command.args(["build", "--no-link", "--json"]).args(hosts.iter().map(|host| Fleet::attribute(host)));
    let json = answer(command.current_dir(&fleet.repository))?;
    let built: Vec<Output> = serde_json::from_slice(&json).context("read what `nix build` built")?;
    Ok(built.into_iter().flat_map(|output| output.outputs.into_values()).collect())
}
