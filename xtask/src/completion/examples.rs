//! Every command has examples in its `--help`, and each is understood. `tests/help.rs` runs them.

use clap::{Command, CommandFactory as _, Parser as _};

use crate::context::Cli;

/// The words of the first command of a line, as a shell has them.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted, mut word) = (Vec::new(), false, String::new());
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' | '|' | '>' if !quoted => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            _ => word.push(character),
        }
        if ['|', '>'].contains(&character) && !quoted {
            break;
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// The examples in the help of `command`: lines of two spaces, the example, and three before what it is for.
fn examples(command: &Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    lines.map(|line| line.split("   ").next().unwrap_or_default().trim().to_owned()).collect()
}

fn check(command: &Command, path: &[&str]) {
    let examples = examples(command);
    assert!(!examples.is_empty(), "`cargo xtask {}` has no example", path.join(" "));
    for example in examples {
        let words = words(&example);
        // A variable may be set for it.
        let start = words.iter().position(|word| word == "cargo").unwrap_or_default();
        let (call, rest) = words[start..].split_at(2);
        assert_eq!(call, ["cargo", "xtask"], "`{example}` is no example");
        let is_its_own = path.is_empty() || path.iter().all(|word| rest.iter().any(|other| other == word));
        assert!(is_its_own, "`{example}` is no example of `{}`", path.join(" "));
        if let Err(error) = Cli::try_parse_from(&words[start + 1..]) {
            panic!("`{example}`: {error}");
        }
    }
    for below in command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set()) {
        check(below, &[path, &[below.get_name()]].concat());
    }
}

#[test]
fn every_command_has_examples_that_are_understood() {
    let mut cli = Cli::command();
    cli.build();
    check(&cli, &[]);
}
