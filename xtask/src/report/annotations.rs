//! Problems as annotations of GitHub's: workflow commands that mark the file and the line in the change under review.
//!
//! GitHub keeps ten errors and ten warnings of a step and drops the rest without a word (docs.github.com, "Workflow commands" and
//! the limits of annotations), so no more are written, and the last says how many there are besides; problems that fail go first,
//! and errors before warnings. A text from the repository cannot become a command: what could end the line, or a property, is
//! escaped as `@actions/core` does (`packages/core/src/command.ts`).

use super::words::count;
use crate::rules::{Problem, Severity};

/// How many annotations of a kind GitHub keeps of a step.
const MOST: usize = 10;

/// The workflow commands for `problems`, each with the word of its check; a line each.
#[must_use]
pub fn commands<'a>(problems: impl Iterator<Item = (&'a str, &'a Problem)> + Clone) -> String {
    let of = |severity: Severity| {
        let kind = problems.clone().filter(move |(_, problem)| problem.severity == severity);
        // One that is shown in the change is worth more than one that is not.
        let (placed, loose): (Vec<_>, Vec<_>) = kind.partition(|(_, problem)| problem.place.is_some());
        let ranked: Vec<_> = placed.into_iter().chain(loose).collect();
        let shown = if ranked.len() > MOST { MOST - 1 } else { MOST };
        let more = ranked.len().saturating_sub(shown);
        let rest = (more > 0).then(|| {
            let word = word(severity);
            format!(
                "::{word} title=cargo xtask::and {}: see the summary and the report\n",
                count(more, &format!("more {word}"))
            )
        });
        ranked.into_iter().take(shown).map(|(check, problem)| command(check, problem)).chain(rest).collect::<String>()
    };
    of(Severity::Problem) + &of(Severity::Warning)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Problem => "error",
        Severity::Warning => "warning",
    }
}

fn command(check: &str, problem: &Problem) -> String {
    let word = word(problem.severity);
    let place = problem.place.as_ref().map(|place| {
        let file = property(&place.file.to_string_lossy());
        format!("file={file},line={},", place.line)
    });
    let title = property(&format!("cargo xtask {check}"));
    let message = escaped(&format!("{}\nfix: {}", problem.fault, problem.fix));
    format!("::{word} {}title={title}::{message}\n", place.unwrap_or_default())
}

pub fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Place;

    fn problem(file: Option<&str>, fault: &str) -> Problem {
        Problem::new(file.map(|file| Place { file: file.into(), line: 3 }), fault, "mend it")
    }

    fn check(problems: &[Problem], expected: &str) {
        assert_eq!(commands(problems.iter().map(|problem| ("lock", problem))), expected);
    }

    #[test]
    fn problems_have_their_place() {
        let warning = Problem::warning(None, "old", "renew");
        check(
            &[warning, problem(Some("flake.nix"), "`a` is wrong")],
            "::error file=flake.nix,line=3,title=cargo xtask lock::`a` is wrong%0Afix: mend it\n\
             ::warning title=cargo xtask lock::old%0Afix: renew\n",
        );
        check(&[], "");
    }

    #[test]
    fn no_text_becomes_a_command() {
        check(
            &[problem(Some("a,line=9::b:c\n%.nix"), "x\n::error::y\r::z %0A")],
            "::error file=a%2Cline=9%3A%3Ab%3Ac%0A%25.nix,line=3,title=cargo xtask lock::x%0A::error::y%0D::z %250A%0Afix: mend it\n",
        );
        let hostile = [problem(Some("a\n::add-mask::b"), "\n::stop-commands::c\n"), problem(None, "\r::error::d")];
        let text = commands(hostile.iter().map(|problem| ("a\n::b", problem)));
        assert!(text.split(['\n', '\r']).filter(|line| !line.is_empty()).all(|line| line.starts_with("::error ")));
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn as_many_as_are_kept_those_with_a_place_first() {
        let mut problems = vec![problem(None, "loose"); 4];
        problems.extend(vec![problem(Some("a"), "placed"); 8]);
        problems.extend(vec![Problem::warning(None, "w", "f"); 12]);
        let text = commands(problems.iter().map(|problem| ("lock", problem)));
        let count = |what: &str| text.lines().filter(|line| line.contains(what)).count();
        assert_eq!((count("::placed"), count("::loose"), count("::warning")), (8, 1, 10));
        assert!(text.contains("::error title=cargo xtask::and 3 more errors: see the summary"), "{text}");
        assert!(
            text.ends_with("::warning title=cargo xtask::and 3 more warnings: see the summary and the report\n"),
            "{text}"
        );
        assert!(text.lines().take(8).all(|line| line.contains("::placed")));
        assert!(text.lines().take(10).all(|line| line.starts_with("::error ")));
    }
}
