//! Encrypt files for whom `.sops.yaml` says now; with `--rotate`, with another data key

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::private::go_on;
use super::workshop::Workshop;
use crate::context::{Context, Ending};
use crate::process;
use crate::report::Mark;
use crate::rules::secrets::Verdict;
use crate::sops::program::NO_KEY;

/// Encrypt files for whom `.sops.yaml` says now; with `--rotate`, with another data key
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The files [default: every encrypted file whose recipients are not those of its rule]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Make another data key too, since who is removed keeps the old one; all files unless some are named
    #[arg(long, env = "XTASK_ROTATE")]
    rotate: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask secrets updatekeys                             every file whose recipients are not those of its rule
  cargo xtask secrets updatekeys secrets/web.yaml --rotate   somebody left: another data key too";

/// Updates, all files or none.
///
/// # Errors
/// When sops is missing, a file is damaged, or no key of the user opens one.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let mut workshop = Workshop::open(context)?;
    let named: Vec<PathBuf> = args.files.iter().map(|file| workshop.named(file)).collect::<Result<_>>()?;
    let all = workshop.encrypted();
    let drifted = |path: &&PathBuf| {
        workshop.verdict(path).is_some_and(|verdict| verdict.drift.iter().any(|problem| problem.fails()))
    };
    let paths: Vec<PathBuf> = match (named.is_empty(), args.rotate) {
        (false, _) => named,
        (true, true) => all,
        (true, false) => all.iter().filter(drifted).cloned().collect(),
    };
    if paths.is_empty() {
        context.console.mark(Mark::Ok, "every file is encrypted for whom .sops.yaml says");
        return Ok(Ending::Clean);
    }
    for path in &paths {
        update(&mut workshop, path, args.rotate)?;
    }
    workshop.put_back(&paths)?;
    for path in &paths {
        context.console.mark(Mark::Ok, &format!("`{}` is encrypted for whom its rule names", path.display()));
    }
    if !args.rotate {
        let advice = "who was removed keeps the old data key: `--rotate` makes another, and what they could read must be changed at its source";
        context.console.detail(advice);
    }
    Ok(Ending::Clean)
}

/// Wraps the data key of one file for whom its rule names; in the workshop only.
///
/// # Errors
/// As [`run`].
pub fn update(workshop: &mut Workshop, path: &Path, rotate: bool) -> Result<()> {
    let shown = path.display();
    let before =
        workshop.verdict(path).with_context(|| format!("`{shown}` is no encrypted file of this repository"))?;
    refuse(&before, path, rotate)?;
    let steps: &[&[&str]] = match rotate {
        true => &[&["updatekeys", "--yes"], &["rotate", "--in-place"]],
        false => &[&["updatekeys", "--yes"]],
    };
    // What sops makes of the file stays on the bench from one step to the next.
    for (number, arguments) in steps.iter().enumerate() {
        go_on()?;
        let mut command = workshop.bench(path, arguments)?;
        let output = process::probe(&mut command)?;
        if output.status.code() == Some(NO_KEY) || (!output.status.success() && says_no_key(&output.stderr)) {
            bail!("no key of yours opens `{shown}`: ask one whom it names, or set SOPS_AGE_KEY_FILE");
        }
        if !output.status.success() {
            bail!("could not update `{shown}`: sops {} failed ({})", arguments.join(" "), output.status);
        }
        if number + 1 < steps.len() {
            workshop.keep(path)?;
        }
    }
    workshop.take(path)
}

fn says_no_key(stderr: &[u8]) -> bool {
    String::from_utf8_lossy(stderr).contains("data key")
}

/// Damage is not carried over into a file that looks new.
fn refuse(before: &Verdict, path: &Path, rotate: bool) -> Result<()> {
    let wrapped = if rotate { None } else { before.wrapped.first() };
    match before.damage.iter().find(|problem| problem.fails()).or(wrapped) {
        Some(problem) => bail!("`{}` is not in order: {}: {}", path.display(), problem.fault, problem.fix),
        None => Ok(()),
    }
}
