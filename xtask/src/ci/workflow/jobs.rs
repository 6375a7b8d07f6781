//! The jobs of the workflow: the plan, one for each row of the table, and the gate.

use super::pins::pin;
use super::text::{Map, Value};
use super::{GATE, PLAN, gate, runs_on, spread};
use crate::ci::{Extent, Job, Phase};
use crate::config::CiConfig;

/// Where a job leaves its reports.
const REPORT: &str = "report";

/// Every job.
pub fn map(jobs: &[Job], config: &CiConfig, committed: &str) -> Map {
    let writer = Writer { jobs, config, committed };
    let mut all = Map::new().with(PLAN, writer.plan()).above(
        "Which machines build what: by the systems of the outputs, and by what each cost when it was last measured.",
    );
    for (phase, job) in Phase::ALL.iter().flat_map(|phase| jobs.iter().map(move |job| (phase, job))) {
        if job.phase == *phase {
            let about = format!("Phase `{}`: {}.", phase.word(), job.about);
            all = all.with(job.word, writer.job(job)).above(&about);
        }
    }
    all.with(GATE, gate::job(jobs, config))
        .above("The verdict on all jobs: this is the check that a branch has to require.")
}

struct Writer<'a> {
    jobs: &'a [Job],
    config: &'a CiConfig,
    committed: &'a str,
}

impl Writer<'_> {
    fn plan(&self) -> Map {
        let outputs = Map::new()
            .with("matrix", "${{ steps.plan.outputs.matrix }}")
            .with("empty", "${{ steps.plan.outputs.empty }}");
        let mut steps = self.set_up();
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

    fn job(&self, job: &Job) -> Map {
        let spreads = job.machine.extent == Extent::PerSystem;
        let needs = self.needs(job);
        let head = Map::new()
            .with("name", if spreads { format!("{} ${{{{ matrix.name }}}}", job.word) } else { job.word.to_owned() })
            .with_some("needs", (!needs.is_empty()).then_some(Value::Row(needs)))
            .with("if", self.condition(job));
        let head = if spreads {
            let strategy = Map::new()
                .with("fail-fast", Value::Plain("false".to_owned()))
                .with("matrix", "${{ fromJSON(needs.plan.outputs.matrix) }}");
            head.with("runs-on", "${{ matrix.runner }}")
                .with("strategy", strategy)
                .with("continue-on-error", "${{ matrix.allowed_to_fail }}")
        } else {
            head.with("runs-on", runs_on(&self.config.usual_runner()))
        };
        let permissions =
            job.machine.permissions.iter().fold(contents(), |all, permission| {
                all.with(permission.scope, permission.access).beside(permission.why)
            });
        head.with("timeout-minutes", Value::Plain(job.machine.minutes.to_string()))
            .with("permissions", permissions)
            .with("steps", Value::Maps(self.steps(job, spreads)))
    }

    /// The jobs of all earlier phases, and the plan for a job on machines of each system. What the table says a job needs it runs
    /// itself, on its own machine.
    fn needs(&self, job: &Job) -> Vec<String> {
        let spreads = job.machine.extent == Extent::PerSystem;
        let plan = spreads.then(|| PLAN.to_owned());
        let earlier = self.jobs.iter().filter(|other| other.phase < job.phase);
        plan.into_iter().chain(earlier.map(|other| other.word.to_owned())).collect()
    }

    /// Runs with all, or chosen alone; in a run of all, only after what it waits for went well.
    fn condition(&self, job: &Job) -> Value {
        let word = job.word;
        if self.needs(job).is_empty() {
            return format!("${{{{ !inputs.job || inputs.job == 'all' || inputs.job == '{word}' }}}}").into();
        }
        let wanted = format!("inputs.job == '{word}' && !cancelled()");
        let all = "(!inputs.job || inputs.job == 'all') && success()";
        if job.machine.extent == Extent::Once {
            return format!("${{{{ {wanted} || {all} }}}}").into();
        }
        Value::Folded(vec![
            "${{ needs.plan.outputs.empty == 'false' &&".to_owned(),
            format!("({wanted} || {all}) }}}}"),
        ])
    }

    fn steps(&self, job: &Job, spreads: bool) -> Vec<Map> {
        let mut environment = Map::new();
        if spreads {
            environment =
                environment.with("XTASK_SYSTEM", "${{ matrix.system }}").with("XTASK_ONLY", "${{ matrix.only }}");
        }
        for secret in job.machine.secrets {
            environment = environment.with(secret, format!("${{{{ secrets.{secret} }}}}"));
        }
        let line = format!("cargo xtask ci {} --report-dir {REPORT}", job.word);
        let run = Map::new().with("name", "Run the job");
        let run = if environment == Map::new() { run } else { run.with("env", environment) };
        let of = if spreads { format!("{}-${{{{ matrix.name }}}}", job.word) } else { job.word.to_owned() };
        let upload = Map::new().with("name", format!("report-{of}")).with("path", REPORT);
        let mut steps = self.set_up();
        steps.push(run.with("run", line));
        steps.push(
            Map::new()
                .with("name", "Show the summary")
                .with("if", "${{ always() }}")
                .with("run", format!("cat {REPORT}/summary.md >> \"$GITHUB_STEP_SUMMARY\"")),
        );
        steps.push(self.action("Keep the report", "actions/upload-artifact", Some("${{ always() }}"), upload));
        steps
    }

    fn set_up(&self) -> Vec<Map> {
        let checkout = Map::new().with("persist-credentials", Value::Plain("false".to_owned()));
        vec![
            self.action("Check out", "actions/checkout", None, checkout),
            Map::new().with("name", "Set up").with("uses", "./.github/actions/setup-nix"),
        ]
    }

    fn action(&self, name: &str, action: &str, condition: Option<&str>, with: Map) -> Map {
        uses(name, action, condition, with, self.committed)
    }
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

fn contents() -> Map {
    Map::new().with("contents", "read").beside("checkout")
}

/// The words of the jobs that may have nothing to do.
pub fn spread_words(jobs: &[Job]) -> Vec<String> {
    spread(jobs).map(|job| job.word.to_owned()).collect()
}
