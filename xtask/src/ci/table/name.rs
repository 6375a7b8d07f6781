//! The names of jobs: a variant for each that is built in, and a word for those of xtask.toml.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde::{Serialize, Serializer};

/// The words of custom jobs, each kept once for as long as the program runs, so that a name stays as small as a number.
static WORDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The names are written once: the variants, their list and their words all come from here.
macro_rules! names {
    ($($(#[doc = $doc:literal])* $name:ident = $word:literal,)*) => {
        /// Which job: the same word is the argument of `cargo xtask ci`, the row of the report, and the job on GitHub.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum JobName {
            $($(#[doc = $doc])* $name,)*
            /// A job that `[ci.jobs]` of xtask.toml adds.
            Custom(CustomName),
        }

        /// Every name that is built in.
        pub(super) const BUILT_IN: &[JobName] = &[$(JobName::$name),*];

        impl JobName {
            /// The word, as typed and printed.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                    Self::Custom(CustomName(word)) => word,
                }
            }
        }
    };
}

names! {
    /// This machine.
    Bootstrap = "bootstrap",
    /// flake.lock.
    Lock = "lock",
    /// Whether to push.
    CachePolicy = "cache-policy",
    /// What hosts and homes are.
    Config = "config",
    /// Whether they can be activated.
    Activation = "activation",
    /// Files and attributes.
    Autowiring = "autowiring",
    /// Hosts without each other.
    Independence = "independence",
    /// What is encrypted, and for whom.
    Secrets = "secrets",
    /// What is written about caches.
    CacheConfig = "cache-config",
    /// The workflows of GitHub.
    Workflow = "workflow",
    /// What a change does.
    Diff = "diff",
    /// Evaluation and builds.
    Build = "build",
    /// What caches had.
    CacheAnalytics = "cache-analytics",
    /// The push.
    CachePush = "cache-push",
    /// Whether it arrived.
    CacheVerify = "cache-verify",
}

/// The word of a job that is not built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomName(&'static str);

impl JobName {
    /// The name that goes by `word`: the built-in one, else a custom one, whether there is such a job or not.
    #[must_use]
    pub fn of(word: &str) -> Self {
        Self::built_in(word).unwrap_or_else(|| {
            let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
            let known = words.get(word).copied();
            let kept = known.unwrap_or_else(|| {
                let kept: &'static str = word.to_owned().leak();
                words.insert(kept);
                kept
            });
            Self::Custom(CustomName(kept))
        })
    }

    /// The built-in job that goes by `word`.
    #[must_use]
    pub fn built_in(word: &str) -> Option<Self> {
        BUILT_IN.iter().copied().find(|name| name.word() == word)
    }
}

/// As its word.
impl Serialize for JobName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_name() {
        let name = JobName::of("deploy");
        assert_eq!((name, name.word()), (JobName::of(&String::from("deploy")), "deploy"));
        assert_ne!(name, JobName::of("deploi"));
        for &built_in in BUILT_IN {
            assert_eq!(JobName::of(built_in.word()), built_in);
            assert_eq!(serde_json::to_value(built_in).unwrap(), built_in.word());
        }
    }
}
