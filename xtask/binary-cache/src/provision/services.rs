//! Caches that a service creates, and makes the keys of.

use cache_protocol::{Fault, FaultKind, Permission, ProvisionRequest, Provisioned};

use crate::backend::Backend as _;
use crate::backend::attic::{Attic, CacheConfig};
use crate::backend::cachix::{CacheInfo, Cachix};

/// Finds or creates a cache of Cachix. The calls that create are not official, and the answer says so.
pub(super) fn cachix(backend: &Cachix, public: bool) -> Result<Provisioned, Fault> {
    let answer = |info: CacheInfo, created| Provisioned {
        url: backend.shown(),
        created,
        substituter: info.uri.trim_end_matches('/').to_owned(),
        public_keys: info.public_signing_keys,
        unofficial: created,
        by_hand: Vec::new(),
    };
    match backend.info() {
        Ok(info) if info.permission() == Some(Permission::Read) => Err(Fault::new(
            FaultKind::Refused,
            format!(
                "create {}: a cache of this name is there, and the token may only read it: choose another name, or take a token of \
                 its owner",
                backend.shown()
            ),
        )),
        // What was interrupted after the first of two calls is completed by the second.
        Ok(info) if info.public_signing_keys.is_empty() && backend.tell_key()? => Ok(answer(backend.info()?, true)),
        Ok(info) => Ok(answer(info, false)),
        Err(fault) if is_absent(&fault) => {
            backend.create(public)?;
            Ok(answer(backend.info()?, true))
        }
        Err(fault) => Err(fault),
    }
}

/// Finds or creates a cache of an Attic server.
pub(super) fn attic(backend: &Attic, read_at: &str, request: &ProvisionRequest) -> Result<Provisioned, Fault> {
    let answer = |config: CacheConfig, created| Provisioned {
        url: backend.shown(),
        created,
        substituter: config.substituter_endpoint.unwrap_or_else(|| read_at.to_owned()),
        public_keys: config.public_key.into_iter().collect(),
        unofficial: false,
        by_hand: Vec::new(),
    };
    match backend.config() {
        Ok(config) => Ok(answer(config, false)),
        Err(fault) if is_absent(&fault) => {
            backend.create(request.public, request.priority)?;
            let config = backend.config().map_err(|fault| {
                let what = format!("{} is created, but its key cannot be read: {}", backend.shown(), fault.what);
                Fault::new(fault.kind, what)
            })?;
            Ok(answer(config, true))
        }
        Err(fault) => Err(fault),
    }
}

/// Whether a cache may not be there: services hide from strangers whether one is.
fn is_absent(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Missing | FaultKind::Unauthorised)
}
