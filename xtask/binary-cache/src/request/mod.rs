//! One file for each request: what is asked of the store and of caches for it, and what is answered.

mod destination;
pub mod plan;
pub mod presence;
pub mod push;
pub mod verify;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use cache_protocol::{Answer, Event, Fault, Limits, Request};

use crate::transport::{Retrying, Settings};
use crate::{probe, provision};

/// Who is told what happens.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;
/// How long all waits of one request may take together, where nobody says.
const PATIENCE: Duration = Duration::from_secs(90);
/// The same for who only looks, and how long nothing may move: somebody waits for the answer.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);
/// Requests in flight, where nobody says.
const IN_FLIGHT: usize = 64;

/// Who makes a request, and hears of it.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// Is told what happens meanwhile.
    pub tell: &'a Tell,
    /// Set when the user interrupts.
    pub stop: &'a Arc<AtomicBool>,
}

impl Asker<'_> {
    /// How to go about requests over a network: within `limits`, if there are any, and telling of each retry.
    #[must_use]
    pub fn settings(&self, limits: Option<&Limits>) -> Settings {
        let tell = Arc::clone(self.tell);
        let retrying: Retrying = Arc::new(move |fault, wait| {
            let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            tell(Event::Retrying { fault: fault.clone(), milliseconds });
        });
        let patience = limits.map_or(PATIENCE, |limits| Duration::from_millis(limits.patience));
        let settings = Settings::new(patience, limits.map_or(IN_FLIGHT, |limits| limits.in_flight), retrying);
        Settings { stop: Arc::clone(self.stop), ..settings }
    }

    /// The same for who only looks: a server that does not answer at once is not waited for.
    #[must_use]
    pub fn hasty_settings(&self) -> Settings {
        Settings { patience: PROBE_PATIENCE, idle: PROBE_PATIENCE, tries: 1, ..self.settings(None) }
    }
}

/// Answers `request`.
///
/// # Errors
/// When there is no answer.
pub fn answer(request: &Request, asker: Asker) -> Result<Answer, Fault> {
    match request {
        Request::Plan(request) => plan::plan(request, asker).map(Answer::Plan),
        Request::Push(request) => push::push(request, asker).map(Answer::Push),
        Request::Verify(request) => verify::verify(request, asker).map(Answer::Verify),
        Request::Presence(request) => presence::presence(request, asker).map(Answer::Presence),
        Request::Probe(request) => probe::probe(request, &asker.hasty_settings()).map(Answer::Probe),
        Request::Provision(request) => provision::provision(request, &asker.settings(None)).map(Answer::Provision),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interruption_reaches_requests_and_patience_lasts_for_several_tries() {
        let tell: Tell = Arc::new(|_| {});
        let stop = Arc::new(AtomicBool::new(false));
        let asker = Asker { tell: &tell, stop: &stop };
        let check = |settings: Settings, tries: u32| {
            assert!(Arc::ptr_eq(&settings.stop, &stop));
            assert_eq!(settings.tries, tries);
            assert!(settings.idle * tries <= settings.patience, "{:?}", settings.idle);
        };
        check(asker.settings(None), 3);
        check(asker.settings(Some(&Limits { in_flight: 1, packers: 1, memory: 1, patience: 90_000 })), 3);
        check(asker.hasty_settings(), 1);
    }
}
