//! One `[ci.jobs.NAME]` of xtask.toml as a row of the table, but for its needs.

use std::borrow::Cow;
use std::path::{Component, Path};
use std::time::Duration;

use toml::Spanned;

use super::added::Fault;
use super::{Extent, Inputs, Job, JobName, Machine, Permission, Phase, Work};
use crate::config::{Access, JobConfig, Scope};
use crate::fleet::{AttrPath, Place as FilePlace};

/// GitHub ends whatever takes longer, on runners of one's own too.
const LONGEST_DAYS: u64 = 5;
/// How much of a command says what a job is about.
const SHOWN_CHARACTERS: usize = 60;
/// Variables that programs go by; those of this program, of Nix and of GitHub's runner begin with the others.
const TAKEN: [&str; 6] = ["CI", "HOME", "PATH", "SHELL", "TMPDIR", "USER"];
const TAKEN_BEGINNINGS: [&str; 7] = ["ACTIONS_", "DYLD_", "GITHUB_", "LD_", "NIX_", "RUNNER_", "XTASK_"];
/// The one variable with such a beginning that is a secret: the job's own token.
const OWN_TOKEN: &str = "GITHUB_TOKEN";

/// Where xtask.toml has a job.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The byte at which its name begins.
    pub start: usize,
    /// The line, from 1.
    pub line: usize,
}

/// The row of the job of one's own that is called `name`; it has no needs yet.
pub fn custom(name: &str, config: &JobConfig, place: Place) -> Result<Job, Fault> {
    let work = work(name, config, place)?;
    let about = match &config.about {
        Some(about) => sentence(about)?,
        None => usual_about(&work),
    };
    let permissions = config.permissions.iter().flat_map(|written| {
        let at = written.span().start;
        written.as_ref().iter().map(move |(scope, access)| permission(*scope, *access, at))
    });
    let per_system = config.per_system.as_ref().is_some_and(|spread| *spread.as_ref());
    let mut job = Job {
        about: Cow::Owned(about),
        inputs: match &config.inputs {
            Some(inputs) => Inputs::Globs(globs("inputs", inputs)?),
            None => Inputs::Everything,
        },
        artifacts: config.artifacts.as_ref().map(|all| globs("artifacts", all)).transpose()?.unwrap_or_default(),
        machine: Machine {
            extent: if per_system { Extent::PerSystem } else { Extent::Once },
            permissions: permissions.collect::<Result<_, _>>()?,
            secrets: secrets(config)?,
            ..Machine::USUAL
        },
        place: Some(FilePlace { file: "xtask.toml".into(), line: u32::try_from(place.line).unwrap_or(u32::MAX) }),
        work,
        ..Job::bare(JobName::of(name), config.phase.as_ref().map_or(Phase::Check, |phase| *phase.as_ref()))
    };
    machine(&mut job, config)?;
    Ok(job)
}

/// Has `job` take the time, and the runner, that `config` gives it.
pub fn machine(job: &mut Job, config: &JobConfig) -> Result<(), Fault> {
    if let Some(timeout) = &config.timeout {
        let seconds = u64::from(timeout.as_ref().seconds);
        if seconds > LONGEST_DAYS * 24 * 3600 {
            let text = format!("no job may take longer than {LONGEST_DAYS} days: GitHub ends it");
            return Err(Fault::new(timeout.span().start, text));
        }
        job.machine.timeout = Duration::from_secs(seconds);
    }
    if let Some(runner) = &config.runner {
        if job.machine.extent == Extent::PerSystem {
            let text = format!(
                "`{}` runs on machines of each system, and `[ci.runners]` says which those are: leave `runner` out",
                job.word()
            );
            return Err(Fault::new(runner.span().start, text));
        }
        job.machine.runner = Some(runner.as_ref().clone());
    }
    Ok(())
}

/// The one thing that the job does.
fn work(name: &str, config: &JobConfig, place: Place) -> Result<Work, Fault> {
    let app = config.app.as_ref().map(|app| (app.span().start, Work::App(app.as_ref().clone())));
    let shell = config.shell.as_ref().map(|words| (words.span().start, Work::Shell(words.as_ref().clone())));
    let command = config.command.as_ref().map(|words| (words.span().start, Work::Command(words.as_ref().clone())));
    let mut given: Vec<(usize, Work)> = [app, shell, command].into_iter().flatten().collect();
    let Some((at, work)) = given.pop() else {
        let text = format!("`{name}` does nothing: say what it runs with one of `app`, `shell` and `command`");
        return Err(Fault::new(place.start, text));
    };
    if let Some((other, _)) = given.pop() {
        let text = format!("`{name}` does exactly one of `app`, `shell` and `command`: keep one");
        return Err(Fault::new(at.max(other), text));
    }
    match &work {
        Work::App(app) if AttrPath::parse(app).is_err() => {
            let text = format!("`{}` is no name of an app: write it as behind `nix run .#`", app.escape_debug());
            Err(Fault::new(at, text))
        }
        Work::Shell(words) | Work::Command(words) if words.first().is_none_or(String::is_empty) => Err(Fault::new(
            at,
            format!("`{name}` has a command without a program: write it as `[\"cargo\", \"test\"]`"),
        )),
        _ => Ok(work),
    }
}

/// What `about` says, which becomes a comment in the workflow.
fn sentence(about: &Spanned<String>) -> Result<String, Fault> {
    let text = about.as_ref();
    if text.trim().is_empty() || text.contains(breaks_lines) {
        return Err(Fault::new(
            about.span().start,
            "`about` is one sentence on one line: what is true once the job succeeded",
        ));
    }
    Ok(text.clone())
}

fn usual_about(work: &Work) -> String {
    let spelled = |words: &[String]| {
        let all = words.join(" ").replace(breaks_lines, " ").replace('`', "'");
        let shown: String = all.chars().take(SHOWN_CHARACTERS).collect();
        if shown.len() < all.len() { format!("`{shown}…`") } else { format!("`{shown}`") }
    };
    match work {
        Work::BuiltIn => String::new(),
        Work::App(app) => format!("the app `{}` of the flake succeeds", app.replace(breaks_lines, " ")),
        Work::Shell(words) => format!("{} succeeds in the development shell", spelled(words)),
        Work::Command(words) => format!("{} succeeds", spelled(words)),
    }
}

/// What ends a line for some reader of YAML.
fn breaks_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn permission(scope: Scope, access: Access, at: usize) -> Result<Permission, Fault> {
    if scope == Scope::IdToken && access == Access::Read {
        return Err(Fault::new(at, "GitHub knows no `id-token = \"read\"`: write `id-token = \"write\"`"));
    }
    Ok(Permission { scope: scope.word(), access: access.word(), why: Cow::Borrowed("as xtask.toml says") })
}

fn secrets(config: &JobConfig) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for secret in config.secrets.iter().flat_map(|all| all.as_ref()) {
        let (name, at) = (&secret.as_ref().0, secret.span().start);
        let taken = TAKEN.contains(&name.as_str()) || TAKEN_BEGINNINGS.iter().any(|taken| name.starts_with(taken));
        if taken && name != OWN_TOKEN {
            let text =
                format!("`{name}` is a variable that programs go by, and no secret: give the secret another name");
            return Err(Fault::new(at, text));
        }
        if names.contains(name) {
            return Err(Fault::new(at, format!("`{name}` is there twice: leave it out")));
        }
        names.push(name.clone());
    }
    Ok(names)
}

/// Globs of files in the repository.
fn globs(key: &str, globs: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<String>, Fault> {
    if globs.as_ref().is_empty() {
        let text = format!("`{key}` names no file: leave it out, or name what it is about");
        return Err(Fault::new(globs.span().start, text));
    }
    let mut all = Vec::new();
    for glob in globs.as_ref() {
        let text = glob.as_ref();
        let inside = Path::new(text).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        // GitHub reads `!` and `~` at the beginning, and expressions anywhere.
        let special = text.starts_with(['!', '~']) || text.contains("${{") || text.contains(breaks_lines);
        if text.is_empty() || !inside || special {
            let text = format!("`{}` is no glob of files in the repository, such as `docs/**`", text.escape_debug());
            return Err(Fault::new(glob.span().start, text));
        }
        all.push(text.clone());
    }
    Ok(all)
}
