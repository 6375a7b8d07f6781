//! A look at the files of a repository, to be compared with a later one: what a job depends on must be after it as it was before.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Session;
use crate::ci::fits;
use crate::context::Context;
use crate::git::{self, Checkout};
use crate::tree::{FileKind, Tree};
use crate::{config, files};

/// Files, each with what it is: kind, mode and content.
type Identities = Vec<(PathBuf, Vec<u8>)>;

/// The files of a repository at one time, those included that git might track.
#[derive(Debug)]
pub struct Look {
    root: PathBuf,
    checkout: Option<Checkout>,
    tree: Tree,
}

impl Look {
    /// A look now.
    ///
    /// # Errors
    /// When git or the file system refuses.
    pub fn now(context: &Context) -> Result<Self> {
        let root = context.repository.clone();
        let checkout = git::checkout(&root)?;
        let tree = Tree::read(&root, checkout.as_ref())?;
        Ok(Self { root, checkout, tree })
    }

    /// The look that was taken when `session` was opened.
    #[must_use]
    pub fn of(session: &Session<'_>) -> Self {
        let root = session.context.repository.clone();
        Self { root, checkout: session.checkout.clone(), tree: session.tree.clone() }
    }

    /// The files that `fits` wants, each with its kind, mode and content; nothing where what is there cannot be pinned down, such as
    /// the folder of another repository.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn identities(&self, fits: &dyn Fn(&Path) -> bool) -> Result<Option<Identities>> {
        let mut identities = Vec::new();
        for (path, file) in self.tree.files().filter(|(path, _)| fits(path)) {
            let mut identity = identity(&self.root.join(path))?;
            match file.kind {
                FileKind::Regular => {}
                FileKind::Submodule => return Ok(None),
                // Who reads a link reads what it leads to.
                FileKind::Symlink(_) => match self.root.join(path).canonicalize() {
                    Ok(target) if target.is_file() => identity.extend(self::identity(&target)?),
                    Ok(_) => return Ok(None),
                    Err(_) => identity.extend(b" to nothing"),
                },
            }
            identities.push((path.to_owned(), identity));
        }
        Ok(Some(identities))
    }

    /// Those of `globs` that fit no file.
    #[must_use]
    pub fn idle<'g>(&self, globs: &'g [String]) -> Vec<&'g str> {
        let fits_none = |glob: &&String| !self.tree.files().any(|(path, _)| fits(glob, path));
        globs.iter().filter(fits_none).map(String::as_str).collect()
    }

    /// What a flake does not see and checks of files do: those that git does not track, and the configuration, should git ignore it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn beside_the_flake(&self) -> Result<Identities> {
        let untracked = self
            .checkout
            .iter()
            .flat_map(|checkout| checkout.untracked.iter().map(|path| (path.clone(), checkout.top.join(path))));
        let configuration = (PathBuf::from(config::FILE), self.root.join(config::FILE));
        let all = std::iter::once(configuration).chain(untracked);
        all.map(|(path, file)| Ok((path, identity(&file)?))).collect()
    }
}

fn identity(path: &Path) -> Result<Vec<u8>> {
    files::identity(path).with_context(|| format!("read `{}`", path.display()))
}
