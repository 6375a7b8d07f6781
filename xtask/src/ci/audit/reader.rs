//! A workflow, read: its jobs and the legs of their matrices, with what each step does; actions of the repository's own are looked into.

use std::path::Path;

use super::command::{Machine, Meaning};
use super::expression::{Scope, UNKNOWN, fill, holds};
use super::leg::{Act, Leg, Step};
use super::matrix::{Row, rows};
use super::runner::{prepares, system};
use super::shell::{Variables, commands};
use crate::config::CiConfig;
use crate::fleet::{Kind, Place};
use crate::rules::yaml::Node;

/// How deep actions of the repository's own may call one another: as deep as GitHub takes it.
const DEEPEST: u32 = 9;

/// A workflow, and what else is needed to read its jobs.
pub struct Reader<'a> {
    /// Its file.
    pub file: &'a Path,
    /// Its text.
    pub text: &'a str,
    /// Its tree.
    pub root: &'a Node,
    /// The actions of the repository, by the path of their file.
    pub actions: &'a [(&'a Path, &'a str, &'a Node)],
    /// The kinds of outputs.
    pub kinds: &'a [Kind],
    /// Which runners are of which system.
    pub config: &'a CiConfig,
}

impl Reader<'_> {
    /// The legs of all jobs, in the order of the file.
    #[must_use]
    pub fn legs(&self) -> Vec<Leg> {
        let jobs = self.root.get("jobs").map(Node::entries).unwrap_or_default();
        jobs.iter().flat_map(|(key, job)| self.of_job(&key.text, key.line, job)).collect()
    }

    fn of_job(&self, key: &str, line: u32, job: &Node) -> Vec<Leg> {
        let known = rows(job);
        let made_at_run_time = known.is_none();
        let has_matrix = job.get("strategy").and_then(|strategy| strategy.get("matrix")).is_some();
        let rows = known.unwrap_or_else(|| vec![Row::new()]);
        let leg = |row: &Row| {
            let scope = |name: &str| value(row, name);
            let title = job.text_at("name").unwrap_or(key);
            let name = fill(title, &scope).replace(UNKNOWN, "*");
            // GitHub adds the values to a name that does not say them.
            let values: Vec<&str> = row.iter().map(|(_, value)| value.as_str()).collect();
            let values = if made_at_run_time { "*".to_owned() } else { values.join(", ") };
            let name = if has_matrix && !title.contains("matrix.") { format!("{name} ({values})") } else { name };
            let name = if job.get("uses").is_some() { format!("{name} / *") } else { name };
            let needs = job.get("needs");
            let needs = needs.into_iter().flat_map(|needs| needs.items().iter().chain(needs.text().map(|_| needs)));
            let system = system(job, self.config, &scope);
            let machine = Machine { system: system.as_deref(), kinds: self.kinds };
            let call = Call { file: self.file, text: self.text, row, inputs: &[], depth: 0, sure: true };
            let mut variables = Variables::new();
            for level in [self.root, job] {
                environment(&mut variables, level, &scope);
            }
            Leg {
                file: self.file.to_owned(),
                workflow: self.root.text_at("name").map_or_else(|| self.file.display().to_string(), str::to_owned),
                events: self.root.get("on").map(flat).unwrap_or_default(),
                job: key.to_owned(),
                name,
                line,
                condition: normal(job.text_at("if").unwrap_or_default(), key),
                lenient: job.text_at("continue-on-error").map_or(Some(false), |text| holds(text, &scope)),
                needs: needs.filter_map(|need| need.text().map(str::to_owned)).collect(),
                steps: self
                    .called_workflow(job)
                    .into_iter()
                    .chain(self.steps(job, &call, machine, &variables))
                    .collect(),
            }
        };
        rows.iter().map(leg).collect()
    }

    /// A job that is a workflow of its own, in which this does not look.
    fn called_workflow(&self, job: &Node) -> Option<Step> {
        let uses = job.get("uses")?;
        let identity = uses.text().unwrap_or_default().to_owned();
        let act = self.act(
            self.file,
            uses.line,
            &identity,
            true,
            Meaning::Unknown("what the workflow builds that is called"),
        );
        Some(Step { name: identity.clone(), identity, prepares: false, uses_result: false, acts: vec![act] })
    }

    fn act(&self, file: &Path, line: u32, text: &str, sure: bool, meaning: Meaning) -> Act {
        Act { place: Place { file: file.to_owned(), line }, text: text.replace(UNKNOWN, "…"), sure, meaning }
    }

    fn steps(&self, of: &Node, call: &Call<'_>, machine: Machine<'_>, outer: &Variables) -> Vec<Step> {
        let scope = |name: &str| call.value(name);
        let mut found = Vec::new();
        for step in of.get("steps").map(Node::items).unwrap_or_default() {
            let runs = step.text_at("if").map_or(Some(true), |condition| holds(condition, &scope));
            if runs == Some(false) {
                continue;
            }
            let lenient = step.text_at("continue-on-error").is_some_and(|text| holds(text, &scope) != Some(false));
            let sure = call.sure && runs == Some(true) && !lenient;
            let mut variables = outer.clone();
            environment(&mut variables, step, &scope);
            let name = |usual: String| step.text_at("name").map_or(usual, |name| fill(name, &scope));
            if let Some(uses) = step.text_at("uses") {
                let acts = self.action(uses, step, &Call { sure, ..*call }, machine, &variables);
                let name = name(format!("Run {uses}"));
                let with = step.get("with").map(Node::entries).unwrap_or_default();
                let uses_result = with.iter().filter_map(|(_, value)| value.text()).any(names_result);
                let identity = uses.split('@').next().unwrap_or(uses).to_owned();
                found.push(Step { name, prepares: prepares(uses), identity, uses_result, acts });
            } else if let Some(run) = step.get("run") {
                let script = fill(run.text().unwrap_or_default(), &scope);
                let shell = step.text_at("shell").or_else(|| default_shell(of)).or_else(|| default_shell(self.root));
                let acts = self.script(&script, run, shell, &Call { sure, ..*call }, machine, &variables);
                let name = name(format!("Run {}", script.lines().next().unwrap_or_default()));
                let uses_result = names_result(&script);
                found.push(Step { name, prepares: false, identity: script, uses_result, acts });
            }
        }
        found
    }

    fn script(
        &self,
        script: &str,
        run: &Node,
        shell: Option<&str>,
        call: &Call<'_>,
        machine: Machine<'_>,
        variables: &Variables,
    ) -> Vec<Act> {
        let shell_word = shell.unwrap_or("bash").split_whitespace().next().unwrap_or_default();
        if !["bash", "sh"].contains(&shell_word) {
            let why = Meaning::Unknown("what a script of this shell builds, if anything");
            return vec![self.act(call.file, run.line, shell_word, call.sure, why)];
        }
        let mut acts = Vec::new();
        for command in commands(script, variables, shell.is_some_and(|shell| shell == "bash")) {
            let words = command.words.join(" ");
            let first = script.lines().nth(command.line as usize).unwrap_or_default().trim();
            let line = line_of(call.text, run.line, first, command.line);
            // What a variable takes away from a plan is not known here.
            let share = ["XTASK_ONLY", "XTASK_SKIP"].iter().any(|name| variables.contains_key(*name));
            for meaning in machine.meanings(&command.words) {
                let sure = call.sure && command.sure && !share;
                acts.push(self.act(call.file, line, &words, sure, meaning));
            }
        }
        acts
    }

    /// What an action does: one of the repository's own is read, another one is taken for work unless it is known to make ready.
    fn action(
        &self,
        uses: &str,
        step: &Node,
        call: &Call<'_>,
        machine: Machine<'_>,
        variables: &Variables,
    ) -> Vec<Act> {
        let plain = |meaning| vec![self.act(call.file, step.line, uses, call.sure, meaning)];
        let Some(folder) = uses.strip_prefix("./") else {
            return plain(if prepares(uses) { Meaning::Says } else { Meaning::Works });
        };
        let files = ["action.yaml", "action.yml"].map(|name| Path::new(folder).join(name));
        let own = self.actions.iter().find(|(path, ..)| files.iter().any(|file| file == path));
        let Some((path, text, root)) = own.filter(|_| call.depth < DEEPEST) else {
            return plain(Meaning::Unknown("what the action does: there is no such file"));
        };
        let Some(runs) = root.get("runs").filter(|runs| runs.get("steps").is_some()) else {
            return plain(Meaning::Works);
        };
        let scope = |name: &str| call.value(name);
        let given = |key: &str| step.get("with").and_then(|with| with.text_at(key)).map(|text| fill(text, &scope));
        let declared = root.get("inputs").map(Node::entries).unwrap_or_default();
        let inputs: Vec<(String, String)> = declared
            .iter()
            .map(|(key, input)| {
                let value = given(&key.text).or_else(|| input.text_at("default").map(str::to_owned));
                (format!("inputs.{}", key.text), value.unwrap_or_default())
            })
            .collect();
        let inner = Call { file: path, text, inputs: &inputs, depth: call.depth + 1, ..*call };
        let steps = self.steps(runs, &inner, machine, variables);
        // How it makes ready is its own affair.
        let of_builds = |act: &Act| matches!(act.meaning, Meaning::Builds(_) | Meaning::Evaluates(_));
        steps.into_iter().flat_map(|step| step.acts).filter(|act| !prepares(uses) || of_builds(act)).collect()
    }
}

/// Where steps stand, and what is known there.
#[derive(Clone, Copy)]
struct Call<'a> {
    file: &'a Path,
    text: &'a str,
    row: &'a Row,
    inputs: &'a [(String, String)],
    depth: u32,
    sure: bool,
}

impl Call<'_> {
    fn value(&self, name: &str) -> Option<String> {
        let own = self.inputs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        own.or_else(|| value(self.row, name))
    }
}

/// What a name stands for; a name that the row of a known matrix lacks is empty.
fn value(row: &Row, name: &str) -> Option<String> {
    let key = name.strip_prefix("matrix.")?;
    let found = row.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    found.or_else(|| (!row.is_empty()).then(String::new))
}

fn environment(variables: &mut Variables, of: &Node, scope: Scope<'_>) {
    for (key, value) in of.get("env").map(Node::entries).unwrap_or_default() {
        variables.insert(key.text.clone(), vec![fill(value.text().unwrap_or_default(), scope)]);
    }
}

fn default_shell(root: &Node) -> Option<&str> {
    root.get("defaults")?.get("run")?.text_at("shell")
}

/// The condition with single spaces and without `${{ }}`, in which `JOB` stands for the job's own key.
fn normal(condition: &str, job: &str) -> String {
    let bare = condition.trim();
    let bare = bare.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(bare);
    bare.split_whitespace().collect::<Vec<_>>().join(" ").replace(&format!("'{job}'"), "'JOB'")
}

/// The line of a command: the first at or after `from` that says it, else as far below as it is in the script.
fn line_of(text: &str, from: u32, command: &str, below: u32) -> u32 {
    let guess = from + below;
    let mut lines = (1..).zip(text.lines()).skip_while(|(number, _)| *number < guess);
    lines.find(|(_, line)| !command.is_empty() && line.contains(command)).map_or(guess, |(number, _)| number)
}

/// A tree in one text, its lines aside.
fn flat(node: &Node) -> String {
    let entries = node.entries().iter().map(|(key, value)| format!("{}: {}", key.text, flat(value)));
    let items = node.items().iter().map(flat);
    let inner: Vec<String> = node.text().map(str::to_owned).into_iter().chain(items).chain(entries).collect();
    format!("[{}]", inner.join(", "))
}

/// Whether a text names the link that `nix build` leaves behind.
fn names_result(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        let word = word.trim_matches(['"', '\'', ';', ')']);
        word == "result" || word.starts_with("./result") || word.starts_with("result/")
    })
}
