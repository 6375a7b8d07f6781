//! Which inputs a flake is evaluated with: those of its lock file, or the stand-in.

mod hosts;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use self::hosts::{host, reference_host, unreachable};
use crate::context::{Context, Inputs};
use crate::flake_lock::{FlakeLock, Node};
use crate::git::Checkout;
use crate::nix::query::InputOverride;
use crate::nix::{Nix, Settings, Store};
use crate::{process, standin};

/// The inputs a run uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// Those of the lock file; `unlocked` says that some input is in no lock, so that nothing can be kept.
    Locked {
        /// Whether the lock file lacks an input.
        unlocked: bool,
    },
    /// The embedded ones.
    StandIn {
        /// What replaces each input.
        overrides: Vec<InputOverride>,
        /// What tells this stand-in from another.
        fingerprint: String,
        /// Why it is used.
        why: Why,
    },
}

/// Why a run uses the stand-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It was asked for.
    Asked,
    /// These hosts, which the inputs come from, cannot be reached.
    Unreachable(Vec<String>),
}

impl Resolved {
    /// Whether results are of the stand-in: never pushed, never activated.
    #[must_use]
    pub fn is_stand_in(&self) -> bool {
        matches!(self, Self::StandIn { .. })
    }

    /// The word for reports.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.is_stand_in() { "stand-in" } else { "locked" }
    }

    /// What replaces inputs.
    #[must_use]
    pub fn overrides(&self) -> &[InputOverride] {
        match self {
            Self::Locked { .. } => &[],
            Self::StandIn { overrides, .. } => overrides,
        }
    }

    /// Whether what is evaluated depends on more than the tree and its lock.
    #[must_use]
    pub fn has_unlocked(&self) -> bool {
        matches!(self, Self::Locked { unlocked: true })
    }

    /// What tells these inputs from others, beyond the lock file.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        match self {
            Self::Locked { .. } => "locked".to_owned(),
            Self::StandIn { fingerprint, .. } => format!("stand-in {fingerprint}"),
        }
    }
}

/// Decides which inputs to use.
///
/// # Errors
/// When locked inputs are needed and cannot be had: with `--inputs auto` in CI, where nothing may be replaced silently.
pub fn resolve(
    context: &Context,
    nix: &Nix,
    settings: &Settings,
    store: &Store,
    lock: Option<&FlakeLock>,
    checkout: Option<&Checkout>,
) -> Result<Resolved> {
    let stand_in = |why: Why| {
        let declared = declared_inputs(context, nix, lock)?;
        let (overrides, fingerprint) =
            standin::write(&context.state, settings, &declared, &nix_files(context, checkout)?)?;
        Ok(Resolved::StandIn { overrides, fingerprint, why })
    };
    match context.inputs {
        Inputs::Standin => return stand_in(Why::Asked),
        Inputs::Locked => return locked(context, nix, lock),
        Inputs::Auto => {}
    }
    let unreachable = unreachable_inputs(context, nix, store, lock);
    if unreachable.is_empty() {
        locked(context, nix, lock)
    } else if context.ci {
        bail!("{}: in CI they are only replaced if asked, with --inputs standin", told(&unreachable));
    } else {
        stand_in(Why::Unreachable(unreachable.into_keys().collect()))
    }
}

/// An error that says which inputs are missing, if that is why an evaluation with the locked inputs ended with `reason`.
///
/// # Errors
/// That error.
pub fn blame(context: &Context, nix: &Nix, store: &Store, lock: Option<&FlakeLock>, reason: &str) -> Result<()> {
    // Nix fetches only what is evaluated, so that an input may be missing and yet not be the reason.
    // What git could not fetch Nix does not name.
    let mentions =
        |host: &str| reason.contains("program 'git' failed") || reason.contains(host.split(':').next().unwrap_or(host));
    if missing_inputs(context, nix, store, lock).keys().any(|host| mentions(host)) {
        let unreachable = unreachable_inputs(context, nix, store, lock);
        if unreachable.keys().any(|host| mentions(host)) {
            bail!("{}: only the structure can be checked without them, with --inputs standin", told(&unreachable));
        }
    }
    Ok(())
}

fn told(unreachable: &Missing) -> String {
    let inputs: BTreeSet<String> = unreachable.values().flatten().map(|input| format!("`{input}`")).collect();
    let hosts: Vec<&str> = unreachable.keys().map(String::as_str).collect();
    let (are, inputs) = (if inputs.len() == 1 { "is" } else { "are" }, inputs.into_iter().collect::<Vec<_>>());
    format!(
        "of the flake's inputs {} {are} not in the store, and {} cannot be reached",
        inputs.join(", "),
        hosts.join(", ")
    )
}

fn locked(context: &Context, nix: &Nix, lock: Option<&FlakeLock>) -> Result<Resolved> {
    let declared = declared_inputs(context, nix, lock)?;
    let unlocked =
        declared.iter().any(|(name, _)| !lock.is_some_and(|lock| lock.direct_inputs().any(|(n, _)| n == name)));
    Ok(Resolved::Locked { unlocked })
}

/// The inputs that flake.nix declares and those its lock file has, with the lock's node.
fn declared_inputs(context: &Context, nix: &Nix, lock: Option<&FlakeLock>) -> Result<Vec<(String, Option<Node>)>> {
    // A flake.nix that cannot be read is told when the flake is evaluated.
    let mut names: BTreeSet<String> =
        nix.declared_inputs(&context.repository).unwrap_or_default().into_keys().collect();
    let locked: Vec<(String, Option<Node>)> = match lock {
        Some(lock) => lock.direct_inputs().map(|(name, node)| (name.to_owned(), node.cloned())).collect(),
        None => Vec::new(),
    };
    names.extend(locked.iter().map(|(name, _)| name.clone()));
    let node = |name: &str| locked.iter().find(|(locked, _)| locked == name).and_then(|(_, node)| node.clone());
    Ok(names.into_iter().filter(|name| name != "self").map(|name| (name.clone(), node(&name))).collect())
}

/// The Nix files whose identifiers the stand-in must know: those that the flake can see.
fn nix_files(context: &Context, checkout: Option<&Checkout>) -> Result<Vec<PathBuf>> {
    let is_nix = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "nix");
    if let Some(checkout) = checkout {
        let mut git = std::process::Command::new("git");
        git.arg("-C").arg(&checkout.top).args(["ls-files", "-z", "--cached", "--", "*.nix"]);
        let names = process::ask(&mut git).context("list the repository's Nix files")?;
        let files = names.split('\0').filter(|name| !name.is_empty()).map(|name| checkout.top.join(name));
        return Ok(files.filter(|path| path.is_file()).collect());
    }
    let walk =
        walkdir::WalkDir::new(&context.repository).into_iter().filter_entry(|entry| entry.file_name() != "target");
    let files = walk.collect::<Result<Vec<_>, _>>().context("list the repository's Nix files")?;
    Ok(files.into_iter().map(walkdir::DirEntry::into_path).filter(is_nix).filter(|path| path.is_file()).collect())
}

/// Inputs that must be fetched, by the host each comes from.
type Missing = BTreeMap<String, BTreeSet<String>>;

/// The inputs that must be fetched from hosts that do not answer.
fn unreachable_inputs(context: &Context, nix: &Nix, store: &Store, lock: Option<&FlakeLock>) -> Missing {
    let mut missing = missing_inputs(context, nix, store, lock);
    let silent = unreachable(&missing.keys().cloned().collect(), context);
    missing.retain(|host, _| silent.contains(host));
    missing
}

/// The inputs that the store does not hold; those in no lock count, since Nix would ask what they are now.
fn missing_inputs(context: &Context, nix: &Nix, store: &Store, lock: Option<&FlakeLock>) -> Missing {
    let held =
        |node: &Node| node.store_path(&store.folder).is_some_and(|path| store.holds(&path.display().to_string()));
    let pinned = lock.into_iter().flat_map(FlakeLock::pinned).filter(|(_, node)| !held(node));
    let pinned = pinned.filter_map(|(name, node)| Some((name.to_owned(), host(node.locked.as_ref()?)?)));
    let is_locked = |name: &str| lock.is_some_and(|lock| lock.direct_inputs().any(|(locked, _)| locked == name));
    let declared = nix.declared_inputs(&context.repository).unwrap_or_default();
    let unlocked = declared.into_iter().filter(|(name, _)| !is_locked(name));
    let unlocked = unlocked.filter_map(|(name, reference)| Some((name, reference_host(&reference)?)));
    let mut missing = Missing::new();
    for (name, host) in pinned.chain(unlocked) {
        missing.entry(host).or_default().insert(name);
    }
    missing
}
