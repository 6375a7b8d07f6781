//! Where a push goes: to a cache that is spoken to here, or to a store that Nix is asked to speak to.

use std::collections::HashSet;

use cache_protocol::{Fault, FaultKind, PathInfo, PlanRequest};

use crate::backend::Backend;
use crate::backend::open::{knows, to_push};
use crate::delegated::Delegated;
use crate::store::Store;
use crate::transport::Settings;

/// Where a push goes.
pub enum Destination<'a> {
    /// To a cache.
    Cache(Box<dyn Backend>),
    /// To a store, through Nix.
    Delegated(Delegated<'a>),
}

impl<'a> Destination<'a> {
    /// The one of `request`; nothing is asked yet. `settings` are for a cache behind a network.
    ///
    /// # Errors
    /// When its address cannot be read, or what opens it cannot be found.
    pub fn open(request: &'a PlanRequest, settings: Settings) -> Result<Self, Fault> {
        if knows(&request.cache.url) {
            return Ok(Self::Cache(to_push(&request.cache, settings)?));
        }
        Ok(Self::Delegated(Delegated::new(&request.cache.url, Store::new(&request.store))))
    }

    /// Its address as it is shown.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Cache(backend) => backend.shown(),
            Self::Delegated(store) => store.shown(),
        }
    }

    /// Which of `infos` it lacks, by hash, as far as `hashes` ask; `folder` is the one that their store has.
    ///
    /// # Errors
    /// When it cannot be asked, or is one for another store.
    pub fn missing(&self, folder: &str, infos: &[PathInfo], hashes: &[String]) -> Result<HashSet<String>, Fault> {
        let backend = match self {
            Self::Cache(backend) => backend,
            Self::Delegated(store) => return store.missing(infos),
        };
        let greeting = backend.greet()?;
        if let Some(store_dir) = greeting.store_dir.filter(|store_dir| store_dir != folder) {
            let what = format!("`{}` is a cache for the store `{store_dir}`, and here is `{folder}`", backend.shown());
            return Err(Fault::new(FaultKind::Usage, what));
        }
        if greeting.exists { backend.missing(hashes) } else { Ok(hashes.iter().cloned().collect()) }
    }
}
