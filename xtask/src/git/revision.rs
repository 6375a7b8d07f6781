//! What git says of another revision than the one checked out: its commit, its files, and how the working tree differs from it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use xshell::cmd;

use super::{Checkout, inside, path};
use crate::diff::{FileChange, FileStatus};
use crate::process;

/// The mode of a submodule in a tree.
const SUBMODULE: &str = "160000";
/// Large files stay the pointers that git keeps of them: nothing is fetched for a look at an old tree.
const WITHOUT_LARGE_FILES: [&str; 6] =
    ["-c", "filter.lfs.process=", "-c", "filter.lfs.smudge=", "-c", "filter.lfs.required=false"];

impl Checkout {
    /// The commit that `revision` names.
    ///
    /// # Errors
    /// When it names none that this clone has.
    pub fn commit(&self, revision: &str) -> Result<String> {
        // What begins so would be taken for an option.
        let known = !revision.starts_with('-') && !revision.is_empty();
        let wanted = format!("{revision}^{{commit}}");
        let shell = inside(&self.top)?;
        if known {
            let answer = process::probe(&mut cmd!(shell, "git rev-parse --verify --quiet {wanted}").into())?;
            if answer.status.success() {
                return Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned());
            }
        }
        // What was cut off has a hash, or is reached from what is there; a name that git does not know is none of history.
        let (start, steps) = revision.split_at(revision.find(['~', '^']).unwrap_or(revision.len()));
        let start = format!("{start}^{{commit}}");
        let from_there = || -> Result<bool> {
            Ok(process::probe(&mut cmd!(shell, "git rev-parse --verify --quiet {start}").into())?.status.success())
        };
        let is_hash = revision.len() >= 7 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
        if known && self.is_shallow() && (is_hash || (!steps.is_empty() && from_there()?)) {
            bail!(
                "the revision `{revision}` is not in this clone, whose history is cut off: on GitHub, give actions/checkout \
                 `fetch-depth: 0`; elsewhere run `git fetch --unshallow`"
            );
        }
        if self.is_shallow() {
            bail!(
                "there is no revision `{revision}`, or it is not fetched: `git log --all --oneline` lists those that are, \
                 `git fetch origin NAME` brings the branch or tag NAME into this clone, whose history is cut off"
            );
        }
        bail!(
            "the revision `{revision}` is not in this repository: `git log --all --oneline` lists those that are, \
             `git fetch` brings those of others"
        );
    }

    /// Whether everything in the history of `commit` is in that of the commit checked out, as far as the clone tells.
    ///
    /// # Errors
    /// When git does not answer.
    pub fn is_ancestor(&self, commit: &str) -> Result<bool> {
        let shell = inside(&self.top)?;
        let answer = process::probe(&mut cmd!(shell, "git merge-base --is-ancestor {commit} HEAD").into())?;
        match answer.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => bail!("git did not tell whether {commit} is in the history of HEAD ({})", answer.status),
        }
    }

    /// The newest commit that both the one checked out and `commit` have in their histories, as far as the clone tells.
    ///
    /// # Errors
    /// When git does not answer.
    pub fn merge_base(&self, commit: &str) -> Result<Option<String>> {
        let shell = inside(&self.top)?;
        let answer = process::probe(&mut cmd!(shell, "git merge-base {commit} HEAD").into())?;
        match answer.status.code() {
            Some(0) => Ok(Some(String::from_utf8_lossy(&answer.stdout).trim().to_owned())),
            Some(1) => Ok(None),
            _ => bail!("git did not tell what {commit} and HEAD have in common ({})", answer.status),
        }
    }

    /// Writes the files of `commit` below `folder`, which is made. Neither the working tree, nor the index, nor the list of
    /// working trees is touched, and no hook runs. Submodules are empty folders.
    ///
    /// # Errors
    /// When git cannot read the commit, or a file cannot be written.
    pub fn write_files(&self, commit: &str, folder: &Path) -> Result<()> {
        let writing = || format!("write the files of {commit}");
        std::fs::create_dir_all(folder).with_context(writing)?;
        let index = tempfile::tempdir().with_context(writing)?;
        let (index, shell) = (index.path().join("index"), inside(&self.top)?);
        process::ask(&mut cmd!(shell, "git read-tree {commit}").env("GIT_INDEX_FILE", &index).into())
            .with_context(writing)?;
        // The last slash says that it is a folder.
        let prefix = format!("--prefix={}/", folder.display());
        let options = WITHOUT_LARGE_FILES;
        let checkout = cmd!(shell, "git {options...} checkout-index --all --quiet {prefix}");
        process::ask(&mut checkout.env("GIT_INDEX_FILE", &index).into()).with_context(writing)?;
        Ok(())
    }

    /// How the files that git tracks differ from those of `commit`, changes that are not committed included. A file that was only
    /// touched is among them: git would write down in its index that nothing changed, and a look changes nothing.
    ///
    /// # Errors
    /// When git does not answer.
    pub fn changes_since(&self, commit: &str) -> Result<Vec<FileChange>> {
        let shell = inside(&self.top)?;
        let options = ["--raw", "-z", "--find-renames", "--no-ext-diff", "--no-relative", "--ignore-submodules=none"];
        let untouched = "diff.autoRefreshIndex=false";
        let told = process::ask_bytes(&mut cmd!(shell, "git -c {untouched} diff {options...} {commit} --").into());
        Ok(changes(&told.with_context(|| format!("ask git what changed since {commit}"))?))
    }

    /// The flake reference of `repository`, a folder in this checkout, as it is in `commit`.
    #[must_use]
    pub fn flake_reference_in(&self, repository: &Path, commit: &str) -> String {
        let reference = self.flake_reference(repository);
        let sign = if reference.contains('?') { '&' } else { '?' };
        format!("{reference}{sign}rev={commit}")
    }
}

/// Reads `git diff --raw -z`: `:modes hashes status`, then a path, or two of a file that was renamed.
fn changes(raw: &[u8]) -> Vec<FileChange> {
    let mut changes = Vec::new();
    let mut fields = raw.split(|byte| *byte == 0);
    while let Some(header) = fields.next().map(String::from_utf8_lossy).filter(|header| !header.is_empty()) {
        let words: Vec<&str> = header.trim_start_matches(':').split(' ').collect();
        let submodule = words.iter().take(2).any(|mode| *mode == SUBMODULE);
        let Some(first) = fields.next() else { break };
        let change = |status, was, name| FileChange { status, path: path(name), was, submodule };
        changes.extend(match words.last().and_then(|status| status.chars().next()) {
            Some('A') => Some(change(FileStatus::Added, None, first)),
            Some('D') => Some(change(FileStatus::Removed, None, first)),
            Some('R') => fields.next().map(|name| change(FileStatus::Renamed, Some(path(first)), name)),
            Some('C') => fields.next().map(|name| change(FileStatus::Added, None, name)),
            _ => Some(change(FileStatus::Changed, None, first)),
        });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_change() {
        let raw = b":100644 100644 a b M\0a b.nix\0:000000 100644 0 b A\0new.nix\0:100644 000000 a 0 D\0old\xff\0\
            :100644 100644 a b R090\0web.nix\0www.nix\0:160000 160000 a b M\0vendored\0:100644 120000 a b T\0link\0";
        let found: Vec<_> =
            changes(raw).into_iter().map(|change| (change.status, change.path, change.was, change.submodule)).collect();
        let expected = [
            (FileStatus::Changed, path(b"a b.nix"), None, false),
            (FileStatus::Added, path(b"new.nix"), None, false),
            (FileStatus::Removed, path(b"old\xff"), None, false),
            (FileStatus::Renamed, path(b"www.nix"), Some(path(b"web.nix")), false),
            (FileStatus::Changed, path(b"vendored"), None, true),
            (FileStatus::Changed, path(b"link"), None, false),
        ];
        assert_eq!(found, expected);
        assert_eq!(changes(b""), []);
    }

    #[test]
    fn references() {
        let checkout = Checkout { top: "/no/such".into(), head: None, changed: Vec::new(), untracked: Vec::new() };
        let check = |repository: &str, expected: &str| {
            assert_eq!(checkout.flake_reference_in(Path::new(repository), "abc"), expected);
        };
        check("/no/such", "git+file:///no/such?rev=abc");
        check("/no/such/a", "git+file:///no/such?dir=a&rev=abc");
    }
}
