//! Pushes to a store behind sshd that are killed: it is whole then, and the next push completes it.

use cache_protocol::Request;

use crate::remote::Remote;
use crate::sandbox::killing::{Victim, killed_when};
use crate::sandbox::{Sandbox, TestNix};

/// How often a push is killed.
const KILLS: usize = 15;
/// The paths that are pushed.
const PATHS: usize = 63;

#[test]
fn a_push_that_is_killed_leaves_a_whole_store_behind_ssh() {
    let nix = TestNix::Distribution;
    let mut sandbox = Sandbox::new(nix);
    let all = sandbox.small_paths(PATHS, 3_000);
    let remote = Remote::start(&mut sandbox, nix);
    let mut request = sandbox.push_request(&[&all]);
    request.plan.cache.url.clone_from(&remote.url);
    let mut amidst = 0;
    for kill in 1..=KILLS {
        remote.is_emptied(&sandbox, &format!("remote-{kill}"));
        // Each time some paths later; and what `nix copy` does once nobody waits for it must do no harm either.
        let until = PATHS * (kill - 1) / KILLS;
        let victim = if kill % 3 == 0 { Victim::Alone } else { Victim::Family };
        let store = sandbox.path("remote/store");
        let arrived = || std::fs::read_dir(&store).map_or(0, Iterator::count);
        killed_when(sandbox.client(&Request::Push(request.clone())), victim, || arrived() >= until);
        if victim == Victim::Family {
            remote.quiet(&sandbox);
            amidst += usize::from((1..PATHS).contains(&remote.whole(&sandbox)));
        }
        let pushed = sandbox.push(&request);
        assert_eq!(pushed.not_pushed, [], "kill {kill}");
        // The client has looked at what is there; whether it is what was registered as well is not looked at each time.
        if kill % 5 == 0 {
            remote.quiet(&sandbox);
            assert_eq!(remote.whole(&sandbox), PATHS, "kill {kill}");
        }
    }
    assert!(amidst > 0, "none of {KILLS} came amidst a push");
}
