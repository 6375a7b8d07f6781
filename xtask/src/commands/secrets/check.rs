//! Check, without any key, that secrets are encrypted, for whom `.sops.yaml` says, and that what hosts declare is there

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::commands::{ValidationArgs, validate};
use crate::context::{Context, Ending};
use crate::fleet::Secret;
use crate::rules::Problem;
use crate::rules::secrets::{self, Declaration, Facts, File, KeyPath, SopsFile};
use crate::session::{Evidence, Session};
use crate::tree::{FileKind, Tree};

/// Check, without any key, that secrets are encrypted, for whom `.sops.yaml` says, and that what hosts declare is there
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    validation: ValidationArgs,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask secrets check          every file, every rule, every host that declares one
  cargo xtask secrets check --json   the same, for a program";

/// Evaluates, and checks the secrets.
///
/// # Errors
/// When a file cannot be read.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    validate(context, &args.validation, "secrets", check)
}

/// What is wrong with the secrets.
///
/// # Errors
/// As [`run`].
pub fn check(evidence: &Evidence<'_>) -> Result<Vec<Problem>> {
    let session = evidence.session;
    let files = files(&session.tree, &session.config.secrets.ignore)?;
    let mut declarations = Vec::new();
    let mut key_paths = Vec::new();
    for configuration in evidence.configurations {
        let told = &configuration.told;
        let attr = configuration.attr.to_string();
        let names = [Some(configuration.name()), told.host_name.as_deref(), told.user_name.as_deref()];
        let own = Holder { by: attr.clone(), names: names.into_iter().flatten().map(str::to_owned).collect() };
        declarations.extend(own.declares(session, &told.secrets));
        key_paths.extend(own.keys(&told.secret_keys));
        for (user, home) in &told.homes {
            // A home inside of a host opens with its user's key, or with the host's.
            let names = std::iter::once(user.clone()).chain(own.names.clone()).collect();
            let home_holder = Holder { by: format!("{attr}.config.home-manager.users.{user}"), names };
            declarations.extend(home_holder.declares(session, &home.secrets));
            key_paths.extend(home_holder.keys(&home.secret_keys));
        }
    }
    let store = session.store.folder.display().to_string();
    Ok(secrets::problems(&Facts { files: &files, declarations: &declarations, key_paths: &key_paths, store: &store }))
}

/// The text of every file of a repository, without those that `ignored` names, itself or as a folder.
///
/// # Errors
/// When one cannot be read.
pub fn files(tree: &Tree, ignored: &[PathBuf]) -> Result<Vec<File>> {
    let looked_at = |path: &Path| !ignored.iter().any(|ignored| path.starts_with(ignored));
    let regular = tree.files().filter(|(path, file)| file.kind == FileKind::Regular && looked_at(path));
    let mut files = Vec::new();
    for (path, file) in regular {
        if let Some(text) = tree.text(path)? {
            files.push(File { path: path.to_owned(), tracked: file.tracked, text });
        }
    }
    Ok(files)
}

/// A configuration, or a home inside of one.
struct Holder {
    by: String,
    names: Vec<String>,
}

impl Holder {
    fn declares(&self, session: &Session<'_>, secrets: &BTreeMap<String, Secret>) -> Vec<Declaration> {
        let declaration = |(secret, declared): (&String, &Secret)| Declaration {
            by: self.by.clone(),
            names: self.names.clone(),
            secret: secret.clone(),
            key: declared.key.clone().unwrap_or_else(|| secret.clone()),
            format: declared.format.clone().unwrap_or_else(|| "yaml".to_owned()),
            file: sops_file(session, &declared.sops_file),
        };
        secrets.iter().map(declaration).collect()
    }

    fn keys(&self, options: &BTreeMap<String, Vec<String>>) -> Vec<KeyPath> {
        let pairs = options.iter().flat_map(|(option, paths)| paths.iter().map(move |path| (option, path)));
        pairs
            .map(|(option, path)| KeyPath { by: self.by.clone(), option: option.clone(), path: path.clone() })
            .collect()
    }
}

/// The file of the repository that an evaluation names, by its copy in the store.
fn sops_file(session: &Session<'_>, evaluated: &str) -> SopsFile {
    let elsewhere = || SopsFile::Elsewhere(evaluated.to_owned());
    let Ok(in_store) = Path::new(evaluated).strip_prefix(&session.store.folder) else { return elsewhere() };
    let below: PathBuf = in_store.components().skip(1).collect();
    let repository = &session.context.repository;
    let top = session.checkout.as_ref().map_or(repository, |checkout| &checkout.top);
    let Ok(below) = top.join(&below).strip_prefix(repository).map(Path::to_owned) else { return elsewhere() };
    // A file of the same name in another flake is another file.
    match (std::fs::read(evaluated), std::fs::read(repository.join(&below))) {
        (Ok(theirs), Ok(ours)) if theirs != ours => elsewhere(),
        _ if below.as_os_str().is_empty() => elsewhere(),
        _ => SopsFile::Here(below),
    }
}
