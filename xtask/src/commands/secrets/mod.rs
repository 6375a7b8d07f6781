//! Work with the repository's secrets: check them, prove their rules, change who can read them

mod add_recipient;
mod check;
mod edit;
mod keygen;
mod private;
mod roundtrip;
mod scan;
mod side_by_side;
mod updatekeys;
pub mod values;
mod workshop;

use anyhow::Result;

use crate::context::{Context, Ending};
use crate::rules::Problem;
use crate::session::Evidence;

/// Work with the repository's secrets: check them, prove their rules, change who can read them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask secrets check                   what needs no key
  cargo xtask secrets edit secrets/web.yaml   with the editor of the user";

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Check(check::Args),
    Roundtrip(roundtrip::Args),
    Keygen(keygen::Args),
    AddRecipient(add_recipient::Args),
    Updatekeys(updatekeys::Args),
    Edit(edit::Args),
    Scan(scan::Args),
}

/// Runs one verb.
///
/// # Errors
/// When it could not do its work.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    match &args.verb {
        Verb::Check(args) => check::run(context, args),
        Verb::Roundtrip(args) => roundtrip::run(context, args),
        Verb::Keygen(args) => keygen::run(context, args),
        Verb::AddRecipient(args) => add_recipient::run(context, args),
        Verb::Updatekeys(args) => updatekeys::run(context, args),
        Verb::Edit(args) => edit::run(context, args),
        Verb::Scan(args) => scan::run(context, args),
    }
}

/// What is wrong with the secrets of a repository whose outputs are evaluated: the job of this name.
///
/// # Errors
/// As [`run`].
pub fn check(evidence: &Evidence<'_>) -> Result<Vec<Problem>> {
    check::check(evidence)
}
