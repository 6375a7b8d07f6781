//! Results as JSON: `report.json` and the answers of `--json`, all of schema 1.

use anyhow::Result;
use serde::Serialize;

use super::{diff, outcome};
use crate::ci::{JobResult, JobStatus, RunResult, Table};
use crate::fleet::{AttrPath, OutputResult, Place, Status};
use crate::rules::Problem;
use crate::session::{Report, Session};

/// One output in a report.
#[derive(Debug, Serialize)]
pub struct OutputJson<'a> {
    attr: &'a AttrPath,
    kind: &'a str,
    system: Option<&'a str>,
    status: Status,
    reason: Option<&'a str>,
    place: Option<&'a Place>,
    evaluation_seconds: Option<f64>,
    build_seconds: f64,
    drv: Option<&'a str>,
    outputs: std::collections::BTreeMap<&'a str, &'a str>,
    closure_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    push: Option<&'a crate::ci::OutputPush>,
    failed_drv: Option<&'a str>,
    log_tail: &'a [String],
    warnings: &'a [String],
    facts: Option<&'a crate::fleet::Facts>,
    facts_error: Option<&'a str>,
    reproduce: String,
}

/// One result as JSON.
#[must_use]
pub fn output<'a>(result: &'a OutputResult, flags: &str) -> OutputJson<'a> {
    let evaluated = result.evaluated.as_ref();
    OutputJson {
        attr: &result.output.attr,
        kind: &result.output.kind,
        system: result.system(),
        status: result.status,
        reason: result.reason.as_deref(),
        place: result.place.as_ref(),
        evaluation_seconds: evaluated.map(|evaluated| evaluated.seconds),
        build_seconds: result.build_seconds,
        drv: evaluated.and_then(|evaluated| evaluated.drv.as_deref()),
        outputs: result.paths.iter().map(|(name, path)| (name.as_str(), path.as_str())).collect(),
        closure_bytes: result.closure_bytes,
        push: None,
        failed_drv: result.failed_drv.as_deref(),
        log_tail: &result.log_tail,
        warnings: evaluated.map_or(&[], |evaluated| &evaluated.warnings),
        facts: evaluated.map(|evaluated| &evaluated.facts).filter(|facts| !facts.is_empty()),
        facts_error: evaluated.and_then(|evaluated| evaluated.facts_error.as_deref()),
        reproduce: outcome::reproduce(result, flags),
    }
}

/// The answer of `outputs --json` and `build --json`.
#[derive(Debug, Serialize)]
pub struct FleetJson<'a> {
    schema: u32,
    inputs: &'a str,
    outputs: Vec<OutputJson<'a>>,
    not_covered: &'a [AttrPath],
}

/// What became of the outputs of `session`'s repository as a JSON document.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn fleet(report: &Report, session: &Session<'_>) -> Result<String> {
    let flags = session.flags();
    let document = FleetJson {
        schema: 1,
        inputs: session.inputs.word(),
        outputs: report.results.iter().map(|result| output(result, &flags)).collect(),
        not_covered: &report.uncovered,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// One job in a report.
#[derive(Debug, Serialize)]
struct JobJson<'a> {
    name: crate::ci::JobName,
    phase: Option<crate::ci::Phase>,
    status: JobStatus,
    reason: Option<&'a str>,
    as_before: bool,
    seconds: f64,
    problems: &'a [Problem],
}

/// `report.json`.
#[derive(Debug, Serialize)]
struct RunJson<'a> {
    schema: u32,
    status: JobStatus,
    inputs: Option<&'a str>,
    nix: Option<&'a str>,
    revision: Option<&'a str>,
    started: u64,
    seconds: f64,
    jobs: Vec<JobJson<'a>>,
    outputs: Vec<OutputJson<'a>>,
    not_covered: &'a [AttrPath],
    caches: CachesJson<'a>,
    /// What the change does to each output, as `diff --json` says it; `null` where it was not compared.
    difference: Option<diff::Document<'a>>,
    /// Why there is none, where there should be one.
    difference_untold: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct CachesJson<'a> {
    analytics: Option<&'a crate::analytics::Tally>,
    /// How much need not be built, run by run; `null` before there are two runs to compare.
    trend: Option<&'a crate::analytics::Trend>,
    /// What the runs before had of what, this one last.
    past: Vec<PastJson<'a>>,
    push: Option<&'a str>,
    verify: Option<&'a str>,
}

/// What was measured of caches in one run, without the paths.
#[derive(Debug, Serialize)]
struct PastJson<'a> {
    time: u64,
    revision: Option<&'a str>,
    paths: usize,
    build: usize,
    substituters: &'a [crate::analytics::PastSubstituter],
}

fn past(past: &crate::analytics::Past) -> PastJson<'_> {
    PastJson {
        time: past.time,
        revision: past.revision.as_deref(),
        paths: past.paths,
        build: past.build,
        substituters: &past.substituters,
    }
}

fn job<'a>(job: &'a JobResult, table: &Table) -> JobJson<'a> {
    JobJson {
        name: job.name,
        phase: table.row(job.name).map(|row| row.phase),
        status: job.status,
        reason: job.reason.as_deref(),
        as_before: job.as_before,
        seconds: job.seconds,
        problems: &job.problems,
    }
}

/// A whole run as a JSON document, schema 1.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn run(result: &RunResult) -> Result<String> {
    let document = RunJson {
        schema: 1,
        status: result.status(),
        inputs: result.inputs,
        nix: result.nix.as_deref(),
        revision: result.revision.as_deref(),
        started: result.started,
        seconds: result.seconds,
        jobs: result.jobs.iter().map(|row| job(row, &result.table)).collect(),
        outputs: result
            .fleet
            .iter()
            .flat_map(|fleet| &fleet.results)
            .map(|row| OutputJson {
                push: result.caches.outputs.get(&row.output.attr.to_string()),
                ..output(row, &result.flags)
            })
            .collect(),
        not_covered: result.fleet.as_ref().map_or(&[], |fleet| &fleet.uncovered),
        caches: CachesJson {
            analytics: result.caches.analytics.as_ref().map(|(tally, _)| tally),
            trend: result.caches.analytics.as_ref().and_then(|(_, trend)| trend.as_ref()),
            past: result.caches.measured.iter().map(past).collect(),
            push: result.caches.push.as_deref(),
            verify: result.caches.verify.as_deref(),
        },
        difference: result.difference.as_ref().and_then(|told| told.as_ref().ok()).map(diff::document),
        difference_untold: result.difference.as_ref().and_then(|told| told.as_ref().err()).map(String::as_str),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
