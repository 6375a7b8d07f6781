//! What a person, or a log, is shown while a run goes on.
//!
//! On a terminal: a live region, silence on success, failures at once. Elsewhere: one line per finished output, and a heartbeat
//! that names what runs; never a control character that would spoil a log.

use std::time::{Duration, Instant};

use super::console::{Console, Mark, Verbosity};
use super::outcome;
use super::words::{cut, duration, seconds, store_name};
use crate::fleet::OutputResult;
use crate::pipeline::{Now, Progress};

/// How often a run without a terminal says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How many lines of running things the live region shows.
const SHOWN: usize = 8;

/// Shows the progress of one run.
#[derive(Debug)]
pub struct Watcher<'a> {
    console: &'a Console,
    flags: String,
    live: bool,
    /// The seconds that what is watched usually takes.
    usual: Option<f64>,
    last_said: Instant,
}

impl<'a> Watcher<'a> {
    /// A watcher that suits where `console` leads.
    #[must_use]
    pub fn new(console: &'a Console, flags: String) -> Self {
        let live = console.interactive() && console.verbosity() == Verbosity::Normal;
        Self { console, flags, live, usual: None, last_said: Instant::now() }
    }

    /// From now on says besides how long it usually takes.
    pub fn expect(&mut self, seconds: Option<f64>) {
        self.usual = seconds;
    }

    /// Shows one piece of progress.
    pub fn show(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Done(result) => self.done(result),
            Progress::Log { drv, line } => self.console.detail(&format!("{}> {line}", store_name(drv))),
            Progress::Trouble { substituter, reason } => {
                self.console.mark(Mark::Warning, &format!("{substituter}: did not tell what it has: {reason}"));
            }
            Progress::Discovering(elapsed) => {
                self.at_one_thing(&format!("discovering outputs ({})", duration(elapsed)))
            }
            Progress::Now(now) if self.live => self.console.draw(&region(&now, self.usual, width())),
            Progress::Now(now) => self.beat(&now),
        }
    }

    /// Shows progress of a run whose results are not the last word about those that go well.
    pub fn show_failures(&mut self, progress: Progress<'_>) {
        if !matches!(progress, Progress::Done(result) if !result.status.is_failure()) {
            self.show(progress);
        }
    }

    /// Shows progress of a run whose results are all listed at its end.
    pub fn show_quietly(&mut self, progress: Progress<'_>) {
        if !matches!(progress, Progress::Done(_)) {
            self.show(progress);
        }
    }

    /// Takes the live region away.
    pub fn finish(&self) {
        if self.live {
            self.console.draw(&[]);
        }
    }

    fn done(&mut self, result: &OutputResult) {
        if self.console.verbosity() == Verbosity::Quiet {
            // Every failure is told at the end: once is enough.
            return;
        }
        if result.status.is_failure() {
            self.console.mark(outcome::mark(result), &outcome::failure(result, &self.flags));
        } else if !self.live {
            self.console.mark(outcome::mark(result), &outcome::line(result));
        }
        self.last_said = Instant::now();
    }

    fn at_one_thing(&mut self, what: &str) {
        if self.live {
            self.console.draw(&[cut(what, width())]);
        } else if self.last_said.elapsed() >= HEARTBEAT {
            self.last_said = Instant::now();
            self.console.line(what);
        }
    }

    fn beat(&mut self, now: &Now<'_>) {
        if self.last_said.elapsed() >= HEARTBEAT {
            self.last_said = Instant::now();
            self.console.line(&heartbeat(now, self.usual));
        }
    }
}

fn width() -> usize {
    let columns = rustix::termios::tcgetwinsize(std::io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 80 } else { columns }
}

/// The lines of the live region, none wider than `width`.
fn region(now: &Now<'_>, usual: Option<f64>, width: usize) -> Vec<String> {
    let running = running(now);
    let mut lines = vec![progress(now, usual)];
    lines.extend(running.iter().take(SHOWN).map(|line| format!("  {line}")));
    if running.len() > SHOWN {
        lines.push(format!("  … and {} more", running.len() - SHOWN));
    }
    lines.iter().map(|line| cut(line, width)).collect()
}

/// One line that says that a run is alive, and what it is at.
fn heartbeat(now: &Now<'_>, usual: Option<f64>) -> String {
    let running = running(now);
    let more = if running.len() > SHOWN { format!(", and {} more", running.len() - SHOWN) } else { String::new() };
    format!("{}: {}{more}", progress(now, usual), running.into_iter().take(SHOWN).collect::<Vec<_>>().join(", "))
}

fn progress(now: &Now<'_>, usual: Option<f64>) -> String {
    let usual = usual.map(|usual| format!(", usually {}", seconds(usual))).unwrap_or_default();
    let mut text = format!("[{}/{}] {}{usual}", now.done, now.total, duration(now.elapsed));
    if now.to_evaluate > 0 {
        text.push_str(&format!(" · {} to evaluate", now.to_evaluate));
    }
    if now.failed > 0 {
        text.push_str(&format!(" · {} failed", now.failed));
    }
    text
}

fn running(now: &Now<'_>) -> Vec<String> {
    let evaluating =
        now.evaluating.iter().map(|(name, since)| format!("evaluating {name} ({})", duration(since.elapsed())));
    let mut building: Vec<_> = now.building.iter().collect();
    building.sort_by_key(|running| running.started);
    let building = building.into_iter().map(|running| {
        let verb = if running.fetched { "fetching" } else { "building" };
        let phase = running.phase.as_ref().map(|phase| format!(", {phase}")).unwrap_or_default();
        format!("{verb} {} ({}{phase})", store_name(&running.path), duration(running.started.elapsed()))
    });
    let asking = now.asking.map(|since| format!("asking what caches have ({})", duration(since.elapsed())));
    evaluating.chain(asking).chain(building).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::build::Running;

    fn now() -> Now<'static> {
        let started = Instant::now();
        let running = |path: &str, fetched, phase: Option<&str>| Running {
            path: path.to_owned(),
            fetched,
            worker: 0,
            phase: phase.map(str::to_owned),
            started,
        };
        Now {
            total: 12,
            done: 3,
            failed: 1,
            to_evaluate: 2,
            evaluating: vec![("nixos:web", started)],
            asking: Some(started),
            building: vec![running("/s/a.drv", false, Some("buildPhase")), running("/s/b", true, None)],
            elapsed: Duration::from_secs(65),
        }
    }

    #[test]
    fn the_region_names_what_runs() {
        expect_test::expect![[r#"
            [3/12] 1m05s, usually 3m10s · 2 to evaluate · 1 failed
              evaluating nixos:web (0.0 s)
              asking what caches have (0.0 s)
              building a (0.0 s, buildPhase)
              fetching b (0.0 s)"#]]
        .assert_eq(&region(&now(), Some(190.0), 80).join("\n"));
    }

    #[test]
    fn the_region_never_wraps() {
        assert!(region(&now(), Some(190.0), 20).iter().all(|line| line.chars().count() <= 20));
    }

    #[test]
    fn a_heartbeat_is_one_line() {
        expect_test::expect!["[3/12] 1m05s · 2 to evaluate · 1 failed: evaluating nixos:web (0.0 s), asking what caches have (0.0 s), building a (0.0 s, buildPhase), fetching b (0.0 s)"]
            .assert_eq(&heartbeat(&now(), None));
    }
}
