//! What a running evaluation tells: one JSON document a trace, read into types.

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::Query;
use crate::fleet::Facts;
use crate::nix::log::Message;

/// One finding of a running evaluation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", untagged, deny_unknown_fields)]
pub enum Finding {
    /// Discovery looks into this set now.
    Looking {
        /// Its attribute path.
        begin: Vec<String>,
    },
    /// An output exists.
    Output {
        /// Where, and which pattern found it.
        output: FoundOutput,
    },
    /// Where the flake's source is in the store.
    Source {
        /// Its store path.
        source: String,
    },
    /// A derivation exists that no kind covers.
    Uncovered {
        /// Where.
        uncovered: Vec<String>,
    },
    /// Evaluation of this item starts now.
    Begin {
        /// Its index.
        begin: usize,
    },
    /// A configuration says its system.
    System {
        /// The item.
        index: usize,
        /// The system, if it says one.
        system: Option<String>,
    },
    /// The derivation is known, and in the store.
    Derivation {
        /// The item.
        index: usize,
        /// Its store path; nothing if there is nothing to build.
        drv: Option<String>,
        /// The system it builds on.
        built: Option<String>,
    },
    /// The facts are known; the item is done.
    Facts {
        /// The item.
        index: usize,
        /// The facts.
        facts: Facts,
    },
}

/// An output as discovery names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FoundOutput {
    /// Its attribute path.
    pub path: Vec<String>,
    /// The index of the kind whose set it is in; nothing for what is only named.
    pub pattern: Option<usize>,
}

impl Query {
    /// The finding that a message of the evaluation carries, if it is one of ours.
    ///
    /// # Errors
    /// When one of our own lines cannot be read.
    pub fn finding(&self, message: &Message) -> Result<Option<Finding>> {
        let Some(json) = message.text.strip_prefix("trace: ").and_then(|text| text.strip_prefix(&self.token)) else {
            return Ok(None);
        };
        serde_json::from_str(json).map(Some).with_context(|| format!("read the finding {json}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_apart() {
        let query =
            Query { folder: std::path::PathBuf::new(), token: "T-".to_owned(), overrides: Vec::new(), elsewhere: None };
        let check = |json: &str, expected: Finding| {
            let text = format!("trace: T-{json}");
            let message = Message { level: 0, text, raw: None, position: None };
            assert_eq!(query.finding(&message).unwrap(), Some(expected));
        };
        check(r#"{"begin":3}"#, Finding::Begin { begin: 3 });
        check(r#"{"begin":["a","b"]}"#, Finding::Looking { begin: vec!["a".to_owned(), "b".to_owned()] });
        check(r#"{"index":1,"system":null}"#, Finding::System { index: 1, system: None });
        check(
            r#"{"built":"s","drv":"/d.drv","index":1}"#,
            Finding::Derivation { index: 1, drv: Some("/d.drv".to_owned()), built: Some("s".to_owned()) },
        );
        for (json, pattern) in [("2", Some(2)), ("null", None)] {
            let output = FoundOutput { path: vec!["a".to_owned()], pattern };
            check(&format!(r#"{{"output":{{"path":["a"],"pattern":{json}}}}}"#), Finding::Output { output });
        }
    }

    #[test]
    fn the_flakes_own_traces_are_no_findings() {
        let query =
            Query { folder: std::path::PathBuf::new(), token: "T-".to_owned(), overrides: Vec::new(), elsewhere: None };
        let message = |text: &str| Message { level: 0, text: text.to_owned(), raw: None, position: None };
        assert_eq!(query.finding(&message("trace: {\"begin\":3}")).unwrap(), None);
        assert!(query.finding(&message("trace: T-{\"nonsense\":3}")).is_err());
    }
}
