//! Code of strangers that runs with what is the repository's: some events have its secrets and a token that writes, whoever caused
//! them, and what a job checks out there decides who gets them.

use super::document::{Document, texts};
use crate::ci::audit::shell::{Command, Variables, commands};
use crate::rules::Problem;
use crate::rules::yaml::Node;

/// Events that run with the secrets of the repository, whoever caused them.
const TRUSTED: [&str; 3] = [TARGET, "workflow_run", COMMENT];
const TARGET: &str = "pull_request_target";
const COMMENT: &str = "issue_comment";
/// What GitHub calls the commit of whoever opened a pull request, or caused a workflow to run.
const HEAD: [&str; 10] = [
    "head.ref",
    "head.repo",
    "head.sha",
    "head_branch",
    "head_commit",
    "head_ref",
    "head_repository",
    "head_sha",
    "merge_commit_sha",
    "refs/pull/",
];
/// Stands for such a commit where a script names it.
const STRANGE: &str = "\u{1}";
/// What git puts into the folder, and not only into its store.
const TAKES: [&str; 9] = ["checkout", "cherry-pick", "clone", "merge", "pull", "rebase", "reset", "restore", "switch"];
/// Conditions under which nobody else's code is there, spelled as [`plain`] does.
const OWN: [&str; 6] = [
    "event.workflow_run.event=='push'",
    "event_name=='push'",
    "github.repository==github.event.pull_request.head.repo.full_name",
    "github.repository==github.event.workflow_run.head_repository.full_name",
    "head.repo.full_name==github.repository",
    "head_repository.full_name==github.repository",
];
/// The same under `pull_request_target`; under others there is no such field, and what is not there is no fork either.
const NO_FORK: [&str; 2] = ["!github.event.pull_request.head.repo.fork", "head.repo.fork==false"];
/// The secret that every job has anyway.
const OWN_TOKEN: &str = "GITHUB_TOKEN";

/// Code of a fork that runs with the repository's secrets.
pub fn problems(document: &Document<'_>) -> Vec<Problem> {
    let events = document.events();
    let trusted: Vec<&str> =
        TRUSTED.into_iter().filter(|trusted| events.iter().any(|(name, ..)| name == trusted)).collect();
    let Some(event) = trusted.first() else { return Vec::new() };
    let mut found = Vec::new();
    for (key, job) in document.jobs().iter().filter(|(_, job)| !is_of_ones_own(job, &trusted)) {
        if let Some(called) = job.text_at("uses") {
            found.extend(handed_on(document, event, called, job));
        } else if let Some(line) = checked_out(document, job, &trusted) {
            let fault = format!(
                "`{event}` runs with the repository's secrets and a token that writes, and this checks out the code of a pull \
                 request: whoever opens one has them"
            );
            let fix = "check it out under `pull_request`, where a fork has no secrets";
            found.push(document.problem(line, fault, fix));
            found.extend(secrets(document, event, &key.text, job));
        }
    }
    found
}

/// Whether the condition of a job or step says that nothing of a stranger is there, whichever of the `trusted` events it was. A name of
/// a branch says no such thing: a fork has branches of the same names.
fn is_of_ones_own(node: &Node, trusted: &[&str]) -> bool {
    let condition = plain(node.text_at("if").unwrap_or_default());
    // What is negated as a whole, or one of several reasons, was not looked into.
    if condition.contains("||") || condition.contains("!(") {
        return false;
    }
    let says = |known: &str| condition.contains(known);
    let excluded = |event: &str| says(&format!("event_name!='{event}'"));
    let left: Vec<&str> = trusted.iter().copied().filter(|event| !excluded(event)).collect();
    left.is_empty() || OWN.into_iter().any(says) || left == [TARGET] && NO_FORK.into_iter().any(says)
}

/// `text` as GitHub compares names: in lower case, without spaces, `a['b']` as `a.b`.
fn plain(text: &str) -> String {
    let text: String = text.to_lowercase().split_whitespace().collect();
    text.replace("['", ".").replace("']", "")
}

/// The line on which `job` checks out the code of a pull request, if it does.
fn checked_out(document: &Document<'_>, job: &Node, trusted: &[&str]) -> Option<u32> {
    let steps = job.get("steps").map(Node::items).unwrap_or_default();
    steps.iter().filter(|step| !is_of_ones_own(step, trusted)).find_map(|step| {
        let strange = strange_variables(&[document.root, job, step]);
        if step.text_at("uses").is_some_and(|uses| uses.to_lowercase().starts_with("actions/checkout@")) {
            let mut said = Vec::new();
            step.get("with").into_iter().for_each(|with| texts(with, &mut said));
            let indirect = |text: &str| strange.keys().any(|name| text.contains(&format!("env.{name}")));
            let from_outside = |node: &&&Node| node.text().is_some_and(|text| names_head(text) || indirect(text));
            return said.iter().find(from_outside).map(|node| node.line);
        }
        let run = step.get("run")?;
        let script = with_strange(run.text()?);
        let commands = commands(&script, &strange, false);
        let fetches = commands.iter().any(|command| verb(command) == Some("fetch") && is_strange(command));
        let takes = commands.iter().find(|command| match verb(command) {
            Some(verb) => TAKES.contains(&verb) && (fetches || is_strange(command)),
            None => is_checkout_of_gh(command),
        });
        takes.map(|command| document.line_in(run, command.line))
    })
}

/// The variables of `env` of each of `nodes` that hold the commit of a stranger.
fn strange_variables(nodes: &[&Node]) -> Variables {
    let all = nodes.iter().filter_map(|node| node.get("env")).flat_map(Node::entries);
    let strange = all.filter(|(_, value)| value.text().is_some_and(names_head));
    strange.map(|(name, _)| (name.text.clone(), vec![STRANGE.to_owned()])).collect()
}

fn names_head(text: &str) -> bool {
    let text = plain(text);
    HEAD.iter().any(|word| text.contains(word)) || is_pull(&text)
}

/// Whether `text` names the commits of a pull request by its number, `pull/1/head`.
fn is_pull(text: &str) -> bool {
    text.contains("pull/") && ["/head", "/merge"].iter().any(|end| text.contains(end))
}

/// `script` with a mark for each expression that names such a commit.
fn with_strange(script: &str) -> String {
    let mut parts = script.split("${{");
    let mut marked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once("}}").unwrap_or((part, ""));
        marked.push_str(if names_head(expression) { STRANGE } else { "$(expression)" });
        marked.push_str(rest);
    }
    marked
}

/// What a command has git do.
fn verb(command: &Command) -> Option<&str> {
    let mut words = command.words.iter().map(String::as_str).skip_while(|word| *word != "git").skip(1);
    loop {
        match words.next()? {
            // Behind these stands their value.
            "-C" | "-c" => {
                words.next();
            }
            option if option.starts_with('-') => {}
            verb => return Some(verb),
        }
    }
}

fn is_strange(command: &Command) -> bool {
    command.words.iter().any(|word| word.contains(STRANGE) || is_pull(word))
}

fn is_checkout_of_gh(command: &Command) -> bool {
    let words: Vec<&str> = command.words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    words.windows(3).any(|words| *words == ["gh", "pr", "checkout"])
}

/// The secrets that `job`, which runs the code of strangers, is given: in whichever step, since they share its machine.
fn secrets(document: &Document<'_>, event: &str, name: &str, job: &Node) -> Vec<Problem> {
    let mut said = Vec::new();
    document.root.get("env").into_iter().chain([job]).for_each(|node| texts(node, &mut said));
    let mut told: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for node in said {
        for secret in named(node.text().unwrap_or_default()).into_iter().filter(|secret| secret != OWN_TOKEN) {
            if told.contains(&secret) {
                continue;
            }
            let what = if secret.is_empty() { "every secret".to_owned() } else { format!("the secret `{secret}`") };
            let fault = format!(
                "`{name}` is given {what}, and runs the code of a pull request under `{event}`: whoever opens one can read it"
            );
            let fix = "use it in a job that checks out nothing of a pull request";
            let shown = if secret.is_empty() { "secrets" } else { secret.as_str() };
            found.push(document.problem(document.line_of(node.line, shown), fault, fix));
            told.push(secret);
        }
    }
    found
}

/// The secrets that the expressions of `text` name; an empty name for all of them.
fn named(text: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let expressions =
        text.split("${{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(expression, _)| expression);
    expressions
        .flat_map(|expression| {
            expression.match_indices("secrets").filter_map(move |(at, word)| {
                let before = expression.get(..at)?;
                let rest = expression.get(at + word.len()..)?;
                let dotted = rest.strip_prefix('.').or_else(|| rest.strip_prefix("['"));
                let name: String = dotted.unwrap_or_default().chars().take_while(|c| is_name(*c)).collect();
                let whole = !before.ends_with(|c: char| is_name(c) || c == '.') && !rest.starts_with(is_name);
                whole.then_some(name)
            })
        })
        .collect()
}

/// What a workflow that is called is handed.
fn handed_on(document: &Document<'_>, event: &str, called: &str, job: &Node) -> Option<Problem> {
    let secrets = job.get("secrets")?;
    // Who writes a comment hands over nothing but its words, unless the commit is looked up.
    if secrets.text() == Some("inherit") && event != COMMENT {
        let fault = format!(
            "`{called}` is handed every secret of the repository under `{event}`, which whoever opens a pull request causes"
        );
        let fix = "name those that it needs, and check out nothing of a pull request there";
        return Some(document.problem(secrets.line, fault, fix));
    }
    let mut said = Vec::new();
    job.get("with").into_iter().for_each(|with| texts(with, &mut said));
    let head = said.iter().find(|node| node.text().is_some_and(names_head))?;
    let fault = format!(
        "`{called}` is handed the code of a pull request, and secrets, under `{event}`: whoever opens one can read them"
    );
    let fix = "hand it one of the two; what needs no secret runs under `pull_request`";
    Some(document.problem(head.line, fault, fix))
}
