//! How the steps of bootstrap are told: one line each, what would change in full, and what a person can do.

use std::path::Path;

use super::{Console, Mark};
use crate::bootstrap::{Action, Outcome, StepReport, Verdict};
use crate::{nix, process};

/// Says how a step stands.
pub fn step(console: &Console, report: &StepReport) {
    let name = report.name;
    match &report.outcome {
        Outcome::Satisfied(what) => console.mark(Mark::Ok, &format!("{name}: {what}")),
        Outcome::Applied(what) => console.mark(Mark::Ok, &format!("{name}: {what} (done now)")),
        Outcome::NotApplicable(why) => console.mark(Mark::Skipped, &format!("{name}: {why}")),
        Outcome::Waiting(step) => console.mark(Mark::Planned, &format!("{name}: after `{step}`")),
        Outcome::Missing(actions) => {
            console.mark(Mark::Planned, &format!("{name}: to do"));
            for line in actions.iter().flat_map(described) {
                console.line(&format!("    {line}"));
            }
        }
        Outcome::Blocked { reason, remedy } => {
            console.mark(Mark::Failed, &format!("{name}: {reason}"));
            console.always(&format!("    fix: {remedy}"));
        }
        Outcome::Failed(reason) => console.mark(Mark::Failed, &format!("{name}: {reason}")),
        Outcome::Unchecked(reason) => console.mark(Mark::Failed, &format!("{name}: could not check: {reason}")),
    }
}

/// Says how a step stands where nothing is to be done about it now.
pub fn standing(console: &Console, report: &StepReport) {
    match &report.outcome {
        Outcome::Missing(_) => {
            console.mark(Mark::Failed, &format!("{}: missing", report.name));
            console.always(&format!("    fix: {}", fix(report).unwrap_or_default()));
        }
        _ => step(console, report),
    }
}

/// Says what is about to be done for a step.
pub fn about_to(console: &Console, name: &str, brings: &str, actions: &[Action]) {
    console.mark(Mark::Planned, &format!("{name}: {brings}"));
    for line in actions.iter().filter(|action| !matches!(action, Action::Run(_))).flat_map(described) {
        console.line(&format!("    {line}"));
    }
}

/// The question before a step is done.
pub fn question(name: &str) -> String {
    format!("do this for `{name}`?")
}

/// Why nothing was done although something is to do.
pub fn nobody_to_ask(console: &Console) {
    console.always("nothing was changed: there is no terminal to ask on; `--yes` agrees beforehand");
}

/// Why steps are run that nobody asked for by name.
pub fn unasked(console: &Console) {
    console.line("this machine cannot build yet: doing what `cargo xtask bootstrap` would do");
}

/// Why builds of this run are less confined than the settings say.
pub fn without_sandbox(console: &Console) {
    console
        .line("Nix's sandbox cannot be set up on this machine: this run, and it alone, builds with `sandbox = false`");
}

/// The error of a command that needs what bootstrap brings.
pub fn not_ready(reports: &[StepReport]) -> String {
    let unwell = reports.iter().find(|report| !report.outcome.is_well());
    let reason = unwell.map_or_else(String::new, |report| format!(": {}: {}", report.name, short(&report.outcome)));
    format!("this machine cannot build yet{reason}; run `cargo xtask bootstrap`")
}

/// The outcome on one line, for an error or a report.
#[must_use]
pub fn short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Satisfied(what) | Outcome::Applied(what) => what.clone(),
        Outcome::NotApplicable(why) => why.clone(),
        Outcome::Waiting(step) => format!("after `{step}`"),
        Outcome::Missing(_) => "missing".to_owned(),
        Outcome::Blocked { reason, .. } | Outcome::Failed(reason) | Outcome::Unchecked(reason) => reason.clone(),
    }
}

/// The command that fixes a step that is not in order.
#[must_use]
pub fn fix(report: &StepReport) -> Option<String> {
    match &report.outcome {
        Outcome::Blocked { remedy, .. } => Some(remedy.clone()),
        outcome if outcome.is_well() => None,
        _ => Some(format!("cargo xtask bootstrap --only {}", report.name)),
    }
}

/// Says how all ended.
pub fn verdict(console: &Console, reports: &[StepReport], verdict: Verdict) {
    let count = |wanted: fn(&Outcome) -> bool| reports.iter().filter(|report| wanted(&report.outcome)).count();
    let well = count(Outcome::is_well);
    let applied = count(|outcome| matches!(outcome, Outcome::Applied(_)));
    let (mark, tail) = match verdict {
        Verdict::Clean if applied == 0 => (Mark::Ok, "nothing to do".to_owned()),
        Verdict::Clean => (Mark::Ok, format!("{applied} done now")),
        Verdict::Problems => (Mark::Failed, format!("{} not in order", reports.len() - well)),
        Verdict::Unchecked if reports.is_empty() => (Mark::Failed, "no step was looked at".to_owned()),
        Verdict::Unchecked => (Mark::Failed, "some could not be checked".to_owned()),
    };
    console.mark(mark, &format!("bootstrap: {well} of {} steps in order, {tail}", reports.len()));
}

/// Says what was taken back, or would be.
pub fn undone(console: &Console, actions: &[Action], dry: bool) {
    for action in actions {
        for line in described(action) {
            console.line(&format!("- {line}"));
        }
    }
    let what = match (actions.len(), dry) {
        (0, _) => "nothing to take back".to_owned(),
        (number, true) => format!("{number} files would be taken back"),
        (number, false) => format!("{number} files taken back"),
    };
    console.mark(Mark::Ok, &format!("bootstrap: {what}"));
}

/// Says the public half of a new key, and where it goes.
pub fn new_key(console: &Console, path: &Path, public: &str) {
    console.line(&format!("made `{}`: keep a copy where this machine's loss cannot reach it", path.display()));
    console.line(&format!("its public key, for `keys:` in .sops.yaml:\n    - &{} {public}", anchor()));
}

/// The name under which the new key is listed.
fn anchor() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    let plain: String = user.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    if plain.is_empty() { "me".to_owned() } else { plain }
}

/// An action in full: the exact command, or what the file gains.
fn described(action: &Action) -> Vec<String> {
    match action {
        Action::Run(words) => {
            vec![format!("$ {}", words.iter().map(|word| process::quoted(word)).collect::<Vec<_>>().join(" "))]
        }
        Action::Write { path, text } => {
            let before = std::fs::read_to_string(path).unwrap_or_default();
            let mut lines = vec![format!("write `{}`:", path.display())];
            lines.extend(changes(&before, text));
            lines
        }
        Action::WriteOwn { path, .. } => vec![format!("write `{}`", path.display())],
        Action::Remove(path) => vec![format!("remove `{}`", path.display())],
        Action::Restrict { path, mode } => {
            vec![format!("$ chmod {mode:o} {}", process::quoted(&path.to_string_lossy()))]
        }
        Action::MakeAgeKey(path) => vec![format!("make an age key in `{}`", path.display())],
        Action::InstallSops(bin) => vec![format!("install the pinned sops as `{}`", bin.join("sops").display())],
        Action::RunNixInstaller => vec![format!("download {} and run it", nix::INSTALLER)],
    }
}

/// The lines that differ, between those that stay at the beginning and at the end.
pub fn changes(before: &str, after: &str) -> Vec<String> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let start = before.iter().zip(&after).take_while(same).count();
    let longest = before.len().min(after.len()) - start;
    let end = before.iter().rev().zip(after.iter().rev()).take(longest).take_while(same).count();
    let part = |lines: &[&str], sign: char| {
        lines.iter().take(lines.len() - end).skip(start).map(|line| format!("  {sign} {line}")).collect::<Vec<_>>()
    };
    [part(&before, '-'), part(&after, '+')].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        let check = |before: &str, after: &str, expected: &[&str]| assert_eq!(changes(before, after), expected);
        check("", "a\nb\n", &["  + a", "  + b"]);
        check("a\nb\n", "a\nb\nc\n", &["  + c"]);
        check("a\nold\nb\n", "a\nnew\nb\n", &["  - old", "  + new"]);
        check("a\na\n", "a\n", &["  - a"]);
        check("a\n", "a\n", &[]);
    }
}
