//! Make an age key where sops looks for it, readable by its owner alone, and say its public half

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::age;
use crate::bootstrap::Machine;
use crate::context::{Context, Ending};
use crate::report::Mark;

/// Make an age key where sops looks for it, readable by its owner alone, and say its public half
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Where the key goes [default: where sops looks for it]
    #[arg(long, value_name = "FILE", env = "XTASK_OUTPUT")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask secrets keygen                      where sops looks for it
  cargo xtask secrets keygen --output ~/new.key   elsewhere";

/// Makes the key; its public half is the answer.
///
/// # Errors
/// When there is a key already, it would lie in the repository, or age-keygen is missing.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    if !age::is_installed()? {
        bail!("age-keygen is missing: run `cargo xtask bootstrap --only age-key`, or install age");
    }
    let path = args.output.clone().unwrap_or_else(|| Machine::read().age_key_file());
    if age::lies_within(&path, &context.repository)? {
        bail!("the key `{}` would lie inside the repository: name another place with --output", path.display());
    }
    let public = age::make_key(&path)?;
    context.console.mark(
        Mark::Ok,
        &format!("made `{}`; its public half is for `cargo xtask secrets add-recipient`", path.display()),
    );
    context.console.answer(&format!("{public}\n"));
    Ok(Ending::Clean)
}
