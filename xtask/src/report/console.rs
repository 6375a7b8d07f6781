//! What is said on stderr and answered on stdout, line by line.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use anstyle::{AnsiColor, Style};

use super::annotations;
use super::runner::{Group, masks, on_github, stderr_is_a_file, without_commands};
use super::turns::{Piece, Turns, speaker};
use crate::interrupt;
use crate::plain_text::tokens::{self, without_tokens};
use crate::plain_text::{fit_to_be_shown, without_control};
use crate::rules::Problem;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Even into a pipe.
    Always,
    /// Never.
    Never,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Failures and the final verdict.
    Quiet,
    /// One line per finished thing.
    #[default]
    Normal,
    /// Every command and every log line too.
    Verbose,
}

/// The mark in front of a line: legible without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It is done, and well.
    Ok,
    /// It failed, or a problem was found.
    Failed,
    /// It was not done, for a reason that is said.
    Skipped,
    /// It deserves attention, and fails nothing.
    Warning,
    /// It would be done.
    Planned,
}

impl Mark {
    /// The one character and its style.
    #[must_use]
    pub fn sign(self) -> (&'static str, Style) {
        let style = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Self::Ok => ("✓", style(AnsiColor::Green)),
            Self::Failed => ("✗", style(AnsiColor::Red).bold()),
            Self::Skipped => ("-", Style::new().dimmed()),
            Self::Warning => ("!", style(AnsiColor::Yellow)),
            Self::Planned => ("+", style(AnsiColor::Cyan)),
        }
    }
}

/// stdout and stderr, with the user's wishes about colour and amount.
#[derive(Debug)]
pub struct Console {
    verbosity: Verbosity,
    /// Lines that stand below everything else and are redrawn: how many are on the screen now.
    region: Mutex<usize>,
    /// What folds on GitHub what is said by the way.
    group: Mutex<Group>,
    /// Who speaks when several things go on side by side.
    turns: Mutex<Turns>,
}

impl Console {
    /// A console that follows `color` everywhere, including in what clap prints later.
    #[must_use]
    pub fn new(color: Color, verbosity: Verbosity) -> Self {
        match color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self { verbosity, region: Mutex::new(0), group: Mutex::default(), turns: Mutex::default() }
    }

    /// How much to say.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Whether a person watches stderr, so that a region may be redrawn.
    #[must_use]
    pub fn interactive(&self) -> bool {
        std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// An answer, on stdout.
    pub fn answer(&self, text: &str) {
        // A closed pipe (`| head`) is the reader's choice, not a failure of the run.
        drop(write!(anstream::stdout(), "{}", without_tokens(text)));
    }

    /// A line on stderr, unless `--quiet`.
    pub fn line(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.write_aside(&format!("{}\n", shown(text)));
        }
    }

    /// A line on stderr with a mark, unless `--quiet`; failures are said even then.
    pub fn mark(&self, mark: Mark, text: &str) {
        if self.verbosity > Verbosity::Quiet || mark == Mark::Failed {
            let (sign, style) = mark.sign();
            let text = shown(text);
            let (first, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
            let title = if mark == Mark::Failed { Style::new().bold() } else { Style::new() };
            let line = format!("{style}{sign}{style:#} {title}{first}{title:#}{rest}\n");
            if matches!(mark, Mark::Failed | Mark::Warning) { self.write(&line) } else { self.write_aside(&line) }
        }
    }

    /// The last line of a command, which is said even with `--quiet`.
    pub fn verdict(&self, mark: Mark, text: &str) {
        let (sign, style) = mark.sign();
        let title = if mark == Mark::Failed { Style::new().bold() } else { Style::new() };
        self.write(&format!("{style}{sign}{style:#} {title}{}{title:#}\n", shown(text)));
    }

    /// Lines that cannot be overlooked, and are never left out.
    pub fn banner(&self, text: &str) {
        let style = AnsiColor::Yellow.on_default().bold();
        let text = shown(text);
        let lines = text.lines().map(|line| format!("{style}{line}{style:#}\n"));
        self.write(&lines.collect::<String>());
    }

    /// A line that is never left out.
    pub fn always(&self, text: &str) {
        self.write(&format!("{}\n", shown(text)));
    }

    /// A detail, with `--verbose` only.
    pub fn detail(&self, text: &str) {
        if self.verbosity == Verbosity::Verbose {
            let dim = Style::new().dimmed();
            self.write_aside(&format!("{dim}{}{dim:#}\n", shown(text)));
        }
    }

    /// The echo of a command that acts.
    pub fn command(&self, spelled: &str) {
        if self.verbosity > Verbosity::Quiet {
            let dim = Style::new().dimmed();
            self.write_aside(&format!("{dim}$ {}{dim:#}\n", shown(spelled)));
        }
    }

    /// The reason why something could not be checked or done.
    pub fn error(&self, error: &anyhow::Error) {
        let red = AnsiColor::Red.on_default().bold();
        self.write(&format!("{red}error:{red:#} {}\n", shown(&format!("{error:#}"))));
    }

    /// Annotations on GitHub, if this runs there: one line each, in their own form and whatever else is said.
    pub fn annotate<'a>(&self, problems: impl Iterator<Item = (&'a str, &'a Problem)> + Clone) {
        if on_github() {
            self.put(&annotations::commands(problems), true);
        }
    }

    /// Asks a question that is answered with yes or no; `None` when there is nobody to ask.
    ///
    /// # Errors
    /// When the answer cannot be read, or an interrupt comes instead of it.
    pub fn confirm(&self, question: &str) -> std::io::Result<Option<bool>> {
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Ok(None);
        }
        self.write(&format!("{question} [y/N] "));
        // Signals are counted, so a read would outlast Ctrl-C; it is left to a thread that ends with the process.
        let (sender, answers) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut answer = String::new();
            let read = std::io::stdin().read_line(&mut answer).map(|_| answer);
            sender.send(read).ok();
        });
        loop {
            match answers.recv_timeout(std::time::Duration::from_millis(50)) {
                Ok(answer) => return answer.map(|answer| Some(matches!(answer.trim(), "y" | "Y" | "yes"))),
                Err(_) if interrupt::count() > 0 => return Err(std::io::ErrorKind::Interrupted.into()),
                Err(_) => {}
            }
        }
    }

    /// Replaces the region below everything else; no lines at all remove it.
    pub fn draw(&self, lines: &[String]) {
        let mut shown = self.region.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<String> = lines.iter().map(|line| without_control(line)).collect();
        let text = format!("{}{}", erased(*shown), lines.iter().map(|line| format!("{line}\n")).collect::<String>());
        drop(write!(anstream::stderr().lock(), "{text}"));
        *shown = lines.len();
    }

    /// Makes GitHub's runner, if this runs there, take tokens out of everything that is said from now on. To a file they are not
    /// written: there, nobody would take them out.
    #[must_use]
    pub fn masked(self) -> Self {
        if on_github() && !stderr_is_a_file() {
            self.put(&masks(tokens::values()), true);
        }
        self
    }

    /// Has the variables `names` hold secrets from now on, for this program and for GitHub's runner.
    pub fn keep_secret(&self, names: &[String]) {
        let values = tokens::declare(names);
        if on_github() && !stderr_is_a_file() {
            self.put(&masks(&values), true);
        }
    }

    /// On GitHub, folds what is said by the way from now on under `title`; what failed stays in sight. `None` folds no more.
    pub fn fold(&self, title: Option<&str>) {
        match speaker() {
            _ if !on_github() => {}
            Some(speaker) => self.turns.lock().unwrap_or_else(PoisonError::into_inner).fold(speaker, title),
            None => self.print(&Piece { title: title.map(str::to_owned), text: String::new(), loud: true }),
        }
    }

    /// From now on that many speak side by side, each in its turn: a thread speaks for one of them within [`speaking`].
    ///
    /// [`speaking`]: super::turns::speaking
    pub fn share(&self, speakers: usize) {
        *self.turns.lock().unwrap_or_else(PoisonError::into_inner) = Turns::of(speakers);
    }

    /// Whether this thread speaks as one of several, and has not got the terminal to itself.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        speaker().is_some()
    }

    /// One of those who speak side by side has nothing more to say: the next is heard.
    pub fn ended(&self, speaker: usize) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.end(speaker).iter().for_each(|piece| self.print(piece));
    }

    /// Writes what everybody is to see.
    fn write(&self, text: &str) {
        if on_github() { self.put(&without_commands(text), true) } else { self.put(text, true) }
    }

    /// Writes what is said by the way.
    fn write_aside(&self, text: &str) {
        if on_github() { self.put(&without_commands(text), false) } else { self.put(text, false) }
    }

    fn put(&self, text: &str, loud: bool) {
        let Some(speaker) = speaker() else {
            let title = self.group.lock().unwrap_or_else(PoisonError::into_inner).title();
            return self.print(&Piece { title, text: text.to_owned(), loud });
        };
        // Nobody else is heard before this is.
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.say(speaker, text, loud).iter().for_each(|piece| self.print(piece));
    }

    fn print(&self, piece: &Piece) {
        let mut group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        let fold = if on_github() { group.change(piece.title.as_deref()) } else { "" };
        let before = if piece.text.is_empty() { String::new() } else { group.before(piece.loud) };
        let mut shown = self.region.lock().unwrap_or_else(PoisonError::into_inner);
        drop(write!(anstream::stderr().lock(), "{}{fold}{before}{}", erased(*shown), piece.text));
        *shown = 0;
    }
}

/// `text` as it may be shown: whatever it holds came from outside.
fn shown(text: &str) -> String {
    fit_to_be_shown(text)
}

/// The control sequence that takes `lines` lines above the cursor off the screen.
fn erased(lines: usize) -> String {
    if lines == 0 { String::new() } else { format!("\x1b[{lines}A\x1b[J") }
}
