//! The audit of workflows on a terminal: the jobs, the overlap of what they build, what that costs, and what is not understood.

use super::columns::{Line, table};
use super::console::Mark;
use super::words::{count, seconds};
use crate::ci::audit::{Audit, Cost, Leg, Target, Verdict};

/// Everything that was found.
#[must_use]
pub fn text(audit: &Audit) -> String {
    let parts = [jobs(audit), overlap(audit), plan(audit), unknown(audit)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The last line.
#[must_use]
pub fn verdict(audit: &Audit) -> (Mark, String) {
    let redundant = audit.plan.removed.len();
    let built = audit.legs.iter().filter(|leg| leg.builds(false).next().is_some()).count();
    let of = format!("{} of {}", count(built, "job"), audit.legs.len());
    match (redundant, built) {
        (0, 0) => (Mark::Warning, "no job builds anything that is understood".to_owned()),
        (0, _) => (Mark::Ok, format!("{of} build, none of them only what another one builds")),
        (some, _) => {
            let cost =
                audit.plan.wasted.map(|wasted| format!(", which costs {} a run", seconds(wasted))).unwrap_or_default();
            let are = if some == 1 { "is" } else { "are" };
            (Mark::Failed, format!("{} {are} redundant{cost}", count(some, "job")))
        }
    }
}

/// The name of a job, with that of its workflow where there are several.
pub(super) fn name(audit: &Audit, at: usize) -> String {
    let several = audit.legs.iter().any(|leg| audit.legs.first().is_some_and(|first| first.file != leg.file));
    audit.legs.get(at).map_or_else(String::new, |leg| {
        if several { format!("{}: {}", leg.workflow, leg.name) } else { leg.name.clone() }
    })
}

fn names(audit: &Audit, legs: &[usize]) -> String {
    legs.iter().map(|at| format!("`{}`", name(audit, *at))).collect::<Vec<_>>().join(", ")
}

fn jobs(audit: &Audit) -> String {
    let mut lines: Vec<Line> = vec![(None, ["#", "job", "time", ""].map(str::to_owned).to_vec())];
    for (at, (leg, verdict)) in audit.legs.iter().zip(&audit.verdicts).enumerate() {
        let (mark, words) = match verdict {
            Verdict::BuildsNothing if leg.evaluates().next().is_some() => {
                (Mark::Skipped, "evaluates, builds nothing".to_owned())
            }
            Verdict::BuildsNothing if leg.unknown().next().is_none() => (Mark::Skipped, "builds nothing".to_owned()),
            Verdict::BuildsNothing => (Mark::Skipped, "builds nothing that is understood".to_owned()),
            Verdict::Needed => (Mark::Ok, format!("builds {}", amount(leg))),
            Verdict::Redundant { by, .. } => (Mark::Failed, format!("redundant: {} builds the same", names(audit, by))),
            Verdict::Unclear { by, why } => (Mark::Warning, format!("{} builds the same, but {why}", names(audit, by))),
        };
        let time = audit.timings.get(at).copied().flatten().map_or("?".to_owned(), |timing| seconds(timing.machine));
        lines.push((Some(mark), vec![(at + 1).to_string(), name(audit, at), time, words]));
    }
    table(&lines)
}

fn amount(leg: &Leg) -> String {
    let mut targets: Vec<&Target> = leg.builds(false).collect();
    targets.sort();
    targets.dedup();
    let sets = targets.iter().filter(|target| target.is_set()).count();
    match (targets.len() - sets, sets) {
        (outputs, 0) => count(outputs, "output"),
        (0, sets) => count(sets, "whole set"),
        (outputs, sets) => format!("{}, {}", count(outputs, "output"), count(sets, "whole set")),
    }
}

/// How a leg goes about a target: `●` builds it, `◐` builds it perhaps, `○` evaluates it.
fn sign(leg: &Leg, target: &Target) -> &'static str {
    let is = |own: &Target| own == target || own.covers(target);
    if leg.builds(true).any(is) {
        "●"
    } else if leg.builds(false).any(is) {
        "◐"
    } else if leg.evaluates().any(is) {
        "○"
    } else {
        "·"
    }
}

/// The short name of a target; its attribute path where another one goes by the same.
fn label(audit: &Audit, target: &Target) -> String {
    let short = target.to_string();
    let same = audit.targets.iter().filter(|other| other.to_string() == short).count();
    if same > 1 { target.attr() } else { short }
}

fn overlap(audit: &Audit) -> String {
    let shown = |leg: &Leg| audit.targets.iter().any(|target| sign(leg, target) != "·");
    let legs: Vec<(usize, &Leg)> = audit.legs.iter().enumerate().filter(|(_, leg)| shown(leg)).collect();
    if legs.is_empty() {
        return String::new();
    }
    let head = std::iter::once("output".to_owned()).chain(legs.iter().map(|(at, _)| (at + 1).to_string())).collect();
    let mut lines: Vec<Line> = vec![(None, head)];
    for target in &audit.targets {
        let signs = legs.iter().map(|(_, leg)| sign(leg, target).to_owned());
        lines.push((None, std::iter::once(label(audit, target)).chain(signs).collect()));
    }
    table(&lines) + "  ● builds  ◐ builds under a condition, or its failure is lost  ○ evaluates\n"
}

fn plan(audit: &Audit) -> String {
    let plan = &audit.plan;
    let mut lines: Vec<Line> = Vec::new();
    let mut say = |word: &str, text: String| lines.push((None, vec![word.to_owned(), text]));
    if !plan.removed.is_empty() {
        say("remove", jobs_of(audit, &plan.removed));
    }
    for step in &plan.moves {
        let time = step.seconds.map_or(" (no run tells its time)".to_owned(), |time| format!(" ({})", seconds(time)));
        let what = audit.legs.get(step.from).and_then(|leg| leg.steps.get(step.step)).map_or("", |step| &step.name);
        say("move", format!("step `{what}`{time} from {} to {}", names(audit, &[step.from]), names(audit, &[step.to])));
    }
    if let Some(wasted) = plan.wasted.filter(|_| !plan.removed.is_empty()) {
        say("wasted", format!("{} of machine time in each run", seconds(wasted)));
    }
    let told = audit.timings.iter().flatten().next().is_some();
    let untold: Vec<usize> =
        (0..audit.legs.len()).filter(|at| audit.timings.get(*at).copied().flatten().is_none()).collect();
    if !told {
        say(
            "times",
            "not known: `gh run view ID --json jobs,workflowName,attempt > run.json`, then `--runs run.json`"
                .to_owned(),
        );
    } else if !untold.is_empty() {
        say("times", format!("no run tells that of {}: the figures are without them", names(audit, &untold)));
    }
    if !audit.unmatched.is_empty() {
        let names: Vec<String> = audit.unmatched.iter().map(|name| format!("`{name}`")).collect();
        say("unknown", format!("{} of the runs: no job of the workflows", names.join(", ")));
    }
    let figures = match (&plan.now, &plan.then) {
        (Some(now), Some(then)) if !plan.removed.is_empty() => figures(audit, now, then),
        _ => String::new(),
    };
    [table(&lines), figures].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Jobs by the key of the job where all its legs are meant.
fn jobs_of(audit: &Audit, legs: &[usize]) -> String {
    let mut found: Vec<String> = Vec::new();
    for &at in legs {
        let Some(leg) = audit.legs.get(at) else { continue };
        let mut siblings = (0..audit.legs.len()).filter(|other| {
            audit.legs.get(*other).is_some_and(|other| (&other.file, &other.job) == (&leg.file, &leg.job))
        });
        let whole = siblings.all(|other| legs.contains(&other));
        let word = if whole { format!("`{}`", leg.job) } else { format!("the leg `{}`", name(audit, at)) };
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found.join(", ")
}

fn figures(audit: &Audit, now: &Cost, then: &Cost) -> String {
    let line = |cells: [String; 4]| (None, cells.to_vec());
    let minutes = |time: f64| (time / 60.0).round();
    let less = (1.0 - then.machine / now.machine.max(1.0)) * 100.0;
    let wall = format!("about {} → {} min", minutes(now.wall), minutes(then.wall));
    table(&[
        line([String::new(), "now".to_owned(), "then".to_owned(), String::new()]),
        line(["jobs".to_owned(), now.machines.to_string(), then.machines.to_string(), String::new()]),
        line(["machine time".to_owned(), seconds(now.machine), seconds(then.machine), format!("{less:.0} % less")]),
        line(["wall time".to_owned(), seconds(now.wall), seconds(then.wall), wall]),
        line(["ends last".to_owned(), name(audit, now.last), name(audit, then.last), String::new()]),
    ])
}

fn unknown(audit: &Audit) -> String {
    let unknown = audit.unknown();
    if unknown.is_empty() {
        return String::new();
    }
    let lines: Vec<Line> =
        unknown.iter().map(|act| (Some(Mark::Warning), vec![act.place.to_string(), act.text.clone()])).collect();
    format!("not understood, so nothing was taken for redundant because of it:\n{}", table(&lines))
}
