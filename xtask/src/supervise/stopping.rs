//! How children are ended: politely first, firmer with time, at once for who asks twice.

use std::time::{Duration, Instant};

use rustix::process::Signal;

/// How long children may take to end after an interrupt, and after the firmer one that follows.
const PATIENCE: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(5)),
    (Signal::TERM, Duration::from_secs(3)),
    (Signal::KILL, Duration::from_secs(2)),
];

/// How far ending the children has come.
#[derive(Debug, Default)]
pub struct Stopping {
    stage: Option<(usize, Instant)>,
}

impl Stopping {
    /// Whether the next, firmer signal is due.
    pub fn go_on(&mut self, at_once: bool) -> bool {
        let last = PATIENCE.len() - 1;
        let next = match self.stage {
            None => Some(if at_once { last } else { 0 }),
            Some((stage, _)) if at_once && stage < last => Some(last),
            Some((stage, since)) if stage < last && since.elapsed() > PATIENCE[stage].1 => Some(stage + 1),
            Some(_) => None,
        };
        if let Some(stage) = next {
            self.stage = Some((stage, Instant::now()));
        }
        next.is_some()
    }

    /// The signal of the stage that was reached.
    pub fn signal(&self) -> Signal {
        PATIENCE[self.stage.map_or(0, |(stage, _)| stage)].0
    }

    /// Whether even what cannot be ignored had its time.
    pub fn is_over(&self) -> bool {
        self.stage.is_some_and(|(stage, since)| stage == PATIENCE.len() - 1 && since.elapsed() > PATIENCE[stage].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_grows_firmer_and_a_second_wish_is_at_once() {
        let mut stopping = Stopping::default();
        assert!(stopping.go_on(false));
        assert_eq!(stopping.signal(), Signal::INT);
        assert!(!stopping.go_on(false));
        assert!(stopping.go_on(true));
        assert_eq!(stopping.signal(), Signal::KILL);
        assert!(!stopping.go_on(true));
    }
}
