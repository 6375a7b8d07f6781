//! A run with something of everything, for the tests of what people and programs read.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::ci::{JobName, JobResult, JobStatus, RunResult};
use crate::fleet::{AttrPath, Evaluated, Facts, Output, OutputResult, Place, Span, Status, Work};
use crate::rules::Problem;
use crate::session::Report;

fn output(attr: &[&str], kind: &str, status: Status) -> OutputResult {
    let attr = AttrPath::new(attr.iter().copied());
    let mut result = OutputResult::new(Output { attr, kind: kind.to_owned(), system: None }, status);
    result.evaluated = (status != Status::EvaluationFailed).then(|| Evaluated {
        system: "x86_64-linux".to_owned(),
        drv: Some("/nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-a.drv".to_owned()),
        facts: Facts::new(),
        facts_error: None,
        warnings: Vec::new(),
        seconds: 0.5,
        memory_mib: 10,
    });
    result
}

/// The run.
pub fn run() -> RunResult {
    let began = Instant::now();
    let span = |work, worker, name: &str, from: u64, to: u64| {
        let at = |millis| began + Duration::from_millis(millis);
        Span { ended: at(to), ..Span::until_now(work, worker, name, at(from)) }
    };
    let mut broken = output(&["nixosConfigurations", "db"], "nixos", Status::BuildFailed);
    broken.reason = Some("builder failed with exit code 3".to_owned());
    broken.failed_drv = Some("/nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-a.drv".to_owned());
    broken.log_tail = vec!["checking <a> & \"b\"".to_owned(), "\u{1b}[31mwrong".to_owned()];
    let mut thrown = output(&["homeConfigurations", "a@b|c"], "home", Status::EvaluationFailed);
    thrown.reason = Some("attribute 'x' missing".to_owned());
    thrown.place = Some(Place { file: "configurations/home/a.nix".into(), line: 3 });
    let mut built = output(&["nixosConfigurations", "web"], "nixos", Status::Built);
    built.build_seconds = 2.0;
    built.closure_bytes = Some(1536);
    let mut skipped = output(&["darwinConfigurations", "mac"], "darwin", Status::Skipped);
    skipped.reason = Some("no builder for aarch64-darwin".to_owned());
    let fleet = Report {
        named: Vec::new(),
        results: vec![broken, thrown, built, skipped],
        declared: Vec::new(),
        uncovered: vec![AttrPath::new(["images", "installer"])],
        invisible: vec!["configurations/nixos/new.nix".into()],
        trouble: None,
        troubles: Vec::new(),
        unlinked: None,
        over: None,
        at_work: Vec::new(),
        interrupted: false,
        kept: 0,
        peak_mib: 300,
        spans: vec![
            span(Work::Discovery, 0, "names of outputs", 0, 500),
            span(Work::Evaluation, 0, "nixos:db", 500, 1000),
            Span { failed: true, ..span(Work::Evaluation, 1, "home:a@b|c", 500, 900) },
            Span {
                failed: true,
                ..span(Work::Build, 0, "/nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-a.drv", 1000, 3000)
            },
        ],
        seconds: 3.0,
        key: None,
        configurations: OnceLock::new(),
    };
    let place = Place { file: "flake.nix".into(), line: 7 };
    let problem = Problem::new(Some(place), "the input `a` is not pinned", "run `nix flake lock`");
    let warning = Problem::warning(None, "the lock is old", "run `nix flake update`");
    let job = |name, status| JobResult { status, seconds: 3.0, ..JobResult::of(name, Vec::new()) };
    RunResult {
        table: crate::ci::Table::default(),
        caches: crate::ci::Caches::default(),
        jobs: vec![
            JobResult {
                reason: Some("the store is gone".to_owned()),
                ..job(JobName::Bootstrap, JobStatus::CouldNotCheck)
            },
            JobResult { problems: vec![problem, warning], ..job(JobName::Lock, JobStatus::Failed) },
            job(JobName::Build, JobStatus::Failed),
        ],
        difference: None,
        base: None,
        fleet: Some(fleet),
        inputs: Some("stand-in"),
        part: String::new(),
        flags: " --inputs standin".to_owned(),
        nix: Some("nix (Nix) 2.34.8".to_owned()),
        revision: Some("0123456789abcdef0123456789abcdef01234567-dirty".to_owned()),
        started: 1_700_000_000,
        began,
        spans: vec![span(Work::Job, 0, "build", 0, 3250)],
        seconds: 3.25,
    }
}
