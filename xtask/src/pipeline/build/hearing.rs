//! Taking in what build processes say: what is claimed and done, which derivation failed, and how each target ended.

use std::collections::VecDeque;
use std::io;
use std::process::ExitStatus;

use anyhow::Result;

use super::process::{Process, Running};
use super::queue::Queued;
use super::{Building, Built, FailedDerivation, Heard, LOG_TAIL, TRIES};
use crate::fleet::Status;
use crate::nix::log::LogEvent;
use crate::supervise::ChildEvent;

impl Building<'_> {
    /// Takes in what process `id` said.
    pub fn hear(&mut self, id: usize, event: ChildEvent) -> Result<(Vec<Built>, Option<Heard>)> {
        let Some(at) = self.processes.iter().position(|process| process.id == id) else {
            return Ok((Vec::new(), None));
        };
        match event {
            ChildEvent::Line(line) => match LogEvent::parse(&line) {
                Some(event) => {
                    let heard = self.take_event(at, event)?;
                    Ok((self.failed_early(at)?, heard))
                }
                None => Ok((Vec::new(), None)),
            },
            ChildEvent::Ended(status) => Ok((self.end(at, status)?, None)),
        }
    }

    fn take_event(&mut self, at: usize, event: LogEvent) -> Result<Option<Heard>> {
        let free = self.free_worker(matches!(event, LogEvent::FetchStarted { .. }));
        let process = &mut self.processes[at];
        match event {
            LogEvent::BuildStarted { id, drv, .. } => {
                process.begun.entry(drv.clone()).or_default();
                process.builds.insert(id, Running::new(drv, false, free));
            }
            LogEvent::FetchStarted { id, path, .. } => {
                process.builds.insert(id, Running::new(path, true, free));
            }
            LogEvent::LogLine { id, line } => {
                let Some(running) = process.builds.get(&id) else { return Ok(None) };
                let lines = process.begun.entry(running.path.clone()).or_default();
                if lines.len() == LOG_TAIL {
                    lines.pop_front();
                }
                lines.push_back(line.clone());
                return Ok(Some(Heard::LogLine { drv: running.path.clone(), line }));
            }
            LogEvent::Phase { id, phase } => {
                if let Some(running) = process.builds.get_mut(&id) {
                    running.phase = Some(phase);
                }
            }
            LogEvent::Planned => {
                let announced = process.announced.take().unwrap_or_default();
                process.claimed = announced.iter().map(|drv| self.graph.number(drv)).collect();
                self.stirred = true;
            }
            LogEvent::Stopped { id } => {
                let Some(running) = process.builds.remove(&id) else { return Ok(None) };
                let built = !running.fetched && self.graph.is_built(&running.path)?;
                // A path is fetched by one activity within another: the outer one is the whole.
                let is_inner = process.builds.values().any(|other| running.fetched && other.path == running.path);
                if !is_inner {
                    self.spans.push(running.span(!running.fetched && !built));
                }
                if built {
                    process.claimed.remove(self.graph.number(&running.path));
                    self.stirred = true;
                }
            }
            LogEvent::Message(message) => {
                let blamed = process.begun.keys().find(|drv| message.level == 0 && message.names(drv)).cloned();
                process.take_message(message);
                if let Some(drv) = blamed {
                    self.note_failure(at, &drv)?;
                }
            }
        }
        Ok(None)
    }

    /// Targets of the process at `at` that have failed by what was heard last, although the process goes on with others.
    fn failed_early(&mut self, at: usize) -> Result<Vec<Built>> {
        let mut done = Vec::new();
        if !std::mem::take(&mut self.processes[at].has_news) {
            return Ok(done);
        }
        let seconds = self.processes[at].started.elapsed().as_secs_f64();
        let mut still = VecDeque::new();
        for mut queued in std::mem::take(&mut self.processes[at].targets) {
            if let Some(failure) = self.failure(&mut queued, seconds)? {
                done.push(failure);
            } else {
                still.push_back(queued);
            }
        }
        self.processes[at].targets = still;
        Ok(done)
    }

    /// Remembers that `drv`, begun in the process at `at`, failed: unless it is built after all.
    fn note_failure(&mut self, at: usize, drv: &str) -> Result<()> {
        if self.stopping || self.is_result(drv)? {
            return Ok(());
        }
        self.stirred = true;
        let process = &mut self.processes[at];
        process.has_news = true;
        let log_tail = process.begun.get(drv).map(|lines| lines.iter().cloned().collect()).unwrap_or_default();
        let reason = process.reason_for(drv).unwrap_or_else(|| "it did not produce its outputs".to_owned());
        // Who needs it is judged by what is in the store now.
        self.graph.look_again();
        self.has_failed(drv, FailedDerivation { reason, log_tail });
        Ok(())
    }

    fn end(&mut self, at: usize, status: io::Result<ExitStatus>) -> Result<Vec<Built>> {
        let clean = status.as_ref().is_ok_and(ExitStatus::success);
        let begun: Vec<String> = self.processes[at].begun.keys().cloned().collect();
        // A process that was killed says nothing of the builds it was at; one that ended by itself has tried them.
        let killed = status.as_ref().is_ok_and(|status| status.code().is_none());
        for drv in begun {
            if !clean && !killed {
                self.note_failure(at, &drv)?;
            }
        }
        let process = self.processes.swap_remove(at);
        self.spans.extend(process.builds.values().map(|running| running.span(true)));
        self.stirred = true;
        self.graph.look_again();
        let seconds = process.started.elapsed().as_secs_f64();
        let mut done = Vec::new();
        for mut queued in process.targets.iter().cloned() {
            let target = queued.target.clone();
            if clean || self.is_result(&target.drv)? {
                self.graph.note_built(&target.drv);
                self.vouched.insert(target.drv);
                done.push(Built::ok(target.index, Status::Built, seconds));
            } else if let Some(failure) = self.failure(&mut queued, seconds)? {
                done.push(failure);
            } else if self.stopping {
                // Nobody knows what would have become of it.
            } else if killed && queued.tries + 1 < TRIES {
                queued.tries += 1;
                self.waiting.push_back(queued);
            } else if let Some(failure) = self.failure_before_begin(&process, &mut queued, seconds)? {
                done.push(failure);
            } else {
                let how = status.as_ref().map_or_else(ToString::to_string, ToString::to_string);
                let reason = process.last_error().unwrap_or_else(|| format!("the build ended without a word ({how})"));
                let failed_drv = Some(target.drv);
                let status = Status::BuildFailed;
                done.push(Built {
                    index: target.index,
                    status,
                    seconds,
                    reason: Some(reason),
                    failed_drv,
                    log_tail: Vec::new(),
                });
            }
        }
        Ok(done)
    }

    /// The failure of `target` where it, or something it needs, could not even be begun: as when its builder is down.
    fn failure_before_begin(&mut self, process: &Process, queued: &mut Queued, seconds: f64) -> Result<Option<Built>> {
        let unbuilt = self.graph.unbuilt(&queued.target.drv)?;
        let Some((drv, reason)) =
            unbuilt.into_iter().find_map(|drv| process.reason_for(&drv).map(|reason| (drv, reason)))
        else {
            return Ok(None);
        };
        let reason = process.with_refusals(&reason);
        self.has_failed(&drv, FailedDerivation { reason, log_tail: Vec::new() });
        self.failure(queued, seconds)
    }

    fn has_failed(&mut self, drv: &str, failed: FailedDerivation) {
        let number = self.graph.number(drv);
        self.all_failed.insert(number);
        self.failed.insert(number, failed);
    }

    /// The failure of a target, if it or something it needs has failed in this run.
    pub(super) fn failure(&mut self, queued: &mut Queued, seconds: f64) -> Result<Option<Built>> {
        if !queued.needs(&mut self.graph)?.intersects(&self.all_failed) {
            return Ok(None);
        }
        let target = &queued.target;
        let unbuilt = self.graph.unbuilt(&target.drv)?;
        let Some((drv, failed)) = unbuilt.iter().find_map(|drv| Some((drv, self.failed.get(&self.graph.number(drv))?)))
        else {
            return Ok(None);
        };
        let status = if *drv == target.drv { Status::BuildFailed } else { Status::DependencyFailed };
        Ok(Some(Built {
            index: target.index,
            status,
            seconds,
            reason: Some(failed.reason.clone()),
            failed_drv: Some(drv.clone()),
            log_tail: failed.log_tail.clone(),
        }))
    }
}
