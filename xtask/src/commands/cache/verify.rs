//! Prove that what is required is in the cache: whole, signed, each file there

use anyhow::{Context as _, Result, bail};
use cache_protocol::{Answer, Request, Required, Verified, VerifyRequest};
use clap::builder::FalseyValueParser;

use super::OutputArgs;
use super::roots::{Extent, Roots, roots};
use super::target::{Target, target};
use crate::cache_client;
use crate::context::{Context, Ending};
use crate::push_policy::Reach;
use crate::report::{cache, problems};
use crate::rules::{Problem, garnix};
use crate::session::{Report, Session};

/// Requests in flight.
const IN_FLIGHT: usize = 64;

/// Prove that what is required is in the cache: whole, signed, each file there
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    outputs: OutputArgs,
    /// Wait this long for what others still push: 45m, 90s
    #[arg(long, value_name = "TIME", env = "XTASK_WAIT", default_value = "0s", value_parser = seconds)]
    wait: u64,
    /// Fetch every file, and hash what it holds
    #[arg(long, env = "XTASK_DEEP", value_parser = FalseyValueParser::new())]
    deep: bool,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache verify                   every output that this machine has built
  cargo xtask cache verify --deep            the content of every file as well";

/// Seconds of `45m`, `90s`, `1h`, or a number of seconds.
fn seconds(text: &str) -> Result<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        unit => bail!("`{unit}` is no unit of time: use s, m or h"),
    };
    match digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)) {
        Some(seconds) => Ok(seconds),
        None => bail!("`{text}` is no time: write 45m or 90s"),
    }
}

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
    let verified = verify(&session, &target, &roots, args.deep, args.wait)?;
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
    Ok(if failed { Ending::Problems } else { Ending::Clean })
}

/// What is in the cache of `roots`.
pub fn verify(session: &Session<'_>, target: &Target, roots: &Roots, deep: bool, wait: u64) -> Result<Verified> {
    let required = roots
        .known
        .iter()
        .flat_map(|(root, _)| root.paths.iter().map(|path| Required { name: root.name.clone(), path: path.clone() }));
    let request = Request::Verify(VerifyRequest {
        cache: target.cache.clone(),
        store_folder: session.store.folder.display().to_string(),
        required: required.collect(),
        upstream: target.upstream.clone(),
        deep,
        wait,
        in_flight: IN_FLIGHT,
    });
    let mut progress = cache::Progress::new(&session.context.console);
    let answer = cache_client::ask(session.context, &request, &mut |event| progress.show(event));
    progress.finish();
    match answer? {
        Answer::Verify(verified) => Ok(verified),
        _ => bail!("the binary-cache client answered something else than what is in the cache"),
    }
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
    Ok(verify(session, target, roots, true, 0)?.again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let check = |text: &str, expected: Result<u64, &str>| {
            assert_eq!(seconds(text).map_err(|error| error.to_string()), expected.map_err(str::to_owned));
        };
        check("45m", Ok(2700));
        check("90s", Ok(90));
        check("1h", Ok(3600));
        check("7", Ok(7));
        check("soon", Err("`soon` is no unit of time: use s, m or h"));
        check("m", Err("`m` is no time: write 45m or 90s"));
        check("99999999999999999999h", Err("`99999999999999999999h` is no time: write 45m or 90s"));
    }
}
