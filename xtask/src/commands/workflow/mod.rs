//! Keep the workflows of GitHub what the job table says: generate, check, compare them; audit those of others, and finished runs

mod audit;
mod check;
mod diff;
mod generate;
mod validate_run;

pub use check::check;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::ci::Table;
use crate::ci::workflow::{self, Generated};
use crate::config::Config;
use crate::context::{Context, Ending};
use crate::rules::workflow::calls::{Aliases, aliases};
use crate::rules::workflow::{File, reads};

/// Keep the workflows of GitHub what the job table says: generate, check, compare them; audit those of others, and finished runs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask workflow generate   write what changed
  cargo xtask workflow check      what is wrong with any workflow";

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Generate(generate::Args),
    Check(check::Args),
    Diff(diff::Args),
    Audit(audit::Args),
    ValidateRun(validate_run::Args),
}

/// Runs one verb.
///
/// # Errors
/// When it could not do its work.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    match &args.verb {
        Verb::Generate(args) => generate::run(context, args),
        Verb::Check(args) => check::run(context, args),
        Verb::Diff(args) => diff::run(context, args),
        Verb::Audit(args) => audit::run(context, args),
        Verb::ValidateRun(args) => validate_run::run(context, args),
    }
}

/// The workflows and actions of a repository, and what the job table wants of them.
#[derive(Debug)]
struct Workflows {
    /// What is there, by path.
    files: Vec<File>,
    /// What should be.
    generated: Vec<Generated>,
    /// The jobs that there are.
    table: Table,
    /// What cargo takes its own subcommands for here.
    aliases: Aliases,
}

impl Workflows {
    /// Reads them; those that git does not track yet too.
    ///
    /// # Errors
    /// When a file or xtask.toml cannot be read.
    fn read(repository: &Path) -> Result<Self> {
        let config = Config::read(repository)?;
        let mut files = Vec::new();
        for path in paths(repository)? {
            let text = std::fs::read(repository.join(&path)).with_context(|| format!("read `{}`", path.display()))?;
            files.push(File { path, text: String::from_utf8_lossy(&text).into_owned() });
        }
        let committed = |path: &str| {
            let file = files.iter().find(|file| file.path == Path::new(path));
            file.map(|file| file.text.as_str()).unwrap_or_default()
        };
        let generated = workflow::generate(config.ci.table.jobs(), &config.ci, &config.cache.secrets(), committed);
        Ok(Self { files, generated, table: config.ci.table, aliases: cargo_aliases(repository)? })
    }

    /// The text of the file at `path`; empty where there is none.
    fn text(&self, path: &str) -> &str {
        let file = self.files.iter().find(|file| file.path == Path::new(path));
        file.map(|file| file.text.as_str()).unwrap_or_default()
    }

    /// The generated files that are not as they should be.
    fn stale(&self) -> impl Iterator<Item = &Generated> {
        self.generated.iter().filter(|wanted| self.text(wanted.path) != wanted.text)
    }

    /// Files that say they are generated, and are not any more.
    fn strays(&self) -> impl Iterator<Item = &Path> {
        let marked = self.files.iter().filter(|file| file.text.starts_with(workflow::MARK));
        let stray = |path: &Path| !self.generated.iter().any(|wanted| Path::new(wanted.path) == path);
        marked.map(|file| file.path.as_path()).filter(move |path| stray(path))
    }
}

/// The aliases that cargo reads from the repository; none where it has no configuration of cargo.
fn cargo_aliases(repository: &Path) -> Result<Aliases> {
    let file = repository.join(".cargo/config.toml");
    match std::fs::read_to_string(&file) {
        Ok(text) => aliases(&text).with_context(|| format!("look into `{}`", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Aliases::new()),
        Err(error) => Err(error).with_context(|| format!("read `{}`", file.display())),
    }
}

/// The paths of workflows and actions, sorted.
fn paths(repository: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for (start, depth) in [(".github", usize::MAX), ("", 1)] {
        let start = repository.join(start);
        if !start.is_dir() {
            continue;
        }
        for entry in walkdir::WalkDir::new(&start).max_depth(depth) {
            let entry = entry.with_context(|| format!("list the files in `{}`", start.display()))?;
            let path = entry.path().strip_prefix(repository).unwrap_or(entry.path());
            if !entry.file_type().is_dir() && reads(path) {
                found.push(path.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
