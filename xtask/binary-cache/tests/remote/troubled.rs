//! Whole pushes over networks that fail, to servers that refuse, by clients that are killed: whatever happens, what is visible is whole,
//! and the next push completes it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use cache_protocol::{FaultKind, PushRequest, Pushed, Request};

use crate::sandbox::cache_folder::whole;
use crate::sandbox::killing::{Victim, killed_when};
use crate::sandbox::{Sandbox, TestNix};
use crate::servers::faulty::{Faulty, Seen, Trouble};
use crate::servers::nginx::Nginx;
use crate::servers::quiet::quiet;
use crate::servers::s3::{BUCKET, KEY, S3Server, SECRET};

/// How often a push to each server is killed.
const KILLS: u32 = 25;
/// The paths that are pushed: the layers of the test's closure, and what refers to the last.
pub const PATHS: usize = 63;

/// Where it is pushed to.
pub enum Server {
    Http(Nginx),
    S3(S3Server),
}

impl Server {
    pub fn all() -> [Self; 2] {
        [Self::Http(Nginx::start()), Self::S3(S3Server::start())]
    }

    pub fn address(&self) -> std::net::SocketAddr {
        match self {
            Self::Http(server) => server.address,
            Self::S3(server) => server.address,
        }
    }

    /// Where the files of the cache called `name` are.
    pub fn folder(&self, name: &str) -> PathBuf {
        match self {
            Self::Http(server) => server.files().join("open").join(name),
            Self::S3(server) => server.files().join(name),
        }
    }

    /// The cache called `name`, reached at `address`.
    pub fn url(&self, address: std::net::SocketAddr, name: &str) -> String {
        match self {
            Self::Http(_) => format!("http://{address}/open/{name}"),
            Self::S3(_) => format!("s3://{BUCKET}/{name}?endpoint={address}&scheme=http"),
        }
    }
}

/// A place with a closure of small paths, and what pushes it.
pub struct Place {
    pub sandbox: Sandbox,
    request: PushRequest,
}

impl Place {
    pub fn new() -> Self {
        let mut sandbox = Sandbox::new(TestNix::Distribution);
        sandbox.set("AWS_ACCESS_KEY_ID", KEY);
        sandbox.set("AWS_SECRET_ACCESS_KEY", SECRET);
        let all = sandbox.small_paths(PATHS, 3_000);
        let request = sandbox.push_request(&[&all]);
        Self { sandbox, request }
    }

    pub fn request(&self, url: String) -> PushRequest {
        let mut request = self.request.clone();
        request.plan.cache.url = url;
        request
    }

    #[track_caller]
    pub fn push(&self, url: String) -> Pushed {
        self.sandbox.push(&self.request(url))
    }
}

#[test]
fn a_push_that_is_killed_leaves_a_whole_cache_behind_a_network() {
    let place = Place::new();
    for server in Server::all() {
        let url = |name: &str| server.url(server.address(), name);
        let begun = Instant::now();
        let expected = place.push(url("first")).pushed.len();
        assert_eq!(whole(&server.folder("first")).len(), expected);
        let took = begun.elapsed();
        let mut amidst = 0;
        for kill in 1..=KILLS {
            let name = format!("killed-{kill}");
            // Each time a bit later, until the end.
            let is_time = Instant::now() + took * kill / KILLS;
            let client = place.sandbox.client(&Request::Push(place.request(url(&name))));
            killed_when(client, Victim::Alone, || Instant::now() >= is_time);
            quiet(server.address());
            let there = whole(&server.folder(&name)).len();
            amidst += u32::from(there > 0 && there < expected);
            let pushed = place.push(url(&name));
            // The S3 server may be at work on a file whose connection is gone.
            assert!(
                pushed.pushed.len() <= expected - there,
                "kill {kill}: {} pushed, {there} there",
                pushed.pushed.len()
            );
            assert_eq!(pushed.not_pushed, [], "kill {kill}");
            assert_eq!(whole(&server.folder(&name)).len(), expected, "kill {kill}");
        }
        assert!(amidst > 0, "none of {KILLS} came amidst a push to {}", url(""));
    }
}

/// Pushes to both servers with `trouble` where `when` says so, and says how many paths went and why the others did not; a push without
/// trouble then completes what there is.
fn check(place: &Place, when: fn(usize, &Seen) -> bool, trouble: &Trouble, mut expected: impl FnMut(&Pushed)) {
    for (number, server) in Server::all().into_iter().enumerate() {
        let cloned = trouble.clone();
        let proxy = Faulty::before(server.address(), move |count, seen| when(count, seen).then(|| cloned.clone()));
        let pushed = place.push(server.url(proxy.address, "troubled"));
        assert_eq!(pushed.pushed.len() + pushed.not_pushed.len(), PATHS, "{trouble:?} {number}");
        let there = whole(&server.folder("troubled")).len();
        assert!(there >= pushed.pushed.len(), "{trouble:?} {number}: {there} there");
        expected(&pushed);
        let completed = place.push(server.url(server.address(), "troubled"));
        assert_eq!((completed.pushed.len(), completed.not_pushed), (PATHS - there, vec![]), "{trouble:?} {number}");
        assert_eq!(whole(&server.folder("troubled")).len(), PATHS);
    }
}

/// Every seventh request, once there is something to be lost.
fn now_and_then(count: usize, _: &Seen) -> bool {
    count % 7 == 3
}

#[test]
fn what_passes_costs_no_path() {
    let place = Place::new();
    let answer = |status, headers: &[(&'static str, String)]| Trouble::Answer(status, headers.to_vec(), "");
    for trouble in [
        answer(429, &[("Retry-After", "0".to_owned())]),
        answer(429, &[("Retry-After", "1".to_owned())]),
        answer(500, &[]),
        answer(503, &[]),
        Trouble::Reset,
        Trouble::Truncated(0),
        Trouble::Truncated(3),
        Trouble::Slow(Duration::from_millis(1)),
    ] {
        check(&place, now_and_then, &trouble, |pushed| assert_eq!(pushed.not_pushed, [], "{trouble:?}"));
    }
}

#[test]
fn what_does_not_pass_costs_only_what_needs_it() {
    let place = Place::new();
    /// A token that is revoked, or a disk that is full, once so much was taken.
    fn later(count: usize, seen: &Seen) -> bool {
        count > 100 && seen.method == "PUT"
    }
    for (status, kind) in [(401, FaultKind::Unauthorised), (507, FaultKind::Full), (413, FaultKind::Full)] {
        check(&place, later, &Trouble::Answer(status, Vec::new(), ""), |pushed| {
            assert!(!pushed.pushed.is_empty() && !pushed.not_pushed.is_empty(), "{status}");
            for path in &pushed.not_pushed {
                assert_eq!(path.fault.kind, kind, "{status}: {}", path.fault);
            }
        });
    }
}

#[test]
fn a_server_that_is_gone_is_not_waited_for_with_every_path() {
    let place = Place::new();
    for server in Server::all() {
        let proxy = Faulty::before(server.address(), |count, seen| {
            (count > 100 && seen.method == "PUT").then_some(Trouble::Reset)
        });
        let mut request = place.request(server.url(proxy.address, "gone"));
        (request.limits.patience, request.limits.in_flight) = (1_000, 4);
        let pushed = place.sandbox.push(&request);
        let own = || pushed.not_pushed.iter().filter(|path| path.because_of.is_none());
        assert!(own().all(|path| path.fault.kind == FaultKind::Unreachable), "{:?}", pushed.not_pushed);
        // Only those that were on their way when the first one was given up.
        let patient = own().filter(|path| path.fault.what.contains("(tried ")).count();
        assert!((1..=4).contains(&patient) && own().count() > patient, "{patient} of {}", own().count());
    }
}
