//! What a repository's Nix code mentions, read without parsing it: the names that the stand-in must have, and the options it must
//! give a default.

use std::collections::BTreeSet;

/// How the names end that options are read by most: a stand-in can tell their defaults from the name alone.
const READ: [&str; 3] = ["enable", "package", "finalPackage"];

/// Everything that Nix files mention; in order, so that the same files always give the same stand-in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Every match of `[a-zA-Z_][a-zA-Z0-9_'-]*`, whatever it stands for.
    pub identifiers: BTreeSet<String>,
    /// The dotted path `P` of every `config.P` up to its first name that is one of [`READ`], such as `services.nginx.enable`.
    pub reads: BTreeSet<String>,
}

impl Mentions {
    /// Adds what `text` mentions.
    pub fn add(&mut self, text: &str) {
        let mut rest = text;
        while let Some(start) = rest.find(starts_name) {
            let from_name = &rest[start..];
            let (name, after) = from_name.split_at(name_length(from_name));
            if !self.identifiers.contains(name) {
                self.identifiers.insert(name.to_owned());
            }
            if name == "config" {
                self.reads.extend(read(after));
            }
            rest = after;
        }
    }
}

/// The path that is read in `.services.nginx.enable or false`, if its name tells a default.
fn read(mut after_config: &str) -> Option<String> {
    let mut names = Vec::new();
    loop {
        let (name, after) = member(after_config)?;
        names.push(name);
        if READ.contains(&name) {
            return (names.len() > 1).then(|| names.join("."));
        }
        after_config = after;
    }
}

/// The name in `.name` or `."name"` at the beginning of `text`, and what follows. A quoted name with a dot or an interpolation is
/// none: a dotted path could not tell it.
fn member(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('.')?;
    if let Some(quoted) = text.strip_prefix('"') {
        let (name, after) = quoted.split_once('"')?;
        let plain = !name.is_empty() && name.chars().all(continues_name);
        return plain.then_some((name, after));
    }
    text.starts_with(starts_name).then(|| text.split_at(name_length(text)))
}

fn name_length(text: &str) -> usize {
    text.find(|c: char| !continues_name(c)).unwrap_or(text.len())
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn continues_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_'-".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(text: &str) -> Mentions {
        let mut mentions = Mentions::default();
        mentions.add(text);
        mentions
    }

    #[test]
    fn identifiers() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(mentions(text).identifiers.iter().collect::<Vec<_>>(), expected, "{text:?}");
        };
        check("", &[]);
        check("1 + 2", &[]);
        check("{ pkgs, ... }: with pkgs; [ git ]", &["git", "pkgs", "with"]);
        // Letters after a digit, a dash or a quote begin a name; inside a name they do not.
        check("1password -dash 'quoted", &["dash", "password", "quoted"]);
        check("ripgrep-all _7zz foo' a1 x-", &["_7zz", "a1", "foo'", "ripgrep-all", "x-"]);
        check("\"${pkgs.hello}/bin\" # comment", &["bin", "comment", "hello", "pkgs"]);
        check("süd", &["d", "s"]);
    }

    #[test]
    fn reads() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(mentions(text).reads.iter().collect::<Vec<_>>(), expected, "{text:?}");
        };
        check("mkIf config.services.nginx.enable { }", &["services.nginx.enable"]);
        check("config.programs.git.package", &["programs.git.package"]);
        check("config.programs.vim.finalPackage}", &["programs.vim.finalPackage"]);
        check("host.config.services.x.enable", &["services.x.enable"]);
        check("config.services.\"x-y\".enable", &["services.x-y.enable"]);
        check("config.services.a.enable || config.services.b.enable", &["services.a.enable", "services.b.enable"]);
        // What is read of a package is read of that package.
        check("config.services.x.package.version", &["services.x.package"]);
        check("config.services.x.package.enable", &["services.x.package"]);
        // No default can be told of these.
        check("config.services.x.port", &[]);
        check("config.services.enabled", &[]);
        check("config.enable", &[]);
        check("config.services.${name}.enable", &[]);
        check("config.services.\"a.b\".enable", &[]);
        check("config.services.\"a${b}\".enable", &[]);
        check("config.services. enable", &[]);
        check("osConfig.services.x.enable myconfig.services.x.enable config'.services.x.enable", &[]);
    }

    #[test]
    fn several_files_add_up() {
        let mut both = mentions("config.a.b.enable");
        both.add("config.c.d.enable other");
        assert_eq!(both, mentions("other config.c.d.enable config.a.b.enable"));
        assert_eq!(both.reads.len(), 2);
    }
}
