//! Prove the rules of `.sops.yaml` with fresh keys: who should open a file does, nobody else does, and tampering is refused

mod canary;
mod cast;
mod trial;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};

use super::private;
use crate::bootstrap::Machine;
use crate::commands::secrets::check::files;
use crate::config::Config;
use crate::context::{Context, Ending};
use crate::report::{Mark, problems};
use crate::rules::Problem;
use crate::rules::secrets::{self, Encrypted, File, Policy};
use crate::sops::program::Sops;
use crate::tree::Tree;
use crate::{age, git};

/// Prove the rules of `.sops.yaml` with fresh keys: who should open a file does, nobody else does, and tampering is refused
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON")]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask secrets roundtrip   every rule, with keys made for it and thrown away";

/// Puts fresh keys in place of all recipients, and tries each rule and format in use with the genuine sops.
///
/// # Errors
/// When a tool is missing, or there is nothing to try.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let sops = Sops::find(&Machine::read().tools_folder())?;
    if !age::is_installed()? {
        bail!("age-keygen is missing: run `cargo xtask bootstrap --only age-key`, or install age");
    }
    let config = Config::read(&context.repository)?;
    let checkout = git::checkout(&context.repository)?;
    let files = files(&Tree::read(&context.repository, checkout.as_ref())?, &config.secrets.ignore)?;
    let sorted = secrets::sort(&files);
    if let Some(problem) = sorted.unreadable.first() {
        let place = problem.place.as_ref().map(ToString::to_string).unwrap_or_default();
        bail!("{place}: {}: run `cargo xtask secrets check`", problem.fault);
    }
    let folder = private::folder()?;
    let mut found = Vec::new();
    let mut tried = 0;
    for policy in &sorted.policies {
        let text = &files.iter().find(|file| file.path == policy.path).context("find the policy again")?.text;
        let own = |file: &&Encrypted<'_>| {
            secrets::nearest(&sorted.policies, file.path).is_some_and(|near| near.path == policy.path)
        };
        let own: Vec<&Encrypted<'_>> = sorted.encrypted.iter().filter(own).collect();
        let examples = examples(policy, &own);
        if examples.is_empty() {
            continue;
        }
        let place = folder.path().join(tried.to_string());
        let cast = cast::Cast::make(&place, policy, text)?;
        for (rule, file) in examples {
            private::go_on()?;
            tried += 1;
            found.extend(trial::run(context, &sops, &cast, policy, rule, file)?);
        }
    }
    folder.close().context("remove the private folder")?;
    if tried == 0 {
        bail!("no rule of a .sops.yaml covers an encrypted file: there is nothing to try");
    }
    conclude(context, args, &found)
}

/// One file for each rule and format in use, and the rule's place in its policy.
fn examples<'a>(policy: &Policy, files: &[&'a Encrypted<'a>]) -> Vec<(usize, &'a Encrypted<'a>)> {
    let mut seen = BTreeSet::new();
    let ruled = files.iter().filter_map(|file| Some((policy.rule_for(file.path)?.0, *file)));
    ruled.filter(|(rule, file)| seen.insert((*rule, file.format.word()))).collect()
}

fn conclude(context: &Context, args: &Args, found: &[Problem]) -> Result<Ending> {
    if args.json {
        context.console.answer(&problems::json(found)?);
    }
    problems::conclude(&context.console, "secrets roundtrip", found);
    Ok(if found.iter().any(Problem::fails) { Ending::Problems } else { Ending::Clean })
}

/// Says that something went as it should.
fn went_well(context: &Context, text: &str) {
    context.console.mark(Mark::Ok, text);
}

/// The text of a file with another in place of its own.
fn with_text(path: &std::path::Path, text: String) -> File {
    File { path: path.to_owned(), tracked: true, text }
}
