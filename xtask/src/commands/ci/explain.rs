//! What a job is, and the commands that it runs, without running any of its own.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use super::custom;
use crate::ci::course::looks_at_outputs;
use crate::ci::workflow::late;
use crate::ci::{Job, JobName, Table, Work};
use crate::context::Context;
use crate::kept::history::History;
use crate::nix::query::Elsewhere;
use crate::process::{quoted, spelled};
use crate::report::explain::{Call, Explained};
use crate::session::{Session, find_nix};

/// What stands for the derivations of a fleet.
const DERIVATIONS: &str = "DERIVATIONS";
/// What Nix is told to apply to the query, shortened: the names of all outputs stand in it.
const APPLIED: &str = "ask: ask { … }";

/// Explains `job` of `table`; `part` says of which part of the fleet its times are told.
pub fn explained<'a>(
    context: &Context,
    table: &'a Table,
    job: &'a Job,
    history: &History,
    part: &str,
) -> Explained<'a> {
    let needs = |other: &&Job| other.needs.contains(&job.name) || other.after.contains(&job.name);
    let needed_by = table.jobs().iter().filter(needs).map(Job::word).collect();
    // Nothing is brought for this: a machine without Nix is told so.
    let session = find_nix().and_then(|nix| Session::open(context, nix));
    let flags = session.as_ref().map(Session::flags).unwrap_or_default();
    let (commands, untold) = match (&job.work, &session) {
        (Work::BuiltIn, Ok(session)) => (asked_of_nix(session, job.name), None),
        (Work::BuiltIn, Err(error)) => {
            let about_nix = looks_at_outputs(job.name);
            (Vec::new(), about_nix.then(|| format!("{error:#}")))
        }
        (_, session) => {
            match custom::call(context, job, || session.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))) {
                Ok(command) => (vec![call("", &command)], None),
                Err(error) => (Vec::new(), Some(format!("{error:#}"))),
            }
        }
    };
    Explained {
        job,
        needed_by,
        is_late: late(table.jobs()).iter().any(|other| other.name == job.name),
        usual: history.usual_seconds(job.word(), part, None),
        twin: twin(job.name).map(|twin| format!("cargo xtask {twin}{flags}")),
        commands,
        untold,
    }
}

/// The command that does what the job does, if it is built in.
fn twin(name: JobName) -> Option<&'static str> {
    Some(match name {
        JobName::Bootstrap => "bootstrap --check",
        JobName::Lock => "lock",
        JobName::CachePolicy => "cache policy",
        JobName::Config => "config",
        JobName::Activation => "activation",
        JobName::Autowiring => "autowiring",
        JobName::Independence => "independence",
        JobName::Secrets => "secrets check",
        JobName::CacheConfig => "cache-config",
        JobName::Workflow => "workflow check",
        JobName::Diff => "diff --base REV",
        JobName::Build => "build",
        JobName::CacheAnalytics => "cache analytics",
        JobName::CachePush => "cache push",
        JobName::CacheVerify => "cache verify",
        JobName::Custom(_) => return None,
    })
}

/// What the job `name` has Nix do.
fn asked_of_nix(session: &Session<'_>, name: JobName) -> Vec<Call> {
    if !looks_at_outputs(name) {
        return Vec::new();
    }
    let (nix, query) = (&session.nix, session.query());
    let mut calls = vec![
        call("the names of the outputs, unless they are known", &query.discover(nix, &session.kinds, &[], &[])),
        call("what they evaluate to, as far as it is not known, in several processes", &query.evaluate(nix, &[])),
    ];
    if name == JobName::Independence {
        let trees = session.context.state.join("trees");
        let elsewhere = Elsewhere { trees, numbers: Vec::new(), below: session.below_top() };
        calls.push(call(
            "each host and home in a copy without its siblings",
            &query.elsewhere(elsewhere).evaluate(nix, &[]),
        ));
    }
    if name == JobName::Build {
        let realise =
            nix.realise(&[DERIVATIONS.to_owned()], session.settings.max_jobs, &session.roots().join("…"), None);
        calls.push(call("the builds, in several processes", &realise));
    }
    calls
}

fn call(what: &'static str, command: &Command) -> Call {
    let words: Vec<&OsStr> = command.get_args().collect();
    let mut shown = Command::new(command.get_program());
    for (at, word) in words.iter().enumerate() {
        let is_applied =
            at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|before| *before == "--apply");
        shown.arg(if is_applied { OsStr::new(APPLIED) } else { word });
    }
    let folder = command.get_current_dir().map(Path::to_string_lossy).map(|folder| quoted(&folder));
    Call { what, folder, typed: spelled(&shown) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::context::Cli;

    #[test]
    fn every_job_that_is_built_in_has_a_command_that_is_understood() {
        for job in Table::default().jobs() {
            let twin = twin(job.name).unwrap();
            let words = std::iter::once("cargo xtask").chain(twin.split(' '));
            assert!(Cli::try_parse_from(words).is_ok(), "{twin}");
        }
        assert_eq!(twin(JobName::of("docs")), None);
    }

    #[test]
    fn a_command_is_shown_as_it_is_typed_but_for_what_nobody_types() {
        let mut command = Command::new("/n/nix");
        command.current_dir("/a b").args(["eval", "--apply", "a: very long text", "c d"]);
        let expected = Call {
            what: "",
            folder: Some("'/a b'".to_owned()),
            typed: "/n/nix eval --apply 'ask: ask { … }' 'c d'".to_owned(),
        };
        assert_eq!(call("", &command), expected);
    }
}
