//! One build process: its targets, what it has begun, and Nix's words about what failed in it.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use super::queue::Queued;
use crate::fleet::{Span, Work};
use crate::nix::log::Message;
use crate::pipeline::set::Set;
use crate::supervise::Child;

#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: usize,
    pub(super) child: Child,
    pub(super) targets: VecDeque<Queued>,
    pub(super) started: Instant,
    pub(super) claimed: Set,
    /// What Nix says it will build; it replaces our own guess once the first activity begins.
    pub(super) announced: Option<Vec<String>>,
    pub(super) builds: HashMap<u64, Running>,
    /// The derivations begun, with the last lines of each.
    pub(super) begun: HashMap<String, VecDeque<String>>,
    pub(super) messages: Vec<Message>,
    /// Whether something failed by what was heard last.
    pub(super) has_news: bool,
}

/// A derivation being built or a path being fetched.
#[derive(Debug, Clone)]
pub struct Running {
    /// The store path of the derivation, or of what is fetched.
    pub path: String,
    /// Whether it is fetched.
    pub fetched: bool,
    /// Its number among those that are built, or fetched, at the same time.
    pub worker: usize,
    /// The phase of the build, if it says one.
    pub phase: Option<String>,
    /// Since when.
    pub started: Instant,
}

impl Running {
    pub(super) fn new(path: String, fetched: bool, worker: usize) -> Self {
        Self { path, fetched, worker, phase: None, started: Instant::now() }
    }

    /// When it was at work, until now.
    pub(super) fn span(&self, failed: bool) -> Span {
        let work = if self.fetched { Work::Fetch } else { Work::Build };
        Span { failed, ..Span::until_now(work, self.worker, &self.path, self.started) }
    }
}

impl Process {
    pub(super) fn take_message(&mut self, message: Message) {
        let text = message.text.as_str();
        if text.ends_with("will be built:") {
            self.announced = Some(Vec::new());
        } else if let (Some(announced), Some(path)) = (&mut self.announced, text.strip_prefix("  ")) {
            if path.ends_with(".drv") {
                announced.push(path.to_owned());
            }
        } else if message.level == 0 {
            self.messages.push(message);
        }
    }

    /// What Nix says of the failure of `drv`, in one line.
    pub(super) fn reason_for(&self, drv: &str) -> Option<String> {
        let message = self.messages.iter().find(|message| message.names(drv))?;
        Some(reason(message.raw.as_ref().unwrap_or(&message.text)))
    }

    /// A reason, after what Nix says of remote builders that it could not use.
    pub(super) fn with_refusals(&self, reason: &str) -> String {
        let refusals = self.messages.iter().map(|message| message.text.as_str());
        let refusals = refusals.filter(|text| text.starts_with("cannot build on '") && *text != reason);
        refusals.chain([reason]).collect::<Vec<_>>().join("\n")
    }

    /// The last thing Nix complained of, after what it says of remote builders that it could not use.
    pub(super) fn last_error(&self) -> Option<String> {
        let message = self.messages.last()?;
        Some(self.with_refusals(&reason(message.raw.as_ref().unwrap_or(&message.text))))
    }
}

/// One line of Nix's message about a failed build: older versions say it in the first line, newer ones after `Reason:`.
fn reason(message: &str) -> String {
    let value = |label: &str| message.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim);
    if let (Some(specified), Some(got)) = (value("specified:"), value("got:")) {
        return format!("hash mismatch in a fixed-output derivation: specified {specified}, got {got}");
    }
    let explained = message.lines().find_map(|line| line.trim().strip_prefix("Reason: "));
    let line = explained.unwrap_or_else(|| message.lines().next().unwrap_or_default()).trim_start_matches("error: ");
    match line.split_once("' failed with ") {
        Some((_, how)) => format!("builder failed with {}", how.trim_end_matches([';', '.'])),
        None => line.trim_end_matches([';', '.']).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_old_and_new_nix() {
        let check = |message: &str, expected: &str| assert_eq!(reason(message), expected);
        check("builder for '/nix/store/x.drv' failed with exit code 3", "builder failed with exit code 3");
        check(
            "builder for '/nix/store/x.drv' failed with exit code 3;\nlast 10 log lines:\n> a",
            "builder failed with exit code 3",
        );
        check(
            "Cannot build '/nix/store/x.drv'.\nReason: builder failed with exit code 3.\nOutput paths:\n  /x",
            "builder failed with exit code 3",
        );
        check(
            "hash mismatch in fixed-output derivation '/nix/store/x.drv':\n  specified: a\n     got:    b",
            "hash mismatch in a fixed-output derivation: specified a, got b",
        );
    }
}
