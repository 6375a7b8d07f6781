//! Verification of planted caches: `fleet` is the one that is verified, `up` the one that users have besides.

mod deep;
mod faults;
mod paths;
mod waiting;

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use cache_protocol::{Event, Fault, FaultKind, Required, Verified, VerifyFault, VerifyProblem, VerifyRequest};

use super::{Caches, Clock, Listener, verify};
use crate::planted::{Planted, fault, hash, path};
use crate::store_path;

/// Time passes only while somebody sleeps; `while_asleep` is what happens then.
struct Slept<'a> {
    now: Mutex<Duration>,
    while_asleep: &'a (dyn Fn(Duration) + Sync),
}

impl Clock for Slept<'_> {
    fn now(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> Result<(), Fault> {
        let now = {
            let mut now = self.now.lock().unwrap();
            *now += duration;
            *now
        };
        (self.while_asleep)(now);
        Ok(())
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

/// What is asked: by default `app` of `fleet`, with `up` besides.
struct Case {
    fleet: Planted,
    up: Planted,
    deep: bool,
    wait: u64,
    required: Vec<&'static str>,
}

fn fleet(store: &str) -> Case {
    let up = Planted::new("up", "");
    Case { fleet: Planted::new("fleet", store), up, deep: false, wait: 0, required: vec!["app"] }
}

impl Case {
    fn up(self, store: &str) -> Self {
        self.up.add(store);
        self
    }

    fn request(&self) -> VerifyRequest {
        let name = |name: &str| name.split('-').next().unwrap().to_owned();
        VerifyRequest {
            cache: self.fleet.cache(),
            store_folder: "/nix/store".to_owned(),
            required: self.required.iter().map(|it| Required { name: name(it), path: path(it) }).collect(),
            upstream: vec![self.up.cache()],
            deep: self.deep,
            wait: self.wait,
            in_flight: 8,
        }
    }

    fn verify(&self) -> Result<Verified, Fault> {
        self.verify_as(&self.request())
    }

    fn verify_as(&self, request: &VerifyRequest) -> Result<Verified, Fault> {
        self.run(request, &|_| {}).0
    }

    /// Verifies, and returns what was said as well; `while_asleep` learns what time it is.
    fn run(
        &self,
        request: &VerifyRequest,
        while_asleep: &(dyn Fn(Duration) + Sync),
    ) -> (Result<Verified, Fault>, Vec<String>) {
        let stop = AtomicBool::new(false);
        let said = Mutex::new(Vec::new());
        let clock = Slept { now: Mutex::default(), while_asleep };
        let tell = |event: Event| said.lock().unwrap().push(said_as(&event));
        let listener = Listener { tell: &tell, stop: &stop, clock: &clock };
        let result = verify(request, &Caches { cache: &self.fleet, upstream: &[Ok(&self.up)] }, listener);
        (result, said.into_inner().unwrap())
    }
}

fn said_as(event: &Event) -> String {
    match event {
        Event::Waiting { missing } => format!("waiting for {missing}"),
        Event::Retrying { fault, milliseconds } => format!("{fault}: again in {milliseconds} ms"),
        other => format!("{other:?}"),
    }
}

fn problem(problem: &VerifyProblem) -> String {
    let name = |path: &str| store_path::name(path).unwrap().to_owned();
    let referrer = problem.referrer.as_deref().map(|by| format!(" by {}", name(by))).unwrap_or_default();
    format!("{} of {}{referrer}: {:?}", name(&problem.path), problem.root, problem.fault)
}

fn shown(verified: &Verified) -> String {
    let again = match verified.again.as_slice() {
        [] => String::new(),
        again => {
            let names: Vec<&str> = again.iter().map(|path| store_path::name(path).unwrap()).collect();
            format!("; again {}", names.join(" "))
        }
    };
    let problems: Vec<String> = verified.problems.iter().map(problem).collect();
    format!("{}+{}: {}{again}", verified.in_cache, verified.upstream, problems.join(", "))
}

fn check(case: &Case, expected: &str) {
    let text = case.verify().map_or_else(|fault| format!("{:?}: {}", fault.kind, fault.what), |it| shown(&it));
    assert_eq!(text, expected);
}
