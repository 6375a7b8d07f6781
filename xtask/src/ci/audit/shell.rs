//! What a shell would run of a script: its commands as words, loops over known words unrolled, and whether each one runs whatever
//! happens and fails the script when it fails.

use std::collections::BTreeMap;

pub use super::expression::UNKNOWN;
use super::words::{Part, Token, tokens};

/// How many commands one line may be unrolled to.
const MOST_COMMANDS: usize = 1000;

/// The values that variables may have here.
pub type Variables = BTreeMap<String, Vec<String>>;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its line in the script, counted from 0.
    pub line: u32,
    /// Its words; [`UNKNOWN`] in them is what only the shell knows.
    pub words: Vec<String>,
    /// Whether it always runs, and its failure fails the script.
    pub sure: bool,
}

/// What a command stands inside of.
enum Around {
    Condition,
    Loop,
    Case,
}

/// The commands of `script`; with `pipefail`, the failure of one before a `|` counts.
#[must_use]
pub fn commands(script: &str, variables: &Variables, pipefail: bool) -> Vec<Command> {
    let pipefail = pipefail || script.contains("pipefail");
    let heedless = script.contains("set +e");
    let mut reader = Reader { variables: variables.clone(), around: Vec::new(), found: Vec::new(), pipefail, heedless };
    let mut command: Vec<Vec<Part>> = Vec::new();
    let (mut line, mut before) = (0, String::new());
    for (at, token) in tokens(script) {
        match token {
            Token::Word(parts) => {
                if command.is_empty() {
                    line = at;
                }
                command.push(parts);
            }
            Token::Nested(script) => {
                reader.found.extend(commands(&script, &reader.variables, pipefail).into_iter().map(|inner| Command {
                    line: at + inner.line,
                    sure: false,
                    ..inner
                }));
            }
            Token::Sign(sign) => {
                reader.command(std::mem::take(&mut command), line, &before, &sign);
                before = sign;
            }
        }
    }
    reader.command(command, line, &before, "");
    reader.found
}

struct Reader {
    variables: Variables,
    around: Vec<Around>,
    found: Vec<Command>,
    pipefail: bool,
    /// Whether the script goes on after a failure.
    heedless: bool,
}

impl Reader {
    fn command(&mut self, mut words: Vec<Vec<Part>>, line: u32, before: &str, after: &str) {
        while let Some(first) = words.first().and_then(|word| plain(word)) {
            match first.as_str() {
                "if" | "while" | "until" => self.around.push(Around::Condition),
                "case" => {
                    self.around.push(Around::Case);
                    return;
                }
                "for" => return self.repeat(&words),
                "fi" | "done" | "esac" => {
                    self.around.pop();
                }
                "then" | "elif" | "else" | "do" | "{" | "}" | "time" => {}
                "!" => {
                    words.remove(0);
                    return self.add(&words, line, false);
                }
                _ => break,
            }
            words.remove(0);
        }
        // `a)` of a `case`, and the head of a function.
        let pattern = after == ")" && matches!(self.around.last(), Some(Around::Case));
        if words.is_empty() || pattern || after == "(" {
            return;
        }
        let lost = before == "||" || ["||", "&"].contains(&after) || after.starts_with('|') && !self.pipefail;
        let certain = !lost && !self.heedless && self.around.iter().all(|around| matches!(around, Around::Loop));
        self.add(&words, line, certain);
    }

    /// `for NAME in WORDS`: NAME is each of them.
    fn repeat(&mut self, words: &[Vec<Part>]) {
        self.around.push(Around::Loop);
        let Some(name) = words.get(1).and_then(|word| plain(word)) else { return };
        let values = words.iter().skip(3).flat_map(|word| self.expanded(std::slice::from_ref(word))).flatten();
        let values: Vec<String> =
            values.flat_map(|word| word.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
        // What is run for nobody knows which words is not sure to run at all.
        if values.is_empty() || values.iter().any(|value| value.contains([UNKNOWN, '*', '?'])) {
            self.around.pop();
            self.around.push(Around::Condition);
        }
        self.variables.insert(name, if values.is_empty() { vec![UNKNOWN.to_string()] } else { values });
    }

    fn add(&mut self, words: &[Vec<Part>], line: u32, sure: bool) {
        for mut words in self.expanded(words) {
            let assigned = words.iter().take_while(|word| assignment(word).is_some()).count();
            let exported = words.first().is_some_and(|word| ["export", "local", "readonly"].contains(&word.as_str()));
            if assigned == words.len() || exported {
                for (name, value) in words.iter().filter_map(|word| assignment(word)) {
                    // Whether it is set at all, or anew in each round, is for the shell to know.
                    let known = self.around.is_empty() && sure;
                    let value = if known { value.to_owned() } else { UNKNOWN.to_string() };
                    self.variables.insert(name.to_owned(), vec![value]);
                }
                continue;
            }
            words.drain(..assigned);
            let command = Command { line, words, sure };
            if !self.found.contains(&command) {
                self.found.push(command);
            }
        }
    }

    /// The words with every value that their variables may have.
    fn expanded(&self, words: &[Vec<Part>]) -> Vec<Vec<String>> {
        let mut names: Vec<&String> = Vec::new();
        for part in words.iter().flatten() {
            if let Part::Variable(name) = part
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        let mut settings: Vec<BTreeMap<&str, &str>> = vec![BTreeMap::new()];
        for name in names {
            let Some(values) = self.variables.get(name) else { continue };
            // Loops within loops over many words are left for the shell to unroll.
            if settings.len() * values.len() > MOST_COMMANDS {
                continue;
            }
            settings = settings
                .iter()
                .flat_map(|setting| {
                    values.iter().map(move |value| {
                        let mut setting = setting.clone();
                        setting.insert(name.as_str(), value.as_str());
                        setting
                    })
                })
                .collect();
        }
        let word = |parts: &Vec<Part>, setting: &BTreeMap<&str, &str>| {
            let text = parts.iter().map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Variable(name) => {
                    setting.get(name.as_str()).map_or(UNKNOWN.to_string(), |value| (*value).to_owned())
                }
                Part::Unknown => UNKNOWN.to_string(),
            });
            text.collect::<String>()
        };
        settings.iter().map(|setting| words.iter().map(|parts| word(parts, setting)).collect()).collect()
    }
}

fn plain(word: &[Part]) -> Option<String> {
    match word {
        [Part::Text(text)] => Some(text.clone()),
        _ => None,
    }
}

/// Name and value of `NAME=value`.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    fits.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_what_a_shell_would_run() {
        let check = |script: &str, expected: &[&str]| {
            let known = Variables::from([("SYSTEM".to_owned(), vec!["s".to_owned()])]);
            let found = commands(script, &known, false);
            let show = |command: &Command| {
                let mark = if command.sure { "" } else { "? " };
                format!("{}: {mark}{}", command.line, command.words.join("|").replace(UNKNOWN, "~"))
            };
            assert_eq!(found.iter().map(show).collect::<Vec<_>>(), expected, "{script}");
        };
        check("nix build .#a # no\nnix build '.#b \"c\"'", &["0: nix|build|.#a", "1: nix|build|.#b \"c\""]);
        check("nix build \\\n  .#a && echo done; ls", &["0: nix|build|.#a", "1: echo|done", "1: ls"]);
        check("nix build .#$SYSTEM .#${SYSTEM} .#$OTHER", &["0: nix|build|.#s|.#s|.#~"]);
        check("for host in a b; do\n  nix build .#$host\ndone\nls", &["1: nix|build|.#a", "1: nix|build|.#b", "3: ls"]);
        check("for host in $(list); do build $host; done", &["0: ? list", "0: ? build|~"]);
        check("if test -f x; then\n a\nelse\n b\nfi\nc", &["0: ? test|-f|x", "1: ? a", "3: ? b", "5: c"]);
        check("a || true", &["0: ? a", "0: ? true"]);
        check("a | b", &["0: ? a", "0: b"]);
        check("set -o pipefail; a | b", &["0: set|-o|pipefail", "0: a", "0: b"]);
        check("set +e\na", &["0: ? set|+e", "1: ? a"]);
        check("a & ! b", &["0: ? a", "0: ? b"]);
        check("X=1 a > out 2>&1 < in", &["0: a"]);
        check("X=y\na $X\nif b; then X=z; fi\na $X", &["1: a|y", "2: ? b", "3: a|~"]);
        check("cat <<EOF > f\nnix build .#a\nEOF\nb", &["0: cat", "3: b"]);
        check("a \"$(b c)\" `d`", &["0: ? b|c", "0: ? d", "0: a|~|~"]);
        check("case $x in\n a) b ;;\n *) c ;;\nesac\nd", &["1: ? b", "2: ? c", "4: d"]);
        check("f() {\n a\n}", &["1: a"]);
        check("while read -r x; do a $x; done", &["0: ? read|-r|x", "0: ? a|~"]);
        check("", &[]);
        let many = "x ".repeat(40);
        check(&format!("for a in {many}; do for b in {many}; do c $a $b; done; done"), &["0: c|x|~"]);
    }
}
