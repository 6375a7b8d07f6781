//! Which inputs a flake is evaluated with: those of its lock file, or the stand-in.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::context::{Context, Inputs};
use crate::flake_lock::{Attributes, FlakeLock, Node};
use crate::nix::query::InputOverride;
use crate::nix::{Settings, Store};
use crate::tree::Tree;
use crate::{network, standin};

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
    settings: &Settings,
    store: &Store,
    declared: &BTreeSet<String>,
    lock: Option<&FlakeLock>,
    tree: &Tree,
) -> Result<Resolved> {
    let stand_in = |why: Why| {
        let declared = with_nodes(declared, lock);
        let (overrides, fingerprint) =
            standin::write(&context.state, settings, &declared, &tree.nix_files().collect::<Vec<_>>())?;
        Ok(Resolved::StandIn { overrides, fingerprint, why })
    };
    match context.inputs {
        Inputs::Standin => return stand_in(Why::Asked),
        Inputs::Locked => return Ok(locked(declared, lock)),
        Inputs::Auto => {}
    }
    let unreachable = unreachable_hosts(context, store, declared, lock);
    if unreachable.is_empty() {
        Ok(locked(declared, lock))
    } else if context.ci {
        let hosts = unreachable.join(", ");
        bail!(
            "the flake's inputs are not in the store, and {hosts} cannot be reached: in CI they are only replaced if asked, with --inputs standin"
        );
    } else {
        stand_in(Why::Unreachable(unreachable))
    }
}

fn locked(declared: &BTreeSet<String>, lock: Option<&FlakeLock>) -> Resolved {
    let is_locked = |name: &String| lock.is_some_and(|lock| lock.direct_inputs().any(|(locked, _)| locked == name));
    Resolved::Locked { unlocked: !declared.iter().filter(|name| *name != "self").all(is_locked) }
}

/// The inputs that flake.nix declares and those its lock file has, with the lock's node.
fn with_nodes(declared: &BTreeSet<String>, lock: Option<&FlakeLock>) -> Vec<(String, Option<Node>)> {
    let mut names = declared.clone();
    let locked: Vec<(String, Option<Node>)> = match lock {
        Some(lock) => lock.direct_inputs().map(|(name, node)| (name.to_owned(), node.cloned())).collect(),
        None => Vec::new(),
    };
    names.extend(locked.iter().map(|(name, _)| name.clone()));
    let node = |name: &str| locked.iter().find(|(locked, _)| locked == name).and_then(|(_, node)| node.clone());
    names.into_iter().filter(|name| name != "self").map(|name| (name.clone(), node(&name))).collect()
}

/// The hosts that inputs must be fetched from and that do not answer; asked all at once.
fn unreachable_hosts(
    context: &Context,
    store: &Store,
    declared: &BTreeSet<String>,
    lock: Option<&FlakeLock>,
) -> Vec<String> {
    let Some(lock) = lock else {
        // Without a lock there is nothing to find in the store, and Nix would ask a registry or the inputs' own hosts.
        return if declared.is_empty() {
            Vec::new()
        } else {
            unreachable(&BTreeSet::from(["github.com".to_owned()]), context)
        };
    };
    let missing = lock.pinned().map(|(_, node)| node).filter(|node| {
        let path = node.store_path(&store.folder);
        !path.is_some_and(|path| store.holds(&path.display().to_string()))
    });
    let hosts: BTreeSet<String> = missing.filter_map(|node| host(node.locked.as_ref()?)).collect();
    unreachable(&hosts, context)
}

fn unreachable(hosts: &BTreeSet<String>, context: &Context) -> Vec<String> {
    if context.offline {
        return hosts.iter().cloned().collect();
    }
    let proxy = proxy();
    std::thread::scope(|scope| {
        let asked: Vec<_> = hosts
            .iter()
            .map(|host| {
                let (name, port) = proxy.clone().unwrap_or_else(|| endpoint(host));
                (host, scope.spawn(move || network::reachable(&name, port)))
            })
            .collect();
        let silent = asked.into_iter().filter_map(|(host, answer)| (!answer.join().unwrap_or(false)).then_some(host));
        silent.cloned().collect()
    })
}

/// The host, with a port where the reference names one, that an input is fetched from; `None` for a local one.
fn host(locked: &Attributes) -> Option<String> {
    let text = |name: &str| locked.get(name).and_then(|value| value.as_str());
    match text("type")? {
        "github" => Some(text("host").unwrap_or("github.com").to_owned()),
        "gitlab" => Some(text("host").unwrap_or("gitlab.com").to_owned()),
        "sourcehut" => Some(text("host").unwrap_or("git.sr.ht").to_owned()),
        "git" | "hg" | "tarball" | "file" => {
            let (scheme, rest) = text("url")?.split_once("://")?;
            let authority = rest.split('/').next()?.rsplit('@').next()?;
            let port = if scheme.contains("ssh") && !authority.contains(':') { ":22" } else { "" };
            (!authority.is_empty()).then(|| format!("{authority}{port}"))
        }
        _ => None,
    }
}

fn endpoint(host: &str) -> (String, u16) {
    match host.rsplit_once(':').map(|(name, port)| (name, port.parse())) {
        Some((name, Ok(port))) => (name.to_owned(), port),
        _ => (host.to_owned(), 443),
    }
}

/// The proxy that Nix's downloads go through, which is then what must answer.
fn proxy() -> Option<(String, u16)> {
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let url = names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
    let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).trim_end_matches('/');
    Some(endpoint(authority.rsplit('@').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_inputs() {
        let check = |pairs: &[(&str, &str)], expected: Option<&str>| {
            let locked = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            assert_eq!(host(&locked).as_deref(), expected, "{pairs:?}");
        };
        check(&[("type", "github"), ("owner", "a")], Some("github.com"));
        check(&[("type", "github"), ("host", "git.example.org")], Some("git.example.org"));
        check(&[("type", "git"), ("url", "https://example.org/a.git")], Some("example.org"));
        check(&[("type", "git"), ("url", "ssh://git@example.org/a.git")], Some("example.org:22"));
        check(&[("type", "tarball"), ("url", "https://example.org:8443/a.tar.gz")], Some("example.org:8443"));
        check(&[("type", "git"), ("url", "file:///a")], None);
        check(&[("type", "path"), ("path", "/a")], None);
        assert_eq!(endpoint("a:22"), ("a".to_owned(), 22));
        assert_eq!(endpoint("a"), ("a".to_owned(), 443));
    }
}
