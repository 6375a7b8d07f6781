//! Gates that take something else than `success` for success.

use super::document::{Document, texts};
use super::results::{only_talks, refuses};
use crate::rules::yaml::Node;
use crate::rules::{Problem, Severity};

/// Results that are no success: a job is skipped when one that it needs fails, and cancelled when the run is, or its time is up.
const OTHERS: [(&str, &str); 2] = [
    ("cancelled", "nobody knows what a cancelled job would have found"),
    ("skipped", "a job is skipped when one that it needs fails"),
];
/// Commands that say their words, and compare nothing.
const SAYS: [&str; 2] = ["echo", "printf"];
/// Words of a shell behind which a command begins.
const BEFORE: [&str; 4] = ["!", "do", "else", "then"];
/// An action that is told which jobs need not succeed: its inputs, and when these jobs pass.
const ALLOWS: [(&str, &str); 2] = [("allowed-failures", "fails"), ("allowed-skips", "is skipped")];
/// What stands between two comparisons that do not belong together.
const APART: [&str; 3] = [";", " then ", "exit"];

/// What the gate `name` takes for success.
pub fn problems(document: &Document<'_>, name: &str, job: &Node) -> Vec<Problem> {
    let said = deciding(job);
    let mut found = Vec::new();
    for node in &said {
        let text = said_of(node);
        for (word, why) in OTHERS {
            let Some(at) = alike(&text, word).or_else(|| lets_pass(&text, word)) else { continue };
            let fault = format!("the gate `{name}` takes `{word}` for success: {why}");
            let fix = "fail unless the result is `success`, but for jobs that were not to run";
            found.push(document.problem(document.line_of(node.line, at.trim()), fault, fix));
        }
    }
    found.extend(alone(document, name, &said));
    found.extend(allowed(document, name, job));
    found
}

/// A gate that looks for `failure`, and for nothing else.
fn alone(document: &Document<'_>, name: &str, said: &[&Node]) -> Option<Problem> {
    let says = |word: &str| said.iter().find(|node| place(&said_of(node), word).is_some());
    let failure = says("failure").filter(|_| says("success").is_none())?;
    // `cancelled()` asks for it as well.
    let loosely = |word: &str| said.iter().any(|node| said_of(node).contains(word));
    let missing: Vec<&str> = OTHERS.into_iter().map(|(word, _)| word).filter(|word| !loosely(word)).collect();
    let fault = format!("the gate `{name}` looks for `failure` alone: `{}` counts as success", missing.join("`, `"));
    let line = document.line_of(failure.line, "failure");
    (!missing.is_empty()).then(|| document.problem(line, fault, "fail unless every result is `success`"))
}

/// What an action is told to let pass.
fn allowed(document: &Document<'_>, name: &str, job: &Node) -> Vec<Problem> {
    let mut found = Vec::new();
    for step in job.get("steps").map(Node::items).unwrap_or_default() {
        let green = step.text_at("uses").is_some_and(|uses| uses.to_lowercase().starts_with("re-actors/alls-green@"));
        let Some(with) = step.get("with").filter(|_| green) else { continue };
        for (input, when) in ALLOWS {
            let Some(node) = with.get(input) else { continue };
            let jobs = node.text().unwrap_or_default().trim();
            if !jobs.is_empty() {
                let fault = format!("the gate `{name}` lets `{jobs}` pass when it {when}, for whatever reason");
                let problem = document.problem(node.line, fault, "name none but jobs that nobody relies on");
                found.push(Problem { severity: Severity::Warning, ..problem });
            }
        }
    }
    found
}

/// The texts of `job` that may decide: conditions, scripts, and what is handed to these. What it and its steps are called does not.
fn deciding(job: &Node) -> Vec<&Node> {
    let mut said = Vec::new();
    let steps = job.get("steps").map(Node::items).unwrap_or_default();
    for node in std::iter::once(job).chain(steps) {
        ["if", "env", "run", "with"].iter().filter_map(|key| node.get(key)).for_each(|node| texts(node, &mut said));
    }
    said
}

/// The text of `node` without comments, and without what is only said; with the lines of a condition as one.
fn said_of(node: &Node) -> String {
    let lines = node.text().unwrap_or_default().lines().map(|line| {
        let line = line.split_once(" #").map_or(line, |(line, _)| line);
        if line.trim_start().starts_with('#') { "" } else { line }
    });
    let mut text = String::new();
    for line in lines {
        let mut rest = line;
        // Commands, each with the sign behind it.
        while !rest.is_empty() {
            let end = rest.find([';', '&', '|', '{', '(', ')']).map_or(rest.len(), |at| at + 1);
            let (command, behind) = rest.split_at(end);
            let mut words = command.split_whitespace().skip_while(|word| BEFORE.contains(word));
            let says = words.next().is_some_and(|word| SAYS.contains(&word));
            let sign = command.chars().last().filter(|sign| ";&|{()".contains(*sign));
            match sign {
                Some(sign) if says => text.push(sign),
                _ if says => {}
                _ => text.push_str(command),
            }
            rest = behind;
        }
        text.push('\n');
    }
    text
}

/// Where `text` has `word` as a word that something is compared with: `success()` is none, and neither is `successful`.
fn place(text: &str, word: &str) -> Option<usize> {
    let part = |c: char| c.is_alphanumeric() || "_-".contains(c);
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let (before, from) = text.split_at(*at);
        let (_, behind) = from.split_at(word.len());
        !before.ends_with(part) && !behind.starts_with(|c| part(c) || c == '(')
    })
}

/// The line of `text` that asks for `success` and for `word` in the same way, if one does; a comparison over several lines is one.
fn alike<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut from = 0;
    let mut before = "";
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let goes_on = ["\\", "||", "&&", "|", ",", " or", " and"].iter().any(|sign| before.trim_end().ends_with(sign));
        let continues = ["||", "&&", "|", "or ", "and "].iter().any(|sign| line.trim_start().starts_with(sign));
        if !goes_on && !continues {
            start = from;
        }
        at += line.len();
        if text.get(start..at).is_some_and(|whole| is_alike(whole, word)) {
            return text.get(start..at)?.lines().next();
        }
        (from, before) = (at, line);
    }
    None
}

/// Whether a comparison takes `success` and `word` for the same.
fn is_alike(text: &str, word: &str) -> bool {
    let asked = |word: &str| {
        let at = place(text, word)?;
        let tail = text.get(..at)?.trim_end_matches(['"', '\'', ' ', '\\', '(']);
        let sign = if tail.ends_with("!=") {
            "!="
        } else if tail.ends_with('=') {
            "=="
        } else {
            ""
        };
        Some((at, sign))
    };
    let (Some((success, one)), Some((other, two))) = (asked("success"), asked(word)) else { return false };
    let between = text.get(success.min(other)..success.max(other)).unwrap_or_default();
    let joined = match one {
        "==" => !between.contains("&&") && !between.contains(" and "),
        "!=" => !between.contains("||") && !between.contains(" or "),
        _ => true,
    };
    let same = one == two || one.is_empty() || two.is_empty();
    same && joined && !APART.iter().any(|apart| between.contains(apart))
}

/// The arm of a `case` that lets `word` pass, where another one lets `success` pass.
fn lets_pass<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (_, arms) = text.split_once("case ")?.1.split_once(" in")?;
    let passes = |word: &str| {
        arms.split(";;").find_map(|arm| {
            let (pattern, body) = arm.split_once(')')?;
            (place(pattern, word).is_some() && only_talks(body) && !refuses(body)).then(|| pattern.trim())
        })
    };
    passes("success")?;
    passes(word)
}
