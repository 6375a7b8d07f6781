//! Running other programs: the three ways this program does it, and the one registry of children an interrupt must end.
//!
//! *Asking* is quiet: stdout is the answer, and stderr becomes part of the error. *Probing* is asking where every exit status
//! is an answer. *Acting* changes something: it is echoed, and its output is streamed to stderr.

use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::report::Console;
use crate::supervise::deadline;
use crate::{interrupt, supervise};

/// How often a child that is waited for may be given up.
const LOOK: Duration = Duration::from_millis(20);
/// How long a child that was killed may take to be gone.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// A longer word of a command is not shown whole: nobody reads it, and it hides what is said after it.
const SHOWN_CHARACTERS: usize = 300;

/// The standard output of a command that must succeed, without its final newline.
///
/// # Errors
/// When the program cannot be started, fails (with what it said on stderr), or prints something that is not UTF-8.
pub fn ask(command: &mut Command) -> Result<String> {
    let answer = String::from_utf8(ask_bytes(command)?)
        .with_context(|| format!("{} printed text that is not UTF-8", spelled(command)))?;
    Ok(answer.trim_end_matches('\n').to_owned())
}

/// All of the standard output of a command that must succeed, such as names of files, which need not be UTF-8.
///
/// # Errors
/// When the program cannot be started or fails (with what it said on stderr).
pub fn ask_bytes(command: &mut Command) -> Result<Vec<u8>> {
    let output = probe(command)?;
    if !output.status.success() {
        bail!("{} ({}){}", spelled(command), output.status, said(&output.stderr));
    }
    Ok(output.stdout)
}

/// Status, stdout and stderr of a command whose failure is an answer too. An interrupt ends it, and so does the deadline of what
/// it is asked for.
///
/// # Errors
/// When the program cannot be started, or an interrupt or the deadline came first.
pub fn probe(command: &mut Command) -> Result<Output> {
    // What is asked after an interrupt or a deadline, to end in order, is not ended by the same one.
    let (before, deadline) = (interrupt::count(), deadline::current());
    let is_late = deadline.over().is_some();
    probe_unless(command, &|| interrupt::count() > before || !is_late && deadline.over().is_some())
}

/// As [`probe`], until the answer is `given_up`.
///
/// # Errors
/// When the program cannot be started, or it was given up.
pub fn probe_unless(command: &mut Command, given_up: &dyn Fn() -> bool) -> Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().with_context(|| format!("could not start {}", spelled(command)))?;
    let pid = child.id();
    let (sender, answers) = mpsc::channel();
    // Who has given up does not listen any more.
    std::thread::spawn(move || drop(sender.send(child.wait_with_output())));
    loop {
        match answers.recv_timeout(LOOK) {
            Ok(output) => return output.with_context(|| format!("learn how {} ended", spelled(command))),
            Err(RecvTimeoutError::Disconnected) => bail!("it is not known how {} ended", spelled(command)),
            Err(RecvTimeoutError::Timeout) if given_up() => {
                supervise::kill_family(pid);
                answers.recv_timeout(LAST_WORDS).ok();
                bail!("{} was ended before it was done", spelled(command));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Runs a command that changes something: echoed first, its output streamed.
///
/// # Errors
/// When the program cannot be started or fails.
pub fn act(console: &Console, command: &mut Command) -> Result<()> {
    let status = attempt(console, command)?;
    if !status.success() {
        bail!("{} failed ({status})", spelled(command));
    }
    Ok(())
}

/// Runs a command like [`act`] where every exit status is an answer.
///
/// Where several jobs run side by side, what it says is said by the console with everything else of its job, and an interrupt or
/// the job's deadline ends it with all of its family. Else the terminal is its own, as for one that asks for a password.
///
/// # Errors
/// When the program cannot be started; beside other jobs, when it was ended before it was done.
pub fn attempt(console: &Console, command: &mut Command) -> Result<ExitStatus> {
    console.command(&spelled(command));
    if console.is_shared() {
        return supervise::run(command, &mut |line| console.always(&String::from_utf8_lossy(line)));
    }
    command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .with_context(|| format!("could not start {}", spelled(command)))
}

/// Hands the terminal to a command until it ends, as for an editor.
///
/// # Errors
/// When the program cannot be started.
pub fn hand_over(console: &Console, command: &mut Command) -> Result<ExitStatus> {
    console.command(&spelled(command));
    command.status().with_context(|| format!("could not start {}", spelled(command)))
}

/// A command as a person would type it, with quotes where a shell would need them; what nobody would type is cut.
#[must_use]
pub fn spelled(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| quoted(&cut(&word.to_string_lossy()))).collect::<Vec<_>>().join(" ")
}

fn cut(word: &str) -> String {
    match word.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

/// `word`, in single quotes if a POSIX shell would not read it as itself.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What a failed program said, as the tail of an error message.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    match text.trim() {
        "" => String::new(),
        text => format!(": {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervise::deadline::Deadline;

    #[test]
    fn ask_returns_what_was_printed() {
        assert_eq!(ask(Command::new("printf").arg("a\nb\n")).ok().as_deref(), Some("a\nb"));
    }

    #[test]
    fn ask_puts_the_reason_into_the_error() {
        let error = ask(Command::new("sh").args(["-c", "echo broken >&2; exit 3"])).map_err(|e| e.to_string());
        assert_eq!(error, Err("sh -c 'echo broken >&2; exit 3' (exit status: 3): broken".to_owned()));
    }

    #[test]
    fn an_answer_that_is_given_up_is_not_waited_for() {
        let started = std::time::Instant::now();
        let script = "sleep 63 & sleep 63";
        assert!(probe_unless(Command::new("sh").args(["-c", script]), &|| true).is_err());
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_deadline_ends_what_is_asked() {
        let deadline = Deadline::after(std::time::Instant::now(), Duration::from_millis(100));
        let error = deadline.during(|| ask(Command::new("sleep").arg("65"))).map_err(|error| error.to_string());
        assert_eq!(error, Err("sleep 65 was ended before it was done".to_owned()));
        // What is asked afterwards, to end in order, is not ended by the same one.
        assert_eq!(
            deadline.during(|| ask(Command::new("sh").args(["-c", "sleep 0.2; echo a"]))).ok().as_deref(),
            Some("a")
        );
    }

    #[test]
    fn a_long_command_is_cut() {
        let long = "a".repeat(100_000);
        let text = spelled(Command::new("echo").args([long.as_str(), "b"]));
        assert_eq!(text, format!("echo '{}…' b", "a".repeat(SHOWN_CHARACTERS)));
    }

    #[test]
    fn quotes_only_what_needs_them() {
        for (word, expected) in [("a/b.c", "a/b.c"), ("", "''"), ("a b", "'a b'"), ("it's", r"'it'\''s'")] {
            assert_eq!(quoted(word), expected);
        }
    }
}
