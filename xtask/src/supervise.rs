//! Children that run beside this program: started in a process group of their own, heard line by line, ended in order.
//!
//! Architecture invariant: every long-running child is started here, so that an interrupt leaves none behind.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal};

use crate::{interrupt, process};

/// What is heard of a child.
#[derive(Debug)]
pub enum ChildEvent {
    /// A line of what is listened to, without the newline; not necessarily UTF-8.
    Line(Vec<u8>),
    /// It ended; the last event.
    Ended(std::io::Result<ExitStatus>),
}

/// A running child and its process group.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
}

/// How often an interrupt is looked for.
const LOOK: Duration = Duration::from_millis(20);
/// How long a child's last lines are waited for once it ended; a grandchild may hold its stderr open for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How often that wait begins anew because the last lines are still being handed over.
const LAST_WAITS: usize = 20;
/// How many events may wait to be taken in: a child that says more waits in its turn, so that nobody's memory grows.
pub const BACKLOG: usize = 1024;

/// Starts `command` and passes everything it says on stderr, then its end, to `sink`, from another thread. The child waits while
/// `sink` does.
///
/// # Errors
/// When it cannot be started.
pub fn start(command: &mut Command, sink: impl Fn(ChildEvent) + Send + Clone + 'static) -> Result<Child> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().with_context(|| not_started(command))?;
    let stderr = child.stderr.take().with_context(|| not_started(command))?;
    heard(child, stderr, sink).with_context(|| not_started(command))
}

/// Starts `command`, hands `input` to it, and passes every line of its answer on stdout, then its end, to `sink`.
///
/// # Errors
/// When it cannot be started.
pub fn converse(
    command: &mut Command,
    input: Vec<u8>,
    sink: impl Fn(ChildEvent) + Send + Clone + 'static,
) -> Result<Child> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().with_context(|| not_started(command))?;
    let mut stdin = child.stdin.take().with_context(|| not_started(command))?;
    let stdout = child.stdout.take().with_context(|| not_started(command))?;
    // A child that ends without having read its input says so by how it ends.
    std::thread::spawn(move || drop(stdin.write_all(&input)));
    heard(child, stdout, sink).with_context(|| not_started(command))
}

fn not_started(command: &Command) -> String {
    format!("could not start {}", process::spelled(command))
}

/// Passes the lines of `stream`, then the end of `child`, to `sink`; `None` for a child without a number.
fn heard(
    mut child: std::process::Child,
    stream: impl Read + Send + 'static,
    sink: impl Fn(ChildEvent) + Send + Clone + 'static,
) -> Option<Child> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw)?;
    let (heard, all_heard) = mpsc::channel::<()>();
    let line_sink = sink.clone();
    let handing_over = Arc::new(AtomicBool::new(false));
    let is_handing_over = Arc::clone(&handing_over);
    std::thread::spawn(move || {
        for line in BufReader::with_capacity(1 << 16, stream).split(b'\n') {
            let Ok(line) = line else { break };
            handing_over.store(true, Ordering::SeqCst);
            line_sink(ChildEvent::Line(line));
            handing_over.store(false, Ordering::SeqCst);
        }
        drop(heard);
    });
    std::thread::spawn(move || {
        let status = child.wait();
        for _ in 0..LAST_WAITS {
            // Disconnected when the reader is done: the only way this returns before the time is over.
            let waited = all_heard.recv_timeout(LAST_WORDS);
            if waited != Err(RecvTimeoutError::Timeout) || !is_handing_over.load(Ordering::SeqCst) {
                break;
            }
        }
        sink(ChildEvent::Ended(status));
    });
    Some(Child { pid })
}

/// Runs `command` to its end and returns everything it said on stderr, line by line; an interrupt ends it at once. `meanwhile` is
/// called again and again until then.
///
/// # Errors
/// When it cannot be started, its end cannot be learnt, or an interrupt came first.
pub fn listen(command: &mut Command, meanwhile: &mut dyn FnMut()) -> Result<(Vec<Vec<u8>>, ExitStatus)> {
    let (sender, events) = mpsc::sync_channel(BACKLOG);
    // The receiver lives until the child has ended, or was told to.
    let child = start(command, move |event| drop(sender.send(event)))?;
    let mut lines = Vec::new();
    loop {
        match events.recv_timeout(LOOK) {
            Ok(ChildEvent::Line(line)) => lines.push(line),
            Ok(ChildEvent::Ended(status)) => return Ok((lines, status?)),
            Err(_) => {}
        }
        if interrupt::count() > 0 {
            child.kill();
            // What is gone a moment later is not left behind.
            while !matches!(events.recv_timeout(LAST_WORDS), Ok(ChildEvent::Ended(_)) | Err(_)) {}
            bail!("interrupted");
        }
        meanwhile();
    }
}

impl Child {
    /// Asks the child's group to stop: interrupt first, then terminate.
    pub fn signal(&self, signal: Signal) {
        // A group that is gone needs no signal.
        rustix::process::kill_process_group(self.pid, signal).ok();
    }

    /// Ends the child and all its descendants at once, builders in sessions of their own included.
    pub fn kill(&self) {
        let family = descendants(self.pid.as_raw_nonzero().get());
        self.signal(Signal::KILL);
        kill_all(family);
    }

    /// Resident memory of the child in MiB; 0 when it cannot be read, as for one that just ended.
    #[must_use]
    pub fn resident_mib(&self) -> u64 {
        let pid = self.pid.as_raw_nonzero().get();
        match std::fs::read_to_string(format!("/proc/{pid}/status")) {
            Ok(status) => resident(&status).unwrap_or(0),
            Err(_) if cfg!(target_os = "linux") => 0,
            Err(_) => resident_by_ps(pid).unwrap_or(0),
        }
    }
}

/// Ends the child with the number `pid`, which need not have a process group of its own, and all its descendants at once.
pub fn kill_family(pid: u32) {
    let Ok(pid) = i32::try_from(pid) else { return };
    let family = descendants(pid);
    kill_all(std::iter::once(pid).chain(family));
}

fn kill_all(pids: impl IntoIterator<Item = i32>) {
    for pid in pids.into_iter().filter_map(Pid::from_raw) {
        // One that is gone needs no end.
        rustix::process::kill_process(pid, Signal::KILL).ok();
    }
}

/// `VmRSS` of a `/proc/PID/status`, in MiB.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}

fn resident_by_ps(pid: i32) -> Option<u64> {
    let answer = process::ask(Command::new("ps").args(["-o", "rss=", "-p", &pid.to_string()])).ok()?;
    answer.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

/// Every descendant of `ancestor` that runs now.
fn descendants(ancestor: i32) -> Vec<i32> {
    let pairs = if cfg!(target_os = "linux") { parents_by_proc() } else { parents_by_ps() };
    family(ancestor, &pairs.unwrap_or_default())
}

/// Every process and its parent, as Linux shows them; `ps` is not on every machine.
fn parents_by_proc() -> Option<Vec<(i32, i32)>> {
    let pids = std::fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let pair = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
        let (_, after_name) = stat.rsplit_once(") ")?;
        Some((pid, after_name.split(' ').nth(1)?.parse().ok()?))
    };
    Some(pids.filter_map(pair).collect())
}

fn parents_by_ps() -> Option<Vec<(i32, i32)>> {
    let table = process::ask(Command::new("ps").args(["-A", "-o", "pid=,ppid="])).ok()?;
    let pair = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    Some(table.lines().filter_map(pair).collect())
}

fn family(ancestor: i32, pairs: &[(i32, i32)]) -> Vec<i32> {
    let mut found = vec![ancestor];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    found.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(script: &str) -> (Vec<String>, bool) {
        let (sender, receiver) = mpsc::channel();
        let _child = start(Command::new("sh").args(["-c", script]), move |event| drop(sender.send(event))).unwrap();
        let mut lines = Vec::new();
        for event in receiver {
            match event {
                ChildEvent::Line(line) => lines.push(String::from_utf8_lossy(&line).into_owned()),
                ChildEvent::Ended(status) => return (lines, status.unwrap().success()),
            }
        }
        panic!("the child's end was not heard");
    }

    #[test]
    fn hears_every_line_and_then_the_end() {
        assert_eq!(heard("printf 'a\\nb' >&2; exit 1"), (vec!["a".to_owned(), "b".to_owned()], false));
    }

    #[test]
    fn a_grandchild_that_holds_stderr_does_not_hold_us() {
        assert_eq!(heard("sleep 60 & echo a >&2"), (vec!["a".to_owned()], true));
    }

    #[test]
    fn what_is_taken_in_late_is_heard_before_the_end() {
        let (sender, receiver) = mpsc::sync_channel(1);
        let _child =
            start(Command::new("sh").args(["-c", "seq 100 >&2"]), move |event| drop(sender.send(event))).unwrap();
        std::thread::sleep(2 * LAST_WORDS);
        let events: Vec<ChildEvent> = receiver.iter().collect();
        assert_eq!(events.len(), 101);
        assert!(matches!(events.last(), Some(ChildEvent::Ended(_))));
    }

    #[test]
    fn kills_the_whole_family() {
        let (sender, receiver) = mpsc::channel();
        let script = "setsid sleep 61 & echo ready >&2; wait";
        let child = start(Command::new("sh").args(["-c", script]), move |event| drop(sender.send(event))).unwrap();
        assert!(matches!(receiver.recv().unwrap(), ChildEvent::Line(_)));
        child.kill();
        assert!(matches!(receiver.recv().unwrap(), ChildEvent::Ended(_)));
        std::thread::sleep(Duration::from_millis(50));
        let family_left = descendants(child.pid.as_raw_nonzero().get());
        assert_eq!(family_left, Vec::<i32>::new());
        let sleeping = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| std::fs::read_to_string(entry.unwrap().path().join("cmdline")).ok());
        assert_eq!(sleeping.filter(|command| command.starts_with("sleep\x0061")).count(), 0);
    }

    #[test]
    fn reads_what_the_kernel_says() {
        assert_eq!(resident("VmPeak:\t 9 kB\nVmRSS:\t  319488 kB\n"), Some(312));
        assert_eq!(resident("Name: x\n"), None);
        assert_eq!(family(1, &[(2, 1), (3, 2), (4, 9), (5, 3)]), [2, 3, 5]);
    }
}
