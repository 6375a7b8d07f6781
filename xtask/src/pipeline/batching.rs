//! How many outputs one evaluation process takes, and when it has grown enough: pure policy.
//!
//! A process pays once for starting and for what all outputs share, and keeps the memory of all it evaluated. Measured (two
//! cores, hosts of 1 CPU-second and 300 MB): three hosts a process with the collector off is fastest; more only costs memory.

/// What evaluating one more output is expected to cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Wall seconds.
    pub seconds: f64,
    /// Resident memory in MiB, if it was ever measured.
    pub memory_mib: Option<u64>,
}

/// What the evaluation processes may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Processes at once.
    pub workers: usize,
    /// Resident memory in MiB over all of them.
    pub memory_mib: u64,
}

/// A process is not grown beyond this many MiB for the mere sake of saving a start.
const COMFORTABLE_MIB: u64 = 800;
/// Unless its outputs are so large that fewer than this many would share a start.
const WORTHWHILE_OUTPUTS: f64 = 2.5;
/// A batch is worth at least this many seconds, so that a start (0.05 to 0.3 s) is a small part of it.
const WORTHWHILE_SECONDS: f64 = 0.6;
/// What a process that has evaluated nothing yet takes, in MiB.
pub const START_MIB: u64 = 60;

impl Limits {
    /// How much memory in MiB one of several processes may have grown to before it takes no further output.
    #[must_use]
    pub fn comfortable_mib(&self, largest_output_mib: u64) -> u64 {
        let share = self.memory_mib / self.workers.max(1) as u64;
        let needed = (largest_output_mib as f64 * WORTHWHILE_OUTPUTS) as u64;
        share.min(COMFORTABLE_MIB.max(needed))
    }

    /// How many of `pending` (longest first) the next process takes.
    #[must_use]
    pub fn batch(&self, pending: &[Estimate]) -> usize {
        let fair = pending.len().div_ceil(2 * self.workers.max(1));
        let largest = pending.iter().filter_map(|estimate| estimate.memory_mib).max().unwrap_or(0);
        let room = self.comfortable_mib(largest);
        let (mut seconds, mut memory) = (0.0, START_MIB);
        let mut count = 0;
        for estimate in pending {
            memory += estimate.memory_mib.unwrap_or(0);
            let enough = count >= fair && seconds >= WORTHWHILE_SECONDS;
            if count > 0 && (memory > room || enough) {
                break;
            }
            seconds += estimate.seconds;
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMY: Limits = Limits { workers: 2, memory_mib: 10_000 };

    fn check(limits: Limits, count: usize, seconds: f64, memory_mib: Option<u64>, expected: usize) {
        let pending = vec![Estimate { seconds, memory_mib }; count];
        assert_eq!(limits.batch(&pending), expected, "{count} of {seconds} s and {memory_mib:?} MiB");
    }

    #[test]
    fn light_outputs_share_a_process() {
        check(ROOMY, 300, 0.005, Some(1), 120);
        check(ROOMY, 10, 0.005, Some(1), 10);
        check(ROOMY, 300, 0.1, Some(1), 75);
    }

    #[test]
    fn heavy_outputs_are_few_in_a_process() {
        check(ROOMY, 100, 1.0, Some(240), 3);
        check(ROOMY, 4, 1.0, Some(240), 1);
        check(ROOMY, 100, 3.0, Some(1000), 2);
        check(Limits { workers: 2, memory_mib: 700 }, 100, 1.0, Some(240), 1);
    }

    #[test]
    fn unknown_outputs_are_shared_fairly() {
        check(ROOMY, 100, 1.0, None, 25);
        check(ROOMY, 1, 1.0, None, 1);
        check(ROOMY, 0, 1.0, None, 0);
    }

    #[test]
    fn one_output_is_taken_however_large() {
        check(Limits { workers: 4, memory_mib: 100 }, 3, 1.0, Some(5000), 1);
    }
}
