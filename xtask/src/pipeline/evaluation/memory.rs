//! How the memory of all evaluation processes together stays within its bound.

use super::{Evaluation, Failure, Verdict};
use crate::nix::Fault;
use crate::pipeline::batching::{Estimate, START_MIB};

/// Part of the memory bound at which a process is ended: what it may grow between two looks is kept free.
const BRINK: f64 = 0.96;

impl Evaluation<'_> {
    /// Whether something waits for a shared process, and one more is expected to fit beside those that run.
    pub(super) fn has_room(&self) -> bool {
        let Some(&first) = self.pending.front() else { return false };
        let needed = START_MIB + self.estimates[first].memory_mib.unwrap_or(0).max(self.largest_mib);
        // What runs may still grow to what its outputs are expected to need.
        let taken: u64 = self.workers.iter().map(|w| w.child.resident_mib().max(START_MIB + self.largest_mib)).sum();
        self.workers.is_empty() || taken + needed <= self.limits.memory_mib
    }

    /// What one output cost tells about those like it; and a process that has grown enough gives back the rest of its batch.
    pub(super) fn learn(&mut self, at: usize, verdict: &Verdict) {
        let Ok(evaluated) = &verdict.told else { return };
        self.largest_mib = self.largest_mib.max(evaluated.memory_mib);
        let kind = &self.tasks[verdict.index].kind.name;
        for &index in &self.pending {
            if self.tasks[index].estimate.memory_mib.is_none() && self.tasks[index].kind.name == *kind {
                self.estimates[index] = Estimate { seconds: evaluated.seconds, memory_mib: Some(evaluated.memory_mib) };
            }
        }
        let comfortable = self.limits.comfortable_mib(self.largest_mib);
        let worker = &mut self.workers[at];
        let next = evaluated.memory_mib;
        if !worker.batch.is_empty() && !worker.alone && worker.child.resident_mib() + next > comfortable {
            worker.ended_by_us = true;
            worker.child.kill();
        }
    }

    /// Looks at the memory of all processes; the largest is ended when they come to the brink of the bound together.
    pub fn watch_memory(&mut self) -> Vec<Verdict> {
        let sizes: Vec<u64> = self.workers.iter().map(|worker| worker.child.resident_mib()).collect();
        let total: u64 = sizes.iter().sum();
        self.peak_mib = self.peak_mib.max(total);
        if total as f64 <= self.limits.memory_mib as f64 * BRINK {
            return Vec::new();
        }
        let running = |at: &usize| !self.workers[*at].ended_by_us;
        let Some(largest) = (0..self.workers.len()).filter(running).max_by_key(|&at| sizes[at]) else {
            return Vec::new();
        };
        let worker = &mut self.workers[largest];
        worker.ended_by_us = true;
        worker.child.kill();
        let Some(index) = worker.batch.front().copied() else { return Vec::new() };
        if worker.alone {
            worker.batch.pop_front();
            let reason = format!(
                "its evaluation needs more than {} MiB, the bound on memory: raise it with --max-memory",
                self.limits.memory_mib
            );
            let failure = Failure { fault: Fault { reason, place: None }, system: None };
            return vec![Verdict { index, told: Err(failure) }];
        }
        if worker.done == 0 {
            // It did not fit beside others: the next time it has the whole bound, and the collector.
            worker.batch.pop_front();
            self.alone.push_back(index);
        }
        Vec::new()
    }
}
