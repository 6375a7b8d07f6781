//! Have every Nix command on this machine ask the caches that flake.nix names

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::builder::FalseyValueParser;

use super::{asked, known};
use crate::bootstrap::Machine;
use crate::bootstrap::caches::netrc::Login;
use crate::bootstrap::caches::{self, Change, Setup, Situation, Trust, Wanted};
use crate::context::{Context, Ending};
use crate::nix::Nix;
use crate::report::cache_setup as report;
use crate::rules::cache_config::host;
use crate::session::find_nix;

/// Have every Nix command on this machine ask the caches that flake.nix names
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Show what would change, and change nothing; exit status 1 if anything would
    #[arg(long, env = "XTASK_DRY_RUN", value_parser = FalseyValueParser::new())]
    dry_run: bool,
    /// Take back what this command has written
    #[arg(long, env = "XTASK_UNDO", value_parser = FalseyValueParser::new())]
    undo: bool,
    /// A host that wants a password, and the variable that holds it; caches of Cachix are asked whether they are private
    #[arg(long, value_name = "HOST=VARIABLE", value_delimiter = ',', env = "XTASK_TOKEN_VARIABLES", value_parser = token)]
    token: Vec<(String, String)>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache setup --dry-run                          what nix.conf and netrc would gain
  cargo xtask cache setup                                    for this user; as root, for the machine
  cargo xtask cache setup --token cache.our-fleet.net=NIX_TOKEN   a private cache
  cargo xtask cache setup --undo                             every byte as it was";

fn token(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((host, variable)) if !host.is_empty() && !variable.is_empty() => Ok((host.into(), variable.into())),
        _ => Err("write HOST=VARIABLE, where the variable holds the token".to_owned()),
    }
}

/// Changes the files that have to say it, or says what a person has to do.
///
/// # Errors
/// When Nix or flake.nix cannot be asked, or a file cannot be read or written.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let nix = find_nix()?;
    let situation = situation(&nix)?;
    if args.undo {
        return changed(context, args, &caches::undo(&situation)?);
    }
    let mut wanted = known::wanted(context, &nix)?;
    if wanted.substituters.is_empty() {
        bail!("`nixConfig` of flake.nix names no cache: `cargo xtask cache provision` creates one and names it there");
    }
    wanted.logins = logins(context, args, &wanted)?;
    match caches::plan(&situation, &wanted)? {
        Setup::InForce => report::in_force(&context.console, &wanted),
        Setup::Declared { file, owner, snippet } => {
            report::declared(&context.console, &file, owner, &snippet);
            return Ok(Ending::Problems);
        }
        Setup::Untrusted => {
            let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("xtask"));
            let variables: Vec<String> = wanted.logins.iter().map(|login| login.variable.clone()).collect();
            let command = report::as_root(&program, &context.repository, &variables);
            report::untrusted(&context.console, &situation.machine.user, &command);
            return Ok(Ending::Problems);
        }
        Setup::Write { changes, known_hosts, netrc_left } => {
            known_hosts.iter().for_each(|host| report::known_host(&context.console, host));
            if let Some(left) = netrc_left.filter(|_| !changes.is_empty()) {
                report::netrc_left(&context.console, &left);
            }
            let ending = changed(context, args, &changes)?;
            return Ok(if args.dry_run || in_force(context, &nix, &situation, &wanted)? {
                ending
            } else {
                Ending::Problems
            });
        }
    }
    Ok(Ending::Clean)
}

/// How things are on this machine; for a user whom the daemon ignores, only what the machine's own files say counts.
fn situation(nix: &Nix) -> Result<Situation> {
    let machine = Machine::read();
    let settings = nix.settings()?;
    let trusted_users = settings.all.get("trusted-users").map_or("", String::as_str);
    let trust = caches::heeds(&nix.reach_store()?, &machine, trusted_users);
    let settings = if trust == Trust::Ignored { nix.settings_of_the_machine()? } else { settings };
    Ok(Situation { machine, flavour: nix.flavour, settings, trust })
}

/// What opens the caches that are private: those the user names, and those of which the token is there and that say so.
fn logins(context: &Context, args: &Args, wanted: &Wanted) -> Result<Vec<Login>> {
    let mut logins = Vec::new();
    for (host, variable) in &args.token {
        let value = std::env::var(variable).with_context(|| format!("read the token of `{host}` from `{variable}`"))?;
        logins.push(Login::new(host, variable, &value)?);
    }
    let is_named = |url: &str| host(url).is_some_and(|host| args.token.iter().any(|(named, _)| named == host));
    for cache in known::caches(wanted, &[]).into_iter().filter(|cache| !is_named(&cache.url)) {
        let Some(variable) = cache.token.as_ref().map(|token| token.variable.clone()) else { continue };
        let Some(host) = host(&cache.url).map(str::to_owned) else { continue };
        let Some(value) = std::env::var(&variable).ok().filter(|value| !value.is_empty()) else { continue };
        let answer = asked::probe(context, vec![cache]).map_err(|error| format!("{error:#}"));
        let found = answer.map(|probe| probe.caches.into_iter().next().unwrap_or_default());
        match found.map(|found| (found.public, found.fault)) {
            Ok((Some(false), _)) => logins.push(Login::new(&host, &variable, &value)?),
            Ok((Some(true), _)) => {}
            Ok((None, fault)) => {
                let why = fault.map_or_else(|| "it does not say".to_owned(), |fault| fault.what);
                report::perhaps_private(&context.console, &host, &variable, &why);
            }
            Err(why) => report::perhaps_private(&context.console, &host, &variable, &why),
        }
    }
    Ok(logins)
}

/// Makes the changes, or shows them.
fn changed(context: &Context, args: &Args, changes: &[Change]) -> Result<Ending> {
    let console = &context.console;
    for change in changes {
        if !args.dry_run {
            caches::apply(change)?;
        }
        report::change(console, change, !args.dry_run);
    }
    let machine = Machine::read();
    let has_daemon = machine.root.join("nix/var/nix/daemon-socket/socket").exists();
    if !args.dry_run && machine.uid == 0 && has_daemon && changes.iter().any(|change| !change.secret) {
        report::restart_daemon(console, &machine);
    }
    report::verdict(console, changes.len(), args.dry_run);
    Ok(if args.dry_run && !changes.is_empty() { Ending::Problems } else { Ending::Clean })
}

/// Whether Nix now asks what is wanted; where not, says what takes its place.
fn in_force(context: &Context, nix: &Nix, situation: &Situation, wanted: &Wanted) -> Result<bool> {
    let settings = nix.settings()?;
    let missing = caches::missing(&settings, wanted);
    if missing.is_empty() {
        return Ok(true);
    }
    let reason = ["substituters", "trusted-public-keys"]
        .iter()
        .find_map(|setting| caches::overridden(&situation.machine, setting));
    report::not_in_force(&context.console, &missing, reason);
    Ok(false)
}
