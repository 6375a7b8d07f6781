//! What may be done next in an upload, and what follows from what was done: a state machine without threads, clocks or caches.
//!
//! Invariant: a path becomes visible only after all that it refers to is. Only paths that refer to each other in a circle, which no
//! store has but a cache may be asked to take, follow each other at once.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A step of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Read, check and pack its NAR.
    Pack,
    /// Send the file.
    Upload,
    /// Make it visible.
    Publish,
}

/// One thing to do: a step of the path with this index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// The path.
    pub path: usize,
    /// What to do.
    pub step: Step,
}

/// What became of a path whose step went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// There is more to do.
    Goes,
    /// It is in the cache now.
    Visible,
    /// It is not wanted any more: something that it refers to failed meanwhile.
    Lost,
}

/// How a cache wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Paths are visible once they are uploaded: so that is what waits for what they refer to, and packing as well.
    pub publishes_with_upload: bool,
    /// At most so many are packed and not yet being sent.
    pub waiting: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// This step waits to be done.
    Before(Step),
    /// This step is being done.
    During(Step),
    /// In the cache.
    Visible,
    /// Will not be in the cache.
    Lost,
}

#[derive(Debug)]
struct Node {
    state: State,
    /// Being worked on, though it may be lost meanwhile.
    busy: bool,
    references: Vec<usize>,
    dependents: Vec<usize>,
    /// How many of `references` are not visible.
    unseen: usize,
}

/// The state of an upload. Paths are numbers, in the order in which they should go.
#[derive(Debug)]
pub struct Schedule {
    nodes: Vec<Node>,
    manner: Manner,
    /// What may be done, by step; what was lost meanwhile is still in it.
    ready: [BinaryHeap<Reverse<usize>>; 3],
    /// Neither visible nor lost.
    left: usize,
    busy: usize,
    /// Packed, and waiting to be sent.
    waiting: usize,
    stopped: bool,
}

impl Schedule {
    /// One for paths of which each refers to those with the numbers `references`; what is no part of this upload, it need not wait
    /// for. References to itself do not count.
    #[must_use]
    pub fn new(references: Vec<Vec<usize>>, manner: Manner) -> Self {
        let mut nodes: Vec<Node> = references
            .into_iter()
            .enumerate()
            .map(|(path, mut references)| {
                references.sort_unstable();
                references.dedup();
                references.retain(|reference| *reference != path);
                let unseen = references.len();
                Node { state: State::Before(Step::Pack), busy: false, references, dependents: Vec::new(), unseen }
            })
            .collect();
        for path in 0..nodes.len() {
            for reference in nodes[path].references.clone() {
                nodes[reference].dependents.push(path);
            }
        }
        let left = nodes.len();
        let mut schedule = Self { nodes, manner, ready: Default::default(), left, busy: 0, waiting: 0, stopped: false };
        (0..left).for_each(|path| schedule.offer(path));
        schedule
    }

    /// What to do next of `steps`, those named first before others.
    pub fn next(&mut self, steps: &[Step]) -> Option<Action> {
        if self.stopped {
            return None;
        }
        self.release_circle();
        for &step in steps {
            if step == Step::Pack && self.waiting >= self.manner.waiting.max(1) {
                continue;
            }
            while let Some(Reverse(path)) = self.ready[step as usize].pop() {
                let node = &mut self.nodes[path];
                if node.state != State::Before(step) {
                    continue;
                }
                node.state = State::During(step);
                node.busy = true;
                self.busy += 1;
                if step == Step::Upload {
                    self.waiting -= 1;
                }
                return Some(Action { path, step });
            }
        }
        None
    }

    /// `action` went well.
    pub fn done(&mut self, action: Action) -> Done {
        self.idle(action.path);
        let node = &mut self.nodes[action.path];
        if node.state == State::Lost {
            return Done::Lost;
        }
        match action.step {
            Step::Pack => {
                node.state = State::Before(Step::Upload);
                self.waiting += 1;
            }
            Step::Upload if !self.manner.publishes_with_upload => node.state = State::Before(Step::Publish),
            Step::Upload | Step::Publish => {
                self.seen(action.path);
                return Done::Visible;
            }
        }
        self.offer(action.path);
        Done::Goes
    }

    /// `action` failed. The paths that are lost now: its own, and those that refer to it or to another of them.
    pub fn failed(&mut self, action: Action) -> Vec<usize> {
        self.idle(action.path);
        let mut lost = Vec::new();
        let mut search = vec![action.path];
        while let Some(path) = search.pop() {
            let node = &mut self.nodes[path];
            if matches!(node.state, State::Lost | State::Visible) {
                continue;
            }
            if node.state == State::Before(Step::Upload) {
                self.waiting -= 1;
            }
            node.state = State::Lost;
            self.left -= 1;
            search.extend(&node.dependents);
            lost.push(path);
        }
        lost.sort_unstable();
        lost
    }

    /// Begins nothing more.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether there will never be anything to do again.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.busy == 0 && (self.stopped || self.left == 0)
    }

    /// What is neither in the cache nor lost.
    #[must_use]
    pub fn unfinished(&self) -> Vec<usize> {
        let unfinished = |path: &usize| !matches!(self.nodes[*path].state, State::Lost | State::Visible);
        (0..self.nodes.len()).filter(unfinished).collect()
    }

    /// How many actions of these steps could begin now, at most.
    #[must_use]
    pub fn ready(&self, steps: &[Step]) -> usize {
        steps.iter().map(|step| self.ready[*step as usize].len()).sum()
    }

    fn idle(&mut self, path: usize) {
        if std::mem::take(&mut self.nodes[path].busy) {
            self.busy -= 1;
        }
    }

    /// Offers the next step of `path`, if nothing else must come before.
    fn offer(&mut self, path: usize) {
        let node = &self.nodes[path];
        if let State::Before(step) = node.state {
            let waits = step == Step::Publish || self.manner.publishes_with_upload;
            if node.unseen == 0 || !waits {
                self.ready[step as usize].push(Reverse(path));
            }
        }
    }

    /// `path` is in the cache: who waited for that alone may go on.
    fn seen(&mut self, path: usize) {
        self.nodes[path].state = State::Visible;
        self.left -= 1;
        for dependent in std::mem::take(&mut self.nodes[path].dependents) {
            let node = &mut self.nodes[dependent];
            if node.unseen > 0 {
                node.unseen -= 1;
                if node.unseen == 0 {
                    self.offer(dependent);
                }
            }
        }
    }

    /// When all that is left waits for each other, one path of a circle need not wait any longer.
    fn release_circle(&mut self) {
        let idle = self.busy == 0 && self.left > 0;
        if !idle || self.ready.iter().any(|ready| ready.iter().any(|Reverse(path)| self.is_before(*path))) {
            return;
        }
        let left = |path: &usize| matches!(self.nodes[*path].state, State::Before(_));
        let Some(mut path) = (0..self.nodes.len()).find(left) else { return };
        let mut passed = vec![false; self.nodes.len()];
        while !std::mem::replace(&mut passed[path], true) {
            let Some(next) = self.nodes[path].references.iter().copied().find(left) else { break };
            path = next;
        }
        self.nodes[path].unseen = 0;
        self.offer(path);
    }

    fn is_before(&self, path: usize) -> bool {
        matches!(self.nodes[path].state, State::Before(_))
    }
}
