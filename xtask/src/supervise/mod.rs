//! Children that run beside this program: started in a process group of their own, heard line by line, ended in order.
//!
//! Architecture invariant: every long-running child is started here, so that an interrupt leaves none behind.

pub mod deadline;
mod family;
mod stopping;

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal};

pub use family::kill_family;
use family::{descendants, kill_all};
pub use stopping::Stopping;

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

/// Runs `command` to its end and tells `said` every line of its stdout and stderr as it comes. An interrupt, or the deadline of what
/// it is run for, ends it in order, and all of its family with it.
///
/// # Errors
/// When it cannot be started, its end cannot be learnt, or it was ended before it was done.
pub fn run(command: &mut Command, said: &mut dyn FnMut(&[u8])) -> Result<ExitStatus> {
    let (reader, writer) = std::io::pipe().with_context(|| not_started(command))?;
    let both = writer.try_clone().with_context(|| not_started(command))?;
    command.stdin(Stdio::null()).stdout(both).stderr(writer).process_group(0);
    let spawned = command.spawn().with_context(|| not_started(command));
    // Nobody but the child is to hold the end that is written to, or its end would never be read.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, events) = mpsc::sync_channel(BACKLOG);
    let child = heard(spawned?, reader, move |event| drop(sender.send(event))).with_context(|| not_started(command))?;
    let (deadline, mut stopping, mut family) = (deadline::current(), None, Vec::new());
    loop {
        match events.recv_timeout(LOOK) {
            Ok(ChildEvent::Line(line)) => said(&line),
            Ok(ChildEvent::Ended(status)) if stopping.is_none() => return Ok(status?),
            Ok(ChildEvent::Ended(_)) => {
                // What it has started may listen to less than it does, and is found by nobody once it is gone.
                child.kill();
                kill_all(family);
                bail!("{} was ended before it was done", process::spelled(command));
            }
            Err(_) => {}
        }
        if interrupt::count() > 0 || deadline.over().is_some() {
            let stage = stopping.get_or_insert_with(Stopping::default);
            if stage.go_on(interrupt::count() > 1) {
                family.extend(descendants(child.pid.as_raw_nonzero().get()));
                child.end_with(stage.signal());
            }
            if stage.is_over() {
                bail!("{} does not end", process::spelled(command));
            }
        }
    }
}

/// Runs `command` to its end and returns everything it said on stderr, line by line; an interrupt, or the deadline of what it is run
/// for, ends it at once. `meanwhile` is called again and again until then.
///
/// # Errors
/// When it cannot be started, its end cannot be learnt, or an interrupt or the deadline came first.
pub fn listen(command: &mut Command, meanwhile: &mut dyn FnMut()) -> Result<(Vec<Vec<u8>>, ExitStatus)> {
    let (sender, events) = mpsc::sync_channel(BACKLOG);
    // The receiver lives until the child has ended, or was told to.
    let child = start(command, move |event| drop(sender.send(event)))?;
    let (mut lines, deadline) = (Vec::new(), deadline::current());
    loop {
        match events.recv_timeout(LOOK) {
            Ok(ChildEvent::Line(line)) => lines.push(line),
            Ok(ChildEvent::Ended(status)) => return Ok((lines, status?)),
            Err(_) => {}
        }
        if interrupt::count() > 0 || deadline.over().is_some() {
            child.kill();
            // What is gone a moment later is not left behind.
            while !matches!(events.recv_timeout(LAST_WORDS), Ok(ChildEvent::Ended(_)) | Err(_)) {}
            bail!("{} was ended before it was done", process::spelled(command));
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

    /// Asks the child's group to stop, or ends all of its family where `signal` is the one that cannot be ignored.
    pub fn end_with(&self, signal: Signal) {
        if signal == Signal::KILL { self.kill() } else { self.signal(signal) }
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
        family::resident_mib(self.pid.as_raw_nonzero().get())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::deadline::Deadline;
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

    /// How many processes sleep for that many seconds.
    fn sleeping(seconds: u32) -> usize {
        let commands = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            // One that ended meanwhile has none.
            std::fs::read_to_string(entry.ok()?.path().join("cmdline")).ok()
        });
        commands.filter(|command| command.starts_with(&format!("sleep\0{seconds}"))).count()
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
        assert_eq!(sleeping(61), 0);
    }

    #[test]
    fn all_that_a_child_says_is_told_and_how_it_ends() {
        let mut lines = Vec::new();
        let mut said = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
        let status = run(Command::new("sh").args(["-c", "echo a; echo b >&2; printf c; exit 3"]), &mut said).unwrap();
        assert_eq!((lines.join(" "), status.code()), ("a b c".to_owned(), Some(3)));
        let killed = run(Command::new("sh").args(["-c", "kill -KILL $$"]), &mut |_| {}).unwrap();
        assert_eq!(killed.code(), None);
    }

    #[test]
    fn a_deadline_ends_a_child_and_all_of_its_family() {
        for script in ["setsid sleep 64 & sleep 64", "trap '' INT; setsid sleep 64 & sleep 64 & wait; sleep 64"] {
            let deadline = Deadline::after(Instant::now(), Duration::from_millis(300));
            let started = Instant::now();
            let ended = deadline.during(|| run(Command::new("sh").args(["-c", script]), &mut |_| {}));
            let said = format!("sh -c {} was ended before it was done", process::quoted(script));
            assert_eq!(ended.map_err(|error| error.to_string()).unwrap_err(), said);
            assert!(started.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(50));
            assert_eq!(sleeping(64), 0, "{script}");
            let late = deadline.during(|| listen(Command::new("sleep").arg("64"), &mut || {}).is_err());
            assert!(late);
        }
    }
}
