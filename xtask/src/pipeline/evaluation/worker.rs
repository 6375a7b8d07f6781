//! One evaluation process: the outputs it was given, the one it is at, and what that one has told so far.

use std::collections::VecDeque;
use std::time::Instant;

use super::Verdict;
use crate::fleet::{Evaluated, Facts, Output, Span, Work};
use crate::nix::log::Message;
use crate::supervise::Child;

/// How many messages are kept at least: what ends an evaluation is said last, however much was traced before.
const LAST_MESSAGES: usize = 1000;

#[derive(Debug)]
pub(super) struct Worker {
    pub(super) id: usize,
    /// Its number among those that run.
    pub(super) number: usize,
    pub(super) child: Child,
    pub(super) batch: VecDeque<usize>,
    pub(super) messages: Vec<Message>,
    pub(super) current: Option<Current>,
    pub(super) done: usize,
    pub(super) alone: bool,
    pub(super) ended_by_us: bool,
}

/// The output a worker evaluates now.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) index: usize,
    pub(super) started: Instant,
    pub(super) memory_before: u64,
    pub(super) system: Option<String>,
    pub(super) drv: Option<Option<String>>,
    pub(super) warnings: Vec<String>,
}

impl Current {
    pub(super) fn new(index: usize, memory_before: u64) -> Self {
        Self { index, started: Instant::now(), memory_before, system: None, drv: None, warnings: Vec::new() }
    }
}

impl Worker {
    pub(super) fn take_message(&mut self, message: Message) {
        if let (Some(current), Some(warning)) = (&mut self.current, warning(&message)) {
            current.warnings.push(warning);
        }
        if self.messages.len() >= 2 * LAST_MESSAGES {
            self.messages.drain(..LAST_MESSAGES);
        }
        self.messages.push(message);
    }

    /// When it was at `output` until now, which is the one that it is at.
    pub(super) fn span(&self, output: &Output, failed: bool) -> Option<Span> {
        let began = self.current.as_ref()?.started;
        Some(Span { failed, ..Span::until_now(Work::Evaluation, self.number, output.short(), began) })
    }

    /// The current output is done, if its derivation is known.
    pub(super) fn finish(&mut self, facts: Facts, facts_error: Option<String>) -> Option<Verdict> {
        self.current.as_ref()?.drv.as_ref()?;
        let current = self.current.take()?;
        self.batch.retain(|&index| index != current.index);
        self.done += 1;
        self.messages.clear();
        let evaluated = Evaluated {
            system: current.system.unwrap_or_default(),
            drv: current.drv.flatten(),
            facts,
            facts_error,
            warnings: current.warnings,
            seconds: current.started.elapsed().as_secs_f64(),
            memory_mib: self.child.resident_mib().saturating_sub(current.memory_before),
        };
        Some(Verdict { index: current.index, told: Ok(evaluated) })
    }
}

/// A warning of the configuration: `lib.warn` and the module system print them as traces, `builtins.warn` has words of its own.
/// A bare `warning:` is Nix's, about itself.
fn warning(message: &Message) -> Option<String> {
    let traced = || message.text.strip_prefix("trace: ")?.strip_prefix("warning: ");
    // Its lines are indented in the text.
    let own = || message.text.strip_prefix("evaluation warning: ").map(|text| message.raw.as_deref().unwrap_or(text));
    traced().or_else(own).map(|warning| warning.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_of_a_configuration_are_told_from_those_of_nix() {
        let check = |text: &str, raw: Option<&str>, expected: Option<&str>| {
            let message = Message { level: 1, text: text.to_owned(), raw: raw.map(str::to_owned), position: None };
            assert_eq!(warning(&message).as_deref(), expected, "{text}");
        };
        check("trace: warning: old\nthing", None, Some("old\nthing"));
        check("evaluation warning: old\n    thing", Some("old\nthing"), Some("old\nthing"));
        check("trace: look here", None, None);
        check("warning: error: SQLite database '/nix/var/nix/db/db.sqlite' is busy", None, None);
        check("warning: not writing modified lock file of flake 'x'", None, None);
    }
}
