//! A stretch of time in which one thing was at work: what a trace and a timeline are drawn from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// What kind of work it was; in the order in which a timeline shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// A job of the table.
    Job,
    /// Asking the flake for the names of its outputs.
    Discovery,
    /// Evaluating an output.
    Evaluation,
    /// Building a derivation.
    Build,
    /// Fetching a path from a cache.
    Fetch,
    /// Packing a path for a cache.
    Packing,
    /// Pushing a path to a cache.
    Push,
}

impl Work {
    /// Every kind, in order.
    pub const ALL: [Self; 7] =
        [Self::Job, Self::Discovery, Self::Evaluation, Self::Build, Self::Fetch, Self::Packing, Self::Push];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Discovery => "discovery",
            Self::Evaluation => "evaluation",
            Self::Build => "build",
            Self::Fetch => "fetch",
            Self::Packing => "packing",
            Self::Push => "push",
        }
    }
}

/// One thing at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What kind of work.
    pub work: Work,
    /// The number of the worker among those of this kind, counted from 0: no two spans of a kind and a worker overlap.
    pub worker: usize,
    /// What was worked on: a job's word, an output's short name, a store path.
    pub name: String,
    /// Since when.
    pub began: Instant,
    /// Until when.
    pub ended: Instant,
    /// Whether it came to nothing.
    pub failed: bool,
    /// Bytes in the store of what was worked on, where they are known.
    pub bytes: Option<u64>,
}

impl Span {
    /// One that ends now, and well.
    #[must_use]
    pub fn until_now(work: Work, worker: usize, name: impl Into<String>, began: Instant) -> Self {
        Self { work, worker, name: name.into(), began, ended: Instant::now(), failed: false, bytes: None }
    }

    /// From `origin` to its beginning; nothing where it began before.
    #[must_use]
    pub fn since(&self, origin: Instant) -> Duration {
        self.began.saturating_duration_since(origin)
    }

    /// How long it took.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.ended.saturating_duration_since(self.began)
    }
}

/// The lowest number that is not among `taken`: the worker that is free.
#[must_use]
pub fn free_worker(taken: impl Iterator<Item = usize>) -> usize {
    let taken: BTreeSet<usize> = taken.collect();
    (0..=taken.len()).find(|number| !taken.contains(number)).unwrap_or_default()
}

/// Gives each of `spans`, which were told of without a worker, the lowest number with which those of its kind do not overlap.
pub fn number_workers(spans: &mut [Span]) {
    spans.sort_by_key(|span| (span.began, span.ended));
    let mut free: BTreeMap<Work, Vec<Instant>> = BTreeMap::new();
    for span in spans {
        let free = free.entry(span.work).or_default();
        span.worker = free.iter().position(|since| *since <= span.began).unwrap_or(free.len());
        match free.get_mut(span.worker) {
            Some(since) => *since = span.ended,
            None => free.push(span.ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_number_is_taken() {
        let check = |taken: &[usize], expected: usize| assert_eq!(free_worker(taken.iter().copied()), expected);
        check(&[], 0);
        check(&[0, 1], 2);
        check(&[1, 2], 0);
        check(&[0, 2], 1);
    }

    #[test]
    fn workers_are_as_few_as_overlap_allows() {
        let began = Instant::now();
        let span = |work, from: u64, to: u64| {
            let at = |millis| began + Duration::from_millis(millis);
            Span { ended: at(to), ..Span::until_now(work, 9, "a", at(from)) }
        };
        let mut spans = [
            span(Work::Push, 3, 9),
            span(Work::Push, 0, 5),
            span(Work::Packing, 0, 9),
            span(Work::Push, 5, 6),
            span(Work::Push, 4, 7),
        ];
        number_workers(&mut spans);
        let numbered = spans.map(|span| (span.work, span.since(began).as_millis(), span.worker));
        let (push, packing) = (Work::Push, Work::Packing);
        assert_eq!(numbered, [(push, 0, 0), (packing, 0, 0), (push, 3, 1), (push, 4, 2), (push, 5, 0)]);
    }

    #[test]
    fn a_span_before_its_origin_begins_with_it() {
        let began = Instant::now();
        let span = Span { ended: began + Duration::from_secs(2), ..Span::until_now(Work::Build, 0, "a", began) };
        assert_eq!(span.since(began + Duration::from_secs(1)), Duration::ZERO);
        assert_eq!(span.length(), Duration::from_secs(2));
    }
}
