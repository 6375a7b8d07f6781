//! Addresses that open something: whatever is wrong with a cache, that is not told.

use super::*;

#[test]
fn no_address_is_told_with_what_opens_it() {
    for url in ["s3://b?endpoint=http://me:hunter2@h&priority=40", "file:///x?secret-key=/hunter2&priority=40"] {
        for kind in [FaultKind::Missing, FaultKind::NotACache, FaultKind::Unreachable, FaultKind::Unauthorised] {
            let mut facts = fault(kind, "503");
            facts.caches[0].url = url.into();
            facts.caches[0].forgotten = vec!["/nix/store/a".into()];
            let told = diagnose(&facts);
            assert!(!told.is_empty() && !format!("{told:?}").contains("hunter2"), "{told:?}");
        }
        let told = said(&facts(|facts| facts.caches[0].url = url.into())).join(" ");
        assert!(told.contains("priority") && !told.contains("hunter2"), "{told}");
    }
}
