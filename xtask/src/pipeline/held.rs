//! Targets that are held back until substituters have said whether they have them: one question about all, asked beside the loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use super::Event;
use super::build::Target;
use crate::nix::Nix;

/// The targets that wait for the answer.
#[derive(Debug, Default)]
pub struct Held {
    targets: Vec<Target>,
    question: Option<Question>,
}

/// A question that is being asked.
#[derive(Debug)]
struct Question {
    since: Instant,
    given_up: Arc<AtomicBool>,
}

impl Held {
    /// One more.
    pub fn push(&mut self, target: Target) {
        self.targets.push(target);
    }

    /// What waits to be asked for, unless it is being asked for.
    pub fn unasked(&self) -> &[Target] {
        if self.question.is_some() { &[] } else { &self.targets }
    }

    /// Whether nothing waits, and nothing is being asked.
    pub fn is_done(&self) -> bool {
        self.targets.is_empty() && self.question.is_none()
    }

    /// Since when the question has been asked.
    pub fn since(&self) -> Option<Instant> {
        self.question.as_ref().map(|question| question.since)
    }

    /// Asks `substituters` for the store paths `wanted`; a thread carries the answer to the loop, however long a cache stalls.
    pub fn ask(&mut self, nix: &Nix, substituters: &[String], wanted: Vec<String>, events: &SyncSender<Event>) {
        let given_up = Arc::new(AtomicBool::new(false));
        self.question = Some(Question { since: Instant::now(), given_up: Arc::clone(&given_up) });
        let (nix, substituters, events) = (nix.clone(), substituters.to_vec(), events.clone());
        std::thread::spawn(move || {
            let had = nix.had_by(&substituters, &wanted, &|| given_up.load(Ordering::SeqCst));
            // The receiver lives as long as the run, which waits for the answer even when it is given up.
            drop(events.send(Event::Had(had)));
        });
    }

    /// The answer is there: who waited for it.
    pub fn answered(&mut self) -> Vec<Target> {
        self.question = None;
        std::mem::take(&mut self.targets)
    }

    /// Nobody waits any more.
    pub fn give_up(&mut self) {
        self.targets.clear();
        if let Some(question) = &self.question {
            question.given_up.store(true, Ordering::SeqCst);
        }
    }
}
