//! What the client says while it works, and at its end.

use serde::{Deserialize, Serialize};

use crate::{Fault, Plan, Presences, Probe, Provisioned, Pushed, PushedPath, Verified};

/// One line of what the client says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// So much is to be pushed.
    Planned {
        /// Paths.
        paths: usize,
        /// Bytes of their NARs.
        bytes: u64,
    },
    /// Something is to be pushed, and the values of [`Scan::later`](crate::Scan) are waited for.
    ValuesWanted,
    /// Something was done for a path that is pushed, or failed; it has just ended.
    Step {
        /// What.
        step: PushStep,
        /// The path.
        path: String,
        /// Bytes of its NAR.
        nar_size: u64,
        /// How long it took.
        seconds: f64,
        /// Whether it failed.
        failed: bool,
    },
    /// A path is in the cache now.
    Pushed(PushedPath),
    /// A request failed, and is tried again.
    Retrying {
        /// Why.
        fault: Fault,
        /// After so many milliseconds.
        milliseconds: u64,
    },
    /// Not everything is there yet; looked for again later.
    Waiting {
        /// How many paths are not there.
        missing: usize,
    },
    /// The answer; nothing comes after it.
    Answer(Box<Answer>),
    /// Why there is no answer; nothing comes after it.
    Failed(Fault),
}

/// What is done for a path that is pushed, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushStep {
    /// Its NAR is read, checked and packed.
    Pack,
    /// Its file is sent.
    Upload,
    /// It is made visible.
    Publish,
}

/// The answer to a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// To `plan`.
    Plan(Plan),
    /// To `push`.
    Push(Pushed),
    /// To `verify`.
    Verify(Verified),
    /// To `presence`.
    Presence(Presences),
    /// To `probe`.
    Probe(Probe),
    /// To `provision`.
    Provision(Provisioned),
}
