//! What Nix says when it cannot read its own configuration: reduced to the reason, with the file and the line.

use std::path::Path;

/// The reason in what a Nix that would not start said; a malformed line of a configuration file is named as `file:line`.
pub fn reason(stderr: &str) -> String {
    let said = stderr
        .lines()
        .find_map(|line| line.trim().strip_prefix("error: "))
        .unwrap_or_else(|| stderr.lines().next().unwrap_or("no reason given"))
        .trim();
    match malformed(said) {
        Some(malformed) => match line_number(malformed.file, malformed.line) {
            Some(number) => format!("{}:{number}: malformed line {:?}", malformed.file, malformed.line.trim()),
            None => format!("{}: malformed line {:?}", malformed.file, malformed.line.trim()),
        },
        None => said.to_owned(),
    }
}

/// A configuration line that Nix could not read.
#[derive(Debug, PartialEq, Eq)]
struct Malformed<'a> {
    line: &'a str,
    file: &'a str,
}

/// `illegal configuration line 'x' in 'FILE'` (2.8), `syntax error in configuration line 'x' in "FILE"` (later).
fn malformed(said: &str) -> Option<Malformed<'_>> {
    let (_, rest) = said.split_once("configuration line '")?;
    let (line, file) = rest.rsplit_once("' in ")?;
    Some(Malformed { line, file: file.trim_matches(['\'', '"']) })
}

fn line_number(file: &str, line: &str) -> Option<usize> {
    let text = std::fs::read_to_string(Path::new(file)).ok()?;
    let same = |candidate: &str| candidate.split('#').next().unwrap_or_default().trim() == line.trim();
    text.lines().position(same).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nix.conf");
        std::fs::write(&file, "# first\n\nwrong line # why\n").unwrap();
        let file = file.display();
        let expected = format!("{file}:3: malformed line \"wrong line\"");
        for said in [
            format!("error: illegal configuration line 'wrong line ' in '{file}'\nTry 'nix --help'"),
            format!("warning: x\nerror: syntax error in configuration line 'wrong line ' in \"{file}\"\n"),
        ] {
            assert_eq!(reason(&said), expected);
        }
    }

    #[test]
    fn keeps_any_other_reason() {
        assert_eq!(
            reason("error: option 'sandbox' has invalid value 'maybe'\nTry"),
            "option 'sandbox' has invalid value 'maybe'"
        );
        assert_eq!(reason("cannot execute\n"), "cannot execute");
        assert_eq!(reason(""), "no reason given");
        assert_eq!(reason("error: illegal configuration line 'x' in '/nowhere'"), "/nowhere: malformed line \"x\"");
    }
}
