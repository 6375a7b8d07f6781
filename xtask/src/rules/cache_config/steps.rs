//! Every step that pushes does so by the same rules: what is left out, whose secret is used, what forks may do.
//!
//! A step that says `skipPush: true` only reads, and is not compared. One without any secret is: where others have one, it pushes
//! nothing and says so to nobody. Secrets are compared within one cache, since each may have tokens of its own; filters and the rule
//! for forks over all. The value of most steps is what the others are held against; of as many, the first.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use super::entry::secret_name;
use super::workflow::{CACHIX_ACTION, runs_action};
use crate::fleet::Place;
use crate::rules::Problem;
use crate::rules::yaml::Node;

/// A step that pushes, and what it says; a script's filter and rule for forks are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The cache; unknown where a script pushes.
    cache: Option<String>,
    /// What it leaves out.
    filter: Option<Said>,
    /// The secrets by what they are for.
    secrets: BTreeMap<&'static str, Said>,
    /// The conditions that are about forks.
    forks: Option<Said>,
}

/// What a step says about one matter, in words, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    place: Place,
    words: String,
}

/// How deep actions may call each other, as GitHub allows.
const DEEPEST: usize = 10;
/// The variables from which the program `cachix` takes its secrets, and what the action calls them.
const VARIABLES: [(&str, &str); 2] = [("CACHIX_AUTH_TOKEN", "authToken"), ("CACHIX_SIGNING_KEY", "signingKey")];

/// The steps that push, in `documents` of workflows and actions; a step of an action of the repository's own stands once for each
/// step that calls the action, with what that hands over.
#[must_use]
pub fn pushes(documents: &[(PathBuf, Node)]) -> Vec<Push> {
    let mut search = Search { documents, found: Vec::new(), called: Vec::new() };
    for (file, document) in documents {
        for (_, job) in document.get("jobs").map(Node::entries).unwrap_or_default() {
            let call = Call { file, ..Call::default() }.under(job);
            search.variables(file, document);
            search.variables(file, job);
            search.steps(job, &call);
        }
    }
    for (file, document) in documents {
        if let Some(runs) = document.get("runs").filter(|_| !search.called.contains(file)) {
            search.steps(runs, &Call { file, ..Call::default() });
        }
    }
    search.found
}

struct Search<'a> {
    documents: &'a [(PathBuf, Node)],
    found: Vec<Push>,
    called: Vec<PathBuf>,
}

/// From where steps are run, and with what.
#[derive(Clone)]
struct Call<'a> {
    file: &'a Path,
    /// The step of a workflow that calls the action, if it is one.
    place: Option<Place>,
    inputs: BTreeMap<String, String>,
    conditions: Vec<String>,
    /// How many of the conditions are the callers' of the action.
    inherited: usize,
    depth: usize,
}

impl Default for Call<'_> {
    fn default() -> Self {
        Self {
            file: Path::new(""),
            place: None,
            inputs: BTreeMap::new(),
            conditions: Vec::new(),
            inherited: 0,
            depth: 0,
        }
    }
}

impl Call<'_> {
    /// With the condition of `node` besides.
    fn under(&self, node: &Node) -> Self {
        let condition = node.text_at("if").and_then(|condition| about_forks("if", &self.filled(condition)));
        let mut call = self.clone();
        call.conditions.extend(condition);
        call
    }

    /// `text` with the inputs of the action put in.
    fn filled(&self, text: &str) -> String {
        self.inputs.iter().fold(text.to_owned(), |text, (input, value)| {
            let pattern = Regex::new(&format!(r"\$\{{\{{\s*inputs\.{}\s*\}}\}}", regex_lite::escape(input)));
            let filled = pattern.map(|pattern| pattern.replace_all(&text, regex_lite::NoExpand(value)).into_owned());
            filled.unwrap_or(text)
        })
    }
}

impl<'a> Search<'a> {
    fn steps(&mut self, of: &'a Node, call: &Call<'a>) {
        for step in of.get("steps").map(Node::items).unwrap_or_default() {
            let call = call.under(step);
            self.variables(call.file, step);
            if runs_action(step, CACHIX_ACTION) {
                self.found.extend(push(step, &call));
            } else if let Some(action) = step.text_at("uses").and_then(|uses| uses.strip_prefix("./")) {
                self.action(action, step, call);
            }
        }
    }

    /// The steps of an action of the repository's own.
    fn action(&mut self, folder: &str, step: &'a Node, call: Call<'a>) {
        let files = ["action.yaml", "action.yml"].map(|name| Path::new(folder).join(name));
        let Some((file, document)) = self.documents.iter().find(|(file, _)| files.contains(file)) else { return };
        self.called.push(file.clone());
        let Some(runs) = document.get("runs").filter(|_| call.depth < DEEPEST) else { return };
        let declared = document.get("inputs").map(Node::entries).unwrap_or_default();
        let given = |input: &str| step.get("with").and_then(|with| with.text_at(input)).map(|text| call.filled(text));
        let value = |name: &str, input: &Node| given(name).or_else(|| input.text_at("default").map(str::to_owned));
        let inputs =
            declared.iter().map(|(key, input)| (key.text.clone(), value(&key.text, input).unwrap_or_default()));
        let inputs = inputs.collect();
        let place = call.place.clone().or_else(|| Some(at(call.file, step)));
        let (inherited, depth) = (call.conditions.len(), call.depth + 1);
        self.steps(runs, &Call { file, place, inputs, conditions: call.conditions, inherited, depth });
    }

    /// The secrets that the environment of `node` hands to the program `cachix`.
    fn variables(&mut self, file: &Path, node: &Node) {
        let variables = node.get("env").map(Node::entries).unwrap_or_default();
        for (key, value) in variables {
            let known = VARIABLES.iter().find(|(variable, _)| *variable == key.text);
            let Some(((_, input), value)) = known.zip(value.text()) else { continue };
            let place = Place { file: file.to_owned(), line: key.line };
            let said = Said { place, words: secret(input, value) };
            let secrets = BTreeMap::from([(*input, said)]);
            self.found.push(Push { cache: None, filter: None, secrets, forks: None });
        }
    }
}

/// A step of the Cachix action, unless it only reads.
fn push(step: &Node, call: &Call<'_>) -> Option<Push> {
    let written = |input: &str| step.get("with")?.text_at(input).filter(|text| !text.is_empty());
    let given = |input: &str| written(input).map(|text| call.filled(text)).filter(|text| !text.is_empty());
    // What an action was handed is said where it was handed over.
    let place = |handed: bool| call.place.clone().filter(|_| handed).unwrap_or_else(|| at(call.file, step));
    let said = |input: &str, words: String| Said {
        place: place(written(input).is_some_and(|text| text.contains("inputs."))),
        words,
    };
    let skip = given("skipPush").unwrap_or_default();
    if skip == "true" {
        return None;
    }
    let filter = given("pushFilter").map_or("no `pushFilter`".to_owned(), |filter| format!("`pushFilter: {filter}`"));
    let secrets = VARIABLES.iter().map(|(_, input)| {
        let words = given(input).map_or_else(|| format!("no `{input}`"), |value| secret(input, &value));
        (*input, said(input, words))
    });
    let mut forks = call.conditions.clone();
    forks.extend((!skip.is_empty() && skip != "false").then(|| conditional("skipPush", &skip)));
    forks.sort();
    forks.dedup();
    let words = if forks.is_empty() { "none".to_owned() } else { forks.join(" and ") };
    let handed = call.inherited > 0 || written("skipPush").is_some_and(|text| text.contains("inputs."));
    Some(Push {
        cache: given("name"),
        filter: Some(said("pushFilter", filter)),
        secrets: secrets.collect(),
        forks: Some(Said { place: place(handed), words }),
    })
}

fn at(file: &Path, node: &Node) -> Place {
    Place { file: file.to_owned(), line: node.line }
}

/// A secret by its name; never by its value.
fn secret(input: &str, value: &str) -> String {
    match secret_name(value) {
        Some(name) => format!("`{input}` from the secret `{name}`"),
        None if value.contains("${{") => format!("`{input}` from `{value}`"),
        None => format!("`{input}` written out"),
    }
}

/// The condition, if it decides over events or forks; others, as on a system, are not about who may push.
fn about_forks(key: &str, condition: &str) -> Option<String> {
    let words = ["fork", "pull_request", "event_name", "head.repo", "full_name"];
    words.iter().any(|word| condition.contains(word)).then(|| conditional(key, condition))
}

/// The condition in one form: without `${{ }}`, which `if` may leave out, and with single spaces.
fn conditional(key: &str, condition: &str) -> String {
    let bare = condition.trim();
    let bare = bare.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(bare);
    format!("`{key}: {}`", bare.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What steps do otherwise than the others.
#[must_use]
pub fn problems(pushes: &[Push]) -> Vec<Problem> {
    let mut caches: Vec<&String> = pushes.iter().filter_map(|push| push.cache.as_ref()).collect();
    caches.sort();
    caches.dedup();
    let mut found = odd(pushes.iter().filter_map(|push| push.filter.as_ref()), "the filter of what is pushed");
    for (_, input) in VARIABLES {
        for at in 0..caches.len().max(1) {
            // A script pushes to the one cache that there is; to which of several, nobody can tell.
            let goes = |push: &&Push| {
                push.cache.as_ref() == caches.get(at).copied() || push.cache.is_none() && caches.len() == 1
            };
            found.extend(odd(pushes.iter().filter(goes).filter_map(|push| push.secrets.get(input)), "the secret"));
        }
    }
    found.extend(odd(pushes.iter().filter_map(|push| push.forks.as_ref()), "the rule for forks"));
    found
}

/// Those that are not as most are.
fn odd<'a>(all: impl Iterator<Item = &'a Said>, what: &str) -> Vec<Problem> {
    let mut of: Vec<&Said> = Vec::new();
    // A step of an action that several call is one step, unless they hand it something.
    all.for_each(|said| {
        if !of.contains(&said) {
            of.push(said)
        }
    });
    let times = |words: &str| of.iter().filter(|other| other.words == words).count();
    let Some(most) = of.iter().map(|said| times(&said.words)).max() else { return Vec::new() };
    let Some(usual) = of.iter().find(|said| times(&said.words) == most) else { return Vec::new() };
    let odd = of.iter().filter(|said| said.words != usual.words);
    odd.map(|said| {
        let (own, words, place) = (&said.words, &usual.words, &usual.place);
        let fault = format!("{what} is not the same in every step: {own} here, {words} in `{place}`");
        Problem::new(Some(said.place.clone()), fault, format!("write the same in both steps: {words}, or {own}"))
    })
    .collect()
}
