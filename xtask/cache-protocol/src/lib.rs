//! What `cargo xtask cache` asks of the `binary-cache` client, and what that answers: one JSON [`Request`] on standard input, JSON
//! lines of [`Event`] on standard output, of which the last is the answer or the reason why there is none.
//! Only a push may want more: the values that must not leave, where [`Scan::later`] promises them.
//!
//! Tokens and keys are named by the environment variable or the file that holds them, and are part of neither. The one exception is
//! [`SecretText`], what must not leave and stands nowhere else: it goes over that pipe alone, and never back.

mod cache;
mod event;
mod fault;
mod plan;
mod presence;
mod probe;
mod provision;
mod push;
mod store;
mod verify;

use serde::{Deserialize, Serialize};

pub use cache::{Cache, KeySource, Token, shown};
pub use event::{Answer, Event, PushStep};
pub use fault::{Fault, FaultKind};
pub use plan::{Closure, Content, Decision, Plan, PlanRequest, PlannedPath, Priority, Root};
pub use presence::{PresenceRequest, Presences, Seen, SubstituterPresence};
pub use probe::{CacheProbe, Permission, Probe, ProbeRequest, TokenKind, TokenProbe};
pub use provision::{ProvisionRequest, Provisioned};
pub use push::{Compression, Limits, NotPushed, PushRequest, Pushed, PushedPath, Scan, ScanValue, SecretText};
pub use store::{LocalStore, PathInfo};
pub use verify::{Required, Verified, VerifyFault, VerifyProblem, VerifyRequest};

/// One question to the client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// What a push would do.
    Plan(PlanRequest),
    /// Push what the plan says.
    Push(PushRequest),
    /// Whether paths are in the cache, whole and signed.
    Verify(VerifyRequest),
    /// Which paths which substituter has.
    Presence(PresenceRequest),
    /// What can be found out about caches and tokens.
    Probe(ProbeRequest),
    /// Create a cache.
    Provision(ProvisionRequest),
}
