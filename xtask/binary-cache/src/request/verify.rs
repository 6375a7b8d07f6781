//! `verify`: the caches opened, and what is in them.

use std::sync::Arc;

use cache_protocol::{Cache, Fault, Verified, VerifyRequest};

use super::Asker;
use crate::backend::Backend;
use crate::backend::open::open;
use crate::verify::{self, Caches, Listener, WallClock};

/// Whether what is required is in the cache. An upstream that cannot be opened is part of the answer, where something may be in it.
///
/// # Errors
/// When the cache cannot be opened, one cannot be asked, or the request makes no sense.
pub fn verify(request: &VerifyRequest, asker: Asker) -> Result<Verified, Fault> {
    let opened = |cache: &Cache| open(cache, asker.settings(None));
    let cache = opened(&request.cache)?;
    let upstream: Vec<Result<Box<dyn Backend>, Fault>> = request.upstream.iter().map(opened).collect();
    let upstream: Vec<Result<&dyn Backend, Fault>> =
        upstream.iter().map(|opened| opened.as_ref().map(|backend| &**backend).map_err(Clone::clone)).collect();
    let tell = Arc::clone(asker.tell);
    let listener = Listener { tell: &move |event| tell(event), stop: asker.stop, clock: &WallClock::new(asker.stop) };
    verify::verify(request, &Caches { cache: &*cache, upstream: &upstream }, listener)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use cache_protocol::{Required, VerifyFault};

    use super::*;
    use crate::planted::path;
    use crate::request::Tell;

    #[test]
    fn an_upstream_that_only_nix_knows_ends_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("nix-cache-info"), "StoreDir: /nix/store\n").unwrap();
        let cache = |url: String| Cache { url, public_keys: vec![], signing_key: None, token: None, netrc: vec![] };
        let check = |upstream: &str, expected: &str| {
            let request = VerifyRequest {
                cache: cache(format!("file://{}", folder.path().display())),
                store_folder: "/nix/store".to_owned(),
                required: vec![Required { name: "app".to_owned(), path: path("app") }],
                upstream: vec![cache(upstream.to_owned())],
                deep: false,
                wait: 0,
                in_flight: 1,
            };
            let tell: Tell = Arc::new(|_| {});
            let stop = Arc::new(AtomicBool::new(false));
            let verified = verify(&request, Asker { tell: &tell, stop: &stop }).unwrap();
            let [problem] = verified.problems.as_slice() else { unreachable!("{:?}", verified.problems) };
            let VerifyFault::NotAsked(fault) = &problem.fault else { unreachable!("{:?}", problem.fault) };
            assert_eq!(fault.what, expected);
        };
        check("ssh-ng://build@host", "no cache is known at addresses that begin with `ssh-ng://`");
        check("daemon", "no cache is known at an address without `://`");
    }
}
