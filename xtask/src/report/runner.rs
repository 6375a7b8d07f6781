//! What GitHub's runner reads in a log: groups that fold, values to mask, and lines that must not become its commands.

use super::annotations::escaped;

/// Whether a runner of GitHub's reads what is said.
pub fn on_github() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some()
}

/// The commands that make the runner take `values` out of everything that is said from then on, a line each.
pub fn masks(values: &[String]) -> String {
    values.iter().map(|value| format!("::add-mask::{}\n", escaped(value))).collect()
}

/// Whether stderr leads into a file, where a mask would not be taken for a command, and would stay.
pub fn stderr_is_a_file() -> bool {
    let kind = rustix::fs::fstat(std::io::stderr()).map(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode));
    kind.is_ok_and(|kind| kind == rustix::fs::FileType::RegularFile)
}

/// `text` as a GitHub runner reads it without taking what a log or an error says for a command: a line that begins with `::`
/// after any white space, or one with `##[` anywhere (actions/runner, `ActionCommand.cs`).
pub fn without_commands(text: &str) -> String {
    let line = |line: &str| {
        let begins = line.trim_start();
        let indent = line.strip_suffix(begins).unwrap_or_default();
        let harmless = begins.strip_prefix("::").map_or_else(|| line.to_owned(), |rest| format!("{indent}: :{rest}"));
        harmless.replace("##[", "## [")
    };
    text.split_inclusive(['\n', '\r']).map(line).collect()
}

/// The group that folds what is said by the way: GitHub knows no group within a group, and what failed must not be folded.
///
/// A group begins with the first line that belongs into it, and ends before the first that does not; so there is never an empty
/// one, and never two at once.
#[derive(Debug, Default)]
pub struct Group {
    title: Option<String>,
    open: bool,
}

impl Group {
    /// What folds what is said by the way.
    pub fn title(&self) -> Option<String> {
        self.title.clone()
    }

    /// Begins another, or none, unless it is the same; the line that ends the one that is open.
    pub fn change(&mut self, title: Option<&str>) -> &'static str {
        if self.title.as_deref() == title {
            return "";
        }
        let end = self.before(true);
        self.title = title.map(str::to_owned);
        if end.is_empty() { "" } else { END }
    }

    /// What to say before a line, which everybody is to see if it is `loud`.
    pub fn before(&mut self, loud: bool) -> String {
        match (&self.title, self.open, loud) {
            (Some(title), false, false) => {
                self.open = true;
                format!("::group::{}\n", escaped(title))
            }
            (_, true, true) => {
                self.open = false;
                END.to_owned()
            }
            _ => String::new(),
        }
    }
}

const END: &str = "::endgroup::\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_commands_no_runner() {
        let check = |text: &str, expected: &str| assert_eq!(without_commands(text), expected);
        check("a\n::error::b\n", "a\n: :error::b\n");
        check(" \t::add-mask::b", " \t: :add-mask::b");
        check("::set-output name=a::b\n", ": :set-output name=a::b\n");
        check("a ##[error]b", "a ## [error]b");
        check("a ::b", "a ::b");
        // To the runner, a carriage return ends a line too.
        check("a\r::b", "a\r: :b");
        check("\n", "\n");
    }

    #[test]
    fn a_mask_is_one_line() {
        assert_eq!(masks(&["a%b\nc".to_owned(), "d".to_owned()]), "::add-mask::a%25b%0Ac\n::add-mask::d\n");
        assert_eq!(masks(&[]), "");
    }

    #[test]
    fn groups_do_not_nest_are_not_empty_and_hold_nothing_loud() {
        let mut group = Group::default();
        let mut said = String::new();
        let mut say = |group: &mut Group, loud: bool, line: &str| said += &format!("{}{line}\n", group.before(loud));
        say(&mut group, false, "before");
        assert_eq!(group.change(Some("lock\n::error::x")), "");
        assert_eq!(group.change(Some("build")), "");
        say(&mut group, false, "chatter");
        say(&mut group, false, "more");
        say(&mut group, true, "failure");
        say(&mut group, true, "failure");
        say(&mut group, false, "again");
        assert_eq!(group.change(None), END);
        assert_eq!(group.change(None), "");
        say(&mut group, false, "after");
        assert_eq!(
            said,
            "before\n::group::build\nchatter\nmore\n::endgroup::\nfailure\nfailure\n::group::build\nagain\nafter\n"
        );
        group.change(Some("a\n::error::b"));
        assert_eq!(group.before(false), "::group::a%0A::error::b\n");
    }
}
