//! What git says of a checkout, and the flake reference Nix gives to it.

mod history;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use xshell::{Shell, cmd};

pub use history::{FileAt, file_at};

use crate::{files, nix, process};

/// A git checkout as flakes see it: HEAD, and the tracked files that differ from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The root of the working tree.
    pub top: PathBuf,
    /// The commit checked out, unless there is none yet.
    pub head: Option<String>,
    /// Tracked files that differ from HEAD, relative to `top`.
    pub changed: Vec<Change>,
    /// Files that git does not track (and does not ignore), relative to `top`: invisible to a flake.
    pub untracked: Vec<PathBuf>,
}

/// One tracked file that differs from HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How index and working tree differ, as two letters of `git status`.
    pub status: String,
    /// The file, relative to the root of the working tree.
    pub path: PathBuf,
    /// Whether it is a submodule with changes of its own.
    pub submodule: bool,
}

/// What `git --version` prints, or `None` where there is no git.
///
/// # Errors
/// When a git that is there fails.
pub fn version() -> Result<Option<String>> {
    if which::which("git").is_err() {
        return Ok(None);
    }
    let shell = Shell::new()?;
    process::ask(&mut cmd!(shell, "git --version").into()).map(Some)
}

/// Whether `path`, relative to `folder`, is in git's index; flakes see nothing else.
///
/// # Errors
/// When git is missing or refuses to look.
pub fn tracks(folder: &Path, path: &str) -> Result<bool> {
    let shell = inside(folder)?;
    let listed = process::ask(&mut cmd!(shell, "git ls-files -z -- {path}").into());
    Ok(!listed.with_context(|| format!("ask git for `{path}`"))?.is_empty())
}

/// The files below `folder` that are in git's index, relative to it.
///
/// # Errors
/// When git is missing or refuses to look.
pub fn tracked(folder: &Path) -> Result<Vec<PathBuf>> {
    let shell = inside(folder)?;
    let names = process::ask_bytes(&mut cmd!(shell, "git ls-files -z --cached").into())
        .context("ask git for the files of the repository")?;
    Ok(names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path).collect())
}

fn inside(folder: &Path) -> Result<Shell> {
    let shell = Shell::new()?;
    shell.change_dir(folder);
    Ok(shell)
}

/// The user who owns `folder`, as a number: git and Nix refuse a repository of somebody else.
///
/// # Errors
/// When the folder cannot be looked at.
pub fn owner(folder: &Path) -> Result<u32> {
    Ok(folder.metadata().with_context(|| format!("look at `{}`", folder.display()))?.uid())
}

/// The checkout that `folder` is in, or `None` if it is in none.
///
/// # Errors
/// When git is missing or refuses to look (for example at a repository of another owner).
pub fn checkout(folder: &Path) -> Result<Option<Checkout>> {
    let Some(top) = folder.ancestors().find(|ancestor| ancestor.join(".git").exists()) else {
        return Ok(None);
    };
    let wanted = ["--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignore-submodules=none"];
    let shell = inside(top)?;
    let status = process::ask_bytes(&mut cmd!(shell, "git --no-optional-locks status {wanted...}").into());
    let status = status.context("ask git for the state of the working tree")?;
    Ok(Some(parse(top, &status)))
}

/// Reads `git status`; names of files need not be UTF-8.
fn parse(top: &Path, status: &[u8]) -> Checkout {
    let mut checkout = Checkout { top: top.to_owned(), head: None, changed: Vec::new(), untracked: Vec::new() };
    let mut records = status.split(|byte| *byte == 0);
    while let Some(record) = records.next() {
        let (kind, rest) = record.split_at_checked(2).unwrap_or_default();
        match kind {
            b"# " => {
                if let Some(commit) = rest.strip_prefix(b"branch.oid ") {
                    checkout.head = (commit != b"(initial)").then(|| String::from_utf8_lossy(commit).into_owned());
                }
            }
            b"? " => checkout.untracked.push(path(rest)),
            // The path is the last field; it may hold spaces. The record of a rename is followed by the old path.
            b"1 " => checkout.changed.extend(change(rest, 8)),
            b"2 " => {
                checkout.changed.extend(change(rest, 9));
                if let Some(old) = records.next() {
                    checkout.changed.push(Change { status: "R-".to_owned(), path: path(old), submodule: false });
                }
            }
            b"u " => checkout.changed.extend(change(rest, 10)),
            _ => {}
        }
    }
    checkout
}

fn change(fields: &[u8], count: usize) -> Option<Change> {
    let mut parts = fields.splitn(count, |byte| *byte == b' ');
    let status = String::from_utf8_lossy(parts.next()?).into_owned();
    let submodule = parts.next()?.starts_with(b"S");
    Some(Change { status, path: path(parts.last()?), submodule })
}

fn path(name: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(name))
}

impl Checkout {
    /// Everything of the checkout that a flake can see, as one hash: the commit and the working tree's difference from it, with
    /// contents, modes and what submodules hold.
    ///
    /// # Errors
    /// When a changed file cannot be read.
    pub fn fingerprint(&self) -> Result<String> {
        let mut texts = vec![self.head.clone().unwrap_or_default().into_bytes()];
        texts.push(self.top.as_os_str().as_encoded_bytes().to_vec());
        texts.push(vec![u8::from(self.is_shallow())]);
        for change in &self.changed {
            texts.push(change.status.clone().into_bytes());
            texts.push(change.path.as_os_str().as_encoded_bytes().to_vec());
            texts.push(self.content(change)?);
        }
        Ok(files::short_hash(&texts))
    }

    fn content(&self, change: &Change) -> Result<Vec<u8>> {
        let path = self.top.join(&change.path);
        if change.submodule {
            let inner = checkout(&path)?.map(|inner| inner.fingerprint()).transpose()?;
            return Ok(inner.unwrap_or_default().into_bytes());
        }
        files::identity(&path).with_context(|| format!("read `{}`", path.display()))
    }

    /// Nix files of the flake in `repository` that git does not know, relative to it: the flake does not see them, so a new host
    /// is silently left out.
    #[must_use]
    pub fn invisible_nix_files(&self, repository: &Path) -> Vec<PathBuf> {
        let below = repository.strip_prefix(&self.top).unwrap_or(Path::new(""));
        let files = self.untracked.iter().filter(|path| path.extension().is_some_and(|extension| extension == "nix"));
        files.filter_map(|path| path.strip_prefix(below).ok()).map(Path::to_owned).collect()
    }

    /// Whether the history is cut off, which Nix wants to be told.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.common_folder().join("shallow").exists()
    }

    /// Where git keeps what all working trees of the repository share; in a linked working tree and in a submodule, `.git` is a
    /// file that leads there.
    fn common_folder(&self) -> PathBuf {
        let git = self.top.join(".git");
        let led = |folder: &Path, text: &str| folder.join(text.trim_end_matches('\n'));
        let Ok(text) = std::fs::read_to_string(&git) else { return git };
        let Some(text) = text.strip_prefix("gitdir: ") else { return git };
        let own = led(&self.top, text);
        match std::fs::read_to_string(own.join("commondir")) {
            Ok(common) => led(&own, &common),
            Err(_) => own,
        }
    }

    /// The flake reference of `repository`, a folder in this checkout.
    #[must_use]
    pub fn flake_reference(&self, repository: &Path) -> String {
        let mut parameters = Vec::new();
        if let Some(below) = repository.strip_prefix(&self.top).ok().filter(|below| !below.as_os_str().is_empty()) {
            parameters.push(format!("dir={}", nix::percent_encoded(below)));
        }
        if self.is_shallow() {
            parameters.push("shallow=1".to_owned());
        }
        let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
        format!("git+file://{}{query}", nix::percent_encoded(&self.top))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_record() {
        let status = b"# branch.oid abc\0# branch.head main\0\
            1 .M N... 100644 100644 100644 h1 h2 a b.nix\0\
            2 R. N... 100644 100644 100644 h1 h2 R100 new.nix\0old.nix\0\
            1 .M S..U 160000 160000 160000 h1 h2 vendored\0\
            u UU N... 100644 100644 100644 100644 h1 h2 h3 both.nix\0\
            ? configurations/nixos/new host.nix\0? old\xff\0";
        let checkout = parse(Path::new("/r"), status);
        assert_eq!(checkout.head.as_deref(), Some("abc"));
        let changed: Vec<_> = checkout
            .changed
            .iter()
            .map(|change| (change.status.as_str(), change.path.to_str().unwrap(), change.submodule))
            .collect();
        let expected = [
            (".M", "a b.nix", false),
            ("R.", "new.nix", false),
            ("R-", "old.nix", false),
            (".M", "vendored", true),
            ("UU", "both.nix", false),
        ];
        assert_eq!(changed, expected);
        assert_eq!(checkout.untracked, [path(b"configurations/nixos/new host.nix"), path(b"old\xff")]);
    }

    #[test]
    fn only_nix_files_of_the_flake_are_missed() {
        let checkout = parse(Path::new("/r"), b"? a.nix\0? a.md\0? flake/new host.nix\0? flakes/b.nix\0");
        let check = |repository: &str, expected: &[&str]| {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(checkout.invisible_nix_files(Path::new(repository)), expected);
        };
        check("/r", &["a.nix", "flake/new host.nix", "flakes/b.nix"]);
        check("/r/flake", &["new host.nix"]);
    }

    #[test]
    fn no_commit_yet() {
        assert_eq!(parse(Path::new("/r"), b"# branch.oid (initial)\0").head, None);
    }

    #[test]
    fn references() {
        let checkout = parse(Path::new("/no such place"), b"");
        assert_eq!(checkout.flake_reference(Path::new("/no such place")), "git+file:///no%20such%20place");
        assert_eq!(checkout.flake_reference(Path::new("/no such place/a/b")), "git+file:///no%20such%20place?dir=a/b");
    }
}
