//! A store that has not changed is not asked again; one that has, in whatever way, is; and what is kept is not believed against what
//! is on disk.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cache_protocol::{Answer, Decision, FaultKind, Plan, PlanRequest, PushRequest, Pushed, Request};
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
        Self::of(sandbox, &all)
    }

    /// One that asks for `path`.
    fn of(sandbox: Sandbox, path: &str) -> Self {
        let mut request = sandbox.push_request(&[path]).plan;
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

    /// How often Nix was asked so far.
    fn asked(&self) -> usize {
        fs::read_to_string(self.sandbox.path("asked")).map_or(0, |text| text.lines().count())
    }

    /// How often Nix is asked for a plan, and the plan.
    #[track_caller]
    fn plan(&self) -> (usize, Plan) {
        let before = self.asked();
        let Answer::Plan(plan) = self.sandbox.ask(&Request::Plan(self.request.clone())).answer() else {
            unreachable!("another answer");
        };
        (self.asked() - before, plan)
    }

    /// How often Nix is asked for a push, and what became of it.
    #[track_caller]
    fn push(&self) -> (usize, Pushed) {
        let before = self.asked();
        let pushed = self.sandbox.push(&PushRequest { plan: self.request.clone(), ..self.sandbox.push_request(&[]) });
        (self.asked() - before, pushed)
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

/// What was built when the answer was kept, and again since: in this order, two paths.
struct Contradicted {
    counting: Counting,
    paths: [String; 2],
}

impl Contradicted {
    /// The second path refers to the first if `before`, or `after` that, ends in `with`; a first one that nothing refers to is gone.
    /// What is kept is of another database than the one that Nix opens, and is wrong since.
    fn new(before: &str, after: &str) -> Self {
        let sandbox = Sandbox::new(TestNix::Distribution);
        let build = |sandbox: &Sandbox, seed: &str| {
            let file = sandbox.path("seed");
            fs::write(&file, format!("{seed}\n")).unwrap();
            let expression = format!(
                r#"let make = name: script: derivation {{
                     inherit name;
                     system = builtins.currentSystem;
                     builder = "/bin/sh";
                     args = [ "-c" "read seed < {}; ${{script}}" ];
                   }};
                   lower = make "lower" "echo $seed > $out";
                   upper = make "upper" "case $seed in *with) echo ${{lower}};; *) ;; esac > $out; echo $seed >> $out";
                in [ lower upper ]"#,
                file.display()
            );
            let lines = sandbox.nix(&["nix-build", "--no-out-link", "--expr", &expression]);
            <[String; 2]>::try_from(lines.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap()
        };
        let paths = build(&sandbox, before);
        let mut counting = Counting::of(sandbox, &paths[1]);
        counting.request.store.database = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into());
        assert_eq!((counting.plan().0, counting.plan().0), (1, 0), "the answer was kept");
        let sandbox = &counting.sandbox;
        sandbox.nix(&["nix-store", "--delete", &paths[1], &paths[0]]);
        assert_eq!(build(sandbox, after), paths);
        if !after.ends_with("with") {
            sandbox.nix(&["nix-store", "--delete", &paths[0]]);
        }
        Self { counting, paths }
    }
}

#[test]
fn what_was_kept_and_is_wrong_is_asked_anew_once() {
    let check = |before: &str, after: &str, expected: usize| {
        let Contradicted { counting, paths } = Contradicted::new(before, after);
        let (asked, pushed) = counting.push();
        assert_eq!((asked, pushed.pushed.len(), pushed.not_pushed), (1, expected, vec![]), "{after}");
        assert_eq!(pushed.plan.paths.len(), expected, "{after}");
        assert_eq!(counting.sandbox.fetch(&paths[1]), expected, "{after}");
        // What the store said now is kept.
        let (asked, pushed) = counting.push();
        assert_eq!((asked, pushed.pushed.len(), pushed.not_pushed), (0, 0, vec![]), "{after}");
        assert_eq!(fs::read_to_string(&paths[1]).unwrap().lines().last(), Some(after));
    };
    check("one with", "two with", 2);
    check("one with", "a much longer one with", 2);
    check("a much longer one with", "one with", 2);
    check("one with", "one without it", 1);
    check("one without it", "one with", 2);
}

#[test]
fn who_repairs_has_what_is_kept_replaced() {
    let Contradicted { mut counting, .. } = Contradicted::new("one with", "a much longer one with");
    counting.request.again = vec![counting.root().to_owned()];
    let (asked, pushed) = counting.push();
    assert_eq!((asked, pushed.pushed.len(), pushed.not_pushed), (1, 2, vec![]));
    counting.request.again.clear();
    let (asked, plan) = counting.plan();
    let sizes = |plan: &Plan| plan.paths.iter().map(|path| path.nar_size).collect::<Vec<_>>();
    assert_eq!((asked, sizes(&plan)), (0, sizes(&pushed.plan)), "what the store said now is kept");
}

#[test]
fn what_the_store_says_now_is_said_of_what_is_gone() {
    let Contradicted { counting, paths } = Contradicted::new("one with", "two with");
    counting.sandbox.nix(&["nix-store", "--delete", &paths[1]]);
    let (asked, pushed) = counting.push();
    // The lower one is there with another content.
    assert_eq!((asked, pushed.pushed.len(), pushed.not_pushed.len()), (1, 0, 2));
    for path in &pushed.not_pushed {
        let fault = &path.fault;
        assert!(fault.kind == FaultKind::Local && fault.what.contains("is not valid"), "{fault}");
    }
    // And nothing else from then on.
    let fault = counting.sandbox.ask(&Request::Plan(counting.request.clone())).fault();
    assert!(fault.what.contains("is not valid"), "{fault}");
}

#[test]
fn what_was_altered_on_disk_is_asked_about_once_and_refused() {
    let Contradicted { counting, paths } = Contradicted::new("one with", "two with");
    assert_eq!(counting.push().1.pushed.len(), 2);
    fs::remove_dir_all(counting.sandbox.path("cache")).unwrap();
    fs::remove_file(&paths[0]).unwrap();
    for _ in 0..2 {
        let (asked, pushed) = counting.push();
        assert_eq!((asked, pushed.pushed.len(), pushed.not_pushed.len()), (1, 0, 2));
        let expected = format!(
            "`{0}` was altered on disk after it was registered: it is gone; run `nix-store --repair-path {0}`",
            paths[0]
        );
        assert_eq!(pushed.not_pushed[0].fault.what, expected);
    }
}
