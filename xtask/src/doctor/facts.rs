//! The facts that the doctor looks at, read once.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::bootstrap::{self, NeededBy, StepReport};
use crate::context::Context;
use crate::git;
use crate::network;
use crate::nix::{self, Reach, Search, Settings};

/// Everything that is looked at beyond the steps of bootstrap.
#[derive(Debug)]
pub struct Facts {
    /// How the steps of bootstrap stand.
    pub steps: Vec<StepReport>,
    /// Where the store is, if it opens.
    pub store: Option<Store>,
    /// The effective settings, if Nix can say them.
    pub settings: Option<Result<Settings, String>>,
    /// Whether each substituter that needs the network can be reached; empty when the network was not to be asked.
    pub substituters: Vec<(String, bool)>,
    /// The systems of remote builders, from `builders` or its file.
    pub builder_systems: Vec<String>,
    /// The repository as git sees it; `None` where it is no git repository.
    pub repository: Result<Option<Repository>, String>,
    /// Who owns the repository, and who runs this.
    pub owner_and_user: (u32, u32),
    /// The folder of the store, or what exists of the path to it, and the bytes free there.
    pub space: (PathBuf, u64),
    /// Whether the repository has secrets that sops is set up for.
    pub has_secrets: bool,
    /// Whether a Nix was found that is not on `PATH`.
    pub off_path: Option<PathBuf>,
}

/// The store in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// `local`, `daemon`, or an address.
    pub url: String,
    /// Whether it takes this user's settings.
    pub trusted: Option<bool>,
    /// `NIX_STORE_DIR`, if the store is elsewhere than /nix/store.
    pub relocated: Option<PathBuf>,
}

/// What flakes care about in a git repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repository {
    /// Whether flake.nix is in git's index.
    pub flake_tracked: bool,
    /// `*.nix` files that git neither tracks nor ignores.
    pub untracked_nix: Vec<String>,
    /// Whether history was cut off when it was cloned.
    pub shallow: bool,
}

fn repository(folder: &Path) -> Result<Option<Repository>> {
    let Some(checkout) = git::checkout(folder)? else { return Ok(None) };
    let is_nix = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "nix");
    let untracked = checkout.untracked.iter().filter(is_nix);
    Ok(Some(Repository {
        flake_tracked: git::tracks(folder, "flake.nix")?,
        untracked_nix: untracked.map(|path| path.to_string_lossy().into_owned()).collect(),
        shallow: checkout.is_shallow(),
    }))
}

impl Facts {
    /// Reads them.
    ///
    /// # Errors
    /// When a fact that should always be there cannot be read.
    pub fn read(context: &Context) -> Result<Self> {
        let steps = bootstrap::check(context, if context.ci { NeededBy::Ci } else { NeededBy::Developer })?;
        let relocated = std::env::var_os("NIX_STORE_DIR").map(PathBuf::from);
        // A Nix that does not start or cannot be asked is told by the steps already.
        let nix = match nix::search() {
            Ok(Search::Found(nix)) => Some(nix),
            _ => None,
        };
        let store = match nix.as_ref().map(nix::Nix::reach_store).transpose()? {
            Some(Reach::Open { url, trusted }) => Some(Store { url, trusted, relocated: relocated.clone() }),
            _ => None,
        };
        let settings = nix.as_ref().map(|nix| nix.settings().map_err(|error| format!("{error:#}")));
        let known = settings.as_ref().and_then(|settings| settings.as_ref().ok());
        let asked = known.filter(|settings| settings.substitute && !context.offline);
        Ok(Self {
            substituters: asked.map(|settings| reach_all(&settings.substituters)).unwrap_or_default(),
            builder_systems: known.map(|settings| nix::systems(settings.remote_builders())).unwrap_or_default(),
            steps,
            has_secrets: context.repository.join(".sops.yaml").is_file(),
            store,
            settings,
            repository: repository(&context.repository).map_err(|error| format!("{error:#}")),
            owner_and_user: (git::owner(&context.repository)?, rustix::process::getuid().as_raw()),
            space: free_space(&relocated.unwrap_or_else(|| PathBuf::from("/nix/store")))?,
            off_path: nix.filter(|nix| !nix.on_path).map(|nix| nix.bin),
        })
    }
}

/// All hosts are asked at once: a dead one costs its two seconds only once.
fn reach_all(substituters: &[String]) -> Vec<(String, bool)> {
    std::thread::scope(|scope| {
        let asked: Vec<_> = substituters
            .iter()
            .filter_map(|url| Some((url, host_and_port(url)?)))
            .map(|(url, (host, port))| (url, scope.spawn(move || network::reachable(&host, port))))
            .collect();
        asked.into_iter().map(|(url, answer)| (url.clone(), answer.join().unwrap_or(false))).collect()
    })
}

/// Where to connect for a substituter; `None` for one that is a folder or needs its own tools.
fn host_and_port(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let default = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let authority = rest.split(['/', '?']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => Some((host.to_owned(), port.parse().ok()?)),
        _ => Some((authority.to_owned(), default)),
    }
}

fn free_space(folder: &Path) -> Result<(PathBuf, u64)> {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("/"));
    let space =
        rustix::fs::statvfs(existing).with_context(|| format!("measure the disk of `{}`", existing.display()))?;
    Ok((existing.to_owned(), space.f_bavail * space.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_host_of_a_substituter() {
        let check = |url: &str, expected: Option<(&str, u16)>| {
            assert_eq!(host_and_port(url), expected.map(|(host, port)| (host.to_owned(), port)), "{url}");
        };
        check("https://cache.example.org", Some(("cache.example.org", 443)));
        check("https://cache.example.org/team?priority=10", Some(("cache.example.org", 443)));
        check("http://user:word@localhost:8080/", Some(("localhost", 8080)));
        check("s3://bucket", None);
        check("file:///cache", None);
        check("/cache", None);
    }

    #[test]
    fn measures_the_nearest_folder_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let (measured, bytes) = free_space(&folder.path().join("nix/store")).unwrap();
        assert_eq!(measured, folder.path());
        assert!(bytes > 0);
    }
}
