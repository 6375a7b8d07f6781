//! Check that files and flake attributes fit each other, by the layout of the repository

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};

use super::{ValidationArgs, validate};
use crate::config::LayoutConfig;
use crate::context::{Context, Ending};
use crate::fleet::AttrPath;
use crate::fleet::layout::{Layout, SeenFile, SeenKind, stray_files};
use crate::rules::{Problem, autowiring};
use crate::session::{Evidence, Report, Session};
use crate::tree::FileKind;

/// Check that files and flake attributes fit each other, by the layout of the repository
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    validation: ValidationArgs,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask autowiring          every file and every attribute of the layout
  cargo xtask autowiring --json   the same, for a program";

/// Compares files and attributes.
///
/// # Errors
/// When no layout is known, or a file cannot be read.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    validate(context, &args.validation, "autowiring", |evidence| {
        // Whoever asks for this one check is not told "clean" when it could not be done.
        if Files::of(evidence.session)?.layout.is_none() {
            let unrecognised = autowiring::unrecognised();
            bail!("{}: {}", unrecognised.fault, unrecognised.fix);
        }
        check(evidence)
    })
}

/// What does not fit; a repository without a known layout is a warning.
///
/// # Errors
/// When a file cannot be read.
pub fn check(evidence: &Evidence<'_>) -> Result<Vec<Problem>> {
    let files = Files::of(evidence.session)?;
    let config = &evidence.session.config.autowiring;
    Ok(autowiring::problems(&autowiring::Facts {
        layout: files.layout.as_ref(),
        files: &files.files,
        texts: &files.texts,
        declared: &evidence.fleet.named,
        unknown: &unknown(evidence.fleet),
        expected: &config.expected()?,
        unexpected: &config.unexpected()?,
        config_text: &evidence.session.tree.text(crate::config::FILE.as_ref())?.unwrap_or_default(),
    }))
}

/// The files that the flake does not see and this check tells of.
///
/// # Errors
/// When a file cannot be read.
pub fn told_of(session: &Session<'_>) -> Result<Vec<PathBuf>> {
    let files = Files::of(session)?;
    let strays = files.layout.as_ref().map(|layout| stray_files(layout, &files.files));
    Ok(strays.unwrap_or_default().into_iter().map(Path::to_owned).collect())
}

/// The files of a repository as a layout sees them, and the layout.
#[derive(Debug)]
pub struct Files {
    /// The layout that is configured or shows.
    pub layout: Option<Layout>,
    /// Every file that git tracks or might track.
    pub files: Vec<SeenFile>,
    /// The text of each tracked Nix file.
    pub texts: Arc<BTreeMap<PathBuf, String>>,
}

impl Files {
    /// Reads them.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn of(session: &Session<'_>) -> Result<Self> {
        let mut files = Vec::new();
        let texts = session.tree.nix_texts()?;
        for (path, file) in session.tree.files() {
            let kind = match &file.kind {
                FileKind::Regular => SeenKind::Regular,
                FileKind::Symlink(target) => SeenKind::Link(target.clone()),
                FileKind::Submodule => continue,
            };
            files.push(SeenFile { path: path.to_owned(), kind, tracked: file.tracked });
        }
        let config = &session.config.autowiring;
        let inputs: BTreeSet<String> = session.declared.iter().flat_map(|inputs| inputs.keys().cloned()).collect();
        let layout = match &config.layout {
            Some(LayoutConfig::Folders(_)) => config.table()?,
            Some(LayoutConfig::Preset(preset)) => {
                let folders = autowiring::folders(&files);
                let shown = || preset.root_in(&folders).unwrap_or_default();
                Some(preset.layout(&config.root.clone().unwrap_or_else(shown)))
            }
            None => autowiring::recognised(&inputs, &files, &texts).map(|layout| match (&config.root, layout.preset) {
                (Some(root), Some(preset)) => preset.layout(root),
                _ => layout,
            }),
        };
        Ok(Self { layout, files, texts })
    }
}

/// The sets whose names discovery could not have.
fn unknown(fleet: &Report) -> Vec<AttrPath> {
    let of = |result: &crate::fleet::OutputResult| match result.output.kind.as_str() {
        "set" => Some(result.output.attr.clone()),
        "flake" => Some(AttrPath::new(Vec::<String>::new())),
        _ => None,
    };
    fleet.results.iter().filter_map(of).collect()
}
