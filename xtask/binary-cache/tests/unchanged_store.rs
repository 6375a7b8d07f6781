//! A store that has not changed is not asked again; one that has, in whatever way, is.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cache_protocol::{Answer, Decision, Plan, PlanRequest, Request};
use sandbox::{Sandbox, TestNix};

/// Longer than the database must be left alone before an answer counts.
const SETTLED: Duration = Duration::from_millis(3_100);

/// A request whose store keeps its answer, and a `nix` that counts how often it is asked.
struct Counting {
    sandbox: Sandbox,
    request: PlanRequest,
}

impl Counting {
    fn new(nix: TestNix) -> Self {
        let sandbox = Sandbox::new(nix);
        let all = sandbox.small_paths(32, 100);
        let mut request = sandbox.push_request(&[&all]).plan;
        request.kept = Some(sandbox.path("state/closure"));
        request.store.nix = Self::counted(&sandbox);
        Self { sandbox, request }
    }

    fn counted(sandbox: &Sandbox) -> PathBuf {
        let folder = sandbox.path("counting");
        fs::create_dir(&folder).unwrap();
        for name in ["nix", "nix-store"] {
            let (genuine, asked) = (sandbox.local_store().nix.join(name), sandbox.path("asked"));
            let script =
                format!("#!/bin/sh\necho \"$1\" >> '{}'\nexec '{}' \"$@\"\n", asked.display(), genuine.display());
            fs::write(folder.join(name), script).unwrap();
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    /// How often Nix is asked for a plan, and the plan.
    #[track_caller]
    fn plan(&self) -> (usize, Plan) {
        let asked = || fs::read_to_string(self.sandbox.path("asked")).map_or(0, |text| text.lines().count());
        let before = asked();
        let Answer::Plan(plan) = self.sandbox.ask(&Request::Plan(self.request.clone())).answer() else {
            unreachable!("another answer");
        };
        (asked() - before, plan)
    }

    /// Waits, and has the answer kept.
    #[track_caller]
    fn keep(&self) -> Plan {
        std::thread::sleep(SETTLED);
        assert_eq!(self.plan().0, 1);
        let (asked, plan) = self.plan();
        assert_eq!(asked, 0, "the answer was kept");
        plan
    }

    fn root(&self) -> &str {
        &self.request.roots[0].paths[0]
    }
}

#[test]
fn who_repairs_asks_the_store() {
    let mut counting = Counting::new(TestNix::Distribution);
    counting.keep();
    counting.request.again = vec![counting.root().to_owned()];
    assert_eq!(counting.plan().0, 1);
}

#[test]
fn what_registers_signs_or_deletes_is_seen_at_once() {
    for nix in TestNix::ALL {
        let counting = Counting::new(nix);
        assert_eq!(counting.plan().0, 1);
        let plan = counting.keep();
        assert!(plan.paths.iter().all(|path| path.decision == Decision::Push) && plan.paths.len() > 31);

        // Signed by a key that counts as one of an upstream cache.
        let mut signed = counting.request.clone();
        signed.content.upstream = vec!["fleet-1".to_owned()];
        let counting = Counting { request: signed, sandbox: counting.sandbox };
        let (sandbox, key) = (&counting.sandbox, counting.sandbox.path("key"));
        assert_eq!(counting.plan().0, 0, "what of the closure is wanted is no question to the store");
        sandbox.nix(&["nix", "store", "sign", "--key-file", key.to_str().unwrap(), counting.root()]);
        let (asked, plan) = counting.plan();
        let upstream = plan.paths.iter().filter(|path| path.decision == Decision::Upstream("fleet-1".to_owned()));
        assert_eq!((asked, upstream.count()), (1, 1), "{nix:?}");

        // Registered.
        counting.keep();
        fs::write(sandbox.path("other"), "another path").unwrap();
        let other = sandbox.add(&sandbox.path("other"));
        assert_eq!(counting.plan().0, 1, "{nix:?}");

        // Deleted, though the closure is the same.
        counting.keep();
        sandbox.nix(&["nix", "store", "delete", &other]);
        assert_eq!(counting.plan().0, 1, "{nix:?}");

        // Deleted itself.
        counting.keep();
        sandbox.nix(&["nix", "store", "delete", counting.root()]);
        let fault = sandbox.ask(&Request::Plan(counting.request.clone())).fault();
        assert!(fault.what.contains(counting.root()), "{fault}");
    }
}

#[test]
fn a_commit_that_is_in_the_log_alone_is_seen() {
    for nix in TestNix::ALL {
        let counting = Counting::new(nix);
        let (sandbox, key) = (&counting.sandbox, counting.sandbox.path("key"));
        // While somebody has the database open, what others commit stays in the log.
        let mut serving = sandbox.command(sandbox.local_store().nix.join("nix-store"));
        let serving =
            serving.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let database = sandbox.path("nix/var/db/db.sqlite");
        let written = || fs::metadata(&database).unwrap().modified().unwrap();
        let begun = Instant::now();
        while !sandbox.path("nix/var/db/db.sqlite-shm").exists() || begun.elapsed() < Duration::from_millis(500) {
            assert!(begun.elapsed() < Duration::from_secs(20), "`nix-store --serve` opens no database");
            std::thread::sleep(Duration::from_millis(20));
        }
        for path in counting.keep().paths.iter().take(2) {
            let before = written();
            sandbox.nix(&["nix", "store", "sign", "--key-file", key.to_str().unwrap(), &path.path]);
            assert_eq!(written(), before, "{nix:?}: the database itself was not written");
            assert!(fs::metadata(sandbox.path("nix/var/db/db.sqlite-wal")).unwrap().len() > 0);
            assert_eq!(counting.plan().0, 1, "{nix:?}");
            counting.keep();
        }
        serving.wait_with_output().unwrap();
    }
}
