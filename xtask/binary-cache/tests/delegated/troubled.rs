//! Pushes to a store behind sshd that come to no good end: what is there is whole, why the rest is not is said, and the next push
//! completes it.

use std::fs;

use cache_protocol::{FaultKind, PushRequest, Request};

use crate::cut;
use crate::remote::Remote;
use crate::sandbox::{Sandbox, TestNix};

/// The paths that are pushed.
const PATHS: usize = 63;

fn place(nix: TestNix) -> (Sandbox, Remote, PushRequest) {
    let mut sandbox = Sandbox::new(nix);
    let all = sandbox.small_paths(PATHS, 10_000);
    let remote = Remote::start(&mut sandbox, nix);
    let mut request = sandbox.push_request(&[&all]);
    request.plan.cache.url.clone_from(&remote.url);
    (sandbox, remote, request)
}

#[test]
fn a_connection_that_breaks_amid_the_copy_costs_what_was_not_copied() {
    for nix in TestNix::ALL {
        let (mut sandbox, remote, request) = place(nix);
        // Enough to ask and to begin, and less than all that is to be copied.
        let broken = cut::after(remote.address, 200_000);
        remote.reach(&mut sandbox, broken);
        let pushed = sandbox.push(&request);
        remote.quiet(&sandbox);
        let there = remote.whole(&sandbox);
        assert_eq!(pushed.pushed.len() + pushed.not_pushed.len(), PATHS, "{nix:?}");
        // What had arrived may have been taken in after it was asked for.
        assert!((pushed.pushed.len()..PATHS).contains(&there), "{nix:?}: {there} there");
        for path in &pushed.not_pushed {
            let fault = &path.fault;
            assert_eq!(fault.kind, FaultKind::Unreachable, "{nix:?}: {fault}");
            // What Nix says while all goes well is no part of it.
            assert!(fault.what.contains("nix copy --to` ended with") && fault.what.len() < 500, "{nix:?}: {fault}");
        }
        remote.reach(&mut sandbox, remote.address);
        let pushed = sandbox.push(&request);
        assert_eq!((pushed.pushed.len(), pushed.not_pushed), (PATHS - there, vec![]), "{nix:?}");
        assert_eq!(remote.whole(&sandbox), PATHS, "{nix:?}");
    }
}

#[test]
fn a_key_that_is_not_let_in_is_told() {
    let (sandbox, remote, request) = place(TestNix::Distribution);
    let keys = sandbox.path("ssh/user.pub");
    let key = fs::read(&keys).unwrap();
    fs::write(&keys, "").unwrap();
    let fault = sandbox.ask(&Request::Push(request.clone())).fault();
    assert!(fault.kind == FaultKind::Unauthorised && fault.what.contains("Permission denied"), "{fault}");
    fs::write(&keys, key).unwrap();
    assert_eq!(sandbox.push(&request).pushed.len(), PATHS);
    assert_eq!(remote.whole(&sandbox), PATHS);
}

#[test]
fn a_disk_that_is_full_behind_ssh_is_told() {
    let (sandbox, remote, mut request) = place(TestNix::Distribution);
    fs::write(sandbox.path("big"), vec![0; 8 << 20]).unwrap();
    request.plan.roots[0].paths.push(sandbox.add(&sandbox.path("big")));
    remote.has_room(&sandbox, Some("4m"));
    let pushed = sandbox.push(&request);
    // Each connection finds another disk there, so that nothing is there afterwards.
    assert_eq!((pushed.pushed.len(), pushed.not_pushed.len()), (0, PATHS + 1));
    for path in &pushed.not_pushed {
        let fault = &path.fault;
        assert!(fault.kind == FaultKind::Full && fault.what.contains("No space left on device"), "{fault}");
    }
    remote.has_room(&sandbox, None);
    assert_eq!(sandbox.push(&request).pushed.len(), PATHS + 1);
    assert_eq!(remote.whole(&sandbox), PATHS + 1);
}
