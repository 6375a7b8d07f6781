//! One file for each request: what is asked of the store and of caches for it, and what is answered.

mod destination;
pub mod plan;
pub mod push;

use std::sync::atomic::AtomicBool;

use cache_protocol::{Answer, Event, Fault, FaultKind, Request};

/// Who makes a request, and hears of it.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// Is told what happens meanwhile.
    pub tell: &'a (dyn Fn(Event) + Sync),
    /// Set when the user interrupts.
    pub stop: &'a AtomicBool,
}

/// Answers `request`.
///
/// # Errors
/// When there is no answer.
pub fn answer(request: &Request, asker: Asker) -> Result<Answer, Fault> {
    match request {
        Request::Plan(request) => plan::plan(request).map(Answer::Plan),
        Request::Push(request) => push::push(request, asker).map(Answer::Push),
        Request::Verify(_) | Request::Presence(_) | Request::Probe(_) | Request::Provision(_) => {
            Err(Fault::new(FaultKind::Usage, "this client knows no such request"))
        }
    }
}
