//! The store: where it is on this machine's disk, what is valid in it, and roots that keep results alive.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::store_place::{database, place};
use super::{Nix, Settings};
use crate::process;

/// Arguments of one call: well below the kernel's limit on a command line.
pub(super) const PATHS_PER_CALL: usize = 500;
/// The time of everything that Nix has registered, in seconds.
const REGISTERED: i64 = 1;
/// A substituter is asked by this many processes side by side, since one process asks for one path after the other.
const QUESTIONS_AT_ONCE: usize = 8;

/// Where the store is, in store paths and on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The folder that store paths name, usually `/nix/store`.
    pub folder: PathBuf,
    /// The folder on disk that stands for `/`, if the store is a chroot store.
    root: Option<PathBuf>,
    /// The file of its database, where that is known for certain.
    database: Option<PathBuf>,
}

impl Store {
    /// The store that `settings` and the environment name, as every Nix reads them.
    ///
    /// # Errors
    /// When it is on another machine, where nothing of it can be read.
    pub fn of(settings: &Settings) -> Result<Self> {
        let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        // What Nix says holds NIX_REMOTE already, unless a nix.conf says otherwise.
        let address = settings.all.get("store").cloned().or_else(|| named("NIX_REMOTE")).unwrap_or_default();
        let Some(place) = place(&address) else {
            bail!(
                "the store `{address}` is not on this machine, and only one that is can be read: change `store` in nix.conf, or \
                 the variable NIX_REMOTE, whichever names it"
            );
        };
        let folder = place.folder.clone().or_else(|| named("NIX_STORE_DIR")).or_else(|| named("NIX_STORE"));
        let folder = PathBuf::from(folder.as_deref().unwrap_or("/nix/store"));
        let is_writable = |state: &Path| {
            rustix::fs::access(state, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK).is_ok()
        };
        let database = database(&address, &place, &folder, &named, &is_writable);
        Ok(Self { folder, root: place.root, database })
    }

    /// A chroot store in `folder`, for tests.
    #[cfg(test)]
    #[must_use]
    pub fn chroot(folder: &Path) -> Self {
        Self { folder: PathBuf::from("/nix/store"), root: Some(folder.to_owned()), database: None }
    }

    /// The folder on disk that stands for `/`, if it is a chroot store.
    #[must_use]
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// The file of its database, where that is known for certain to be the one that Nix answers from; it need not be there.
    #[must_use]
    pub fn database(&self) -> Option<&Path> {
        self.database.as_deref()
    }

    /// Where the store path `path` is on disk.
    #[must_use]
    pub fn on_disk(&self, path: &str) -> PathBuf {
        match &self.root {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => PathBuf::from(path),
        }
    }

    /// Whether `path` stands in the store, as far as its looks tell.
    ///
    /// Nix sets the time of all it registers to one second after the epoch, as the last thing before; what a builder or a
    /// download is still writing, or left behind when it was killed, has the time at which it was written.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        self.on_disk(path).symlink_metadata().is_ok_and(|metadata| metadata.mtime() == REGISTERED)
    }
}

/// What a substituter told of some paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Having {
    /// The substituter.
    pub substituter: String,
    /// The paths it has.
    pub paths: HashSet<String>,
    /// Why it did not tell of all.
    pub trouble: Option<String>,
}

impl Nix {
    /// Whether the store knows every one of `paths`; what merely stands there is not known to it.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn are_valid(&self, paths: &[String]) -> Result<bool> {
        Ok(self.invalid(paths)?.is_empty())
    }

    /// Those of `paths` that the store does not know.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn invalid(&self, paths: &[String]) -> Result<HashSet<String>> {
        let mut invalid = HashSet::new();
        for chunk in paths.chunks(PATHS_PER_CALL) {
            let mut command = self.command("nix-store");
            command.args(["--check-validity", "--print-invalid"]).args(chunk);
            let answer = process::ask(&mut command).context("ask the store which paths are valid")?;
            invalid.extend(answer.lines().map(str::to_owned));
        }
        Ok(invalid)
    }

    /// For each of `substituters`, which of `paths` it has, as far as it told.
    ///
    /// Only these paths are asked for, all at once: no closure, no build-time input. Nix's own memory of what a cache lacks is not
    /// trusted, since a path may have been pushed a minute ago. Once the question is `given_up`, it soon ends.
    #[must_use]
    pub fn had_by(
        &self,
        substituters: &[String],
        paths: &[String],
        given_up: &(dyn Fn() -> bool + Sync),
    ) -> Vec<Having> {
        std::thread::scope(|scope| {
            let questions: Vec<_> = substituters
                .iter()
                .map(|substituter| (substituter, scope.spawn(move || self.having(substituter, paths, given_up))))
                .collect();
            let lost = || vec![Err("the question was lost".to_owned())];
            let answers = questions.into_iter().map(|(substituter, thread)| {
                let (told, troubles): (Vec<_>, Vec<_>) =
                    thread.join().unwrap_or_else(|_| lost()).into_iter().partition(Result::is_ok);
                let paths = told.into_iter().flatten().flatten().collect();
                let trouble = troubles.into_iter().find_map(Result::err);
                Having { substituter: substituter.clone(), paths, trouble }
            });
            answers.collect()
        })
    }

    /// What one substituter answers to each part of the question.
    fn having(
        &self,
        substituter: &str,
        paths: &[String],
        given_up: &(dyn Fn() -> bool + Sync),
    ) -> Vec<std::result::Result<Vec<String>, String>> {
        // Two processes that both meet a cache for the first time spoil each other's notes of it, and one fails: it is greeted
        // by one alone, which also learns whether there is anybody.
        match process::probe_unless(self.command("nix").args(["store", "ping", "--store", substituter]), given_up) {
            Ok(output) if output.status.success() => {}
            Ok(output) => return vec![Err(super::complaint::reason(&String::from_utf8_lossy(&output.stderr)))],
            Err(error) => return vec![Err(format!("{error:#}"))],
        }
        let chunk = paths.len().div_ceil(QUESTIONS_AT_ONCE).max(1);
        std::thread::scope(|scope| {
            let ask = |chunk| scope.spawn(move || self.has(substituter, chunk, given_up));
            let threads: Vec<_> = paths.chunks(chunk).map(ask).collect();
            let lost = || Err("the question was lost".to_owned());
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| lost())).collect()
        })
    }

    fn has(
        &self,
        substituter: &str,
        paths: &[String],
        given_up: &dyn Fn() -> bool,
    ) -> std::result::Result<Vec<String>, String> {
        let nix = self.clone().with_setting("narinfo-cache-negative-ttl = 0");
        let mut command = nix.command("nix");
        command.args(["path-info", "--json", "--store", substituter]).args(paths);
        if self.names_json_format() {
            command.args(["--json-format", "1"]);
        }
        let output = process::probe_unless(&mut command, given_up).map_err(|error| format!("{error:#}"))?;
        if !output.status.success() {
            return Err(super::complaint::reason(&String::from_utf8_lossy(&output.stderr)));
        }
        Ok(valid_paths(&String::from_utf8_lossy(&output.stdout)))
    }

    /// The bytes of the closure of each of `paths`, in order.
    ///
    /// # Errors
    /// When the store cannot be asked, or does not have one of them.
    pub fn closure_bytes(&self, paths: &[String]) -> Result<Vec<u64>> {
        let mut sizes = Vec::new();
        for chunk in paths.chunks(PATHS_PER_CALL) {
            let mut command = self.command("nix");
            command.args(["path-info", "--closure-size", "--offline"]).args(chunk);
            let answer = process::ask(&mut command).context("ask the store for closure sizes")?;
            let mut known = std::collections::HashMap::new();
            for line in answer.lines() {
                let mut words = line.split_whitespace();
                if let (Some(path), Some(Ok(size))) = (words.next(), words.next().map(str::parse)) {
                    known.insert(path.to_owned(), size);
                }
            }
            for path in chunk {
                sizes.push(*known.get(path).with_context(|| format!("the store names no size for `{path}`"))?);
            }
        }
        Ok(sizes)
    }

    /// Registers links to `paths` as garbage-collection roots; the first is `link`, the others `link-2`, `link-3`, ….
    ///
    /// # Errors
    /// When a path is not in the store, or the link cannot be made.
    pub fn add_roots(&self, link: &Path, paths: &[String]) -> Result<()> {
        for (index, chunk) in paths.chunks(PATHS_PER_CALL).enumerate() {
            let link = if index == 0 { link.to_owned() } else { link.with_extension(index.to_string()) };
            let mut command = self.command("nix-store");
            command.arg("--realise").args(chunk).arg("--add-root").arg(&link).arg("--indirect");
            process::ask(&mut command).with_context(|| format!("keep results alive at `{}`", link.display()))?;
        }
        Ok(())
    }
}

/// The paths that `path-info --json` calls valid: an array with `valid` up to 2.18 and in Lix, an object with nulls since.
fn valid_paths(json: &str) -> Vec<String> {
    match serde_json::from_str(json) {
        Ok(serde_json::Value::Array(entries)) => entries
            .iter()
            .filter(|entry| entry.get("valid") != Some(&false.into()))
            .filter_map(|entry| entry.get("path")?.as_str().map(str::to_owned))
            .collect(),
        Ok(serde_json::Value::Object(entries)) => {
            entries.into_iter().filter(|(_, info)| !info.is_null()).map(|(path, _)| path).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_path_info() {
        for (json, expected) in [
            (r#"[{"path": "/a", "narHash": "x"}, {"path": "/b", "valid": false}]"#, vec!["/a"]),
            (r#"{"/a": {"narHash": "x"}, "/b": null}"#, vec!["/a"]),
            ("", vec![]),
        ] {
            assert_eq!(valid_paths(json), expected);
        }
    }
}
