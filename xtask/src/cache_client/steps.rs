//! When a push was at work on which path, from what the client says of each step.

use std::time::{Duration, Instant};

use cache_protocol::{Event, PushStep};

use crate::fleet::{Span, Work, number_workers};

/// The steps of one push.
#[derive(Debug, Default)]
pub struct Steps(Vec<Span>);

impl Steps {
    /// Takes in what was just said.
    pub fn hear(&mut self, event: &Event) {
        let Event::Step { step, path, nar_size, seconds, failed } = event else { return };
        let work = match step {
            PushStep::Pack => Work::Packing,
            PushStep::Upload | PushStep::Publish => Work::Push,
        };
        let now = Instant::now();
        let length = Duration::try_from_secs_f64(*seconds).unwrap_or_default();
        let began = now.checked_sub(length).unwrap_or(now);
        self.0.push(Span {
            failed: *failed,
            bytes: Some(*nar_size),
            ended: now,
            ..Span::until_now(work, 0, path, began)
        });
    }

    /// All of them, by workers that did one thing at a time.
    #[must_use]
    pub fn spans(mut self) -> Vec<Span> {
        number_workers(&mut self.0);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_at_work_when() {
        let mut steps = Steps::default();
        let mut step = |step, path: &str, seconds, failed| {
            steps.hear(&Event::Step { step, path: path.to_owned(), nar_size: 7, seconds, failed });
        };
        step(PushStep::Pack, "/nix/store/a", 0.25, false);
        step(PushStep::Upload, "/nix/store/a", 0.125, true);
        step(PushStep::Publish, "/nix/store/b", f64::NAN, false);
        steps.hear(&Event::Waiting { missing: 3 });
        let told = |span: Span| (span.work, span.worker, span.name.clone(), span.failed, span.bytes, span.length());
        let spans: Vec<_> = steps.spans().into_iter().map(told).collect();
        let expected = [
            (Work::Packing, 0, "/nix/store/a".to_owned(), false, Some(7), Duration::from_millis(250)),
            (Work::Push, 0, "/nix/store/a".to_owned(), true, Some(7), Duration::from_millis(125)),
            (Work::Push, 0, "/nix/store/b".to_owned(), false, Some(7), Duration::ZERO),
        ];
        assert_eq!(spans, expected);
    }
}
