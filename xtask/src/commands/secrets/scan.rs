//! Look for the repository's secret values, and for keys of any kind, in files, folders and the closures of store paths

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::private::go_on;
use super::values::{Value, Values, values};
use super::workshop::Workshop;
use crate::bootstrap::ensure_nix;
use crate::config::Config;
use crate::context::{Context, Ending};
use crate::fleet::Place;
use crate::nix::{self, Store};
use crate::report::{Mark, closed, problems};
use crate::rules::Problem;
use crate::rules::secrets::{Leak, leaks, search};

/// Look for the repository's secret values, and for keys of any kind, in files, folders and the closures of store paths
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What is looked through; of a store path, everything it refers to as well
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Look for keys by their form only, which needs no key of this repository
    #[arg(long, env = "XTASK_PATTERNS_ONLY")]
    patterns_only: bool,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON")]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask secrets scan result              a closure, by the link of a build
  cargo xtask secrets scan --patterns-only .   a folder, without a key";

/// Scans.
///
/// # Errors
/// When xtask.toml cannot be read. What else cannot be read is told, and ends the command with status 2 unless something is found.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let Values { known, closed } =
        if args.patterns_only { Values::default() } else { values(&Workshop::open(context)?)? };
    let search = search(&known.into_iter().filter_map(Value::wanted).collect::<Vec<_>>());
    let config = Config::read(&context.repository)?;
    let ignored: Vec<PathBuf> = config.secrets.ignore.iter().map(|path| context.repository.join(path)).collect();
    let (mut found, mut unread, mut looked_at) = (Vec::new(), Vec::new(), 0);
    for path in roots(context, &args.paths)? {
        let entries = walkdir::WalkDir::new(&path).into_iter();
        // Who names one of them wants to know.
        let wanted = |entry: &walkdir::DirEntry| entry.depth() == 0 || !ignored.iter().any(|path| path == entry.path());
        for entry in entries.filter_entry(wanted) {
            go_on()?;
            let entry = match entry {
                Ok(entry) if entry.file_type().is_file() => entry,
                Ok(_) => continue,
                // The others are looked at all the same: what is found in them counts.
                Err(error) => {
                    unread.push(error.to_string());
                    continue;
                }
            };
            looked_at += 1;
            match File::open(entry.path()).and_then(|mut file| leaks(&search, &mut file)) {
                Ok(leaks) => found.extend(leaks.into_iter().map(|leak| problem(entry.path(), leak))),
                Err(error) => unread.push(format!("{}: {error}", entry.path().display())),
            }
        }
    }
    if looked_at == 0 && unread.is_empty() {
        bail!("there is no file to look through");
    }
    if args.json {
        context.console.answer(&problems::json(&found)?);
    }
    problems::conclude(&context.console, "secrets scan", &found);
    for line in closed::lines(&closed) {
        context.console.mark(Mark::Failed, &format!("not looked for: {line}"));
    }
    for what in &unread {
        context.console.mark(Mark::Failed, &format!("not looked at: {what}: run this as somebody who may read it"));
    }
    Ok(match (found.iter().any(Problem::fails), closed.is_empty() && unread.is_empty()) {
        (true, _) => Ending::Problems,
        (false, false) => Ending::Unchecked,
        (false, true) => Ending::Clean,
    })
}

/// What is looked through: a store path stands for its closure.
fn roots(context: &Context, paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    // Without a Nix there is no store: every path is what it is.
    let store = nix::find()?.map(|nix| Store::of(&nix.settings()?)).transpose()?;
    let mut roots = Vec::new();
    let mut store_paths = Vec::new();
    for path in paths {
        let real = path.canonicalize().with_context(|| format!("find `{}`", path.display()))?;
        let in_store = store.as_ref().and_then(|store| {
            let name = real.strip_prefix(&store.folder).ok()?.components().next()?;
            Some(store.folder.join(name).display().to_string())
        });
        match in_store {
            Some(path) => store_paths.push(path),
            None => roots.push(real),
        }
    }
    if let Some(store) = store.filter(|_| !store_paths.is_empty()) {
        let closure = ensure_nix(context)?.nix.closure(&store_paths)?;
        roots.extend(closure.iter().map(|path| store.on_disk(path)));
    }
    Ok(roots)
}

fn problem(path: &Path, leak: Leak<'_>) -> Problem {
    let place = Some(Place { file: path.to_owned(), line: leak.line });
    let fault = format!("{} stands here {}", leak.what, leak.form.shown());
    Problem::new(place, fault, "do not let this out of the machine; find what copies it there, and change the secret")
}
