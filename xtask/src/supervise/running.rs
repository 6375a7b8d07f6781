//! A child that is run to its end while it is listened to, and what it leaves behind.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;

use anyhow::{Context as _, Result, bail};

use super::family::{descendants, kill_all};
use super::hearing::{LONGEST_LINE, heard};
use super::{BACKLOG, Child, ChildEvent, LOOK, Stopping, deadline, not_started};
use crate::{interrupt, process};

/// Runs `command` to its end and tells `said` every line of its stdout and stderr as it comes. An interrupt, or the deadline of what
/// it is run for, ends it in order, and all of its family with it.
///
/// # Errors
/// When it cannot be started, its end cannot be learnt, or it was ended before it was done.
pub fn run(command: &mut Command, said: &mut dyn FnMut(&[u8])) -> Result<ExitStatus> {
    Ok(to_its_end(command, said)?.0)
}

/// As [`run`], and what the command has started and left running is ended with it: how many processes that were.
///
/// # Errors
/// As [`run`].
pub fn run_alone(command: &mut Command, said: &mut dyn FnMut(&[u8])) -> Result<(ExitStatus, usize)> {
    let (status, child) = to_its_end(command, said)?;
    Ok((status, child.kill_what_is_left()))
}

fn to_its_end(command: &mut Command, said: &mut dyn FnMut(&[u8])) -> Result<(ExitStatus, Child)> {
    let (reader, writer) = std::io::pipe().with_context(|| not_started(command))?;
    let both = writer.try_clone().with_context(|| not_started(command))?;
    command.stdin(Stdio::null()).stdout(both).stderr(writer).process_group(0);
    let spawned = command.spawn().with_context(|| not_started(command));
    // Nobody but the child is to hold the end that is written to, or its end would never be read.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, events) = mpsc::sync_channel(BACKLOG);
    let child = heard(spawned?, reader, LONGEST_LINE, move |event| drop(sender.send(event)))
        .with_context(|| not_started(command))?;
    let (deadline, mut stopping, mut family) = (deadline::current(), None, Vec::new());
    loop {
        match events.recv_timeout(LOOK) {
            Ok(ChildEvent::Line(line)) => said(&line),
            Ok(ChildEvent::Ended(status)) if stopping.is_none() => return Ok((status?, child)),
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

#[cfg(test)]
mod tests {
    use super::super::tests::sleeping;
    use super::*;

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
    fn what_a_command_leaves_running_is_ended_with_it() {
        let check = |script: &str, expected: usize| {
            let (status, left) = run_alone(Command::new("sh").args(["-c", script]), &mut |_| {}).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(50));
            assert_eq!((status.code(), left, sleeping(4322)), (Some(3), expected, 0), "{script}");
        };
        check("exit 3", 0);
        check("sleep 4322 & exit 3", 1);
        check("(trap '' TERM; setsid sleep 4322 & sleep 4322; :) & sleep 0.3; exit 3", 3);
    }
}
