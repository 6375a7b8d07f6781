//! Tokens that are refused from the middle of a push on: what was pushed stays whole, and who reads of it learns what to mend.

use cache_protocol::{Answer, FaultKind, Request};

use crate::http::{Injection, Reply, Trouble};
use crate::place::assert_silent;
use crate::target::{PATHS, Target, place};

#[test]
fn a_token_that_is_refused_in_the_middle_leaves_a_whole_cache_at_a_service() {
    let (sandbox, request) = place();
    for target in Target::all(&sandbox) {
        let (request, name, server) = (target.request(&request), target.name(), target.servers()[0]);
        assert_eq!(sandbox.push(&request).pushed.len(), PATHS, "{name}");
        // Then all files are there that are sent before their paths are published, and some paths are visible.
        let passing = server.seen() * 4 / 5;
        for status in [401, 403] {
            target.clear();
            let refused = Trouble::Instead(Reply::text(status, "no longer"));
            server.inject(Injection { wherever: "", after: passing, times: usize::MAX, trouble: refused });
            let said = sandbox.ask(&Request::Push(request.clone()));
            assert_silent(&format!("{said:?}"));
            let Answer::Push(pushed) = said.answer() else { unreachable!("another answer") };
            let there = target.whole();
            assert!(there > 0 && there == pushed.pushed.len(), "{name} {status}: {there} there, {:?}", pushed.pushed);
            assert_eq!(pushed.not_pushed.len(), PATHS - there, "{name} {status}");
            for path in &pushed.not_pushed {
                let fault = &path.fault;
                assert_eq!(fault.kind, FaultKind::Unauthorised, "{name}: {fault}");
                let mend = "with the token that was sent: put one that may do this into `WRITE`";
                assert!(fault.what.contains(&format!(": {status} ")) && fault.what.contains(mend), "{name}: {fault}");
            }
            server.calm();
            let pushed = sandbox.push(&request);
            assert_eq!((pushed.pushed.len(), pushed.not_pushed.len()), (PATHS - there, 0), "{name} {status}");
            assert_eq!(target.whole(), PATHS, "{name} {status}");
        }
    }
}
