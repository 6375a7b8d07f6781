//! Whether the token that a cache wants is there, and under which name; never its value.

use std::collections::BTreeMap;

/// The names of the environment's variables, and whether each holds anything.
pub type Variables = BTreeMap<String, bool>;

/// The token of a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// It is in this variable.
    Ready(String),
    /// The cache can do without.
    NotNeeded,
    /// The cache needs one, and there is none.
    Missing {
        /// The variables that were looked at.
        wanted: Vec<String>,
        /// Of these, one that is there and holds nothing, as a secret does that a job was not handed.
        empty: Option<String>,
        /// A variable that looks as if it held the token, under a name that nobody reads.
        instead: Option<String>,
    },
}

/// Looks for the token in the variables `wanted`, in this order; a cache may be able to do without (`needed`).
#[must_use]
pub fn find(wanted: &[String], needed: bool, variables: &Variables) -> Token {
    if let Some(name) = wanted.iter().find(|name| variables.get(*name) == Some(&true)) {
        return Token::Ready(name.clone());
    }
    if !needed {
        return Token::NotNeeded;
    }
    let filled = variables.iter().filter(|(_, filled)| **filled).map(|(name, _)| name);
    Token::Missing {
        wanted: wanted.to_vec(),
        empty: wanted.iter().find(|name| variables.contains_key(*name)).cloned(),
        instead: filled.into_iter().find(|name| wanted.iter().any(|wanted| is_alias(name, wanted))).cloned(),
    }
}

/// Whether `name` looks like another name for the token `wanted`: of the same service, and about a token.
fn is_alias(name: &str, wanted: &str) -> bool {
    let service = |name: &str| name.split_once('_').map(|(service, _)| service.to_ascii_uppercase());
    let says = |word: &str| name.to_ascii_uppercase().contains(word);
    service(wanted).is_some_and(|wanted| service(name) == Some(wanted)) && (says("AUTH") || says("TOKEN"))
}

impl Token {
    /// What to do about it, if it is missing.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let Self::Missing { wanted, empty, instead } = self else { return None };
        let names: Vec<String> = wanted.iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(" or ");
        Some(match (instead, empty) {
            (Some(instead), _) => format!(
                "the token is looked for in {names}, and there is only `{instead}`, which nobody reads: hand it on under the \
                 name that is wanted, or write `token_env = [\"{instead}\"]` in `[cache]`"
            ),
            (None, Some(empty)) => format!(
                "`{empty}` is there but empty, as a secret is that does not exist or is not handed to this job: store it, \
                 and hand it on"
            ),
            (None, None) => {
                format!("the cache needs a token, and {names} is not set: store it as a secret and hand it on")
            }
        })
    }
}
