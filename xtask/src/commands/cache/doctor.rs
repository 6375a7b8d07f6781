//! Find what keeps binary caches from being used, each with the command that mends it

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use cache_protocol::{Cache, Probe};
use clap::builder::FalseyValueParser;

use super::{asked, known};
use crate::bootstrap::Machine;
use crate::bootstrap::caches::{self, Trust, Wanted, netrc};
use crate::context::{Context, Ending};
use crate::doctor::Standing;
use crate::nix::{Nix, Settings, Store};
use crate::report::{cache_setup, diagnoses};
use crate::rules::cache_config::host;
use crate::rules::cache_doctor::{Asked, CacheFacts, Facts, MachineFacts, diagnose};
use crate::session::find_nix;

/// Variables that name a proxy, and may hold its password.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Find what keeps binary caches from being used, each with the command that mends it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Store paths that a cache should have, though Nix does not get them from there
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// Answer as JSON on stdout
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache doctor          why this machine builds what a cache has
  cargo xtask cache doctor --json   the same, for a program";

/// Looks at this machine and asks the caches, and says what it found.
///
/// # Errors
/// When something could not be looked at.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let nix = find_nix()?;
    let wanted = known::wanted(context, &nix)?;
    let ask = |caches: Vec<Cache>| match context.offline {
        true => Ok(None),
        false => asked::probe(context, caches).map(Some).map_err(|error| format!("{error:#}")),
    };
    let facts = facts(context, args, &nix, &wanted, ask)?;
    let found = diagnose(&facts);
    if args.json {
        context.console.answer(&diagnoses::json(&found)?);
    } else {
        diagnoses::text(&context.console, &found);
    }
    let any = |standing: Standing| found.iter().any(|diagnosis| diagnosis.standing == standing);
    if any(Standing::Unknown) {
        bail!("some things could not be looked at");
    }
    Ok(if any(Standing::Problem) { Ending::Problems } else { Ending::Clean })
}

/// What is looked at: this machine, and what the caches answer to `ask`, which answers nothing where the network is not to be asked.
fn facts(
    context: &Context,
    args: &Args,
    nix: &Nix,
    wanted: &Wanted,
    ask: impl Fn(Vec<Cache>) -> Result<Option<Probe>, String>,
) -> Result<Facts> {
    let user = Machine::read();
    let settings = nix.settings()?;
    let trusted_users = settings.all.get("trusted-users").map_or("", String::as_str);
    let ignored = caches::heeds(&nix.reach_store()?, &user, trusted_users) == Trust::Ignored;
    let settings = if ignored { nix.settings_of_the_machine()? } else { settings };
    let machine = machine(context, nix, &settings, ignored)?;
    let netrc: Vec<PathBuf> = settings.all.get("netrc-file").map(PathBuf::from).into_iter().collect();
    let passwords = netrc.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect::<String>();
    let mut caches = known::caches(wanted, &netrc);
    let pushed = known::pushed(context, wanted, &netrc)?;
    if let Some(pushed) = &pushed {
        caches.retain(|cache| cache.substituter() != pushed.substituter());
        caches.push(pushed.clone());
    }
    let mut answers = ask(caches.clone()).map(|probe| probe.map(|probe| probe.caches.into_iter()));
    let mut facts = Vec::new();
    for cache in caches {
        let asked = match &mut answers {
            Err(why) => Asked::Not(why.clone()),
            Ok(None) => Asked::Offline,
            Ok(Some(probes)) => match probes.next() {
                Some(probe) => Asked::Answered(Box::new(probe)),
                None => Asked::Not("the client did not answer for it".to_owned()),
            },
        };
        let is_set = |variable: &str| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
        let token = cache.token.as_ref().map(|token| (token.variable.clone(), is_set(&token.variable)));
        let (forgotten, paths_unknown) = match forgotten(context, nix, &cache, &args.paths) {
            Ok(paths) => (paths, None),
            Err(why) => (Vec::new(), Some(format!("{why:#}"))),
        };
        let of_s3 = cache.url.starts_with("s3://") && !context.offline;
        facts.push(CacheFacts {
            pushed: pushed.as_ref().is_some_and(|pushed| pushed.url == cache.url),
            token,
            in_netrc: host(&cache.url).is_some_and(|host| netrc::has(&passwords, host)),
            opens: of_s3.then(|| nix.knows_stores_like(&cache.url)).transpose()?,
            forgotten,
            paths_unknown,
            asked,
            url: cache.url,
        });
    }
    let now =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    Ok(Facts { machine, caches: facts, keys: wanted.keys.clone(), now })
}

fn machine(context: &Context, nix: &Nix, settings: &Settings, ignored: bool) -> Result<MachineFacts> {
    let value = |name: &str| settings.all.get(name).map_or("", String::as_str);
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("xtask"));
    Ok(MachineFacts {
        substituters: settings.substituters.clone(),
        trusted_keys: value("trusted-public-keys").split_whitespace().map(str::to_owned).collect(),
        ignored,
        accepts_flakes: value("accept-flake-config") == "true",
        as_root: cache_setup::as_root(&program, &context.repository, &[]),
        nix: nix.description.clone(),
        store_dir: Store::of(settings)?.folder.display().to_string(),
        proxies: PROXIES.iter().filter(|name| is_set(name)).map(|&name| name.to_owned()).collect(),
        has_cachix_auth: is_set("CACHIX_AUTH"),
        negative_ttl: value("narinfo-cache-negative-ttl").parse().unwrap_or(3600),
    })
}

/// Those of the paths that the cache has, asked now, and that Nix says it has not.
fn forgotten(context: &Context, nix: &Nix, cache: &Cache, paths: &[String]) -> Result<Vec<String>> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let mut forgotten = Vec::new();
    for path in asked::present(context, cache.clone(), paths.to_vec())? {
        if nix.says_it_lacks(&cache.url, &path)? {
            forgotten.push(path);
        }
    }
    Ok(forgotten)
}
