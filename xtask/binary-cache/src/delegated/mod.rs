//! Stores that only Nix itself can speak to, `ssh-ng://host` and whatever else it knows: `nix copy` does it, and is not believed until
//! the store itself says that everything is there.
//!
//! What Nix remembers of such a store from earlier is never asked: each question has a memory of its own.

mod vetting;

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use cache_protocol::{Fault, FaultKind, KeySource, NotPushed, PathInfo, PushedPath};

use crate::key_source::KeyFile;
use crate::store::Store;
use crate::upload::{Observers, Outcome};

/// What is to be copied, and what it must pass before.
pub struct Consignment<'a> {
    /// The paths, in the order in which they were planned.
    pub paths: Vec<&'a PathInfo>,
    /// What the store knows of them and of all that they refer to.
    pub infos: &'a [PathInfo],
    /// What need not be looked through when Nix copies it along because one of `paths` refers to it.
    pub may_go_unseen: &'a dyn Fn(&PathInfo) -> bool,
    /// The key that signs them.
    pub key: Option<&'a KeySource>,
    /// Threads that read.
    pub packers: usize,
    /// Who looks at them.
    pub observers: &'a Observers<'a>,
    /// Set when the user interrupts.
    pub stop: &'a AtomicBool,
}

/// A store that Nix is asked to speak to.
#[derive(Debug)]
pub struct Delegated<'a> {
    url: &'a str,
    store: Store<'a>,
}

impl<'a> Delegated<'a> {
    /// The one at `url`.
    #[must_use]
    pub fn new(url: &'a str, store: Store<'a>) -> Self {
        Self { url, store }
    }

    /// Its address as it is shown: without what follows a `?`, which may name keys, and without a password.
    #[must_use]
    pub fn shown(&self) -> String {
        let address = self.url.split('?').next().unwrap_or(self.url);
        let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        match authority.rsplit_once('@') {
            Some((login, host)) => {
                let user = login.split(':').next().unwrap_or(login);
                format!("{scheme}://{user}@{host}{path}")
            }
            None => address.to_owned(),
        }
    }

    /// Which of `infos` it does not have, by hash.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn missing(&self, infos: &[PathInfo]) -> Result<HashSet<String>, Fault> {
        let paths: Vec<String> = infos.iter().map(|info| info.path.clone()).collect();
        let invalid = self.store.invalid_at(self.url, &paths)?;
        Ok(invalid.iter().filter_map(|path| crate::store_path::hash(path)).map(str::to_owned).collect())
    }

    /// Looks through what would leave this machine, signs what may, copies that, and asks what is there then.
    ///
    /// # Errors
    /// When it cannot be asked afterwards.
    pub fn push(&self, consignment: &Consignment<'_>) -> Result<Outcome, Fault> {
        let started = std::time::Instant::now();
        let mut not_pushed = vetting::withheld(consignment, &self.store);
        let withheld: HashSet<&str> = not_pushed.iter().map(|withheld| withheld.path.as_str()).collect();
        let paths: Vec<&PathInfo> =
            consignment.paths.iter().copied().filter(|info| !withheld.contains(info.path.as_str())).collect();
        let mut outcome = Outcome::default();
        if paths.is_empty() {
            return Ok(Outcome { not_pushed, ..outcome });
        }
        let names: Vec<String> = paths.iter().map(|info| info.path.clone()).collect();
        let copied = self.sign(consignment.key, &names).and_then(|()| self.store.copy_to(self.url, &names));
        let invalid = self.store.invalid_at(self.url, &names)?;
        let seconds = started.elapsed().as_secs_f64();
        for info in paths {
            let path = info.path.clone();
            if !invalid.contains(&path) {
                let (nar_size, file_size) = (info.nar_size, info.nar_size);
                outcome.pushed.push(PushedPath { path, nar_size, file_size, seconds });
            } else {
                let silent = || Fault::new(FaultKind::Refused, "`nix copy` succeeded, and yet it is not there");
                let fault = copied.as_ref().err().cloned().unwrap_or_else(silent);
                not_pushed.push(NotPushed { path, fault, because_of: None });
            }
        }
        Ok(Outcome { not_pushed, ..outcome })
    }

    /// Signs `paths` where they are: Nix hands on the signatures that a path has, and makes none while it copies.
    fn sign(&self, key: Option<&KeySource>, paths: &[String]) -> Result<(), Fault> {
        match key {
            Some(source) => self.store.sign(&KeyFile::of(source)?, paths),
            None => Ok(()),
        }
    }
}
