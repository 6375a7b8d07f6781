//! What the `nixConfig` of a flake.nix says of binary caches, as words.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The settings of a `nixConfig` by name.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(transparent)]
pub struct FlakeConfig {
    settings: BTreeMap<String, Setting>,
}

/// One setting of `nixConfig`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum Setting {
    Text(String),
    List(Vec<String>),
    /// No list of words: a number, a truth.
    Other(IgnoredAny),
}

impl FlakeConfig {
    /// Every setting that is text or a list of texts, as words.
    pub fn words(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        self.settings.iter().filter_map(|(name, setting)| match setting {
            Setting::Text(text) => Some((name.as_str(), text.split_whitespace().map(str::to_owned).collect())),
            Setting::List(words) => Some((name.as_str(), words.clone())),
            Setting::Other(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_words() {
        let json = r#"{"a": "x y", "b": ["x y", "z"], "c": true, "d": {}}"#;
        let config: FlakeConfig = serde_json::from_str(json).unwrap();
        let words: Vec<(&str, Vec<String>)> = config.words().collect();
        let expected = [("a", vec!["x".to_owned(), "y".to_owned()]), ("b", vec!["x y".to_owned(), "z".to_owned()])];
        assert_eq!(words, expected);
    }
}
