//! A job in words: what it does, when it runs, what it is given, and the commands that it runs.

use std::time::Duration;

use super::words::{duration, seconds};
use crate::ci::{Extent, Inputs, Job, Work};

/// What there is to say of a job besides its row.
#[derive(Debug)]
pub struct Explained<'a> {
    /// Its row.
    pub job: &'a Job,
    /// The jobs that need it, or wait for it.
    pub needed_by: Vec<&'a str>,
    /// Whether GitHub has it only after the push, where one machine has it before.
    pub is_late: bool,
    /// The seconds that it usually takes, if it has run.
    pub usual: Option<f64>,
    /// The command that does the same alone, if the job is built in.
    pub twin: Option<String>,
    /// The commands of other programs that it runs: each with what it is for, the folder, and how a person would type it.
    pub commands: Vec<Call>,
    /// Why not all of these can be told, if so.
    pub untold: Option<String>,
}

/// A command that a job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What it is for; nothing where the job says so itself.
    pub what: &'static str,
    /// The folder that it runs in, unless it is any.
    pub folder: Option<String>,
    /// As a person would type it.
    pub typed: String,
}

/// All of it.
#[must_use]
pub fn text(explained: &Explained<'_>) -> String {
    let Explained { job, needed_by, is_late, usual, twin, commands, untold } = explained;
    let machine = &job.machine;
    let mut text = format!("{}: {}\n\n", job.word(), job.about);
    let mut row = |name: &str, said: String| text.push_str(&format!("  {name:11}{said}\n"));
    row("phase", job.phase.word().to_owned());
    row("needs", listed(job.needs.iter().map(|need| need.word())));
    if !job.after.is_empty() {
        row("waits for", format!("{}, where the same run has them", listed(job.after.iter().map(|need| need.word()))));
    }
    row("needed by", listed(needed_by.iter().copied()));
    row("inputs", inputs(job));
    row("timeout", duration(Duration::from_secs(machine.timeout.as_secs())));
    row(
        "on GitHub",
        match (machine.extent, &job.work) {
            (Extent::Once, _) if *is_late => "on one machine, after what it needs is pushed".to_owned(),
            (Extent::Once, _) => "on one machine".to_owned(),
            (Extent::PerSystem, Work::BuiltIn) => {
                "on machines of each system, each for its share of the outputs".to_owned()
            }
            (Extent::PerSystem, _) => "on one machine of each system".to_owned(),
        },
    );
    row("is given", given(job));
    if !job.artifacts.is_empty() {
        row("leaves", job.artifacts.join(", "));
    }
    row(
        "takes",
        usual.map_or_else(
            || "nobody knows: it has not gone well yet".to_owned(),
            |usual| format!("usually {}", seconds(usual)),
        ),
    );
    row("runs again", again(job));
    if let Some(place) = &job.place {
        row("written at", place.to_string());
    }
    text.push_str("\nIt runs:\n");
    if let Some(twin) = twin {
        text.push_str(&format!("  {twin}\n"));
    }
    let indent = if twin.is_some() { "    " } else { "  " };
    for Call { what, folder, typed } in commands {
        if !what.is_empty() {
            text.push_str(&format!("{indent}{what}:\n"));
        }
        let folder = folder.as_ref().map(|folder| format!("cd {folder} && ")).unwrap_or_default();
        text.push_str(&format!("{indent}{}{folder}{typed}\n", if what.is_empty() { "" } else { "  " }));
    }
    if let Some(untold) = untold {
        text.push_str(&format!("{indent}and what Nix is asked, which cannot be told here: {untold}\n"));
    }
    text
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn inputs(job: &Job) -> String {
    match &job.inputs {
        Inputs::Everything => "any file of the repository".to_owned(),
        Inputs::Globs(globs) => listed(globs.iter().map(String::as_str)),
    }
}

/// What the job may do on GitHub, and what it is shown.
fn given(job: &Job) -> String {
    let machine = &job.machine;
    let permissions = machine
        .permissions
        .iter()
        .map(|granted| format!("permission {}: {} ({})", granted.scope, granted.access, granted.why));
    let secrets = machine.secrets.iter().map(|secret| format!("the secret {secret}"));
    let cache =
        machine.opens_cache.then(|| "what opens the cache: the secrets that `[cache]` of xtask.toml names".to_owned());
    let all: Vec<String> = cache.into_iter().chain(secrets).chain(permissions).collect();
    if all.is_empty() { "no secret, and permission to read the repository".to_owned() } else { all.join("; ") }
}

fn again(job: &Job) -> String {
    let when = if job.can_be_as_before() {
        "where something it depends on has changed since it went well, with --fresh, and in CI"
    } else {
        "every time"
    };
    when.to_owned()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use expect_test::expect;

    use super::*;
    use crate::ci::{JobName, Permission, Phase, Table};

    #[test]
    fn a_job_that_is_built_in() {
        let table = Table::default();
        let call = |what, typed: &str| Call { what, folder: Some("/s/query".to_owned()), typed: typed.to_owned() };
        let explained = Explained {
            job: table.named("build").unwrap(),
            needed_by: vec!["cache-analytics", "cache-push"],
            is_late: false,
            usual: Some(190.0),
            twin: Some("cargo xtask build".to_owned()),
            commands: vec![
                call("evaluation", "nix eval"),
                Call { folder: None, ..call("build", "nix-store --realise") },
            ],
            untold: None,
        };
        expect![[r#"
            build: every output evaluates, and those this machine has a builder for are built

              phase      build
              needs      bootstrap
              waits for  cache-policy, where the same run has them
              needed by  cache-analytics, cache-push
              inputs     any file of the repository
              timeout    2h00m
              on GitHub  on machines of each system, each for its share of the outputs
              is given   no secret, and permission to read the repository
              takes      usually 3m10s
              runs again every time

            It runs:
              cargo xtask build
                evaluation:
                  cd /s/query && nix eval
                build:
                  nix-store --realise
        "#]]
        .assert_eq(&text(&explained));
    }

    #[test]
    fn a_job_of_ones_own() {
        let mut job = Job {
            about: Cow::Borrowed("the book builds"),
            inputs: Inputs::Globs(vec!["docs/**".to_owned(), "book.toml".to_owned()]),
            work: Work::Command(vec!["mdbook".to_owned()]),
            artifacts: vec!["book".to_owned()],
            ..Job::bare(JobName::of("book"), Phase::Check)
        };
        job.machine.secrets.push("TOKEN".to_owned());
        job.machine.permissions.push(Permission {
            scope: "packages",
            access: "write",
            why: "as xtask.toml says".into(),
        });
        let commands = vec![Call { what: "", folder: None, typed: "mdbook build".to_owned() }];
        let untold = Some("there is no Nix".to_owned());
        let explained =
            Explained { job: &job, needed_by: Vec::new(), is_late: true, usual: None, twin: None, commands, untold };
        expect![[r#"
            book: the book builds

              phase      check
              needs      nothing
              needed by  nothing
              inputs     docs/**, book.toml
              timeout    30m00s
              on GitHub  on one machine, after what it needs is pushed
              is given   the secret TOKEN; permission packages: write (as xtask.toml says)
              leaves     book
              takes      nobody knows: it has not gone well yet
              runs again every time

            It runs:
              mdbook build
              and what Nix is asked, which cannot be told here: there is no Nix
        "#]]
        .assert_eq(&text(&explained));
    }

    #[test]
    fn on_which_machines_of_github() {
        let check = |per_system: bool, is_late: bool, expected: &str| {
            let mut job = Job { work: Work::App("a".to_owned()), ..Job::bare(JobName::of("a"), Phase::Verify) };
            job.machine.extent = if per_system { Extent::PerSystem } else { Extent::Once };
            let (needed_by, commands) = (Vec::new(), Vec::new());
            let explained =
                Explained { job: &job, needed_by, is_late, usual: None, twin: None, commands, untold: None };
            let text = text(&explained);
            let line = text.lines().find_map(|line| line.trim().strip_prefix("on GitHub  ")).unwrap();
            assert_eq!(line, expected);
        };
        check(false, false, "on one machine");
        check(true, false, "on one machine of each system");
    }
}
