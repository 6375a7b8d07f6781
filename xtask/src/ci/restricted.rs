//! A plan restricted to some of its jobs, and what those need.

use super::{JobName, Planned};

/// `planned` without the jobs that are neither `wanted` nor needed by one of these that runs; `why` says why those are left out.
#[must_use]
pub fn restricted(planned: Vec<Planned>, wanted: &[JobName], why: &str) -> Vec<Planned> {
    let mut needed: Vec<JobName> = wanted.to_vec();
    // Needs stand in front of what needs them: one pass from the end finds the needs of needs as well.
    for row in planned.iter().rev().filter(|row| row.left_out.is_none()) {
        if needed.contains(&row.job.name) {
            needed.extend(row.job.needs.iter().copied());
        }
    }
    let left_out = |row: Planned| {
        let is_needed = needed.contains(&row.job.name);
        Planned { left_out: row.left_out.or_else(|| (!is_needed).then(|| why.to_owned())), ..row }
    };
    planned.into_iter().map(left_out).collect()
}
