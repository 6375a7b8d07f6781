//! What builds are at when the time of a run is over, and what becomes of the targets they are for.

use super::process::{Process, Running};
use super::{Building, Built};
use crate::fleet::{Status, Work};

/// Something that was being built or fetched for too long.
#[derive(Debug)]
pub struct Overdue {
    /// Which of the two.
    pub work: Work,
    /// The derivation that was being built, or the path that was being fetched; `None` where Nix was not at anything yet.
    pub path: Option<String>,
    /// The targets that it was for.
    pub targets: Vec<Built>,
}

impl Building<'_> {
    /// What is at work now, of which `reason` says why it has failed.
    pub fn overdue(&mut self, reason: &str) -> Vec<Overdue> {
        let mut all = Vec::new();
        for process in &self.processes {
            let mut builds: Vec<&Running> = process.builds.values().collect();
            builds.sort_by_key(|running| running.started);
            if builds.is_empty() {
                let targets = process.failing(None, reason, |_| true);
                all.push(Overdue { work: Work::Build, path: None, targets });
            }
            for running in builds {
                let work = if running.fetched { Work::Fetch } else { Work::Build };
                let number = (!running.fetched).then(|| self.graph.number(&running.path));
                let targets =
                    process.failing(Some(running), reason, |needs| number.is_none_or(|it| needs.contains(it)));
                all.push(Overdue { work, path: Some(running.path.clone()), targets });
            }
        }
        all
    }
}

impl Process {
    /// Its targets whose needs are `concerned` by what runs, failed because of that.
    fn failing(
        &self,
        running: Option<&Running>,
        reason: &str,
        concerned: impl Fn(&crate::pipeline::set::Set) -> bool,
    ) -> Vec<Built> {
        let seconds = self.started.elapsed().as_secs_f64();
        let drv = running.filter(|running| !running.fetched).map(|running| running.path.clone());
        let log = running.and_then(|running| self.begun.get(&running.path));
        let log_tail: Vec<String> = log.into_iter().flatten().cloned().collect();
        let failing = |target: &super::Target| Built {
            index: target.index,
            status: if drv.as_ref().is_none_or(|drv| *drv == target.drv) {
                Status::BuildFailed
            } else {
                Status::DependencyFailed
            },
            seconds,
            reason: Some(reason.to_owned()),
            failed_drv: drv.clone(),
            log_tail: log_tail.clone(),
        };
        self.targets
            .iter()
            .filter(|queued| concerned(queued.last_needs()))
            .map(|queued| failing(&queued.target))
            .collect()
    }
}
