//! The audit of workflows as a JSON document.

use anyhow::Result;
use serde::Serialize;

use super::audit::name;
use crate::ci::audit::{Audit, Cost, Leg, Meaning, Target, Verdict};

#[derive(Serialize)]
struct Document {
    schema: u32,
    jobs: Vec<JobJson>,
    outputs: Vec<OutputJson>,
    plan: PlanJson,
    not_understood: Vec<UnknownJson>,
    jobs_of_no_workflow: Vec<String>,
}

#[derive(Serialize)]
struct JobJson {
    name: String,
    job: String,
    file: String,
    line: u32,
    seconds: Option<f64>,
    verdict: &'static str,
    by: Vec<String>,
    why: Option<String>,
}

#[derive(Serialize)]
struct OutputJson {
    attr: String,
    kind: String,
    system: Option<String>,
    built_by: Vec<String>,
    perhaps_built_by: Vec<String>,
    evaluated_by: Vec<String>,
}

#[derive(Serialize)]
struct PlanJson {
    remove: Vec<String>,
    r#move: Vec<MoveJson>,
    wasted_seconds: Option<f64>,
    now: Option<CostJson>,
    then: Option<CostJson>,
}

#[derive(Serialize)]
struct MoveJson {
    step: String,
    from: String,
    to: String,
    seconds: Option<f64>,
}

#[derive(Serialize)]
struct CostJson {
    jobs: usize,
    machine_seconds: f64,
    wall_seconds: f64,
    ends_last: String,
}

#[derive(Serialize)]
struct UnknownJson {
    file: String,
    line: u32,
    command: String,
    why: &'static str,
}

/// The audit as a JSON document, schema 1.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json(audit: &Audit) -> Result<String> {
    let names = |legs: &[usize]| legs.iter().map(|at| name(audit, *at)).collect::<Vec<_>>();
    let job = |at: usize, leg: &Leg| {
        let (verdict, by, why) = match audit.verdicts.get(at) {
            Some(Verdict::Needed) => ("needed", Vec::new(), None),
            Some(Verdict::Redundant { by, .. }) => ("redundant", names(by), None),
            Some(Verdict::Unclear { by, why }) => ("unclear", names(by), Some(why.clone())),
            Some(Verdict::BuildsNothing) | None => ("builds-nothing", Vec::new(), None),
        };
        let (file, seconds) = (leg.file.display().to_string(), audit.timings.get(at).copied().flatten());
        let seconds = seconds.map(|timing| timing.machine);
        JobJson { name: name(audit, at), job: leg.job.clone(), file, line: leg.line, seconds, verdict, by, why }
    };
    let cost = |cost: &Cost| CostJson {
        jobs: cost.machines,
        machine_seconds: cost.machine,
        wall_seconds: cost.wall,
        ends_last: name(audit, cost.last),
    };
    let moves = audit.plan.moves.iter().map(|step| MoveJson {
        step: audit
            .legs
            .get(step.from)
            .and_then(|leg| leg.steps.get(step.step))
            .map_or_else(String::new, |step| step.name.clone()),
        from: name(audit, step.from),
        to: name(audit, step.to),
        seconds: step.seconds,
    });
    let unknown = audit.unknown().into_iter().map(|act| UnknownJson {
        file: act.place.file.display().to_string(),
        line: act.place.line,
        command: act.text.clone(),
        why: if let Meaning::Unknown(why) = act.meaning { why } else { "" },
    });
    let document = Document {
        schema: 1,
        jobs: audit.legs.iter().enumerate().map(|(at, leg)| job(at, leg)).collect(),
        outputs: audit.targets.iter().map(|target| output(audit, target)).collect(),
        plan: PlanJson {
            remove: names(&audit.plan.removed),
            r#move: moves.collect(),
            wasted_seconds: audit.plan.wasted,
            now: audit.plan.now.as_ref().map(cost),
            then: audit.plan.then.as_ref().map(cost),
        },
        not_understood: unknown.collect(),
        jobs_of_no_workflow: audit.unmatched.clone(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn output(audit: &Audit, target: &Target) -> OutputJson {
    let by = |does: &dyn Fn(&Leg) -> bool| {
        let legs = audit.legs.iter().enumerate().filter(|(_, leg)| does(leg));
        legs.map(|(at, _)| name(audit, at)).collect::<Vec<_>>()
    };
    let sure = |leg: &Leg| leg.builds(true).any(|own| own.covers(target));
    OutputJson {
        attr: target.attr(),
        kind: target.kind.clone(),
        system: target.system.clone(),
        built_by: by(&sure),
        perhaps_built_by: by(&|leg| !sure(leg) && leg.builds(false).any(|own| own.covers(target))),
        evaluated_by: by(&|leg| leg.evaluates().any(|own| own.covers(target))),
    }
}
