//! A crash of the client leaves no copy of its memory.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_crash_leaves_no_copy_of_the_memory() {
    let script = "ulimit -S -c $(ulimit -H -c); exec \"$0\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_binary-cache")]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut client = command.spawn().unwrap();
    let limit = || {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", client.id())).unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned();
        line.split_whitespace().nth(4).unwrap().to_owned()
    };
    // The shell becomes the client, which waits for its request then.
    let is_client = || std::fs::read_link(format!("/proc/{}/exe", client.id())).unwrap().ends_with("binary-cache");
    let begun = Instant::now();
    while !(is_client() && limit() == "0") && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let found = limit();
    drop(client.stdin.take());
    client.wait().unwrap();
    assert_eq!(found, "0");
}
