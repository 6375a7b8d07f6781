//! Ends a program in its midst, as `kill -9` does.

use std::fs::File;
use std::io::{copy, sink};
use std::os::fd::OwnedFd;
use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The program alone: what it has started goes on.
    Alone,
    /// With what it has started, as a job that is cancelled.
    Family,
}

/// Kills `child`, which leads a group, a moment after `is_time` says so, unless it ends sooner by itself. What it says meanwhile is nobody's business, but
/// must not make it wait.
pub fn killed_when(mut child: Child, victim: Victim, is_time: impl Fn() -> bool) {
    let said = [child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from)];
    for said in said.into_iter().flatten() {
        std::thread::spawn(move || copy(&mut File::from(said), &mut sink()));
    }
    while child.try_wait().unwrap().is_none() && !is_time() {
        std::thread::sleep(Duration::from_micros(200));
    }
    // Anywhere between this and what comes next.
    std::thread::sleep(Duration::from_micros(fastrand::u64(0..2_000)));
    child.kill().unwrap();
    if victim == Victim::Family {
        // Its children may have ended by themselves.
        kill_process_group(Pid::from_child(&child), Signal::KILL).ok();
    }
    child.wait().unwrap();
}
