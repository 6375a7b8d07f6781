//! Edit an encrypted file with the editor of the user, in a private folder; the repository sees ciphertext only

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::workshop::Workshop;
use crate::context::{Context, Ending};
use crate::process;
use crate::report::Mark;
use crate::sops::program::NO_KEY;

/// How sops ends when the editor changed nothing.
const UNCHANGED: i32 = 200;

/// Edit an encrypted file with the editor of the user, in a private folder; the repository sees ciphertext only
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The file; one that is not there yet is made, by its rule
    file: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask secrets edit secrets/web.yaml              a file that is there
  EDITOR=vim cargo xtask secrets edit secrets/new.yaml   one that is made by it, if there is a rule for it";

/// Lets the user edit.
///
/// # Errors
/// When sops is missing, the file is not in order before or after, or no key of the user opens it.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let mut workshop = Workshop::open(context)?;
    let path = workshop.named(&args.file)?;
    let shown = path.display();
    match workshop.verdict(&path) {
        Some(before) => {
            if let Some(problem) = before.failing().next() {
                bail!("`{shown}` is not in order: {}: {}", problem.fault, problem.fix);
            }
        }
        None if workshop.files.iter().any(|file| file.path == path) => {
            bail!("`{shown}` is not encrypted: run `sops encrypt --in-place {shown}`")
        }
        None => {}
    }
    let mut command = workshop.bench(&path, &["edit"])?;
    let status = process::hand_over(&context.console, &mut command)?;
    match status.code() {
        Some(0) => {}
        Some(UNCHANGED) => {
            context.console.mark(Mark::Ok, &format!("`{shown}` is as it was"));
            return Ok(Ending::Clean);
        }
        Some(NO_KEY) => bail!("no key of yours opens `{shown}`: ask one whom it names, or set SOPS_AGE_KEY_FILE"),
        _ => bail!("sops could not edit `{shown}` ({status}): nothing was changed"),
    }
    workshop.take(&path)?;
    workshop.put_back(std::slice::from_ref(&path))?;
    context.console.mark(Mark::Ok, &format!("`{shown}` is encrypted for whom its rule names"));
    Ok(Ending::Clean)
}
