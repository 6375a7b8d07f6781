//! Pushes that do not come to their end: killed, interrupted, or out of room. What is visible then is whole, and the next push goes on.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cache_protocol::{Compression, FaultKind, Request};
use sandbox::cache_folder::{unfinished, whole};
use sandbox::{Said, Sandbox, TestNix, succeeded};

/// How often a push is killed.
const KILLS: u32 = 50;

#[test]
fn a_push_that_is_killed_leaves_a_whole_cache_and_the_next_one_completes_it() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    let cache = sandbox.path("cache");
    let all = sandbox.small_paths(63, 5_000);
    // Two that are big enough to be written straight to the disk.
    let big: Vec<String> = (0..2).map(|number| noise(&sandbox, &format!("big-{number}"), 2 << 20)).collect();
    let wanted: Vec<&str> = big.iter().chain([&all]).map(String::as_str).collect();
    let request = sandbox.push_request(&wanted);
    let started = Instant::now();
    let expected = sandbox.push(&request).pushed.len();
    let whole_push = started.elapsed();
    let mut amidst = 0;
    for kill in 1..=KILLS {
        if cache.exists() {
            fs::remove_dir_all(&cache).unwrap();
        }
        let mut child = sandbox.client(&Request::Push(request.clone()));
        // Each time a bit later, until the end.
        std::thread::sleep(whole_push * kill / KILLS);
        child.kill().unwrap();
        child.wait().unwrap();
        let there = whole(&cache).len();
        amidst += u32::from(there > 0 && there < expected);
        let pushed = sandbox.push(&request);
        assert_eq!((pushed.pushed.len(), pushed.not_pushed.len()), (expected - there, 0), "kill {kill}");
        assert_eq!(whole(&cache).len(), expected, "kill {kill}");
        assert_eq!(fs::read_dir(cache.join(".incoming")).map_or(0, Iterator::count), 0, "kill {kill}");
        if kill % 10 == 0 {
            assert!(wanted.iter().map(|path| sandbox.fetch(path)).sum::<usize>() == expected, "kill {kill}");
        }
    }
    assert!(amidst > 0, "none of {KILLS} came amidst a push");
}

#[test]
fn an_interrupted_push_ends_soon_and_says_what_was_not_pushed() {
    for signal in ["-INT", "-TERM"] {
        let sandbox = Sandbox::new(TestNix::Distribution);
        let all = sandbox.small_paths(32, 100);
        let mut wanted: Vec<String> =
            (0..4).map(|number| noise(&sandbox, &format!("big-{number}"), 24 << 20)).collect();
        wanted.push(all);
        let mut request = sandbox.push_request(&wanted.iter().map(String::as_str).collect::<Vec<_>>());
        request.compression = Some(Compression::Xz);
        let child = sandbox.client(&Request::Push(request.clone()));
        std::thread::sleep(Duration::from_millis(700));
        let started = Instant::now();
        succeeded(Command::new("kill").args([signal, &child.id().to_string()]).output().unwrap());
        let said = Said::new(&child.wait_with_output().unwrap());
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        let cache_protocol::Answer::Push(pushed) = said.answer() else { unreachable!("another answer") };
        let planned = pushed.plan.paths.len();
        assert_eq!(pushed.pushed.len() + pushed.not_pushed.len(), planned);
        assert!(pushed.not_pushed.len() >= 4, "{:?}", pushed.not_pushed);
        for path in &pushed.not_pushed {
            assert_eq!(path.fault.kind, FaultKind::Interrupted, "{}", path.fault);
        }
        assert_eq!(whole(&sandbox.path("cache")).len(), pushed.pushed.len());
        assert_eq!(unfinished(&sandbox.path("cache")), 0);
    }
}

#[test]
fn a_cache_without_room_is_told_of_and_shows_nothing_by_halves() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    let all = sandbox.small_paths(64, 2_000);
    let big = noise(&sandbox, "big", 6 << 20);
    let request = sandbox.push_request(&[&all, &big]);
    let cache = sandbox.path("cache");
    fs::create_dir(&cache).unwrap();
    fs::write(sandbox.path("request"), serde_json::to_vec(&Request::Push(request.clone())).unwrap()).unwrap();
    // A small disk of its own, which is gone with this command.
    let script = format!(
        "mount -t tmpfs -o size=4m small '{cache}' && '{client}' < request > answer; cp -a '{cache}' left",
        cache = cache.display(),
        client = env!("CARGO_BIN_EXE_binary-cache")
    );
    let mut unshare = sandbox.command("unshare");
    unshare.arg("--mount").args(maps_root()).args(["sh", "-c", &script]);
    succeeded(unshare.output().unwrap());
    let answer = fs::read_to_string(sandbox.path("answer")).unwrap();
    let last = serde_json::from_str(answer.lines().last().unwrap()).unwrap();
    let cache_protocol::Event::Answer(answer) = last else { unreachable!("no answer: {last:?}") };
    let cache_protocol::Answer::Push(pushed) = *answer else { unreachable!("another answer") };
    // The big one finds no room in any case, and others may find none while it takes what there is.
    assert!(pushed.not_pushed.iter().any(|path| path.path == big), "{:?}", pushed.not_pushed);
    for path in &pushed.not_pushed {
        assert_eq!(path.fault.kind, FaultKind::Full);
        assert!(path.fault.what.contains("No space left on device"), "{}", path.fault);
    }
    let left = sandbox.path("left");
    assert_eq!(whole(&left).len(), pushed.plan.paths.len() - pushed.not_pushed.len());
    assert_eq!(unfinished(&left), 0);
}

/// What makes this user root in a place of its own, unless it is.
fn maps_root() -> Option<&'static str> {
    let id = succeeded(Command::new("id").arg("--user").output().unwrap());
    (String::from_utf8_lossy(&id.stdout).trim() != "0").then_some("--map-root-user")
}

/// A store path of bytes that nothing packs smaller.
fn noise(sandbox: &Sandbox, name: &str, size: usize) -> String {
    let file = sandbox.path(name);
    write_noise(&file, size);
    sandbox.add(&file)
}

fn write_noise(file: &Path, size: usize) {
    let mut state = 1
        + u64::try_from(file.as_os_str().len()).unwrap()
        + u64::from(*file.to_str().unwrap().as_bytes().last().unwrap());
    let mut content = Vec::with_capacity(size);
    while content.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    fs::write(file, content).unwrap();
}
