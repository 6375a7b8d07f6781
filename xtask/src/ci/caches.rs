//! What the jobs of one run that are about binary caches came to.

use std::collections::BTreeMap;

use crate::analytics::{Past, Tally, Trend};
use crate::fleet::Span;

/// What the jobs that are about binary caches came to, as far as they ran.
#[derive(Debug, Default)]
pub struct Caches {
    /// What caches had of what outputs need, before the build.
    pub analytics: Option<(Tally, Option<Trend>)>,
    /// What was measured in past runs with the same inputs, oldest first, this one last.
    pub measured: Vec<Past>,
    /// What was pushed, or why nothing was, in one line.
    pub push: Option<String>,
    /// What became of each output in the push, if there was one, by attribute path.
    pub outputs: BTreeMap<String, OutputPush>,
    /// When the push was at work on what.
    pub spans: Vec<Span>,
    /// What was found in the cache, in one line.
    pub verify: Option<String>,
}

/// What became of one output in a push.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "ended", content = "detail")]
pub enum OutputPush {
    /// It is in the cache since then, with so many paths that went along for it first, of so many bytes in the store.
    Pushed {
        /// Paths.
        paths: usize,
        /// Bytes.
        bytes: u64,
    },
    /// The cache had it before.
    Present,
    /// A cache that everybody has signed it, with this key.
    Upstream(String),
    /// It is not in the cache, as xtask.toml wants it: by this expression.
    Excluded(String),
    /// It is not in the cache, being beyond the bytes that xtask.toml allows.
    OverBudget,
    /// It is not in the cache, since the policy pushes nothing for this system.
    LeftOut(String),
    /// It is not on this machine: why.
    Unbuilt(String),
    /// It is not in the cache, since pushing failed: why.
    Failed(String),
}
