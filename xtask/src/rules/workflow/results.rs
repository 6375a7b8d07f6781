//! What a job does with the results of the jobs that it needs: whether it reads them, and whether it may fail by them.
//!
//! Who works by a result, or tells people of it, reads it as well; only who fails by it decides whether others have succeeded.

use super::document::texts;
use crate::ci::audit::shell::{Command, Variables, commands};
use crate::rules::yaml::Node;

/// Commands that change nothing, and bring nothing from elsewhere.
const TALK: [&str; 10] = [":", "[", "[[", "echo", "exit", "false", "printf", "set", "test", "true"];
/// Commands that tell whether something holds.
const TESTS: [&str; 6] = ["[", "[[", "egrep", "grep", "jq", "test"];
/// Commands that tell somebody something, and whose failure means that nobody was told.
const TELL: [&str; 11] = [":", "cat", "curl", "date", "echo", "gh", "printf", "set", "sleep", "true", "wget"];
/// What the name of a program, an action or a job has in it that tells people what happened.
const TELLERS: [&str; 9] = ["comment", "discord", "mail", "message", "notif", "report", "slack", "teams", "telegram"];
/// What an inline script of an action calls to fail.
const FAILS: [&str; 3] = ["process.exit", "setfailed", "throw "];

/// Whether something at or below `node` is the result of a job that is needed.
pub fn reads_results(node: &Node) -> bool {
    any_text(node, asks)
}

/// Whether `text` names a result of `needs`, or all there is to know of them.
pub fn asks(text: &str) -> bool {
    let bare: String = text.to_lowercase().split_whitespace().collect();
    let of_one = bare.split("needs").skip(1).any(|rest| {
        let name = rest
            .strip_prefix('.')
            .map(|rest| rest.trim_start_matches(|c: char| c.is_alphanumeric() || "-_*".contains(c)));
        let behind = name.or_else(|| Some(rest.strip_prefix('[')?.split_once(']')?.1));
        let result =
            behind.and_then(|behind| behind.strip_prefix(".result").or_else(|| behind.strip_prefix("['result']")));
        result.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || "-_".contains(c)))
    });
    of_one || asks_for_all(text)
}

/// Whether a step of the job with these `steps` and this `env` may fail by a result.
pub fn decides(env: Option<&Node>, steps: &Node) -> bool {
    let of_job = env.is_some_and(reads_results);
    let all_of_job = env.is_some_and(|env| any_text(env, asks_for_all));
    steps.items().iter().any(|step| {
        let refuses = step.text_at("if").is_some_and(asks) && step.text_at("run").is_some_and(refuses);
        let given = [step.get("env"), step.get("with"), step.get("run")];
        let reads = of_job || given.into_iter().flatten().any(reads_results);
        let reads_all = all_of_job || given.into_iter().flatten().any(|node| any_text(node, asks_for_all));
        refuses || reads && may_fail(step, reads_all)
    })
}

/// Whether a script does nothing but to fail, whatever it says on the way.
pub fn refuses(script: &str) -> bool {
    let commands = commands(script, &Variables::new(), false);
    let ends = commands.iter().any(|command| command.sure && fails(command));
    ends || only_talks(script) && commands.iter().any(fails)
}

/// Whether a script does nothing that anybody would miss.
pub fn only_talks(script: &str) -> bool {
    let commands = commands(script, &Variables::new(), false);
    commands.iter().all(|command| command.words.first().is_none_or(|word| TALK.contains(&word.as_str())))
}

/// Whether something of this name tells people what happened.
pub fn is_teller(name: &str) -> bool {
    let name = name.to_lowercase();
    TELLERS.iter().any(|teller| name.contains(teller))
}

/// Whether a step that is given results, or `all` there is to know of them, may fail by them.
fn may_fail(step: &Node, all: bool) -> bool {
    if let Some(action) = step.text_at("uses") {
        let inline = step.get("with").and_then(|with| with.text_at("script")).map(str::to_lowercase);
        return match inline {
            Some(script) => FAILS.iter().any(|fails| script.contains(fails)),
            None => all && !is_teller(action),
        };
    }
    let script = step.text_at("run").unwrap_or_default();
    let commands = commands(script, &Variables::new(), false);
    let first = |command: &Command| command.words.first().cloned().unwrap_or_default();
    let is_test = |command: &Command| TESTS.contains(&first(command).as_str());
    let by_case = script.split_whitespace().any(|word| word == "case");
    let tested = by_case || commands.iter().any(is_test);
    let fails = commands.iter().any(|command| fails(command) || command.sure && is_test(command));
    // A program that is handed everything, and is no known one, is there to judge it.
    let judge = |command: &Command| {
        let program = first(command);
        !TELL.contains(&program.as_str()) && !is_teller(&program)
    };
    tested && fails || all && commands.iter().any(judge)
}

/// Whether this command ends a script with a failure.
fn fails(command: &Command) -> bool {
    match command.words.first().map(String::as_str) {
        Some("false") => true,
        Some("exit") => command.words.get(1).is_some_and(|code| code != "0"),
        _ => false,
    }
}

fn asks_for_all(text: &str) -> bool {
    let text: String = text.to_lowercase().split_whitespace().collect();
    ["tojson(needs)", "tojson(needs.*)"].iter().any(|all| text.contains(all))
}

fn any_text(node: &Node, holds: impl Fn(&str) -> bool) -> bool {
    let mut said = Vec::new();
    texts(node, &mut said);
    said.iter().filter_map(|node| node.text()).any(holds)
}
