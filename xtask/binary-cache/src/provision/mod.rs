//! Creating a cache, or finding it created: the second time changes nothing.

mod services;

use cache_protocol::{Fault, ProvisionRequest, Provisioned};

use crate::backend::attic::{Attic, Location as AtticLocation};
use crate::backend::cachix::{Cachix, Location as CachixLocation};
use crate::backend::open::open;
use crate::backend::s3::S3Cache;
use crate::key_source;
use crate::signature::SigningKey;
use crate::transport::Settings;

/// The folder that store paths name in caches that are created here.
const STORE: &str = "/nix/store";

/// Sees to it that the cache of `request` is there.
///
/// # Errors
/// When it is not and cannot be created: the fault says which permission is missing, and how to do it by hand.
pub fn provision(request: &ProvisionRequest, settings: &Settings) -> Result<Provisioned, Fault> {
    let cache = &request.cache;
    if let Some(location) = CachixLocation::parse(&cache.url) {
        return services::cachix(&Cachix::open(cache, location?, settings.clone())?, request.public);
    }
    if let Some(location) = AtticLocation::parse(&cache.url) {
        let location = location?;
        let substituter = location.cache.shown();
        return services::attic(&Attic::open(cache, location, settings.clone())?, &substituter, request);
    }
    let mut by_hand = Vec::new();
    if cache.url.starts_with("s3://") {
        let bucket = S3Cache::open(cache, settings.clone())?;
        if bucket.create_bucket()? && request.public {
            by_hand.push(
                "let everybody read the bucket: who owns it decides that with a policy, which is not written here"
                    .to_owned(),
            );
        }
    }
    let backend = open(cache, settings.clone())?;
    let created = !backend.greet()?.exists;
    if created {
        backend.prepare(STORE)?;
    }
    let substituter = if cache.url.starts_with("http") { backend.shown() } else { cache.url.clone() };
    let public_keys = key_source::signing_key(cache)?.iter().map(SigningKey::public).collect();
    Ok(Provisioned { url: backend.shown(), created, substituter, public_keys, unofficial: false, by_hand })
}
