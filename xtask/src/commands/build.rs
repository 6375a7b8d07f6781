//! Evaluate and build outputs, each with its own status

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::builder::FalseyValueParser;

use crate::bootstrap::ensure_nix;
use crate::ci::JobName;
use crate::context::{Context, Ending};
use crate::fleet::{Selector, Spared};
use crate::kept::history::History;
use crate::pipeline::Progress;
use crate::pipeline::batching::{Limits, START_MIB};
use crate::report::{Mark, Watcher, files, json, outcome, stand_in_banner};
use crate::session::{BuildWish, Report, Session, Wish, cores, half_of_free_memory};

/// Evaluate and build outputs, each with its own status
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Outputs: an attribute path or its prefix, `kind:name`, with globs (`nixos:web*`) [default: all]
    selectors: Vec<Selector>,
    #[command(flatten)]
    evaluation: EvaluationArgs,
    #[command(flatten)]
    build: BuildArgs,
    /// Stop at the first failure
    #[arg(long, env = "XTASK_FAIL_FAST", value_parser = FalseyValueParser::new())]
    fail_fast: bool,
    /// Link every result at PREFIX-KIND-NAME, as garbage-collection roots
    #[arg(long, value_name = "PREFIX", env = "XTASK_OUT_LINK")]
    out_link: Option<PathBuf>,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask build                          everything this machine has a builder for
  cargo xtask build nixos:web                one host
  cargo xtask build 'home:*@web' checks      the homes of one host, and every check
  cargo xtask build --skip-cached            only what no cache has";

/// What evaluation may use, and which outputs it is restricted to.
#[derive(Debug, Clone, clap::Args)]
pub struct EvaluationArgs {
    /// Only outputs of this system; repeat for several [default: all are evaluated]
    #[arg(long = "system", value_name = "SYSTEM", env = "XTASK_SYSTEM", value_delimiter = ',')]
    systems: Vec<String>,
    /// Evaluation processes at once [default: one a core]
    #[arg(long, value_name = "N", env = "XTASK_WORKERS", value_parser = clap::value_parser!(u16).range(1..))]
    workers: Option<u16>,
    /// Memory over all evaluation processes, such as 700M or 4G [default: half of what is free]
    #[arg(long, value_name = "SIZE", env = "XTASK_MAX_MEMORY", value_parser = mebibytes)]
    max_memory: Option<u64>,
    /// Evaluate again what has not changed
    #[arg(long, env = "XTASK_FRESH", value_parser = FalseyValueParser::new())]
    fresh: bool,
}

/// How outputs are built.
#[derive(Debug, Clone, clap::Args)]
pub struct BuildArgs {
    /// Do not fetch what a substituter has: it counts as cached
    #[arg(long, env = "XTASK_SKIP_CACHED", value_parser = FalseyValueParser::new())]
    skip_cached: bool,
    /// Write when each worker was at what, in Chrome's trace format
    #[arg(long, value_name = "FILE", env = "XTASK_TRACE")]
    pub trace: Option<PathBuf>,
}

impl EvaluationArgs {
    /// The wish for `selectors`, without a build.
    #[must_use]
    pub fn wish(&self, selectors: Vec<Selector>) -> Wish {
        Wish {
            selectors,
            systems: self.systems.clone(),
            only_configurations: false,
            fresh: self.fresh,
            limits: Limits {
                workers: self.workers.map_or_else(cores, usize::from),
                memory_mib: self.max_memory.unwrap_or_else(half_of_free_memory),
            },
            build: None,
            fail_fast: false,
            may_be_absent: false,
        }
    }
}

impl BuildArgs {
    /// How these arguments want outputs built.
    #[must_use]
    pub fn wish(&self, out_link: Option<PathBuf>) -> BuildWish {
        BuildWish { skip_cached: self.skip_cached, out_link, spared: Spared::None }
    }
}

/// A size in MiB: `700M`, `4G`, `1.5G`, or a number of bytes.
fn mebibytes(text: &str) -> Result<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..).unwrap_or_default().to_ascii_uppercase().as_str() {
        "" | "B" => 1.0 / 1024.0 / 1024.0,
        "K" | "KIB" => 1.0 / 1024.0,
        "M" | "MIB" => 1.0,
        "G" | "GIB" => 1024.0,
        unit => bail!("`{unit}` is no unit of memory: use M or G"),
    };
    match digits.parse::<f64>() {
        Ok(number) if number * factor >= START_MIB as f64 => Ok((number * factor) as u64),
        Ok(_) => bail!("one evaluation process starts with {START_MIB}M: `{text}` is too little for any"),
        Err(_) => bail!("`{text}` is no size: write 700M or 4G"),
    }
}

/// Evaluates and builds.
///
/// # Errors
/// When a selector names nothing, the flake declares nothing, or a tool cannot be run.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let began = Instant::now();
    let session = Session::open(context, ensure_nix(context)?.nix)?;
    let mut wish = args.evaluation.wish(args.selectors.clone());
    wish.build = Some(args.build.wish(args.out_link.clone()));
    wish.fail_fast = args.fail_fast;
    if let Some(banner) = stand_in_banner(&session.inputs) {
        context.console.banner(&banner);
    }
    let report = watched(&session, &wish)?;
    if args.json {
        context.console.answer(&json::fleet(&report, &session)?);
    }
    conclude(&session, &report);
    files::write_trace(args.build.trace.as_deref(), report.spans.iter(), began)?;
    if let Some(reason) = report.trouble.clone().or_else(|| report.nothing_done()).or_else(|| report.unlinked.clone()) {
        bail!(reason);
    }
    Ok(if report.failures().next().is_some() { Ending::Problems } else { Ending::Clean })
}

/// Runs `wish` with progress shown.
///
/// # Errors
/// As [`Session::run`].
pub fn watched(session: &Session<'_>, wish: &Wish) -> Result<Report> {
    shown(session, wish, Watcher::show)
}

/// As [`watched`], for commands that are about something else than what becomes of each output.
///
/// # Errors
/// As [`Session::run`].
pub fn evaluated(session: &Session<'_>, wish: &Wish) -> Result<Report> {
    shown(session, wish, Watcher::show_quietly)
}

/// As [`watched`], for what is built afterwards: only what fails is told as it ends.
///
/// # Errors
/// As [`Session::run`].
pub fn evaluated_first(session: &Session<'_>, wish: &Wish) -> Result<Report> {
    shown(session, wish, Watcher::show_failures)
}

/// Builds what `fleet` has evaluated with progress shown.
///
/// # Errors
/// As [`Session::build`].
pub fn built(session: &Session<'_>, fleet: &Report, wish: &Wish) -> Result<Report> {
    let mut watcher = watcher(session, wish);
    let report = session.build(fleet, wish, &mut |progress| watcher.show(progress));
    watcher.finish();
    report
}

fn watcher<'a>(session: &'a Session<'_>, wish: &Wish) -> Watcher<'a> {
    let mut watcher = Watcher::new(&session.context.console, session.flags());
    if wish.build.is_some() {
        let history = History::read(&session.context.state);
        watcher.expect(history.usual_seconds(JobName::Build.word(), &wish.part(), Some(session.inputs.word())));
    }
    watcher
}

fn shown<'a>(session: &'a Session<'_>, wish: &Wish, show: fn(&mut Watcher<'a>, Progress<'_>)) -> Result<Report> {
    let mut watcher = watcher(session, wish);
    let report = session.run(wish, &mut |progress| show(&mut watcher, progress));
    watcher.finish();
    report
}

/// Says what became of all outputs, kind by kind.
pub fn tell(session: &Session<'_>, report: &Report) {
    let console = &session.context.console;
    if !report.results.is_empty() {
        console.line(outcome::table(&report.results).trim_end_matches('\n'));
    }
    for attr in &report.uncovered {
        console.mark(Mark::Warning, &format!("{attr} is of no known kind: not covered"));
    }
    for warning in outcome::warnings(report) {
        console.mark(Mark::Warning, &warning);
    }
}

/// Says what became of everything: the table, the failures once more, the verdict last.
fn conclude(session: &Session<'_>, report: &Report) {
    let console = &session.context.console;
    tell(session, report);
    for result in report.failures() {
        console.mark(Mark::Failed, &outcome::failure(result, &session.flags()));
    }
    let failed = report.failures().next().is_some() || report.nothing_done().is_some();
    console.verdict(if failed { Mark::Failed } else { Mark::Ok }, &outcome::verdict(report));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let check = |text: &str, expected: Result<u64, &str>| {
            assert_eq!(mebibytes(text).map_err(|error| error.to_string()), expected.map_err(str::to_owned));
        };
        check("700M", Ok(700));
        check("1.5g", Ok(1536));
        check("2GiB", Ok(2048));
        check("734003200", Ok(700));
        check("60M", Ok(60));
        check("59M", Err("one evaluation process starts with 60M: `59M` is too little for any"));
        check("0", Err("one evaluation process starts with 60M: `0` is too little for any"));
        check("many", Err("`MANY` is no unit of memory: use M or G"));
        check("5X", Err("`X` is no unit of memory: use M or G"));
        check("", Err("`` is no size: write 700M or 4G"));
    }
}
