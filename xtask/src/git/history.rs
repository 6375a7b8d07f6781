//! Files as they were at another commit than the one checked out.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use xshell::cmd;

use super::inside;
use crate::process;

/// A file at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileAt {
    /// This checkout does not have the commit, as in a shallow clone.
    NoCommit,
    /// The commit does not have the file.
    NoFile,
    /// What the file held, less its final newlines.
    Text(String),
}

/// The file at `path`, relative to `folder`, as it was at `commit`, a whole hash.
///
/// # Errors
/// When git is missing or refuses to look, or when there is something other than a file of text.
pub fn file_at(folder: &Path, commit: &str, path: &str) -> Result<FileAt> {
    let shell = inside(folder)?;
    let trying = || format!("ask git for `{path}` at `{commit}`");
    let commit_itself = format!("{commit}^{{commit}}");
    let known = process::probe(&mut cmd!(shell, "git rev-parse --verify --quiet {commit_itself}").into());
    let known = known.with_context(trying)?;
    match known.status.code() {
        Some(0) => {}
        // With `--quiet`, this is the answer that there is none; other faults have other statuses.
        Some(1) => return Ok(FileAt::NoCommit),
        _ => bail!("{}: {}", trying(), String::from_utf8_lossy(&known.stderr).trim()),
    }
    let listed = process::ask(&mut cmd!(shell, "git ls-tree {commit} -- {path}").into()).with_context(trying)?;
    if listed.is_empty() {
        return Ok(FileAt::NoFile);
    }
    if !listed.starts_with("100") {
        bail!("`{path}` is no plain file at `{commit}`");
    }
    let blob = format!("{commit}:./{path}");
    process::ask(&mut cmd!(shell, "git cat-file blob {blob}").into()).map(FileAt::Text).with_context(trying)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let mut command = std::process::Command::new("git");
        command.arg("-C").arg(folder).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
        process::ask(&mut command).unwrap()
    }

    fn commit(folder: &Path) -> String {
        git(folder, &["add", "--all"]);
        git(folder, &["commit", "--quiet", "--message", "a"]);
        git(folder, &["rev-parse", "HEAD"])
    }

    #[test]
    fn reads_a_file_of_another_commit() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path();
        git(top, &["init", "--quiet"]);
        fs::create_dir(top.join("flake")).unwrap();
        fs::write(top.join("flake/xtask.toml"), "# old\n").unwrap();
        fs::write(top.join("xtask.toml"), "# top\n").unwrap();
        let old = commit(top);
        fs::write(top.join("flake/xtask.toml"), "# new\n").unwrap();
        fs::remove_file(top.join("xtask.toml")).unwrap();
        std::os::unix::fs::symlink("flake", top.join("xtask.toml")).unwrap();
        let new = commit(top);
        let flake = top.join("flake");
        let check = |folder: &Path, commit: &str, path: &str, expected: FileAt| {
            assert_eq!(file_at(folder, commit, path).unwrap(), expected, "{path} at {commit}");
        };
        check(&flake, &old, "xtask.toml", FileAt::Text("# old".to_owned()));
        check(&flake, &new, "xtask.toml", FileAt::Text("# new".to_owned()));
        check(top, &old, "xtask.toml", FileAt::Text("# top".to_owned()));
        check(top, &old, "no.toml", FileAt::NoFile);
        check(top, &"1".repeat(40), "xtask.toml", FileAt::NoCommit);
        let link = format!("{:#}", file_at(top, &new, "xtask.toml").unwrap_err());
        assert_eq!(link, format!("`xtask.toml` is no plain file at `{new}`"));
        let shallow = top.join("shallow");
        let from = format!("file://{}", top.display());
        git(top, &["clone", "--quiet", "--depth=1", &from, "shallow"]);
        check(&shallow.join("flake"), &new, "xtask.toml", FileAt::Text("# new".to_owned()));
        check(&shallow.join("flake"), &old, "xtask.toml", FileAt::NoCommit);
    }

    #[test]
    fn a_folder_outside_of_git_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let error = format!("{:#}", file_at(place.path(), &"1".repeat(40), "xtask.toml").unwrap_err());
        assert!(error.contains("not a git repository"), "{error}");
    }
}
