//! A push while it goes on, and what became of it.

use std::time::{Duration, Instant};

use cache_protocol::{Event, Pushed, shown};

use crate::ci::OutputPush;
use crate::report::console::{Console, Mark};
use crate::report::words::{bytes, count, seconds};

/// How often the line of progress is drawn anew.
const REDRAW: Duration = Duration::from_millis(100);
/// How often something is said where no line can be drawn anew.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Says how far a push is.
#[derive(Debug)]
pub struct Progress<'a> {
    console: &'a Console,
    planned: (usize, u64),
    done: (usize, u64),
    said: Instant,
}

impl<'a> Progress<'a> {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(console: &'a Console) -> Self {
        Self { console, planned: (0, 0), done: (0, 0), said: Instant::now() }
    }

    /// Says what happened, in as few lines as a person needs.
    pub fn show(&mut self, event: &Event) {
        match event {
            Event::Planned { paths, bytes } => self.planned = (*paths, *bytes),
            Event::Pushed(path) => {
                self.done = (self.done.0 + 1, self.done.1 + path.nar_size);
                self.console.detail(&format!("pushed {} ({})", path.path, bytes(path.file_size)));
                self.beat();
            }
            Event::Retrying { fault, milliseconds } => {
                let wait = seconds(*milliseconds as f64 / 1000.0);
                self.console.detail(&format!("{fault}; tried again in {wait}"));
            }
            Event::Waiting { missing } => {
                self.console.line(&format!("{} not in the cache yet; looking again", count(*missing, "path")));
            }
            Event::ValuesWanted | Event::Step { .. } | Event::Answer(_) | Event::Failed(_) => {}
        }
    }

    fn beat(&mut self) {
        let line = format!(
            "pushed {} of {}, {} of {}",
            self.done.0,
            count(self.planned.0, "path"),
            bytes(self.done.1),
            bytes(self.planned.1)
        );
        if self.console.interactive() {
            if self.said.elapsed() >= REDRAW {
                self.console.draw(&[line]);
                self.said = Instant::now();
            }
        } else if self.said.elapsed() >= HEARTBEAT {
            self.console.line(&line);
            self.said = Instant::now();
        }
    }

    /// Takes the line of progress away.
    pub fn finish(&self) {
        if self.console.interactive() {
            self.console.draw(&[]);
        }
    }
}

/// Says what was not pushed; `tolerated` where that is only a warning.
pub fn pushed(console: &Console, pushed: &Pushed, tolerated: bool) {
    let mark = if tolerated { Mark::Warning } else { Mark::Failed };
    for source in &pushed.unscanned {
        console.mark(Mark::Warning, &format!("not looked for in what is pushed: {source}"));
    }
    for fault in &pushed.plan.strict_faults {
        console.mark(Mark::Failed, fault);
    }
    for path in &pushed.not_pushed {
        let because = path.because_of.as_ref().map(|path| format!(", which refers to {path}")).unwrap_or_default();
        console.mark(mark, &format!("not pushed: {}{because}: {}", path.path, path.fault));
    }
}

/// Says that nobody signs what is pushed to the cache at `url`.
pub fn unsigned(console: &Console, url: &str) {
    let url = shown(url);
    console.mark(Mark::Warning, &format!("nothing here signs what is pushed to {url}, and Nix takes nothing unsigned"));
    console.always(
        "    fix: name the secret key by `signing_key_file` in `[cache]` of xtask.toml, or make one: \
         cargo xtask cache provision URL --new-key DIR",
    );
}

/// What became of one output in a push, in a few words.
#[must_use]
pub fn output_push(of: &OutputPush) -> String {
    match of {
        OutputPush::Pushed { paths, bytes: size } => format!("pushed: {}, {}", count(*paths, "path"), bytes(*size)),
        OutputPush::Present => "was there".to_owned(),
        OutputPush::Upstream(key) => format!("not pushed: everybody has it by `{key}`"),
        OutputPush::Excluded(expression) => format!("not pushed: excluded by `{expression}`"),
        OutputPush::OverBudget => "not pushed: beyond the budget".to_owned(),
        OutputPush::LeftOut(system) => format!("not pushed: the policy pushes nothing for {system}"),
        OutputPush::Unbuilt(reason) => format!("not pushed: {reason}"),
        OutputPush::Failed(fault) => format!("not pushed: {fault}"),
    }
}

/// What a push came to, in one line.
#[must_use]
pub fn pushed_verdict(pushed: &Pushed) -> String {
    let (nars, files) = pushed.pushed.iter().fold((0, 0), |sum, path| (sum.0 + path.nar_size, sum.1 + path.file_size));
    let went = match pushed.pushed.len() {
        0 => "nothing to push".to_owned(),
        number => format!("{} pushed, {} packed to {}", count(number, "path"), bytes(nars), bytes(files)),
    };
    let went = match (pushed.not_pushed.len(), pushed.pushed.is_empty()) {
        (0, _) => went,
        (failed, true) => format!("{} not pushed", count(failed, "path")),
        (failed, false) => format!("{} not pushed, {went}", count(failed, "path")),
    };
    format!("{went} · {} · {}", pushed.plan.cache, seconds(pushed.seconds))
}

#[cfg(test)]
mod tests {
    use cache_protocol::{Fault, FaultKind, NotPushed, Plan, PushedPath};

    use super::*;

    #[test]
    fn what_became_of_an_output() {
        let check = |of: OutputPush, expected: &str| assert_eq!(output_push(&of), expected);
        check(OutputPush::Pushed { paths: 1, bytes: 2048 }, "pushed: 1 path, 2.0 KiB");
        check(OutputPush::Present, "was there");
        check(OutputPush::Upstream("key-1".to_owned()), "not pushed: everybody has it by `key-1`");
        check(OutputPush::Excluded("doc$".to_owned()), "not pushed: excluded by `doc$`");
        check(OutputPush::OverBudget, "not pushed: beyond the budget");
        let left_out = "not pushed: the policy pushes nothing for x86_64-linux";
        check(OutputPush::LeftOut("x86_64-linux".to_owned()), left_out);
        check(OutputPush::Unbuilt("failed".to_owned()), "not pushed: failed");
        check(OutputPush::Failed("put q: 507".to_owned()), "not pushed: put q: 507");
    }

    #[test]
    fn verdicts() {
        let path = || PushedPath { path: "p".to_owned(), nar_size: 2048, file_size: 1024, seconds: 0.1 };
        let failed = || NotPushed {
            path: "q".to_owned(),
            fault: Fault::new(FaultKind::Full, "put q: 507 Insufficient Storage"),
            because_of: None,
        };
        let check = |pushed: Vec<PushedPath>, not_pushed: Vec<NotPushed>, expected: &str| {
            let plan = Plan { cache: "file:///c".to_owned(), ..Plan::default() };
            let answer = Pushed { plan, pushed, not_pushed, unscanned: Vec::new(), seconds: 1.5 };
            assert_eq!(pushed_verdict(&answer), expected);
        };
        check(vec![], vec![], "nothing to push · file:///c · 1.5 s");
        check(vec![path()], vec![], "1 path pushed, 2.0 KiB packed to 1.0 KiB · file:///c · 1.5 s");
        check(vec![], vec![failed()], "1 path not pushed · file:///c · 1.5 s");
        check(
            vec![path(), path()],
            vec![failed()],
            "1 path not pushed, 2 paths pushed, 4.0 KiB packed to 2.0 KiB · file:///c · 1.5 s",
        );
    }
}
