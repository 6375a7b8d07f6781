//! A commit of the repository, opened as the working tree is: with its own files, lock and inputs, and the same configuration.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::{Session, Source};
use crate::context::Context;
use crate::git::Checkout;
use crate::nix::{Nix, Reference};

impl<'a> Session<'a> {
    /// Opens `commit` of `checkout`, whose files stand below `files`. Nix is given the commit and not those files, so that the
    /// flake is what it is for whoever has the commit checked out and nothing changed; so is the key of what is kept. Kinds and
    /// expectations are those of the working tree: they say how to look, and not what is there.
    /// A stand-in suits the Nix files `besides` too.
    ///
    /// # Errors
    /// When the commit has no flake, or as [`Session::open`].
    pub fn open_commit(
        context: &'a Context,
        nix: Nix,
        checkout: &Checkout,
        commit: &str,
        (files, besides): (&Path, Vec<PathBuf>),
    ) -> Result<Self> {
        let below = context.repository.strip_prefix(&checkout.top).context("find the flake in its checkout")?;
        let folder = files.join(below);
        if !folder.join("flake.nix").is_file() {
            bail!("it has no `{}`", below.join("flake.nix").display());
        }
        let reference = Reference::Url(checkout.flake_reference_in(&context.repository, commit));
        let head = Some(commit.to_owned());
        let checkout = Checkout { top: checkout.top.clone(), head, changed: Vec::new(), untracked: Vec::new() };
        let source =
            Source { top: files.to_owned(), folder, checkout: Some(checkout), is_commit: true, reference, besides };
        Self::of(context, nix, source)
    }
}
