//! What there is to say about one path: where it is, who signed it, whether its file is there.

use std::sync::OnceLock;

use cache_protocol::{Fault, FaultKind, VerifyFault};

use super::content;
use crate::backend::Backend;
use crate::hash_text;
use crate::narinfo::NarInfo;
use crate::signature::{Trust, judge};
use crate::store_path;

/// A cache with the keys of which one must have signed what is in it.
pub struct Source<'a> {
    backend: &'a dyn Backend,
    public_keys: &'a [String],
    /// Why it is asked no more.
    down: OnceLock<Fault>,
}

/// Where a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Cache,
    Upstream,
    Nowhere,
}

/// What there is to say about a path.
#[derive(Debug, Clone)]
pub struct Inspected {
    pub place: Place,
    /// Bytes of its file in the cache.
    pub bytes: u64,
    /// The whole paths that it refers to, itself left out.
    pub references: Vec<String>,
    pub faults: Vec<VerifyFault>,
}

impl Inspected {
    /// It is in none of the caches.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { place: Place::Nowhere, bytes: 0, references: Vec::new(), faults: vec![VerifyFault::Absent] }
    }

    /// It is in none of those that could be asked; one could not be, for this reason.
    #[must_use]
    pub fn not_asked(fault: &Fault) -> Self {
        Self::wrong(Place::Nowhere, VerifyFault::NotAsked(fault.clone()))
    }

    fn wrong(place: Place, fault: VerifyFault) -> Self {
        Self { place, faults: vec![fault], ..Self::nowhere() }
    }

    /// Whether waiting may help: somebody is still to push it.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.place == Place::Nowhere
    }
}

/// Whether a fault is about a cache as a whole, so that asking on would only repeat it.
#[must_use]
pub fn is_about_the_cache(kind: FaultKind) -> bool {
    match kind {
        FaultKind::Unreachable
        | FaultKind::Unauthorised
        | FaultKind::Missing
        | FaultKind::Overloaded
        | FaultKind::Usage
        | FaultKind::Interrupted => true,
        FaultKind::NotACache | FaultKind::Full | FaultKind::Refused | FaultKind::Local | FaultKind::Secret => false,
    }
}

impl<'a> Source<'a> {
    /// A cache that has not been asked yet.
    #[must_use]
    pub fn new(backend: &'a dyn Backend, public_keys: &'a [String]) -> Self {
        Self { backend, public_keys, down: OnceLock::new() }
    }

    /// What it says of `path`; `None` if it has nothing to say.
    ///
    /// # Errors
    /// When it cannot be asked at all.
    pub fn inspect(&self, path: &str, place: Place) -> Result<Option<(Inspected, Option<NarInfo>)>, Fault> {
        if let Some(fault) = self.down.get() {
            return Err(fault.clone());
        }
        match self.backend.narinfo(store_path::hash(path).unwrap_or_default()) {
            Ok(None) => Ok(None),
            Ok(Some(narinfo)) => {
                let inspected = self.judge(path, place, &narinfo);
                let usable = inspected.faults.iter().all(|fault| !matches!(fault, VerifyFault::Damaged(_)));
                Ok(Some((inspected, usable.then_some(narinfo))))
            }
            Err(fault) if is_about_the_cache(fault.kind) => {
                let shown = self.backend.shown();
                let fault = Fault::new(fault.kind, format!("{shown}: {}", fault.what));
                Err(self.down.get_or_init(|| fault).clone())
            }
            Err(fault) if fault.kind == FaultKind::NotACache => {
                Ok(Some((Inspected::wrong(place, VerifyFault::Damaged(fault.what)), None)))
            }
            Err(fault) => Ok(Some((Inspected::wrong(place, VerifyFault::NotAsked(fault)), None))),
        }
    }

    /// What its narinfo says, without its file.
    fn judge(&self, path: &str, place: Place, narinfo: &NarInfo) -> Inspected {
        if narinfo.store_path != path {
            let what = format!("it is the narinfo of `{}`", narinfo.store_path);
            return Inspected::wrong(place, VerifyFault::Damaged(what));
        }
        if let Some(stray) = narinfo.references.iter().find(|base| store_path::base_name(base) != Some(base)) {
            let what = format!("it refers to `{stray}`, which is no name of a store path");
            return Inspected::wrong(place, VerifyFault::Damaged(what));
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut faults = Vec::new();
        if !content::is_known(&narinfo.compression) {
            faults.push(VerifyFault::Damaged(format!("Nix knows no compression `{}`", narinfo.compression)));
        }
        match trust(narinfo, self.public_keys) {
            Trust::Signed(_) => {}
            Trust::Unsigned => faults.push(VerifyFault::Unsigned),
            Trust::Others(names) => faults.push(VerifyFault::OtherKeys(names)),
            Trust::Forged(name) => faults.push(VerifyFault::BadSignature(name)),
        }
        let references = narinfo.references.iter().map(|base| format!("{folder}/{base}"));
        Inspected { place, bytes: 0, references: references.filter(|other| other != path).collect(), faults }
    }
}

/// What the signatures of a narinfo say to somebody who trusts `public_keys`. What is signed is what Nix writes, whatever the
/// narinfo looks like: references sorted and once, the hash in base 32.
#[must_use]
pub fn trust(narinfo: &NarInfo, public_keys: &[String]) -> Trust {
    let mut canonical = narinfo.clone();
    canonical.nar_hash = hash_text::canonical(&narinfo.nar_hash);
    canonical.references.sort_unstable();
    canonical.references.dedup();
    judge(&canonical.fingerprint(), &narinfo.signatures, public_keys)
}

/// Whether the file of a path in the cache is there, with the right size.
///
/// # Errors
/// When the cache cannot be asked at all.
pub fn file(cache: &dyn Backend, narinfo: &NarInfo, inspected: &mut Inspected) -> Result<(), Fault> {
    match cache.file_size(narinfo) {
        Ok(None) => inspected.faults.push(VerifyFault::NoFile(narinfo.url.clone())),
        Ok(Some(found)) => {
            inspected.bytes = found;
            if let Some(expected) = narinfo.file_size.filter(|expected| *expected != found) {
                inspected.faults.push(VerifyFault::FileSize { expected, found });
            }
        }
        Err(fault) if is_about_the_cache(fault.kind) => return Err(fault),
        Err(fault) if fault.kind == FaultKind::NotACache => inspected.faults.push(VerifyFault::Damaged(fault.what)),
        Err(fault) => inspected.faults.push(VerifyFault::NotAsked(fault)),
    }
    Ok(())
}
