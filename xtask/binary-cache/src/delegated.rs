//! Stores that only Nix itself can speak to, `ssh-ng://host` and whatever else it knows: `nix copy` does it, and is not believed until
//! the store itself says that everything is there.
//!
//! What Nix remembers of such a store from earlier is never asked: each question has a memory of its own.

use std::collections::HashSet;

use cache_protocol::{Fault, FaultKind, NotPushed, PathInfo, PushedPath};

use crate::store::Store;
use crate::upload::Outcome;

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
        match address.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?))) {
            Some((scheme, (login, host))) => {
                let user = login.split(':').next().unwrap_or(login);
                format!("{scheme}://{user}@{host}")
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

    /// Copies `paths` with all that they refer to, and asks which are there then.
    ///
    /// # Errors
    /// When it cannot be asked afterwards.
    pub fn push(&self, paths: &[&PathInfo]) -> Result<Outcome, Fault> {
        let started = std::time::Instant::now();
        let names: Vec<String> = paths.iter().map(|info| info.path.clone()).collect();
        let copied = self.store.copy_to(self.url, &names);
        let invalid = self.store.invalid_at(self.url, &names)?;
        let seconds = started.elapsed().as_secs_f64();
        let mut outcome = Outcome::default();
        for info in paths {
            let path = info.path.clone();
            if !invalid.contains(&path) {
                let (nar_size, file_size) = (info.nar_size, info.nar_size);
                outcome.pushed.push(PushedPath { path, nar_size, file_size, seconds });
            } else {
                let silent = || Fault::new(FaultKind::Refused, "`nix copy` succeeded, and yet it is not there");
                let fault = copied.as_ref().err().cloned().unwrap_or_else(silent);
                outcome.not_pushed.push(NotPushed { path, fault, because_of: None });
            }
        }
        Ok(outcome)
    }
}
