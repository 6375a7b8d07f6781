//! Settings about caches in any text: nix.conf, the same in a here document or an action's input, options on a command line.

use std::path::{Path, PathBuf};

use regex_lite::Regex;

use super::entry::List;

/// What one place says about caches: a file, a script in a workflow, a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The file it is in.
    pub file: PathBuf,
    /// Its settings.
    pub settings: Vec<Setting>,
    /// Whether it says all that there is to say: a list of caches, and not the one that a step is about.
    pub whole: bool,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name, as it is written.
    pub name: String,
    /// What it lists.
    pub list: List,
    /// Whether it discards what others have set.
    pub replaces: bool,
    /// Its line.
    pub line: u32,
    /// What it lists, each with its line.
    pub entries: Vec<(String, u32)>,
}

impl Block {
    /// Every entry of a list: its setting, itself, its line.
    pub fn entries(&self, list: List) -> impl Iterator<Item = (&Setting, &str, u32)> {
        let settings = self.settings.iter().filter(move |setting| setting.list == list);
        settings.flat_map(|setting| setting.entries.iter().map(move |(entry, line)| (setting, entry.as_str(), *line)))
    }
}

/// The setting called `name`, without entries, if it is about caches. `binary-caches` is what `substituters` was called before
/// Nix 2.0; both are still read.
#[must_use]
pub fn setting(name: &str, line: u32) -> Option<Setting> {
    let (list, replaces) = match name.strip_prefix("extra-").unwrap_or(name) {
        "substituters" | "binary-caches" => (List::Substituters, true),
        // What users may ask for is nobody else's to discard.
        "trusted-substituters" => (List::Substituters, false),
        "trusted-public-keys" | "binary-cache-public-keys" => (List::Keys, true),
        _ => return None,
    };
    let replaces = replaces && !name.starts_with("extra-");
    Some(Setting { name: name.to_owned(), list, replaces, line, entries: Vec::new() })
}

/// The settings in `text`, whose first line is `first` of its file: `name = words`, as in nix.conf, and `--name words` or
/// `--option name words`. A name without either is but a word.
#[must_use]
pub fn in_text(file: &Path, text: &str, first: u32) -> Option<Block> {
    let pattern = r#"(^|[^A-Za-z0-9_.-])(--(?:option\s+)?)?((?:extra-)?(?:substituters|trusted-substituters|trusted-public-keys|binary-caches|binary-cache-public-keys))(\s*=\s*|\s+|$)"#;
    let pattern = Regex::new(pattern).ok()?;
    let (mut settings, mut whole) = (Vec::new(), false);
    for (number, line) in (first..).zip(text.lines()) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        for found in pattern.captures_iter(line) {
            let part = |at: usize| found.get(at).map_or("", |part| part.as_str());
            let after = found.get(0).and_then(|whole| line.get(whole.end()..)).unwrap_or_default();
            let assigned = part(4).contains('=');
            let words = match (part(2).is_empty(), assigned) {
                (true, true) => assigned_words(after),
                (false, _) => argument(after),
                (true, false) => continue,
            };
            let begins = line.trim_start().starts_with(part(3));
            // What somebody searches for is not what is set.
            if words.is_empty() && !begins && part(2).is_empty() {
                continue;
            }
            // What one command is told besides is no list of all.
            whole |= part(2).is_empty();
            let Some(setting) = setting(part(3), number) else { continue };
            let entries = words.into_iter().map(|word| (word.to_owned(), number)).collect();
            settings.push(Setting { entries, ..setting });
        }
    }
    (!settings.is_empty()).then(|| Block { file: file.to_owned(), settings, whole })
}

/// The words up to the end of the line, of the quotes around all of it, or of the command.
fn assigned_words(text: &str) -> Vec<&str> {
    let text = text.split("\\n").next().unwrap_or_default();
    let mut words = Vec::new();
    // An expression of GitHub's holds spaces.
    let mut rest = text;
    while let Some(word) = next_word(&mut rest) {
        if word.starts_with(['>', '|', '&', ';', '#', '\\']) {
            break;
        }
        let end = word.find(['"', '\'']);
        let own = end.map_or(word, |end| &word[..end]);
        if !own.is_empty() {
            words.push(own);
        }
        if end.is_some() {
            break;
        }
    }
    words
}

/// The words of one argument of a shell's.
fn argument(text: &str) -> Vec<&str> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|first| ['"', '\''].contains(first));
    let mut rest = match quote {
        Some(quote) => text[1..].split(quote).next().unwrap_or_default(),
        None => return next_word(&mut &*text).into_iter().collect(),
    };
    std::iter::from_fn(|| next_word(&mut rest)).collect()
}

/// Takes the next word; `${{ … }}` is one.
fn next_word<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let text = rest.trim_start();
    if text.is_empty() {
        return None;
    }
    let inside = text.find("${{").filter(|at| !text[..*at].contains(char::is_whitespace));
    let from = inside.and_then(|at| text[at..].find("}}").map(|end| at + end + 2)).unwrap_or(0);
    let end = text[from..].find(char::is_whitespace).map_or(text.len(), |end| from + end);
    *rest = &text[end..];
    Some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each setting as `line name[!]: words`.
    fn read(text: &str) -> Vec<String> {
        let block = in_text(Path::new("f"), text, 3);
        let settings = block.map(|block| block.settings).unwrap_or_default();
        let show = |setting: &Setting| {
            let words: Vec<&str> = setting.entries.iter().map(|(word, _)| word.as_str()).collect();
            format!(
                "{} {}{}: {}",
                setting.line,
                setting.name,
                if setting.replaces { "!" } else { "" },
                words.join(", ")
            )
        };
        settings.iter().map(show).collect()
    }

    #[test]
    fn settings_are_found_in_any_text() {
        let check = |text: &str, expected: &[&str]| assert_eq!(read(text), expected, "{text}");
        check("a = b\nextra-substituters = https://a  https://b\n", &["4 extra-substituters: https://a, https://b"]);
        check("substituters =", &["3 substituters!: "]);
        check("# substituters = a", &[]);
        check("my-substituters = a", &[]);
        check("extra-substituters", &[]);
        check("the substituters are set", &[]);
        check("grep '^substituters = ' /etc/nix/nix.conf", &[]);
        check(
            "echo \"extra-trusted-public-keys = a-1:x=\" >> /etc/nix/nix.conf",
            &["3 extra-trusted-public-keys: a-1:x="],
        );
        check("echo substituters = https://a | tee x", &["3 substituters!: https://a"]);
        check("printf 'extra-substituters = %s\\nx = y' a", &["3 extra-substituters: %s"]);
        check(
            "nix build --option substituters 'https://a https://b' --extra-trusted-public-keys a-1:x .#b",
            &["3 substituters!: https://a, https://b", "3 extra-trusted-public-keys: a-1:x"],
        );
        check("nix build --substituters \"\"", &["3 substituters!: "]);
        check("extra-substituters = ${{ vars.A }} https://a", &["3 extra-substituters: ${{ vars.A }}, https://a"]);
        check(
            "extra-substituters = https://a b-${{ c.d }}.io e",
            &["3 extra-substituters: https://a, b-${{ c.d }}.io, e"],
        );
        check("binary-caches = https://a", &["3 binary-caches!: https://a"]);
        check("trusted-substituters = https://a", &["3 trusted-substituters: https://a"]);
    }
}
