//! Which inputs a flake is evaluated with: those of its lock file, or the stand-in.

mod hosts;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::Value;

use self::hosts::{declared_host, host, unreachable};
use crate::context::{Context, Inputs};
use crate::flake_lock::{FlakeLock, Node};
use crate::nix::query::{DeclaredInputs, InputOverride};
use crate::nix::{Settings, Store};
use crate::{rules, standin};

/// The inputs a run uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// Those of the lock file; `unlocked` says that it does not pin some input, so that nothing can be kept.
    Locked {
        /// Whether flake.nix declares an input that the lock file lacks, or pins as another.
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

/// Decides which inputs to use; a stand-in is made for what `nix_files` mention.
///
/// # Errors
/// When locked inputs are needed and cannot be had: with `--inputs auto` in CI, where nothing may be replaced silently.
pub fn resolve(
    context: &Context,
    settings: &Settings,
    store: &Store,
    declared: &DeclaredInputs,
    lock: Option<&FlakeLock>,
    nix_files: &[PathBuf],
) -> Result<Resolved> {
    let stand_in = |why: Why| {
        let declared = with_nodes(declared, lock);
        let (overrides, fingerprint) = standin::write(&context.state, settings, &declared, nix_files)?;
        Ok(Resolved::StandIn { overrides, fingerprint, why })
    };
    match context.inputs {
        Inputs::Standin => return stand_in(Why::Asked),
        Inputs::Locked => return Ok(locked(declared, lock)),
        Inputs::Auto => {}
    }
    let unreachable = unreachable_inputs(context, store, declared, lock);
    if unreachable.is_empty() {
        Ok(locked(declared, lock))
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
pub fn blame(
    context: &Context,
    store: &Store,
    declared: &DeclaredInputs,
    lock: Option<&FlakeLock>,
    reason: &str,
) -> Result<()> {
    // Nix fetches only what is evaluated, so that an input may be missing and yet not be the reason. What git could not fetch
    // Nix does not name.
    let mentions =
        |host: &str| reason.contains("program 'git' failed") || reason.contains(host.split(':').next().unwrap_or(host));
    if missing_inputs(store, declared, lock).keys().any(|host| mentions(host)) {
        let unreachable = unreachable_inputs(context, store, declared, lock);
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

fn locked(declared: &DeclaredInputs, lock: Option<&FlakeLock>) -> Resolved {
    let is_pinned = |(name, input): (&String, &Value)| lock.is_some_and(|lock| rules::lock::pins(lock, name, input));
    Resolved::Locked { unlocked: !declared.iter().filter(|(name, _)| *name != "self").all(is_pinned) }
}

/// The inputs that flake.nix declares and those its lock file has, with the lock's node.
fn with_nodes(declared: &DeclaredInputs, lock: Option<&FlakeLock>) -> Vec<(String, Option<Node>)> {
    let mut names: BTreeSet<String> = declared.keys().cloned().collect();
    let locked: Vec<(String, Option<Node>)> = match lock {
        Some(lock) => lock.direct_inputs().map(|(name, node)| (name.to_owned(), node.cloned())).collect(),
        None => Vec::new(),
    };
    names.extend(locked.iter().map(|(name, _)| name.clone()));
    let node = |name: &str| locked.iter().find(|(locked, _)| locked == name).and_then(|(_, node)| node.clone());
    names.into_iter().filter(|name| name != "self").map(|name| (name.clone(), node(&name))).collect()
}

/// Inputs that must be fetched, by the host each comes from.
type Missing = BTreeMap<String, BTreeSet<String>>;

/// The inputs that must be fetched from hosts that do not answer.
fn unreachable_inputs(
    context: &Context,
    store: &Store,
    declared: &DeclaredInputs,
    lock: Option<&FlakeLock>,
) -> Missing {
    let mut missing = missing_inputs(store, declared, lock);
    let silent = unreachable(&missing.keys().cloned().collect(), context);
    missing.retain(|host, _| silent.contains(host));
    missing
}

/// The inputs that the store does not hold; those in no lock count, since Nix would ask what they are now.
fn missing_inputs(store: &Store, declared: &DeclaredInputs, lock: Option<&FlakeLock>) -> Missing {
    let held =
        |node: &Node| node.store_path(&store.folder).is_some_and(|path| store.holds(&path.display().to_string()));
    let pinned = lock.into_iter().flat_map(FlakeLock::pinned).filter(|(_, node)| !held(node));
    let pinned = pinned.filter_map(|(name, node)| Some((name, host(node.locked.as_ref()?)?)));
    let is_locked = |name: &str| lock.is_some_and(|lock| lock.direct_inputs().any(|(locked, _)| locked == name));
    let unlocked = declared.iter().filter(|(name, _)| *name != "self" && !is_locked(name));
    let unlocked = unlocked.filter_map(|(name, input)| Some((name.as_str(), declared_host(name, input)?)));
    let mut missing = Missing::new();
    for (name, host) in pinned.chain(unlocked) {
        missing.entry(host).or_default().insert(name.to_owned());
    }
    missing
}
