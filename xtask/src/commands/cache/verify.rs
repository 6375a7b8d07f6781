//! Prove that what is required is in the cache: whole, signed, each file there

use anyhow::{Context as _, Result, bail};
use cache_protocol::{Required, Verified, VerifyFault, VerifyRequest};
use clap::builder::FalseyValueParser;

use super::repair::repair;
use super::roots::{Extent, Roots, roots};
use super::target::{Target, target};
use super::{OutputArgs, plan};
use crate::cache_client::{self, IN_FLIGHT};
use crate::config::Budget;
use crate::context::{Context, Ending};
use crate::push_policy::Reach;
use crate::report::{cache, problems};
use crate::rules::{Problem, garnix};
use crate::session::{Report, Session};

/// Prove that what is required is in the cache: whole, signed, each file there
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    outputs: OutputArgs,
    /// Wait this long for what others still push: 45m, 90s
    #[arg(long, value_name = "TIME", env = "XTASK_WAIT")]
    wait: Option<Budget>,
    /// Fetch every file, and hash what it holds
    #[arg(long, env = "XTASK_DEEP", value_parser = FalseyValueParser::new())]
    deep: bool,
    /// Push again from this machine what is missing or damaged, and look once more
    #[arg(long, env = "XTASK_REPAIR", value_parser = FalseyValueParser::new())]
    repair: bool,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache verify                   every output that this machine has built
  cargo xtask cache verify --deep            the content of every file as well
  cargo xtask cache verify --repair          mend what is missing or damaged with what is built here";

/// Verifies.
///
/// # Errors
/// When the cache cannot be asked.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let session = args.outputs.open(context)?;
    let fleet = args.outputs.evaluate(&session)?;
    let target = target(&session)?;
    // A cache of this machine alone holds what this machine builds; any other must hold what every machine does.
    let extent = if target.config.reach() == Reach::Embedded { Extent::Built } else { Extent::Declared };
    let roots = roots(&session, &fleet, extent, |result| target.closure(result))?;
    if roots.known.is_empty() {
        bail!("there is no output whose presence could be verified: cargo xtask build{}", session.flags());
    }
    for line in cache::unbuilt(&roots.unbuilt).lines() {
        context.console.line(line);
    }
    target.ready(&session)?;
    let mut verified = verify(&session, &target, &roots, args.deep, args.wait.map_or(0, |wait| wait.seconds.into()))?;
    if args.repair && !verified.problems.is_empty() {
        repair(&session, &target, &fleet, args.deep)?;
        verified = verify(&session, &target, &roots, args.deep, 0)?;
    }
    if args.json {
        context.console.answer(&cache::json(&verified)?);
    }
    let mut found = found(&session, &verified);
    found.extend(drift(&session, &fleet)?);
    for problem in &found {
        context.console.mark(problems::mark(problem), &problems::text(problem));
    }
    let failed = found.iter().any(Problem::fails);
    let mark = if failed { crate::report::Mark::Failed } else { crate::report::Mark::Ok };
    context.console.verdict(mark, &format!("cache verify: {}", cache::verified_verdict(&verified)));
    let ending = if failed { Ending::Problems } else { Ending::Clean };
    Ok(ending.worse(plan::unfinished(&session, &fleet)))
}

/// What is in the cache of `roots`.
pub fn verify(session: &Session<'_>, target: &Target, roots: &Roots, deep: bool, wait: u64) -> Result<Verified> {
    let required = roots
        .known
        .iter()
        .flat_map(|(root, _)| root.paths.iter().map(|path| Required { name: root.name.clone(), path: path.clone() }));
    let request = VerifyRequest {
        cache: target.cache.clone(),
        store_folder: session.store.folder.display().to_string(),
        required: required.collect(),
        upstream: target.upstream.clone(),
        deep,
        wait,
        in_flight: IN_FLIGHT,
    };
    let mut progress = cache::Progress::new(&session.context.console);
    let answer = cache_client::verify(session.context, request, &mut |event| progress.show(event));
    progress.finish();
    answer
}

/// What a `garnix.yaml` beside the flake builds otherwise.
///
/// # Errors
/// When it is there and cannot be read.
pub fn drift(session: &Session<'_>, fleet: &Report) -> Result<Vec<Problem>> {
    let file = session.context.repository.join(garnix::FILE);
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(garnix::problems(&text, &fleet.declared)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("read `{}`", file.display())),
    }
}

/// What is wrong, as problems.
pub fn found(session: &Session<'_>, verified: &Verified) -> Vec<Problem> {
    let push = format!("cargo xtask cache push{}", session.flags());
    verified.problems.iter().map(|problem| cache::problem(problem, &push)).collect()
}

/// The paths that are in the cache, and not as they should be.
pub fn damaged(session: &Session<'_>, target: &Target, roots: &Roots) -> Result<Vec<String>> {
    Ok(mendable(verify(session, target, roots, true, 0)?, target.signs()))
}

/// The paths that another push mends: without somebody who `signs`, what lacks a signature would lack it again.
pub(super) fn mendable(verified: Verified, signs: bool) -> Vec<String> {
    let of_signature = |fault: &VerifyFault| {
        matches!(fault, VerifyFault::Unsigned | VerifyFault::OtherKeys(_) | VerifyFault::BadSignature(_))
    };
    let lacks = |path: &String| {
        let mut faults = verified.problems.iter().filter(|problem| problem.path == *path);
        faults.any(|problem| of_signature(&problem.fault))
    };
    verified.again.iter().filter(|path| signs || !lacks(path)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use cache_protocol::VerifyProblem;

    use super::*;

    #[test]
    fn what_nobody_signs_is_not_pushed_again() {
        let check = |fault: VerifyFault, signs: bool, expected: &[&str]| {
            let (path, root) = ("a".to_owned(), "r".to_owned());
            let problems = vec![VerifyProblem { path, root, referrer: None, fault: fault.clone() }];
            let verified = Verified { problems, again: vec!["a".into(), "b".into()], ..Verified::default() };
            assert_eq!(mendable(verified, signs), expected, "{fault:?} {signs}");
        };
        for fault in
            [VerifyFault::Unsigned, VerifyFault::OtherKeys(Vec::new()), VerifyFault::BadSignature("k-1".to_owned())]
        {
            check(fault.clone(), false, &["b"]);
            check(fault, true, &["a", "b"]);
        }
        check(VerifyFault::NoFile("nar/x".to_owned()), false, &["a", "b"]);
    }
}
