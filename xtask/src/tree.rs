//! The files of a repository as its flake and its owner see them: read once, shared by everything that looks at files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result};

use crate::git::{self, Checkout};

/// Every file of a repository that git tracks or might track; outside git, every file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    root: PathBuf,
    files: BTreeMap<PathBuf, TreeFile>,
    nix_texts: OnceLock<Arc<BTreeMap<PathBuf, String>>>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// What it is.
    pub kind: FileKind,
    /// Whether git knows it; a flake sees no other file. Outside git, every file counts as known.
    pub tracked: bool,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// Text or data.
    Regular,
    /// A symbolic link, with what it says.
    Symlink(PathBuf),
    /// Another repository's folder.
    Submodule,
}

impl Tree {
    /// Reads the tree of `root`, a folder of `checkout` if that is in one.
    ///
    /// # Errors
    /// When git or the file system refuses.
    pub fn read(root: &Path, checkout: Option<&Checkout>) -> Result<Self> {
        let mut files = BTreeMap::new();
        let mut add = |path: PathBuf, tracked: bool| -> Result<()> {
            let found = kind(&root.join(&path)).with_context(|| format!("look at `{}`", path.display()))?;
            // What git tracks and somebody has removed is not there any more.
            files.extend(found.map(|kind| (path, TreeFile { kind, tracked })));
            Ok(())
        };
        match checkout {
            Some(checkout) => {
                let below = root.strip_prefix(&checkout.top).unwrap_or(Path::new(""));
                git::tracked(root)?.into_iter().try_for_each(|path| add(path, true))?;
                let untracked = checkout.untracked.iter().filter_map(|path| path.strip_prefix(below).ok());
                untracked.map(Path::to_owned).try_for_each(|path| add(path, false))?;
            }
            None => {
                let walk = walkdir::WalkDir::new(root).min_depth(1).into_iter();
                for entry in walk.filter_entry(|entry| entry.file_name() != "target" && entry.file_name() != ".git") {
                    let entry = entry.context("list the files of the repository")?;
                    if !entry.file_type().is_dir() {
                        add(entry.path().strip_prefix(root).unwrap_or(entry.path()).to_owned(), true)?;
                    }
                }
            }
        }
        Ok(Self { root: root.to_owned(), files, nix_texts: OnceLock::new() })
    }

    /// Every file: path relative to the repository, sorted.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &TreeFile)> {
        self.files.iter().map(|(path, file)| (path.as_path(), file))
    }

    /// The files of which the flake can see and whose names end in `.nix`, as paths that can be opened.
    pub fn nix_files(&self) -> impl Iterator<Item = PathBuf> {
        let is_nix = |path: &Path| path.extension().is_some_and(|extension| extension == "nix");
        let seen = self.files().filter(move |(path, file)| file.tracked && is_nix(path));
        seen.map(|(path, _)| self.root.join(path)).filter(|path| path.is_file())
    }

    /// The texts of the Nix files that the flake can see, read once; what a link leads to is a file of its own.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn nix_texts(&self) -> Result<Arc<BTreeMap<PathBuf, String>>> {
        if let Some(texts) = self.nix_texts.get() {
            return Ok(Arc::clone(texts));
        }
        let is_nix = |path: &Path| path.extension().is_some_and(|extension| extension == "nix");
        let mut texts = BTreeMap::new();
        for (path, file) in self.files() {
            if file.tracked && file.kind == FileKind::Regular && is_nix(path) {
                texts.extend(self.text(path)?.map(|text| (path.to_owned(), text)));
            }
        }
        Ok(Arc::clone(self.nix_texts.get_or_init(|| Arc::new(texts))))
    }

    /// Whether the flake sees `path`.
    #[must_use]
    pub fn tracks(&self, path: &Path) -> bool {
        self.files.get(path).is_some_and(|file| file.tracked)
    }

    /// The text of the file at `path`, with what is not UTF-8 replaced; nothing if it is not there.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn text(&self, path: &Path) -> Result<Option<String>> {
        match std::fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("read `{}`", path.display())),
        }
    }
}

fn kind(path: &Path) -> std::io::Result<Option<FileKind>> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(if metadata.is_symlink() {
        FileKind::Symlink(std::fs::read_link(path)?)
    } else if metadata.is_dir() {
        FileKind::Submodule
    } else {
        FileKind::Regular
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_git_every_file_counts() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("a/target")).unwrap();
        for name in ["flake.nix", "a/b.nix", "a/target/c.nix"] {
            std::fs::write(at(name), "x").unwrap();
        }
        std::os::unix::fs::symlink("b.nix", at("a/link.nix")).unwrap();
        let tree = Tree::read(folder.path(), None).unwrap();
        let files: Vec<_> = tree.files().map(|(path, file)| (path.to_str().unwrap(), file.kind.clone())).collect();
        let link = FileKind::Symlink("b.nix".into());
        assert_eq!(files, [("a/b.nix", FileKind::Regular), ("a/link.nix", link), ("flake.nix", FileKind::Regular)]);
        assert!(tree.tracks(Path::new("flake.nix")) && !tree.tracks(Path::new("gone")));
        assert_eq!(tree.nix_files().count(), 3);
        assert_eq!(tree.text(Path::new("flake.nix")).unwrap().as_deref(), Some("x"));
        assert_eq!(tree.text(Path::new("gone")).unwrap(), None);
    }
}
