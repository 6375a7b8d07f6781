//! The `binary-cache` client, asked one question a run: the request goes in as JSON, what it does and answers comes back line by line.
//!
//! Architecture invariant: no other module knows that it is a program, and nothing secret is handed to it but by the name of the
//! variable or the file that holds it; what must not leave and stands in no such place goes over the pipe to it alone.

mod program;
mod question;
mod steps;

pub use program::ready;
pub use question::{plan, presence, probe, provision, push, verify};
pub use steps::Steps;

use std::process::ExitStatus;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use cache_protocol::{Answer, Event, Fault, Request, SecretText};
use rustix::process::Signal;
use serde::Serialize;

use crate::context::Context;
use crate::interrupt;
use crate::supervise::Stopping;
use crate::supervise::deadline;
use crate::supervise::{self, BACKLOG, Child, ChildEvent};

/// Requests to a cache at once: what hides a round trip of 40 ms behind others.
pub const IN_FLIGHT: usize = 64;
/// How long all tries of one request may take together where somebody waits for the answer, in milliseconds.
pub const PATIENCE: u64 = 10_000;
/// How often an interrupt is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// Asks the client, building it first where that is needed; `telling` is called with what it says on the way.
///
/// `later` is asked where the request promises values that must not leave, and something is pushed.
///
/// A first interrupt lets it finish what is in flight and answer; a second one ends it.
///
/// # Errors
/// When it cannot be built or started, ends without an answer, or says why there is none: that [`Fault`] can be had back with
/// `downcast_ref`.
fn ask(context: &Context, request: &Request, later: Later<'_>, telling: &mut dyn FnMut(&Event)) -> Result<Answer> {
    let program = program::ready(context)?;
    let (talk, input) = mpsc::channel();
    // It listens as long as its input is open.
    drop(talk.send(line(request)?));
    let mut talk = later.map(|later| (talk, later));
    let (sender, events) = mpsc::sync_channel(BACKLOG);
    let mut command = std::process::Command::new(&program);
    let child = supervise::converse(&mut command, input, move |event| drop(sender.send(event)))?;
    let (mut conversation, mut unknown) = (Conversation::default(), None);
    let (mut interrupts, deadline, mut stopping) = (interrupt::count(), deadline::current(), None);
    loop {
        match events.recv_timeout(LOOK) {
            Ok(ChildEvent::Line(said)) => conversation.hear(&said, telling)?,
            Ok(ChildEvent::Ended(status)) => {
                let answer = conversation.end(status.context("learn how the client ended")?);
                return unknown.map_or(answer, Err);
            }
            Err(_) => {}
        }
        if let Some((talk, later)) = talk.take_if(|_| conversation.wants_values) {
            // Without them it pushes nothing, and ends.
            match later().and_then(|values| line(&values)) {
                Ok(line) => drop(talk.send(line)),
                Err(error) => unknown = Some(error),
            }
        }
        if interrupt::count() > interrupts {
            interrupts = interrupt::count();
            end_in_order(&child, interrupts);
        }
        if deadline.over().is_some() {
            let stage = stopping.get_or_insert_with(Stopping::default);
            if stage.go_on(false) {
                child.end_with(stage.signal());
            }
        }
    }
}

/// Values that must not leave, asked for once, if at all.
type Later<'a> = Option<&'a mut dyn FnMut() -> Result<Vec<SecretText>>>;

fn line(said: &impl Serialize) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(said).context("write to the binary-cache client")?;
    line.push(b'\n');
    Ok(line)
}

fn end_in_order(child: &Child, interrupts: usize) {
    match interrupts {
        1 => child.signal(Signal::INT),
        _ => child.kill(),
    }
}

/// What was heard of the client so far.
#[derive(Debug, Default)]
struct Conversation {
    answer: Option<Answer>,
    fault: Option<Fault>,
    /// Whether it waits for the values that must not leave.
    wants_values: bool,
}

impl Conversation {
    fn hear(&mut self, line: &[u8], telling: &mut dyn FnMut(&Event)) -> Result<()> {
        let event = serde_json::from_slice(line).context("understand what the binary-cache client says")?;
        match event {
            Event::Answer(answer) => self.answer = Some(*answer),
            Event::Failed(fault) => self.fault = Some(fault),
            Event::ValuesWanted => self.wants_values = true,
            event => telling(&event),
        }
        Ok(())
    }

    fn end(self, status: ExitStatus) -> Result<Answer> {
        match (self.answer, self.fault) {
            (Some(answer), None) if status.success() => Ok(answer),
            (_, Some(fault)) => Err(anyhow!(fault)),
            _ if interrupt::count() > 0 => bail!("interrupted"),
            _ if deadline::current().over().is_some() => bail!("the binary-cache client was ended before it was done"),
            _ => bail!("the binary-cache client ended without an answer ({status})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    /// What becomes of a conversation of these lines, and how many events were told on the way.
    fn heard(lines: &[&str], status: i32) -> (Result<Answer, String>, usize) {
        let (mut conversation, mut told) = (Conversation::default(), 0);
        for line in lines {
            if let Err(error) = conversation.hear(line.as_bytes(), &mut |_| told += 1) {
                return (Err(error.to_string()), told);
            }
        }
        (conversation.end(ExitStatus::from_raw(status << 8)).map_err(|error| error.to_string()), told)
    }

    #[test]
    fn only_an_answer_and_a_good_end_are_an_answer() {
        let planned = r#"{"event":"planned","paths":3,"bytes":9}"#;
        let answer =
            serde_json::to_string(&Event::Answer(Box::new(Answer::Plan(cache_protocol::Plan::default())))).unwrap();
        let failed = r#"{"event":"failed","kind":"unreachable","what":"nobody answers at https://a"}"#;
        let (plan, told) = heard(&[planned, &answer], 0);
        assert!(matches!(plan, Ok(Answer::Plan(_))));
        assert_eq!(told, 1);
        assert_eq!(heard(&[planned, failed], 2).0.unwrap_err(), "nobody answers at https://a");
        assert!(heard(&[planned], 0).0.unwrap_err().starts_with("the binary-cache client ended without an answer"));
        assert!(heard(&[&answer], 2).0.is_err());
        assert_eq!(heard(&["a panic"], 101).0.unwrap_err(), "understand what the binary-cache client says");
    }
}
