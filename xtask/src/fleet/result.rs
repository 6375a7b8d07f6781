//! What became of one output in one run.

use serde::{Deserialize, Serialize};

use crate::fleet::{Evaluated, Output, Place};

/// How far an output came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Its evaluation failed.
    EvaluationFailed,
    /// Its own derivation failed to build.
    BuildFailed,
    /// A derivation it needs failed to build.
    DependencyFailed,
    /// The run ended before its turn.
    Interrupted,
    /// Built in this run.
    Built,
    /// Already in the store.
    Present,
    /// A substituter has it; it was not fetched.
    Cached,
    /// Evaluated; building was not asked for.
    Evaluated,
    /// There is nothing to build, as for an app that is a file of the repository.
    NothingToBuild,
    /// Not built, for a reason that is no fault of the repository.
    Skipped,
}

impl Status {
    /// Whether a run with such an output did not succeed.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::EvaluationFailed | Self::BuildFailed | Self::DependencyFailed | Self::Interrupted)
    }

    /// The words for it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::EvaluationFailed => "evaluation failed",
            Self::BuildFailed => "build failed",
            Self::DependencyFailed => "dependency failed",
            Self::Interrupted => "not finished",
            Self::Built => "built",
            Self::Present => "up to date",
            Self::Cached => "cached",
            Self::Evaluated => "evaluated",
            Self::NothingToBuild => "nothing to build",
            Self::Skipped => "skipped",
        }
    }
}

/// What became of one output.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputResult {
    /// The output.
    pub output: Output,
    /// How far it came.
    pub status: Status,
    /// What its evaluation told, if that succeeded.
    pub evaluated: Option<Evaluated>,
    /// Why it failed or was skipped.
    pub reason: Option<String>,
    /// The line of the repository that a failure points to.
    pub place: Option<Place>,
    /// Name and store path of each output of its derivation.
    pub paths: Vec<(String, String)>,
    /// Wall seconds of its build in this run.
    pub build_seconds: f64,
    /// Bytes of the closure of its first path, where it is in the store.
    pub closure_bytes: Option<u64>,
    /// The derivation that failed: its own or one it needs.
    pub failed_drv: Option<String>,
    /// The last lines of the failed build.
    pub log_tail: Vec<String>,
}

impl OutputResult {
    /// A result with nothing but its status known.
    #[must_use]
    pub fn new(output: Output, status: Status) -> Self {
        Self {
            output,
            status,
            evaluated: None,
            reason: None,
            place: None,
            paths: Vec::new(),
            build_seconds: 0.0,
            closure_bytes: None,
            failed_drv: None,
            log_tail: Vec::new(),
        }
    }

    /// The system it is for, as far as known.
    #[must_use]
    pub fn system(&self) -> Option<&str> {
        // A program that is a string, as an app's is, says no system.
        let evaluated = self.evaluated.as_ref().map(|evaluated| evaluated.system.as_str());
        evaluated.filter(|system| !system.is_empty()).or(self.output.system.as_deref())
    }

    /// Wall seconds of evaluation and build.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.build_seconds + self.evaluated.as_ref().map_or(0.0, |evaluated| evaluated.seconds)
    }
}
