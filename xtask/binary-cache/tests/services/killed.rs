//! Whole pushes to Cachix and Attic that are killed: what is visible then is whole, and the next push completes it.

use cache_protocol::Request;

use crate::sandbox::killing::{Victim, killed_when};
use crate::target::{PATHS, Target, place};

/// How often a push to each service is killed.
const KILLS: usize = 15;

#[test]
fn a_push_that_is_killed_leaves_a_whole_cache_at_a_service() {
    let (sandbox, request) = place();
    for target in Target::all(&sandbox) {
        let request = target.request(&request);
        let wanted = &request.plan.roots[0].paths[0];
        assert_eq!(sandbox.push(&request).pushed.len(), PATHS, "{}", target.name());
        assert_eq!(target.whole(), PATHS, "{}", target.name());
        let requests = target.seen();
        let mut amidst = 0;
        for kill in 1..=KILLS {
            target.clear();
            // Each time some requests later, until the end.
            let until = target.seen() + requests * kill / KILLS;
            killed_when(sandbox.client(&Request::Push(request.clone())), Victim::Alone, || target.seen() >= until);
            target.quiet();
            let there = target.whole();
            amidst += usize::from(there > 0 && there < PATHS);
            let pushed = sandbox.push(&request);
            let expected = (PATHS - there, 0);
            assert_eq!((pushed.pushed.len(), pushed.not_pushed.len()), expected, "{}, kill {kill}", target.name());
            assert_eq!(target.whole(), PATHS, "{}, kill {kill}", target.name());
        }
        assert!(amidst > 0, "none of {KILLS} came amidst a push to {}", target.name());
        let (url, key) = target.read_at();
        assert_eq!(sandbox.fetch_from(&url, &key, wanted), Ok(PATHS), "{}", target.name());
    }
}
