//! Children that run beside this program: started in a process group of their own, heard line by line, ended in order.
//!
//! Architecture invariant: every long-running child is started here, so that an interrupt leaves none behind.

pub mod deadline;
mod family;
mod hearing;
mod running;
mod stopping;

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal};

pub use family::kill_family;
use family::{descendants, kill_all};
pub use hearing::is_cut;
use hearing::{LAST_WORDS, LONGEST_DATA, heard};
pub use running::{run, run_alone};
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
    heard(child, stderr, LONGEST_DATA, sink).with_context(|| not_started(command))
}

/// Starts `command`, hands what comes of `input` to it until nothing more can come, and passes every line of its answer on stdout, then its end, to `sink`.
///
/// # Errors
/// When it cannot be started.
pub fn converse(
    command: &mut Command,
    input: mpsc::Receiver<Vec<u8>>,
    sink: impl Fn(ChildEvent) + Send + Clone + 'static,
) -> Result<Child> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().with_context(|| not_started(command))?;
    let mut stdin = child.stdin.take().with_context(|| not_started(command))?;
    let stdout = child.stdout.take().with_context(|| not_started(command))?;
    // A child that ends without having read its input says so by how it ends.
    std::thread::spawn(move || input.iter().try_for_each(|part| stdin.write_all(&part)));
    heard(child, stdout, LONGEST_DATA, sink).with_context(|| not_started(command))
}

fn not_started(command: &Command) -> String {
    format!("could not start {}", process::spelled(command))
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

    /// Ends what a child that has ended has started and left running, as far as its process group shows it: how many those were.
    fn kill_what_is_left(&self) -> usize {
        let left = family::group(self.pid.as_raw_nonzero().get());
        kill_all(left.iter().copied());
        left.len()
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
    pub(super) fn sleeping(seconds: u32) -> usize {
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
