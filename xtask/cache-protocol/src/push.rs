//! A push: what is planned, how it is packed, and what became of it.

use serde::{Deserialize, Serialize};

use crate::{Fault, Plan, PlanRequest};

/// What to push, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PushRequest {
    /// What.
    pub plan: PlanRequest,
    /// How it is packed; without it, as the cache prefers, else zstd.
    pub compression: Option<Compression>,
    /// How much at once.
    pub limits: Limits,
    /// What must not leave this machine.
    pub scan: Scan,
}

/// How NARs are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Zstandard, level 3.
    Zstd,
    /// XZ, level 6.
    Xz,
    /// As they are.
    None,
}

/// How much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Requests in flight.
    pub in_flight: usize,
    /// Threads that pack.
    pub packers: usize,
    /// Bytes of packed NARs in memory; what is beyond waits on disk.
    pub memory: u64,
    /// How long all waits of one request may take together, with the time in which nothing moved, in milliseconds.
    pub patience: u64,
}

/// What must not leave this machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scan {
    /// Whether what looks like a private key or a token is refused, in every encoding.
    pub patterns: bool,
    /// Exact values that are refused, in every encoding.
    pub values: Vec<ScanValue>,
    /// Whether more of them are named once something is to be pushed: then [`Event::ValuesWanted`](crate::Event) is said, and a second line
    /// read from standard input, a list of [`SecretText`] in JSON. Without it nothing is pushed.
    #[serde(default)]
    pub later: bool,
    /// Regular expressions of store paths that may hold what looks like a secret.
    pub allow: Vec<String>,
}

/// Where an exact value is to be found that must not leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScanValue {
    /// The value of this environment variable.
    Variable(String),
    /// Each line of this file that is neither empty nor a comment.
    File(std::path::PathBuf),
}

/// A value that is known to nobody but this user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretText {
    /// What it is, for a person: "the value of `token` in `secrets/web.yaml`".
    pub source: String,
    /// The value.
    pub text: Vec<u8>,
}

// The value is never shown, not even by accident.
impl std::fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.source)
    }
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Pushed {
    /// What was planned.
    pub plan: Plan,
    /// What is in the cache now, in the order in which it became visible.
    pub pushed: Vec<PushedPath>,
    /// What is not, and why.
    pub not_pushed: Vec<NotPushed>,
    /// Exact values that were not looked for, being too short to be told from anything else: where each comes from, for a person.
    #[serde(default)]
    pub unscanned: Vec<String>,
    /// How long it all took.
    pub seconds: f64,
}

/// A path that is in the cache now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PushedPath {
    /// The path.
    pub path: String,
    /// Bytes of its NAR.
    pub nar_size: u64,
    /// Bytes of the file.
    pub file_size: u64,
    /// How long packing and uploading took.
    pub seconds: f64,
}

/// A path that is not in the cache, though planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotPushed {
    /// The path.
    pub path: String,
    /// Why: its own fault, or that of the path it depends on.
    pub fault: Fault,
    /// The path that it refers to, if that is what failed.
    pub because_of: Option<String>,
}
