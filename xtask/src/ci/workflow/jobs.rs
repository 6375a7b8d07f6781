//! The jobs of the workflow: the plan, one for each row of the table, and the gate.

use super::choice::{ALL_CHOSEN, awaited_for, chosen_for, chosen_with, is_one_of, with_client};
use super::group::Group;
use super::order::late;
use super::pins::pin;
use super::setup::CLIENT;
use super::text::{Map, Value};
use super::{GATE, PLAN, gate, runs_on};
use crate::ci::{Extent, Job, Permission, Phase, Work};
use crate::config::CiConfig;

/// The secret that every job has: its own token.
const OWN_TOKEN: &str = "GITHUB_TOKEN";
/// The environment of jobs with other secrets. Who runs a workflow by hand may write to the repository, and may want the push.
const PUBLISH: &str =
    r#"${{ contains(fromJSON('["push", "workflow_dispatch"]'), github.event_name) && 'publish' || '' }}"#;
/// Where a job leaves its reports.
const REPORT: &str = "report";
/// The condition that this machine is the first of its system.
const FIRST: &str = "matrix.first";
/// What the workflow says of a job whose failure comes after the push.
const LATE: &str = "The build has pushed by then: what fails here keeps nothing back.";

/// Every job.
pub fn map(jobs: &[Job], groups: &[Group<'_>], config: &CiConfig, secrets: &[String], committed: &str) -> Map {
    let late = late(jobs);
    let writer = Writer { groups, config, secrets, committed };
    let mut all = Map::new().with(PLAN, writer.plan()).above(
        "Which machines build what: by the systems of the outputs, and by what each cost when it was last measured.",
    );
    for (phase, group) in Phase::ALL.iter().flat_map(|phase| groups.iter().map(move |group| (phase, group))) {
        if group.first.phase == *phase {
            let behind = if late.contains(&group.first) { format!(" {LATE}") } else { String::new() };
            let about = format!("Phase `{}`: {}.{behind}", phase.word(), group.first.about);
            all = all.with(group.first.word(), writer.group(group)).above(&about);
        }
    }
    all.with(GATE, gate::job(groups, config))
        .above("The verdict on all jobs: this is the check that a branch has to require.")
}

struct Writer<'a> {
    groups: &'a [Group<'a>],
    config: &'a CiConfig,
    /// The names of the secrets that open the cache.
    secrets: &'a [String],
    committed: &'a str,
}

impl Writer<'_> {
    fn plan(&self) -> Map {
        let by_system = self.groups.iter().any(|group| group.spreads() && !group.shares());
        let outputs = Map::new()
            .with("matrix", "${{ steps.plan.outputs.matrix }}")
            .with_some("systems", by_system.then_some("${{ steps.plan.outputs.systems }}"))
            .with("empty", "${{ steps.plan.outputs.empty }}");
        let mut steps = self.set_up(None);
        steps
            .push(Map::new().with("name", "Plan the machines").with("id", "plan").with("run", "cargo xtask ci matrix"));
        Map::new()
            .with("name", PLAN)
            .with("runs-on", runs_on(&self.config.usual_runner()))
            .with("timeout-minutes", Value::Plain("30".to_owned()))
            .with("permissions", contents())
            .with("outputs", outputs)
            .with("steps", Value::Maps(steps))
    }

    fn group(&self, group: &Group<'_>) -> Map {
        let (spreads, word) = (group.spreads(), group.first.word());
        let needs = self.needs(group);
        let head = Map::new()
            .with("name", if spreads { format!("{word} ${{{{ matrix.name }}}}") } else { word.to_owned() })
            .with_some("needs", (!needs.is_empty()).then_some(Value::Row(needs)))
            .with("if", self.condition(group));
        let head = if spreads {
            let rows = if group.shares() { "matrix" } else { "systems" };
            let strategy = Map::new()
                .with("fail-fast", Value::Plain("false".to_owned()))
                .with("matrix", format!("${{{{ fromJSON(needs.plan.outputs.{rows}) }}}}"));
            head.with("runs-on", "${{ matrix.runner }}")
                .with("strategy", strategy)
                .with("continue-on-error", "${{ matrix.allowed_to_fail }}")
        } else {
            let usual = || self.config.usual_runner();
            head.with("runs-on", runs_on(&group.first.machine.runner.clone().unwrap_or_else(usual)))
        };
        // Secrets that are kept in an environment reach what was pushed to, or is run by hand on, a branch or tag that it allows, and
        // nothing else.
        let guarded = self.secrets_of(&group.runs).iter().any(|secret| *secret != OWN_TOKEN);
        let environment = guarded.then_some(PUBLISH);
        head.with_some("environment", environment)
            .with("timeout-minutes", Value::Plain(group.minutes().to_string()))
            .with("permissions", permissions(group))
            .with("steps", Value::Maps(self.steps(group)))
    }

    /// The plan for jobs on machines of each system, and the groups that it waits for.
    fn needs(&self, group: &Group<'_>) -> Vec<String> {
        let plan = group.spreads().then(|| PLAN.to_owned());
        plan.into_iter().chain(group.waits.iter().map(|word| (*word).to_owned())).collect()
    }

    /// Runs with all, or for a job that was chosen, after what that one waits for went well; in a run of all, after everything that is
    /// in front of it did.
    fn condition(&self, group: &Group<'_>) -> Value {
        if self.needs(group).is_empty() {
            let chosen = is_one_of(&chosen_for(self.groups, group));
            return Value::wrapped(format!("${{{{ {ALL_CHOSEN} || {chosen} }}}}"));
        }
        let clauses = awaited_for(self.groups, group).into_iter().map(|(words, awaited)| {
            let chosen = is_one_of(&words);
            let chosen = if words.len() > 1 { format!("({chosen})") } else { chosen };
            let went_well: String =
                awaited.into_iter().map(|word| format!(" && needs.{word}.result == 'success'")).collect();
            format!("{chosen} && !cancelled(){went_well} || ")
        });
        let wanted = format!("{}({ALL_CHOSEN}) && success()", clauses.collect::<String>());
        Value::wrapped(if group.spreads() {
            format!("${{{{ needs.plan.outputs.empty == 'false' && ({wanted}) }}}}")
        } else {
            format!("${{{{ {wanted} }}}}")
        })
    }

    fn steps(&self, group: &Group<'_>) -> Vec<Map> {
        let mut steps = self.set_up(Some(group));
        steps.extend(group.jobs.iter().map(|job| self.run(job, group)));
        let of = |word: &str| if group.spreads() { format!("{word}-${{{{ matrix.name }}}}") } else { word.to_owned() };
        let always = Some("${{ always() }}");
        let upload = Map::new().with("name", format!("report-{}", of(group.first.word()))).with("path", REPORT);
        steps.push(self.action("Keep the report", "actions/upload-artifact", always, upload));
        for job in group.jobs.iter().filter(|job| !job.artifacts.is_empty()) {
            let always =
                if is_of_the_first(job, group) { "${{ always() && matrix.first }}" } else { "${{ always() }}" };
            let upload = Map::new()
                .with("name", format!("artifacts-{}", of(job.word())))
                .with("path", Value::Lines(job.artifacts.join("\n")));
            let name = format!("Keep what `{}` left", job.word());
            steps.push(self.action(&name, "actions/upload-artifact", Some(always), upload));
        }
        steps
    }

    /// The names of the secrets that `jobs` are given, each once.
    fn secrets_of<'a>(&'a self, jobs: &[&'a Job]) -> Vec<&'a str> {
        let opens_cache = jobs.iter().any(|job| job.machine.opens_cache);
        let of_the_cache = self.secrets.iter().filter(|_| opens_cache);
        let mut names: Vec<&str> = Vec::new();
        for name in of_the_cache.chain(jobs.iter().flat_map(|job| &job.machine.secrets)) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    fn set_up(&self, group: Option<&Group<'_>>) -> Vec<Map> {
        let checkout = Map::new().with("persist-credentials", Value::Plain("false".to_owned()));
        let any = |wants: fn(&Job) -> bool| group.is_some_and(|group| group.runs.iter().any(|job| wants(job)));
        let history = match (any(|job| job.machine.opens_cache), any(|job| job.machine.compares)) {
            (true, _) => Some("the base of a change decides whether it is pushed"),
            (false, true) => Some("the base of a change is what it is compared with"),
            (false, false) => None,
        };
        let checkout = match history {
            Some(why) => checkout.with("fetch-depth", Value::Plain("0".to_owned())).beside(why),
            None => checkout,
        };
        let client = group.and_then(|group| self.client(group)).map(|client| Map::new().with(CLIENT, client));
        vec![
            self.action("Check out", "actions/checkout", None, checkout),
            Map::new().with("name", "Set up").with("uses", "./.github/actions/setup-nix").with_some("with", client),
        ]
    }

    /// Whether this run has the machines of `group` compile the client of caches, if there is a choice that does.
    fn client(&self, group: &Group<'_>) -> Option<Value> {
        let words = with_client(self.groups, group);
        match words.len() {
            0 => None,
            all if all == chosen_for(self.groups, group).len() => Some(Value::Plain("true".to_owned())),
            _ => Some(Value::wrapped(format!("${{{{ {ALL_CHOSEN} || {} }}}}", is_one_of(&words)))),
        }
    }

    fn action(&self, name: &str, action: &str, condition: Option<&str>, with: Map) -> Map {
        uses(name, action, condition, with, self.committed)
    }

    /// For which choice, and on which machine of several, a job runs that shares its machine with others.
    fn step_condition(&self, job: &Job, group: &Group<'_>) -> Option<Value> {
        let words = chosen_with(self.groups, job);
        let is_always_meant = words.len() == chosen_for(self.groups, group).len();
        let chosen = format!("{ALL_CHOSEN} || {}", is_one_of(&words));
        let condition = match (is_of_the_first(job, group), is_always_meant) {
            (false, true) => return None,
            (false, false) => chosen,
            (true, true) => FIRST.to_owned(),
            (true, false) => format!("{FIRST} && ({chosen})"),
        };
        Some(Value::wrapped(format!("${{{{ {condition} }}}}")))
    }

    /// The one line that is the job, with the secrets that are its own, and those of what it needs that this line runs too.
    fn run(&self, job: &Job, group: &Group<'_>) -> Map {
        let mut environment = Map::new();
        if group.spreads() {
            environment =
                environment.with("XTASK_SYSTEM", "${{ matrix.system }}").with("XTASK_ONLY", "${{ matrix.only }}");
        }
        for secret in self.secrets_of(&group.runs_of(job)) {
            environment = environment.with(secret, format!("${{{{ secrets.{secret} }}}}"));
        }
        let environment = (environment != Map::new()).then_some(environment);
        let skipped: Vec<&str> = group.awaited_by(job).iter().map(|name| name.word()).collect();
        let skip = if skipped.is_empty() { String::new() } else { format!(" --skip {}", skipped.join(",")) };
        Map::new()
            .with("name", format!("Run `{}`", job.word()))
            .with_some("if", self.step_condition(job, group))
            .with_some("env", environment)
            .with("run", format!("cargo xtask ci {0}{skip} --report-dir {REPORT}/{0}", job.word()))
    }
}

/// Whether `job` runs on one machine of each system, where `group` has several of them do their shares.
fn is_of_the_first(job: &Job, group: &Group<'_>) -> bool {
    group.shares() && job.work != Work::BuiltIn && job.machine.extent == Extent::PerSystem
}

/// A step that runs an action of others, at the commit that the committed text names.
pub fn uses(name: &str, action: &str, condition: Option<&str>, with: Map, committed: &str) -> Map {
    let pin = pin(action, committed);
    Map::new()
        .with("name", name)
        .with_some("if", condition)
        .with("uses", format!("{}@{}", pin.name, pin.commit))
        .beside(&pin.version)
        .with("with", with)
}

/// What the token may do: reading the repository, and what the rows say.
fn permissions(group: &Group<'_>) -> Map {
    let wanted: Vec<_> = group.runs.iter().flat_map(|job| &job.machine.permissions).collect();
    let own = wanted.iter().any(|permission| permission.scope == "contents");
    let first = if own { Map::new() } else { contents() };
    wanted.iter().enumerate().fold(first, |all, (at, permission)| {
        let same = |other: &&&Permission| other.scope == permission.scope;
        let (before, after) = (wanted.get(..at).unwrap_or_default(), wanted.get(at..).unwrap_or_default());
        if before.iter().any(|other| other.scope == permission.scope) {
            // Said already, for another job on the same machine.
            return all;
        }
        // Of several that ask for the same, whoever wants to write decides.
        let widest = after.iter().filter(same).find(|other| other.access == "write").unwrap_or(permission);
        all.with(widest.scope, widest.access).beside(&widest.why)
    })
}

fn contents() -> Map {
    Map::new().with("contents", "read").beside("checkout")
}
