//! How a person names outputs: an attribute path or its prefix, `kind:name`, with globs in either.

use std::fmt;
use std::str::FromStr;

use crate::fleet::{AttrPath, Kind, Output};

/// One selector of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    text: String,
    pattern: Pattern,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// `nixos:web*`: a kind and a name.
    KindAndName(String, String),
    /// `nixosConfigurations.web`: the first components of the attribute path.
    Prefix(AttrPath),
}

impl Selector {
    /// Whether this selector names `output`.
    #[must_use]
    pub fn matches(&self, output: &Output) -> bool {
        match &self.pattern {
            Pattern::KindAndName(kind, name) => glob(kind, &output.kind) && glob(name, output.attr.name()),
            Pattern::Prefix(prefix) => {
                let (wanted, given) = (prefix.components(), output.attr.components());
                wanted.len() <= given.len() && wanted.iter().zip(given).all(|(pattern, part)| glob(pattern, part))
            }
        }
    }

    /// Whether this selector may name an output of `kinds` at or below `set`, whose names are not known.
    #[must_use]
    pub fn may_name_below(&self, set: &AttrPath, kinds: &[Kind]) -> bool {
        match &self.pattern {
            Pattern::KindAndName(wanted, _) => {
                kinds.iter().any(|kind| glob(wanted, &kind.name) && kind.may_be_below(set))
            }
            Pattern::Prefix(prefix) => {
                prefix.components().iter().zip(set.components()).all(|(pattern, part)| glob(pattern, part))
            }
        }
    }

    /// Names close to this selector, for a "did you mean".
    #[must_use]
    pub fn suggestion<'a>(&self, outputs: &'a [Output]) -> Option<&'a Output> {
        let likeness = |output: &Output| {
            let short = format!("{}:{}", output.kind, output.attr.name());
            [short, output.attr.to_string(), output.attr.name().to_owned()]
                .iter()
                .map(|name| strsim::jaro_winkler(name, &self.text))
                .fold(0.0, f64::max)
        };
        let best = outputs.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        (likeness(best) > 0.8).then_some(best)
    }
}

impl FromStr for Selector {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pattern = match text.split_once(':') {
            Some((kind, name)) if !kind.contains(['"', '.']) => Pattern::KindAndName(kind.to_owned(), name.to_owned()),
            _ => Pattern::Prefix(AttrPath::parse(text)?),
        };
        Ok(Self { text: text.to_owned(), pattern })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any run of characters and `?` for any one.
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // `reachable[i]`: the part of the pattern read so far fits the first `i` characters of the text.
    let mut reachable = vec![false; text.len() + 1];
    reachable[0] = true;
    for &wanted in &pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match wanted {
                '*' => reachable[at] || (at > 0 && next[at - 1]),
                '?' => at > 0 && reachable[at - 1],
                _ => at > 0 && reachable[at - 1] && text[at - 1] == wanted,
            };
        }
        reachable = next;
    }
    reachable[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(attr: &str, kind: &str) -> Output {
        Output { attr: AttrPath::parse(attr).unwrap(), kind: kind.to_owned(), system: None }
    }

    #[test]
    fn selects_by_path_prefix_kind_and_glob() {
        let check = |selector: &str, attr: &str, kind: &str, expected: bool| {
            let selector: Selector = selector.parse().unwrap();
            assert_eq!(selector.matches(&output(attr, kind)), expected, "{selector} on {attr}");
        };
        check("nixosConfigurations", "nixosConfigurations.web", "nixos", true);
        check("nixosConfigurations.web", "nixosConfigurations.web", "nixos", true);
        check("nixosConfigurations.we", "nixosConfigurations.web", "nixos", false);
        check("nixosConfigurations.web.x", "nixosConfigurations.web", "nixos", false);
        check("nixosConfigurations.w*", "nixosConfigurations.web", "nixos", true);
        check("nixos:web*", "nixosConfigurations.web2", "nixos", true);
        check("nixos:web", "darwinConfigurations.web", "darwin", false);
        check("home:*@b", "homeConfigurations.a@b", "home", true);
        check("*:a?b", "packages.x86_64-linux.a.b", "package", false);
        check("packages.x86_64-linux", "packages.x86_64-linux.\"a.b\"", "package", true);
    }

    #[test]
    fn reaches_into_sets_whose_names_are_unknown() {
        let check = |selector: &str, set: &str, expected: bool| {
            let selector: Selector = selector.parse().unwrap();
            let set = AttrPath::parse(set).unwrap();
            assert_eq!(selector.may_name_below(&set, &crate::fleet::built_in_kinds()), expected, "{selector} in {set}");
        };
        check("nixosConfigurations.web", "nixosConfigurations", true);
        check("nixosConfigurations", "nixosConfigurations", true);
        check("darwinConfigurations.web", "nixosConfigurations", false);
        check("packages.*.a", "packages.x86_64-linux", true);
        check("packages.aarch64-linux.a", "packages.x86_64-linux", false);
        check("hydraJobs", "hydraJobs.a.b", true);
        check("nixos:web", "nixosConfigurations", true);
        check("home:ada", "legacyPackages.x86_64-linux", true);
        check("nixos:web", "packages", false);
    }

    #[test]
    fn globs() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("?", "", false),
            ("ü?", "üx", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn suggests_what_is_close() {
        let outputs = [output("nixosConfigurations.web", "nixos"), output("darwinConfigurations.mac", "darwin")];
        let suggestion = |text: &str| {
            let selector: Selector = text.parse().unwrap();
            selector.suggestion(&outputs).map(|output| output.attr.to_string())
        };
        assert_eq!(suggestion("nixos:wbe").as_deref(), Some("nixosConfigurations.web"));
        assert_eq!(suggestion("web").as_deref(), Some("nixosConfigurations.web"));
        assert_eq!(suggestion("zzz"), None);
    }
}
