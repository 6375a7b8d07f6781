//! The jobs that xtask.toml adds: an app of the flake, a command in its development shell, or a plain command, run to its end.

use std::collections::VecDeque;
use std::process::{Command, ExitStatus};

use anyhow::{Result, bail};

use super::endings::stopped;
use super::shared::Jobs;
use crate::ci::{Job, JobResult, Phase, Work};
use crate::config::Config;
use crate::context::Context;
use crate::plain_text::fit_to_be_shown;
use crate::plain_text::tokens::{self, SHORTEST_DECLARED, without_tokens};
use crate::process::spelled;
use crate::push_policy::{Origin, Trigger, Variables, unpublished};
use crate::rules::Problem;
use crate::session::Session;
use crate::{github, supervise};

/// How much of what a failed command said last is told with its failure.
const TAIL: usize = 20;

/// How many characters are shown of a line that is too long to be kept.
const READABLE: usize = 4096;

impl Jobs<'_> {
    /// Runs what `job` is about; it has succeeded if that ends with exit status 0.
    pub(super) fn custom(&self, job: &Job) -> Result<JobResult> {
        if job.phase == Phase::Publish {
            // Before anything is asked of the machine: what is not published needs no secret.
            let rules = Config::read(&self.context.repository)?.cache.rules();
            if let Some(reason) = unpublished(&github::trigger()?, &rules) {
                return Ok(JobResult::skipped(job.name, reason));
            }
        }
        let missing = missing(&job.machine.secrets, &github::variables());
        if let Some(secret) = missing {
            let Some(reason) = withheld(secret, &github::trigger()?) else {
                bail!(
                    "`{}` wants the secret `{secret}`, which is not in the environment: set it, on GitHub as a secret of the \
                     repository",
                    job.word()
                );
            };
            return Ok(JobResult::skipped(job.name, reason));
        }
        if job.phase == Phase::Publish && self.session()?.inputs.is_stand_in() {
            let reason = "stand-in inputs are never published: `--inputs locked` has the real ones".to_owned();
            return Ok(JobResult::skipped(job.name, reason));
        }
        if let Some(secret) = job.machine.secrets.iter().find(|name| tokens::is_too_short(name)) {
            bail!(
                "`{}` wants the secret `{secret}`, which is shorter than {SHORTEST_DECLARED} characters: to hide it would take \
                 letters out of every line; set a longer one",
                job.word()
            );
        }
        let mut command = call(self.context, job, || self.session())?;
        // As on GitHub: what another job is given is not this one's.
        tokens::declared().iter().filter(|name| !job.machine.secrets.contains(name)).for_each(|name| {
            command.env_remove(name);
        });
        let console = &self.context.console;
        console.command(&spelled(&command));
        let mut tail = VecDeque::new();
        let ran = supervise::run_alone(&mut command, &mut |line| {
            let line = legible(line);
            console.line(&format!("│ {line}"));
            tail.push_back(line);
            if tail.len() > TAIL {
                tail.pop_front();
            }
        });
        let said: String = tail.iter().map(|line| format!("\n│ {line}")).collect();
        let command = without_tokens(&spelled(&command));
        let (status, left) = match ran {
            Ok(ended) => ended,
            Err(error) => return Ok(stopped(job, &error, &format!("`{command}`"), &said)),
        };
        if left > 0 {
            let processes = if left == 1 { "a process" } else { "processes" };
            console.line(&format!("`{}` left {processes} running: ended ({left})", job.word()));
        }
        if status.success() {
            return Ok(JobResult::of(job.name, Vec::new()));
        }
        let fault = format!("`{command}` {}{said}", ending(status));
        let flags = self.session().map(Session::flags).unwrap_or_default();
        let fix = format!("`cargo xtask ci {}{flags}` runs it again", job.word());
        Ok(JobResult::of(job.name, vec![Problem::new(job.place.clone(), fault, fix)]))
    }
}

/// The command of `job`, which gets the inputs that `session` has, if it is one that Nix runs.
///
/// # Errors
/// When there is no session, and Nix is to run it.
pub fn call<'s, 'c: 's>(
    context: &Context,
    job: &Job,
    session: impl Fn() -> Result<&'s Session<'c>>,
) -> Result<Command> {
    let folder = context.repository.clone();
    match &job.work {
        Work::App(app) => {
            let session = session()?;
            Ok(session.nix.run_app(&folder, session.inputs.overrides(), app))
        }
        Work::Shell(words) => {
            let session = session()?;
            Ok(session.nix.in_development_shell(&folder, session.inputs.overrides(), words))
        }
        Work::Command(words) => {
            let [program, arguments @ ..] = &words[..] else { bail!("`{}` has no program to run", job.word()) };
            let mut command = Command::new(program);
            command.args(arguments).current_dir(folder);
            Ok(command)
        }
        Work::BuiltIn => bail!("`{}` is not built in, and xtask.toml does not say what it runs", job.word()),
    }
}

/// The first of the secrets `wanted` that is not there.
fn missing<'a>(wanted: &'a [String], variables: &Variables) -> Option<&'a str> {
    wanted.iter().map(String::as_str).find(|name| variables.get(*name) != Some(&true))
}

/// Why a run that `trigger` set off is not given `secret`, if it cannot be.
fn withheld(secret: &str, trigger: &Trigger) -> Option<String> {
    match &trigger.origin {
        Origin::Fork(fork) => {
            Some(format!("it wants the secret `{secret}`, and a run for the fork `{fork}` is given none"))
        }
        Origin::Own if trigger.is_kept_from_secrets() => {
            Some(format!("it wants the secret `{secret}`, and Dependabot's runs are given none of the repository"))
        }
        Origin::Own | Origin::Unknown(_) => None,
    }
}

/// What was said, as it may be shown: of a line that was written over, what stood there last.
fn legible(line: &[u8]) -> String {
    // Masked first: a secret may hold what is written over, or taken out, and is not to be known again afterwards.
    let masked = without_tokens(&String::from_utf8_lossy(line));
    // Where the rest is left out, the end may be the beginning of a secret, which no mask fits.
    let text = if supervise::is_cut(line) { readable(&masked) } else { masked };
    let text = text.trim_end_matches('\r');
    let last = text.rsplit('\r').next().unwrap_or_default();
    fit_to_be_shown(last)
}

/// The beginning of a line that goes on for longer than anybody reads.
fn readable(line: &str) -> String {
    let beginning: String = line.chars().take(READABLE).take(line.chars().count().saturating_sub(READABLE)).collect();
    beginning + " …"
}

/// How a command ended that did not succeed.
fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with exit status {code}"),
        None => format!("was ended by {}", status.to_string().replace("signal: ", "signal ")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;
    use crate::push_policy::Event;

    #[test]
    fn every_ending_is_told() {
        let check = |raw: i32, expected: &str| assert_eq!(ending(ExitStatus::from_raw(raw)), expected);
        check(3 << 8, "ended with exit status 3");
        check(9, "was ended by signal 9 (SIGKILL)");
        check(6 | 128, "was ended by signal 6 (SIGABRT) (core dumped)");
    }

    #[test]
    fn what_is_said_is_one_legible_line() {
        let check = |line: &[u8], expected: &str| assert_eq!(legible(line), expected);
        check(b"10 %\r50 %\r100 %\r", "100 %");
        check(b"\x1b[31mred\x1b[0m \xff", "red \u{fffd}");
        check(b"https://a:b@c/", "https://c/");
    }

    #[test]
    fn secrets_are_missed_unless_nobody_could_give_them() {
        let variables: Variables = [("A".to_owned(), true), ("B".to_owned(), false)].into();
        let wanted = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(missing(&wanted(&["A"]), &variables), None);
        assert_eq!(missing(&wanted(&["A", "B"]), &variables), Some("B"));
        assert_eq!(missing(&wanted(&["C"]), &variables), Some("C"));
        let check = |origin: Origin, actor: Option<&str>, expected: Option<&str>| {
            let (event, actor) = (Event::PullRequest, actor.map(str::to_owned));
            let trigger = Trigger { event, reference: None, default_branch: None, origin, base: None, actor };
            assert_eq!(withheld("KEY", &trigger).as_deref(), expected);
        };
        check(Origin::Own, None, None);
        check(Origin::Unknown("who knows".to_owned()), None, None);
        let fork = "it wants the secret `KEY`, and a run for the fork `eve/fleet` is given none";
        check(Origin::Fork("eve/fleet".to_owned()), None, Some(fork));
        let bot = "it wants the secret `KEY`, and Dependabot's runs are given none of the repository";
        check(Origin::Own, Some("dependabot[bot]"), Some(bot));
    }
}
