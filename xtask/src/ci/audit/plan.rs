//! What the run costs now, and what it would cost without the legs that are redundant.

use super::leg::Leg;
use super::overlap::Verdict;
use super::target::Target;
use crate::ci::matching::matched;
use crate::ci::run::{Outcome, Run};

/// What runs say of a leg.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// Seconds of machine time.
    pub machine: f64,
    /// Seconds from its begin to its end.
    pub wall: f64,
    /// Seconds that it waited after it could have begun.
    pub waited: f64,
}

/// A step that goes to another job, since its own is redundant.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// The leg that it is of.
    pub from: usize,
    /// The step.
    pub step: usize,
    /// The leg that it goes to.
    pub to: usize,
    /// Its seconds, if runs tell them.
    pub seconds: Option<f64>,
}

/// What a run costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// How many machines it takes.
    pub machines: usize,
    /// Seconds of machine time in all.
    pub machine: f64,
    /// Seconds from its begin to its end.
    pub wall: f64,
    /// The leg that ends last.
    pub last: usize,
}

/// What there is to win.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The legs that go.
    pub removed: Vec<usize>,
    /// The steps that stay, elsewhere.
    pub moves: Vec<Move>,
    /// Seconds of machine time of the legs that go; nothing if runs tell it of none.
    pub wasted: Option<f64>,
    /// What a run costs now, as far as runs tell.
    pub now: Option<Cost>,
    /// What it would cost.
    pub then: Option<Cost>,
}

/// What `runs` say of each leg: the middle one of several.
#[must_use]
pub fn timings(legs: &[Leg], runs: &[Run]) -> Vec<Option<Timing>> {
    let mut told: Vec<Vec<Timing>> = vec![Vec::new(); legs.len()];
    for run in runs {
        let of_run = |leg: &Leg| run.workflow.as_ref().is_none_or(|workflow| *workflow == leg.workflow);
        // What is of another workflow has no name in this run.
        let names: Vec<&str> = legs.iter().map(|leg| if of_run(leg) { leg.name.as_str() } else { "" }).collect();
        let found = matched(&names, run).found;
        let began = run.jobs.iter().filter_map(|job| job.started).min().unwrap_or_default();
        let ended = |at: usize| found.get(at).and_then(|jobs| jobs.iter().filter_map(|job| job.ended).max());
        for (at, (leg, jobs)) in legs.iter().zip(&found).enumerate() {
            let done: Vec<_> = jobs.iter().filter(|job| job.outcome == Outcome::Succeeded).collect();
            let machine: Option<f64> = done.iter().map(|job| job.seconds()).sum();
            let begin = done.iter().filter_map(|job| job.started).min();
            let (Some(machine), Some(begin), Some(end)) = (machine, begin, ended(at)) else { continue };
            let ready = needed(legs, leg).filter_map(ended).max().unwrap_or(began);
            let timing = Timing { machine, wall: (end - begin) as f64, waited: (begin - ready).max(0) as f64 };
            told.iter_mut().skip(at).take(1).for_each(|told| told.push(timing));
        }
    }
    told.into_iter()
        .map(|mut told| {
            told.sort_by(|a, b| a.machine.total_cmp(&b.machine));
            told.get(told.len() / 2).copied()
        })
        .collect()
}

/// The legs that `leg` waits for.
fn needed<'a>(legs: &'a [Leg], leg: &'a Leg) -> impl Iterator<Item = usize> + 'a {
    let of = |other: &Leg| other.file == leg.file && leg.needs.contains(&other.job);
    legs.iter().enumerate().filter(move |(_, other)| of(other)).map(|(at, _)| at)
}

/// The plan without what is redundant.
#[must_use]
pub fn plan(legs: &[Leg], verdicts: &[Verdict], timings: &[Option<Timing>], runs: &[Run]) -> Plan {
    let redundant = |at: &usize| matches!(verdicts.get(*at), Some(Verdict::Redundant { .. }));
    let removed: Vec<usize> = (0..legs.len()).filter(redundant).collect();
    let mut moves = Vec::new();
    for &from in &removed {
        let Some(Verdict::Redundant { moved, .. }) = verdicts.get(from) else { continue };
        for &step in moved {
            if let Some(to) = destination(legs, timings, &removed, from, step) {
                moves.push(Move { from, step, to, seconds: step_seconds(legs, runs, from, step) });
            }
        }
    }
    let machine = |at: &usize| timings.get(*at).copied().flatten().map(|timing| timing.machine);
    let told: Vec<f64> = removed.iter().filter_map(machine).collect();
    let schedule = Schedule { legs, verdicts, timings };
    Plan {
        wasted: (!told.is_empty() && told.len() == removed.len()).then(|| told.iter().sum()),
        now: schedule.cost(&[], &[]),
        then: schedule.cost(&removed, &moves),
        removed,
        moves,
    }
}

/// The leg where a step fits best: it looks at most of the same outputs, and lengthens the run least.
fn destination(legs: &[Leg], timings: &[Option<Timing>], removed: &[usize], from: usize, step: usize) -> Option<usize> {
    let leg = legs.get(from)?;
    let acts = leg.steps.get(step).into_iter().flat_map(|step| &step.acts);
    let looked: Vec<&Target> = acts
        .filter_map(
            |act| if let super::command::Meaning::Evaluates(targets) = &act.meaning { Some(targets) } else { None },
        )
        .flatten()
        .collect();
    let common = |other: &Leg| {
        let looks = |target: &&&Target| other.builds(false).chain(other.evaluates()).any(|own| own.covers(target));
        looked.iter().filter(looks).count()
    };
    let wall = |at: usize| timings.get(at).copied().flatten().map_or(f64::INFINITY, |timing| timing.wall);
    let staying = legs.iter().enumerate().filter(|(at, other)| !removed.contains(at) && other.file == leg.file);
    let best = staying.max_by(|(a, one), (b, other)| {
        common(one).cmp(&common(other)).then(wall(*b).total_cmp(&wall(*a))).then(b.cmp(a))
    });
    best.map(|(at, _)| at)
}

/// The seconds of a step, by its name: the middle one of several runs.
fn step_seconds(legs: &[Leg], runs: &[Run], leg: usize, step: usize) -> Option<f64> {
    let name = &legs.get(leg)?.steps.get(step)?.name;
    let names: Vec<&str> = legs.iter().map(|leg| leg.name.as_str()).collect();
    let of_run = |run: &Run| {
        let jobs = matched(&names, run).found.into_iter().nth(leg)?;
        let steps = jobs.iter().flat_map(|job| &job.steps).filter(|(known, _)| known == name);
        let seconds: Vec<f64> = steps.map(|(_, seconds)| *seconds).collect();
        (!seconds.is_empty()).then(|| seconds.iter().sum::<f64>())
    };
    let mut told: Vec<f64> = runs.iter().filter_map(of_run).collect();
    told.sort_by(f64::total_cmp);
    told.get(told.len() / 2).copied()
}

struct Schedule<'a> {
    legs: &'a [Leg],
    verdicts: &'a [Verdict],
    timings: &'a [Option<Timing>],
}

impl Schedule<'_> {
    /// What a run without the legs `removed` costs; nothing if runs tell nothing, or a leg that stays takes nobody knows how long.
    fn cost(&self, removed: &[usize], moves: &[Move]) -> Option<Cost> {
        let staying: Vec<usize> =
            (0..self.legs.len()).filter(|at| !removed.contains(at) && self.timing(*at).is_some()).collect();
        let more = |at: usize| {
            moves.iter().filter(|step| step.to == at).map(|step| step.seconds.unwrap_or_default()).sum::<f64>()
        };
        let machine = staying.iter().filter_map(|at| Some(self.timing(*at)?.machine + more(*at))).sum();
        let ends: Vec<(usize, f64)> =
            staying.iter().map(|at| (*at, self.end(*at, removed, &more, &mut Vec::new()))).collect();
        let (last, wall) = ends.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(Cost { machines: staying.len(), machine, wall, last })
    }

    fn timing(&self, at: usize) -> Option<Timing> {
        self.timings.get(at).copied().flatten()
    }

    /// When a leg ends, in seconds after the run began. Who needs a leg that is gone needs those that build the same; a need that
    /// would close a circle by that is none.
    fn end(&self, at: usize, removed: &[usize], more: &dyn Fn(usize) -> f64, around: &mut Vec<usize>) -> f64 {
        if around.contains(&at) {
            return 0.0;
        }
        around.push(at);
        let needs = self.legs.get(at).map(|leg| needed(self.legs, leg).collect::<Vec<_>>()).unwrap_or_default();
        let mut ready: f64 = 0.0;
        for need in needs {
            let instead = match self.verdicts.get(need) {
                Some(Verdict::Redundant { by, .. }) if removed.contains(&need) => by.clone(),
                _ => vec![need],
            };
            for need in instead {
                ready = ready.max(self.end(need, removed, more, around));
            }
        }
        around.pop();
        let timing = self.timing(at);
        ready + timing.map_or(0.0, |timing| timing.waited + timing.wall) + more(at)
    }
}
