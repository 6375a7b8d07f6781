//! What workflows and actions of GitHub say about caches: settings in any of their texts, and the caches that their steps name.

use std::path::Path;

use regex_lite::Regex;

use super::entry::List;
use super::settings::{self, Block, Setting};
use crate::rules::yaml::{Node, Value};

/// The action that reads and pushes to a cache at Cachix.
pub const CACHIX_ACTION: &str = "cachix/cachix-action";

/// Whether the file at `path` is a workflow or an action: YAML below `.github/workflows` or `.github/actions`, and the action that
/// a repository may itself be.
#[must_use]
pub fn is_workflow(path: &Path) -> bool {
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let of_github = path.starts_with(".github/workflows") || path.starts_with(".github/actions");
    is_yaml
        && (of_github || path.parent() == Some(Path::new("")) && path.file_stem().is_some_and(|stem| stem == "action"))
}

/// The line at or after `from` that says `what`; else `from`.
#[must_use]
pub fn line_of(text: &str, from: u32, what: &str) -> u32 {
    let mut lines = (1..).zip(text.lines()).filter(|(number, _)| *number >= from);
    lines.find(|(_, line)| line.contains(what)).map_or(from, |(number, _)| number)
}

/// Whether a step runs the action called `name`, of whichever version.
#[must_use]
pub fn runs_action(step: &Node, name: &str) -> bool {
    step.text_at("uses").is_some_and(|uses| uses.split('@').next() == Some(name))
}

/// What `node` of `file`, whose whole text is `text`, says about caches.
#[must_use]
pub fn blocks(file: &Path, text: &str, node: &Node) -> Vec<Block> {
    let mut found = Vec::new();
    collect(&Source { file, text }, node, &mut found);
    found
}

struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn block(&self, settings: Vec<Setting>, whole: bool) -> Block {
        Block { file: self.file.to_owned(), settings, whole }
    }
}

fn collect(source: &Source<'_>, node: &Node, found: &mut Vec<Block>) {
    match &node.value {
        Value::Scalar { text, .. } => {
            found.extend(written(source, text, node.line));
            found.extend(used(source, text, node.line));
        }
        Value::List(items) => items.iter().for_each(|item| collect(source, item, found)),
        Value::Map(entries) => {
            let named = entries.iter().filter_map(|(key, value)| {
                let words = value.text()?.split_whitespace().map(|word| (word.to_owned(), value.line)).collect();
                Some(Setting { entries: words, ..settings::setting(&key.text, key.line)? })
            });
            let named: Vec<Setting> = named.collect();
            if !named.is_empty() {
                found.push(source.block(named, true));
            }
            if runs_action(node, CACHIX_ACTION) {
                found.extend(cachix_step(source, node));
            }
            entries.iter().for_each(|(_, value)| collect(source, value, found));
        }
    }
}

/// Settings in a text, with the lines of the file that they are on: a block of YAML begins after its `|`.
fn written(source: &Source<'_>, text: &str, line: u32) -> Option<Block> {
    let mut block = settings::in_text(source.file, text, 0)?;
    let mut from = line;
    for setting in &mut block.settings {
        let own = text.lines().nth(setting.line as usize).unwrap_or_default();
        from = line_of(source.text, from, own.trim());
        setting.line = from;
        setting.entries.iter_mut().for_each(|(_, line)| *line = from);
    }
    Some(block)
}

/// `cachix use NAME` in a script.
fn used(source: &Source<'_>, text: &str, line: u32) -> Option<Block> {
    let pattern = Regex::new(r"\bcachix use ([A-Za-z0-9_-]+)").ok()?;
    let settings = pattern.captures_iter(text).filter_map(|found| found.get(1)).map(|name| {
        let line = line_of(source.text, line, &format!("cachix use {}", name.as_str()));
        one("cachix use", line, vec![(cachix_url(name.as_str()), line)])
    });
    let settings: Vec<Setting> = settings.collect();
    (!settings.is_empty()).then(|| source.block(settings, false))
}

/// The caches that a step of the Cachix action reads.
fn cachix_step(source: &Source<'_>, step: &Node) -> Option<Block> {
    let with = step.get("with")?;
    let skips = with.text_at("skipAddingSubstituter") == Some("true");
    let own = with.get("name").filter(|_| !skips);
    let own = own.into_iter().filter_map(|name| Some((cachix_url(name.text()?), name.line)));
    let pulled = with.get("extraPullNames").into_iter().flat_map(|names| {
        let text = names.text().unwrap_or_default();
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|name| (cachix_url(name), names.line))
    });
    let entries: Vec<(String, u32)> = own.chain(pulled).collect();
    (!entries.is_empty()).then(|| source.block(vec![one("cachix-action", step.line, entries)], false))
}

fn one(name: &str, line: u32, entries: Vec<(String, u32)>) -> Setting {
    Setting { name: name.to_owned(), list: List::Substituters, replaces: false, line, entries }
}

fn cachix_url(name: &str) -> String {
    format!("https://{name}.cachix.org")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::yaml;

    #[test]
    fn workflows_and_actions_are_known_by_their_place() {
        let check = |path: &str, expected: bool| assert_eq!(is_workflow(Path::new(path)), expected, "{path}");
        check(".github/workflows/a.yaml", true);
        check(".github/actions/a/action.yml", true);
        check("action.yml", true);
        check("a/action.yml", false);
        check("compose.yml", false);
        check(".github/dependabot.yml", false);
        check(".github/workflows/a.md", false);
    }

    #[test]
    fn caches_are_read_with_their_lines() {
        let text = "\
jobs:
  a:
    env:
      NIX_CONFIG: extra-substituters = https://a
    steps:
      - uses: cachix/install-nix-action@v1
        with:
          extra_nix_config: |
            accept-flake-config = true
            extra-substituters = https://b
            extra-trusted-public-keys = b-1:x
      - uses: cachix/cachix-action@v15
        with:
          name: c
          extraPullNames: d, e
      - uses: cachix/cachix-action@v15
        with:
          name: f
          skipAddingSubstituter: true
      - run: |
          cachix use g
          nix build
      - uses: some/action@v1
        with:
          substituters: https://h https://i
      - uses: cachix/cachix-action-fork@v1
        with:
          name: j
";
        let yaml = yaml::parse(text).unwrap();
        let found = blocks(Path::new("f"), text, &yaml.documents[0]);
        let show = |block: &Block| {
            let entries = block.settings.iter().flat_map(|setting| {
                let entries = setting.entries.iter().map(|(entry, line)| format!("{line} {entry}"));
                entries.map(|entry| format!("{} {} {entry}", setting.line, setting.name))
            });
            format!("{}{}", if block.whole { "" } else { "part: " }, entries.collect::<Vec<_>>().join(", "))
        };
        let found: Vec<String> = found.iter().map(show).collect();
        let expected = [
            "4 extra-substituters 4 https://a",
            "10 extra-substituters 10 https://b, 11 extra-trusted-public-keys 11 b-1:x",
            "part: 12 cachix-action 14 https://c.cachix.org, 12 cachix-action 15 https://d.cachix.org, \
             12 cachix-action 15 https://e.cachix.org",
            "part: 21 cachix use 21 https://g.cachix.org",
            "25 substituters 25 https://h, 25 substituters 25 https://i",
        ];
        assert_eq!(found, expected);
    }
}
