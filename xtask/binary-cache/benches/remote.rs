//! `cargo bench --profile dev --package binary-cache --bench remote [-- --oldest]`: pushes of many small paths to nginx at a
//! round trip of 40 ms, by this client and by `nix copy`, as ratios. With `--oldest` also against the oldest Nix, which takes minutes.
//!
//! It ends with an error when a push fails or leaves something behind; a missed target is said, and is no error. Without `--bench` (as
//! `cargo test --benches` runs it) everything is tiny: that proves that it works.

// What goes wrong in a benchmark ends it.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../tests/sandbox/mod.rs"]
mod sandbox;
#[path = "../tests/servers/mod.rs"]
mod servers;

use std::io::Write as _;
use std::time::{Duration, Instant};

use sandbox::{Sandbox, TestNix, succeeded};
use servers::latency;
use servers::nginx::Nginx;

/// To the server and back.
const ROUND_TRIP: Duration = Duration::from_millis(40);
/// What is to be reached, as a part of what the oldest Nix takes.
const TARGET: f64 = 0.05;

fn main() {
    let given = |name: &str| std::env::args().any(|argument| argument == name);
    let (real, oldest) = (given("--bench"), given("--oldest"));
    let (paths, runs) = if real { (1_001, 3) } else { (32, 1) };
    let server = Nginx::start();
    let far = latency::before(server.address, ROUND_TRIP);
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let path = sandbox.small_paths(paths, 22_000);
        let name = |who: &str, run: usize| format!("http://{far}/open/{nix:?}-{who}-{run}");
        // What pages and connections cost the first time, nobody is charged for.
        client(&sandbox, &name("unmeasured", 0), &path);
        let ours = median((0..runs).map(|run| client(&sandbox, &name("ours", run), &path)).collect());
        let again = median((0..runs).map(|run| client(&sandbox, &name("ours", run), &path)).collect());
        let version = sandbox.nix(&["nix", "--version"]);
        say(&format!("{paths} small paths, {ROUND_TRIP:?} away: ours {ours:.2} s, nothing to do {again:.2} s"));
        if real && nix == TestNix::Distribution && !oldest {
            say(&format!("{version}: not measured without `--oldest`"));
            continue;
        }
        let theirs = copy(&sandbox, &name("nix", 0), &path);
        let ratio = ours / theirs;
        let verdict = match (nix, ratio <= TARGET) {
            (TestNix::Modern, _) => String::new(),
            (TestNix::Distribution, met) => format!(", at most {TARGET}: {}", if met { "met" } else { "missed" }),
        };
        say(&format!("{version}: {theirs:.2} s, ratio {ratio:.3}{verdict}"));
    }
}

/// Seconds that `nix copy` takes.
fn copy(sandbox: &Sandbox, url: &str, path: &str) -> f64 {
    let url = format!("{url}?compression=zstd&secret-key={}", sandbox.path("key").display());
    let started = Instant::now();
    succeeded(sandbox.command("nix").args(["copy", "--to", &url, path]).output().unwrap());
    started.elapsed().as_secs_f64()
}

/// Seconds that the client takes.
fn client(sandbox: &Sandbox, url: &str, path: &str) -> f64 {
    let mut request = sandbox.push_request(&[path]);
    url.clone_into(&mut request.plan.cache.url);
    request.limits.in_flight = 64;
    request.limits.memory = 64 << 20;
    let started = Instant::now();
    assert_eq!(sandbox.push(&request).not_pushed, []);
    started.elapsed().as_secs_f64()
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").unwrap();
}
