//! Which legs build only what another job builds as well, and what of them would be missed.

use super::command::Meaning;
use super::leg::{Leg, Step};
use super::target::Target;

/// What is to be said of a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It builds nothing that is known.
    BuildsNothing,
    /// It builds something that no other job builds.
    Needed,
    /// The legs `by` build all of it, and it does nothing else than the steps `moved`, which go elsewhere.
    Redundant { by: Vec<usize>, moved: Vec<usize> },
    /// The legs `by` build all of it, and yet it cannot be said to be redundant: why.
    Unclear { by: Vec<usize>, why: String },
}

/// The verdict on each leg; `seconds` is what each one takes. Of legs that build the same, the fastest stays, else the first.
#[must_use]
pub fn verdicts(legs: &[Leg], seconds: &[Option<f64>]) -> Vec<Verdict> {
    let mut kept: Vec<bool> = vec![true; legs.len()];
    let mut verdicts: Vec<Verdict> = legs
        .iter()
        .map(|leg| if leg.builds(false).next().is_none() { Verdict::BuildsNothing } else { Verdict::Needed })
        .collect();
    let mut order: Vec<usize> = (0..legs.len()).filter(|at| verdicts[*at] == Verdict::Needed).collect();
    let all: Vec<Vec<usize>> =
        (0..legs.len()).map(|at| covering(legs, &kept, at).into_iter().flatten().collect()).collect();
    let among = |at: usize, other: usize| all.get(at).is_some_and(|by| by.contains(&other));
    let mutual = |at: usize| (0..legs.len()).any(|other| among(at, other) && among(other, at));
    let taken = |at: usize| seconds.get(at).copied().flatten().unwrap_or_default();
    order.sort_by(|a, b| mutual(*a).cmp(&mutual(*b)).then(taken(*b).total_cmp(&taken(*a))).then(b.cmp(a)));
    for at in order {
        let Some(leg) = legs.get(at) else { continue };
        let candidates = covering(legs, &kept, at);
        let judged = candidates.into_iter().map(|by| judged(legs, leg, by));
        // One that leaves no doubt goes before one that does.
        let best = judged.min_by_key(|verdict| matches!(verdict, Verdict::Unclear { .. }));
        let Some(best) = best else { continue };
        if let Some(slot) = kept.get_mut(at) {
            *slot = !matches!(best, Verdict::Redundant { .. });
        }
        if let Some(slot) = verdicts.get_mut(at) {
            *slot = best;
        }
    }
    settle(legs, &kept, &mut verdicts);
    verdicts
}

/// Names those that stay: who builds the same as a leg may have turned out redundant itself.
fn settle(legs: &[Leg], kept: &[bool], verdicts: &mut [Verdict]) {
    for (at, verdict) in verdicts.iter_mut().enumerate() {
        if let Verdict::Redundant { by, .. } = verdict
            && by.iter().any(|by| kept.get(*by) != Some(&true))
            && let Some(staying) = covering(legs, kept, at).into_iter().next()
        {
            *by = staying;
        }
    }
}

/// The jobs whose kept legs build all that leg `at` builds, each as those legs.
fn covering(legs: &[Leg], kept: &[bool], at: usize) -> Vec<Vec<usize>> {
    let Some(leg) = legs.get(at) else { return Vec::new() };
    let mut jobs: Vec<(&std::path::Path, &str)> = Vec::new();
    for other in legs {
        let job = (other.file.as_path(), other.job.as_str());
        if job != (leg.file.as_path(), leg.job.as_str()) && !jobs.contains(&job) {
            jobs.push(job);
        }
    }
    let of = |job: &(&std::path::Path, &str)| {
        let all = legs.iter().zip(kept).enumerate();
        let own = all.filter(|(_, (other, kept))| **kept && (other.file.as_path(), other.job.as_str()) == *job);
        own.filter(|(_, (other, _))| stands_for(other, leg)).map(|(at, _)| at).collect::<Vec<usize>>()
    };
    let covers = |target: &Target, by: &usize| {
        legs.get(*by).is_some_and(|other| other.builds(true).any(|own| own.covers(target)))
    };
    let whole = |by: &Vec<usize>| leg.builds(false).all(|target| by.iter().any(|by| covers(target, by)));
    let needed = |by: Vec<usize>| {
        by.into_iter().filter(|by| leg.builds(false).any(|target| covers(target, by))).collect::<Vec<_>>()
    };
    jobs.iter().map(of).filter(whole).map(needed).filter(|by| !by.is_empty()).collect()
}

/// Whether a failure of `other` is noticed wherever one of `leg` is: not if it may fail, or if something else starts it.
fn stands_for(other: &Leg, leg: &Leg) -> bool {
    (other.lenient == Some(false) || leg.lenient == Some(true))
        && (other.file == leg.file || other.events == leg.events)
}

/// Whether `leg` would be missed where the legs `by` build the same.
fn judged(legs: &[Leg], leg: &Leg, by: Vec<usize>) -> Verdict {
    let others: Vec<&Leg> = by.iter().filter_map(|by| legs.get(*by)).collect();
    let unclear = |why: String| Verdict::Unclear { by: by.clone(), why };
    if let Some(other) = others.iter().find(|other| !other.condition.is_empty() && other.condition != leg.condition) {
        return unclear(format!(
            "`{}` runs only if `{}`",
            other.name,
            other.condition.replace("'JOB'", &format!("'{}'", other.job))
        ));
    }
    let same = |step: &Step| others.iter().any(|other| other.steps.iter().any(|own| own.identity == step.identity));
    let mut moved = Vec::new();
    for (at, step) in leg.steps.iter().enumerate().filter(|(_, step)| !same(step)) {
        if let Some(act) = step.acts.iter().find(|act| matches!(act.meaning, Meaning::Unknown(_))) {
            return unclear(format!("`{}` ({}) is not understood", act.text, act.place));
        }
        let evaluated = |target: &Target| {
            others.iter().any(|other| other.builds(true).chain(other.evaluates()).any(|own| own.covers(target)))
        };
        let missed = step.acts.iter().find(|act| match &act.meaning {
            Meaning::Works => true,
            Meaning::Evaluates(targets) => !targets.iter().all(evaluated),
            _ => false,
        });
        if step.builds() && !step.prepares {
            if let Some(act) = missed {
                return unclear(format!("the step `{}` builds, and also runs `{}`", step.name, act.text));
            }
        } else if step.works() {
            if step.uses_result {
                return unclear(format!("the step `{}` uses what was built", step.name));
            }
            moved.push(at);
        }
    }
    Verdict::Redundant { by, moved }
}
