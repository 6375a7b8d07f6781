//! What goes along and what stays behind: closures are taken whole, in the order in which they matter.

use std::cmp::Reverse;

use super::Standing;
use super::closure::Member;

/// What becomes of a member that the cache lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It goes along.
    Taken,
    /// It is excluded, and goes along because this member refers to it.
    Kept(usize),
    /// It stays behind.
    Left,
}

/// The members, higher priority first, then bigger.
#[must_use]
pub fn order(members: &[Member<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|index| {
        members
            .get(*index)
            .map(|member| (Reverse(member.priority), Reverse(member.info.nar_size), member.info.path.as_str()))
    });
    order
}

/// Chooses, in `order`: each member is taken with all that it refers to as long as that fits into what is left of `budget`. Since
/// what is left shrinks at least as fast as what a closure still costs, one that did not fit never fits later, nor does what
/// refers to it; smaller ones behind it may.
#[must_use]
pub fn choose(members: &[Member<'_>], order: &[usize], budget: Option<u64>) -> Vec<Choice> {
    let is = |list: &[bool], index: usize| list.get(index).is_some_and(|taken| *taken);
    let mut taken = vec![false; members.len()];
    let mut left = budget.unwrap_or(u64::MAX);
    for index in order {
        let Some(member) = members.get(*index) else { continue };
        // What is excluded is taken for those that refer to it: those that are pushed, and those that are in the cache already.
        if member.excluded.is_some() && member.standing != Standing::Present {
            continue;
        }
        let Some((closure, cost)) = lacking_closure(members, |index| is(&taken, index), *index, left) else { continue };
        left = left.saturating_sub(cost);
        for index in closure {
            if let Some(taken) = taken.get_mut(index) {
                *taken = true;
            }
        }
    }
    let referrers =
        referrers(members, order, |index, member| is(&taken, index) || member.standing == Standing::Present);
    let choice = |(index, member): (usize, &Member<'_>)| match (is(&taken, index), &member.excluded) {
        (false, _) => Choice::Left,
        (true, None) => Choice::Taken,
        (true, Some(_)) => referrers.get(index).copied().flatten().map_or(Choice::Taken, Choice::Kept),
    };
    members.iter().enumerate().map(choice).collect()
}

/// For each member, the first in `order` of those that refer to it and `counts`.
fn referrers(
    members: &[Member<'_>],
    order: &[usize],
    counts: impl Fn(usize, &Member<'_>) -> bool,
) -> Vec<Option<usize>> {
    let mut first = vec![None; members.len()];
    for index in order {
        let Some(member) = members.get(*index).filter(|member| counts(*index, member)) else { continue };
        for reference in &member.references {
            if let Some(first) = first.get_mut(*reference) {
                first.get_or_insert(*index);
            }
        }
    }
    first
}

/// What the cache lacks and is not taken yet of the closure of `begin`, with its bytes; `None` if that is more than `left`. What an
/// upstream cache has is there with all that it refers to.
fn lacking_closure(
    members: &[Member<'_>],
    taken: impl Fn(usize) -> bool,
    begin: usize,
    left: u64,
) -> Option<(Vec<usize>, u64)> {
    let (mut lacking, mut cost) = (Vec::new(), 0_u64);
    let mut reached = vec![false; members.len()];
    let mut open = vec![begin];
    while let Some(index) = open.pop() {
        let (Some(member), Some(reached)) = (members.get(index), reached.get_mut(index)) else { continue };
        if std::mem::replace(reached, true) || taken(index) || matches!(member.standing, Standing::Upstream(_)) {
            continue;
        }
        if member.standing == Standing::Lacking {
            lacking.push(index);
            cost = cost.checked_add(member.info.nar_size).filter(|cost| *cost <= left)?;
        }
        open.extend(member.references.iter().copied());
    }
    Some((lacking, cost))
}
