//! Check that hosts and homes can be activated, by whom, and that recipes name what exists

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{ValidationArgs, config};
use crate::context::{Context, Ending};
use crate::fleet::Configuration;
use crate::nix::derivation;
use crate::recipes;
use crate::rules::Problem;
use crate::rules::activation::{self, Facts, Machine, Recipe, Scripts, Target};
use crate::session::{Evidence, Session};

/// Check that hosts and homes can be activated, by whom, and that recipes name what exists
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    validation: ValidationArgs,
    /// Who would activate [default: this machine's user]
    #[arg(long, env = "XTASK_USER")]
    user: Option<String>,
    /// Where [default: this machine]
    #[arg(long, env = "XTASK_HOST")]
    host: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask activation                         every host and home, and the recipes that activate them
  cargo xtask activation --user ada --host web   what `ada` would activate on `web`";

/// Checks activation.
///
/// # Errors
/// When the repository cannot be read or evaluated, or a program that reads recipes is missing.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let check = |evidence: &Evidence<'_>| {
        // Whoever is named must have something to activate; a machine that is not of the fleet need not.
        let named = args.user.is_some() || args.host.is_some();
        let here = here();
        let machine = Machine {
            user: args.user.clone().unwrap_or(here.user),
            host: args.host.clone().unwrap_or(here.host),
            kind: here.kind.filter(|_| args.host.is_none()),
        };
        problems(evidence, &machine, named)
    };
    super::validate_telling(context, &args.validation, "activation", &check, activation::is_told)
}

/// What activation cannot do.
///
/// # Errors
/// When a file cannot be read, or a program that reads recipes is missing.
pub fn check(evidence: &Evidence<'_>) -> Result<Vec<Problem>> {
    problems(evidence, &here(), false)
}

fn problems(evidence: &Evidence<'_>, machine: &Machine, named: bool) -> Result<Vec<Problem>> {
    let session = evidence.session;
    let targets = evidence.configurations.iter().map(|configuration| target(session, configuration));
    let tracked: Vec<&Path> = session.tree.files().filter(|(_, file)| file.tracked).map(|(path, _)| path).collect();
    let file = recipes::file_among(&tracked);
    let calls = &session.config.activation.recipes;
    let called = calls.iter().zip(std::iter::repeat(file.as_ref())).filter_map(|(call, file)| Some((call, file?)));
    let recipes = called.map(|(call, file)| {
        let dry_run = recipes::dry_run(&session.context.repository, file, call)?;
        Ok(Recipe { call: call.clone(), dry_run })
    });
    let name = file.as_ref().map(|file| file.name.as_path());
    let text =
        |path: Option<&Path>| Ok::<_, anyhow::Error>(path.map(|path| session.tree.text(path)).transpose()?.flatten());
    let facts = Facts {
        results: &evidence.fleet.results,
        declared: &evidence.fleet.declared,
        targets: &targets.collect::<Result<Vec<_>>>()?,
        pins: &session.config.activation.targets,
        aliases: &session.config.config.aliases,
        calls,
        recipes: &recipes.collect::<Result<Vec<_>>>()?,
        recipe_file: name.map(|name| name.display().to_string()).unwrap_or_default(),
        recipe_text: &text(name)?.unwrap_or_default(),
        config_text: &text(Some(Path::new(crate::config::FILE)))?.unwrap_or_default(),
        sources: &config::sources(session)?,
    };
    let mut problems = activation::problems(&facts);
    problems.extend(say(session, &facts, machine, named));
    Ok(problems)
}

/// Says what `machine` would activate; that it is nothing is a problem for a machine that was named.
fn say(session: &Session<'_>, facts: &Facts<'_>, machine: &Machine, named: bool) -> Option<Problem> {
    let who = format!("{}@{}", machine.user, machine.host);
    let console = &session.context.console;
    match activation::resolve(facts, machine) {
        Some(output) => console.line(&format!("{who} would activate {}", output.attr)),
        None if named => {
            let fix = "`cargo xtask outputs` lists what there is";
            return Some(Problem::new(
                None,
                format!("`{who}` would activate nothing: no home and no host is theirs"),
                fix,
            ));
        }
        None => console.detail(&format!("{who} would activate nothing: this machine is not of the fleet")),
    }
    None
}

/// This machine, and whoever runs this.
fn here() -> Machine {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_default();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Machine { user, host, kind: Some(if cfg!(target_os = "macos") { "darwin" } else { "nixos" }) }
}

/// What there is to activate `of` with: what its derivation says, and what is built of it.
fn target<'a>(session: &Session<'_>, of: &'a Configuration) -> Result<Target<'a>> {
    let Some(drv) = &of.drv else {
        return Ok(Target { of, derivation: Scripts::default(), output: None });
    };
    let file = session.store.on_disk(drv);
    let text = std::fs::read(&file).with_context(|| format!("read the derivation `{}`", file.display()))?;
    let text = String::from_utf8_lossy(&text);
    let derivation =
        Scripts { activate: text.contains("/activate"), switch: text.contains("/switch-to-configuration") };
    // A stand-in is one file, and has no scripts.
    let built = derivation::read(&file)?.outputs.into_iter().map(|(_, path)| path).next();
    let built = built.filter(|path| !session.inputs.is_stand_in() && session.store.holds(path));
    let output = built.map(|path| {
        let has = |below: &str| session.store.on_disk(&path).join(below).symlink_metadata().is_ok();
        Scripts { activate: has("activate"), switch: has("bin/switch-to-configuration") }
    });
    Ok(Target { of, derivation, output })
}
