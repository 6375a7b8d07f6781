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
    chosen(members, order, budget).0
}

/// The choices, and how many members were looked at for them.
fn chosen(members: &[Member<'_>], order: &[usize], budget: Option<u64>) -> (Vec<Choice>, usize) {
    let states = vec![State::Open; members.len()];
    let mut walks = Walks { members, states, left: budget.unwrap_or(u64::MAX), steps: 0 };
    for index in order {
        let Some(member) = members.get(*index) else { continue };
        // What is excluded is taken for those that refer to it: those that are pushed, and those that are in the cache already.
        if member.excluded.is_none() || member.standing == Standing::Present {
            walks.take(*index);
        }
    }
    let taken = |index: usize, member: &Member<'_>| walks.is_settled(index) && member.standing == Standing::Lacking;
    let referrers =
        referrers(members, order, |index, member| taken(index, member) || member.standing == Standing::Present);
    let choice = |(index, member): (usize, &Member<'_>)| match (taken(index, member), &member.excluded) {
        (false, _) => Choice::Left,
        (true, None) => Choice::Taken,
        (true, Some(_)) => referrers.get(index).copied().flatten().map_or(Choice::Taken, Choice::Kept),
    };
    (members.iter().enumerate().map(choice).collect(), walks.steps)
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

/// What is known of the closure of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing yet.
    Open,
    /// The walk from this member has reached it.
    Reached(usize),
    /// All of it is taken, or there.
    Settled,
    /// It does not fit.
    Beyond,
}

/// Walks through closures, of which none goes again where one before it came to an end: what thousands of members refer to is
/// walked through once.
struct Walks<'a, 'm> {
    members: &'a [Member<'m>],
    states: Vec<State>,
    /// What is left of the budget.
    left: u64,
    steps: usize,
}

impl Walks<'_, '_> {
    fn is_settled(&self, index: usize) -> bool {
        self.states.get(index) == Some(&State::Settled)
    }

    /// Takes `begin` with all that it refers to, if that fits.
    fn take(&mut self, begin: usize) {
        match self.lacking_closure(begin) {
            Some((reached, cost)) => {
                self.left = self.left.saturating_sub(cost);
                for index in reached {
                    self.set(index, State::Settled);
                }
            }
            None => self.set(begin, State::Beyond),
        }
    }

    /// What is not settled yet of the closure of `begin`, with the bytes of what the cache lacks of it; `None` if that is more than
    /// is left. What an upstream cache has is there with all that it refers to.
    fn lacking_closure(&mut self, begin: usize) -> Option<(Vec<usize>, u64)> {
        let (mut reached, mut cost) = (Vec::new(), 0_u64);
        let mut open = vec![begin];
        while let Some(index) = open.pop() {
            self.steps += 1;
            let (Some(member), Some(state)) = (self.members.get(index), self.states.get(index)) else { continue };
            match state {
                State::Beyond => return None,
                State::Settled => continue,
                State::Reached(from) if *from == begin => continue,
                State::Open | State::Reached(_) => {}
            }
            if matches!(member.standing, Standing::Upstream(_)) {
                continue;
            }
            if member.standing == Standing::Lacking {
                cost = cost.checked_add(member.info.nar_size).filter(|cost| *cost <= self.left)?;
            }
            self.set(index, State::Reached(begin));
            reached.push(index);
            open.extend(member.references.iter().copied());
        }
        Some((reached, cost))
    }

    fn set(&mut self, index: usize, state: State) {
        if let Some(known) = self.states.get_mut(index) {
            *known = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use cache_protocol::PathInfo;

    use super::*;

    #[test]
    fn a_closure_is_walked_through_once_however_many_refer_to_it() {
        const COUNT: usize = 3000;
        let light = PathInfo {
            path: String::new(),
            nar_hash: String::new(),
            nar_size: 1,
            references: Vec::new(),
            deriver: None,
            signatures: Vec::new(),
            ca: None,
            ultimate: false,
        };
        // The first of all, to which all others come down.
        let heavy = PathInfo { nar_size: 1_000_000, ..light.clone() };
        let check = |first: &PathInfo, standing: Standing, budget: Option<u64>, is_reversed: bool, taken: usize| {
            // Each refers to the one before it.
            let member = |index: usize| Member {
                info: if index == 0 { first } else { &light },
                references: index.checked_sub(1).into_iter().collect(),
                root: 0,
                standing: standing.clone(),
                excluded: None,
                priority: 0,
            };
            let members: Vec<Member<'_>> = (0..COUNT).map(member).collect();
            let mut order: Vec<usize> = (0..COUNT).collect();
            if is_reversed {
                order.reverse();
            }
            let (choices, steps) = chosen(&members, &order, budget);
            let found = choices.iter().filter(|choice| **choice == Choice::Taken).count();
            assert_eq!(found, taken, "{standing:?} {budget:?} {is_reversed}");
            // As often as it is asked about and referred to.
            assert!(steps <= 2 * COUNT, "{standing:?} {budget:?} {is_reversed}: {steps}");
        };
        for is_reversed in [false, true] {
            check(&light, Standing::Present, None, is_reversed, 0);
            check(&light, Standing::Lacking, None, is_reversed, COUNT);
            check(&light, Standing::Lacking, Some(0), is_reversed, 0);
        }
        // What does not fit is met by what refers to it.
        check(&light, Standing::Lacking, Some(COUNT as u64 / 2), false, COUNT / 2);
        check(&heavy, Standing::Lacking, Some(500_000), false, 0);
    }
}
