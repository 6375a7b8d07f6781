//! The two revisions that are compared: the checkout as it is, and the files of the base in a folder of their own.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::context::Context;
use crate::diff::{FileChange, FileStatus};
use crate::files;
use crate::git::{self, Checkout};
use crate::tree::{FileKind, Tree};

/// The two revisions.
#[derive(Debug)]
pub struct Revisions {
    /// The base as it was asked for.
    pub base: String,
    /// The head: the working tree.
    pub checkout: Checkout,
    /// The commit of the base.
    pub commit: String,
    /// Everything of the working tree, also what is outside of the flake's own folder.
    pub head_tree: Tree,
    folder: tempfile::TempDir,
}

impl Revisions {
    /// Finds `base`, and writes its files below the state folder.
    ///
    /// # Errors
    /// When the repository is not in git, or `base` names no commit that is there.
    pub fn find(context: &Context, base: &str) -> Result<Self> {
        let Some(checkout) = git::checkout(&context.repository)? else {
            bail!("`{}` is in no git checkout: it has no other revision to compare with", context.repository.display());
        };
        let commit = checkout.commit(base)?;
        std::fs::create_dir_all(&context.state).context("make the state folder")?;
        let folder = tempfile::Builder::new().prefix("base-").tempdir_in(&context.state);
        let folder = folder.context("make a folder for the files of the base")?;
        checkout.write_files(&commit, folder.path())?;
        let head_tree = Tree::read(&checkout.top, Some(&checkout))?;
        Ok(Self { base: base.to_owned(), checkout, commit, head_tree, folder })
    }

    /// The folder with the files of the base.
    #[must_use]
    pub fn files_of_base(&self) -> &Path {
        self.folder.path()
    }

    /// The Nix files of the base.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn nix_files_of_base(&self) -> Result<Vec<PathBuf>> {
        Ok(Tree::read(self.folder.path(), None)?.nix_files().collect())
    }

    /// The Nix files of the head.
    #[must_use]
    pub fn nix_files_of_head(&self) -> Vec<PathBuf> {
        self.head_tree.nix_files().collect()
    }

    /// The files that differ.
    ///
    /// # Errors
    /// When git does not answer, or a file cannot be read.
    pub fn changes(&self) -> Result<Vec<FileChange>> {
        let mut changes = self.checkout.changes_since(&self.commit)?;
        let mut same = Vec::new();
        for change in changes.iter().filter(|change| change.status == FileStatus::Changed && !change.submodule) {
            let identity = |top: &Path| files::identity(&top.join(&change.path));
            let (base, head) = (identity(self.files_of_base()), identity(&self.checkout.top));
            let reading = || format!("read `{}`", change.path.display());
            if base.with_context(reading)? == head.with_context(reading)? {
                same.push(change.path.clone());
            }
        }
        changes.retain(|change| !same.contains(&change.path));
        Ok(changes)
    }

    /// What somebody should know who reads how these two differ in `changes`.
    ///
    /// # Errors
    /// When git does not answer, or a file cannot be read.
    pub fn notes(&self, changes: &[FileChange]) -> Result<Vec<String>> {
        let (base, mut notes) = (&self.base, Vec::new());
        // Where the history is cut off, nobody can tell.
        if !self.checkout.is_shallow() && !self.checkout.is_ancestor(&self.commit)? {
            notes.push(format!(
                "`{base}` has commits that this branch does not have, and taking them back is part of what is shown: \
                 `--base \"$(git merge-base {base} HEAD)\"` leaves them out"
            ));
        }
        let submodules: Vec<String> =
            changes.iter().filter(|file| file.submodule).map(|file| format!("`{}`", file.path.display())).collect();
        if !submodules.is_empty() {
            notes.push(format!(
                "{} changed: a flake sees what is in a submodule only if it asks for submodules, and the base is then fetched \
                 from where the submodule comes from",
                submodules.join(", ")
            ));
        }
        let dirty = !self.checkout.changed.is_empty();
        if dirty && self.has_large_files()? {
            notes.push(
                "files in Git LFS are their content in a working tree with changes, and their pointers in a commit: what reads \
                 one is another here, whether or not it changed"
                    .to_owned(),
            );
        }
        Ok(notes)
    }

    /// Whether some file is kept in Git LFS.
    fn has_large_files(&self) -> Result<bool> {
        let attributes = self.head_tree.files().filter(|(path, file)| {
            file.tracked
                && file.kind == FileKind::Regular
                && path.file_name().is_some_and(|name| name == ".gitattributes")
        });
        for (path, _) in attributes {
            if self.head_tree.text(path)?.is_some_and(|text| text.contains("filter=lfs")) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
