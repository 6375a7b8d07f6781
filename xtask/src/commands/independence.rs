//! Check that no configuration depends on the files of its siblings, by evaluating each without them
//!
//! Each configuration is evaluated in a tree of its own: everything that git tracks, without the configuration files of the others.
//! Its derivation there is compared with the one that is known. Where they are the same, the configuration is independent: that is
//! the claim itself. Where they differ, the flake's own path may be in the derivation (`nix.registry.self`, `configurationRevision`),
//! so the comparison is made once more with the whole tree in the very same folder. Only a derivation that differs from that one
//! depends on a sibling; which, is searched by halves in the same folder. What the flake is told of itself (revision, hash) is the
//! same in all trees. A configuration that evaluates in the repository and not in a whole copy of it could not be checked.
//!
//! Trees are folders of hard links and not store paths, so evaluation is not pure here; each comparison is between two evaluations
//! that read the same environment. What stays unseen: a sibling that is read as an input of its own (`path:./configurations/…`).

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::{ValidationArgs, autowiring, validate};
use crate::context::{Context, Ending};
use crate::copies::Copies;
use crate::files;
use crate::fleet::AttrPath;
use crate::fleet::layout::Layout;
use crate::pipeline::batching::Limits;
use crate::rules::independence::{self, Search, Subject};
use crate::rules::{Problem, autowiring as layouts};
use crate::session::{Evidence, Session};
use crate::tree::Tree;

/// Check that no configuration depends on the files of its siblings, by evaluating each without them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    validation: ValidationArgs,
    /// Only N configurations, others with every change of the tree [default: all]
    #[arg(long, value_name = "N", env = "XTASK_SAMPLE", value_parser = clap::value_parser!(u16).range(1..))]
    sample: Option<u16>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask independence          every configuration, each without its siblings
  cargo xtask independence --json   the same, for a program";

/// How many configurations are looked at.
#[derive(Debug, Clone, Copy)]
pub enum Extent {
    /// Every one.
    All,
    /// That many.
    Sample(usize),
    /// As many as evaluate in that many seconds, by what they cost when they were last evaluated; at least one.
    Seconds(f64),
}

/// What was found, and how far was looked.
#[derive(Debug)]
pub struct Checked {
    /// What depends on what.
    pub problems: Vec<Problem>,
    /// How many configurations were looked at, now or for the same tree before.
    pub looked_at: usize,
    /// Of how many.
    pub total: usize,
}

/// Evaluates each configuration without its siblings.
///
/// # Errors
/// When no layout is known, or a copy does not evaluate.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let extent = args.sample.map_or(Extent::All, |count| Extent::Sample(usize::from(count)));
    let limits = args.validation.evaluation.wish(Vec::new()).limits;
    validate(context, &args.validation, "independence", |evidence| match check(evidence, extent, limits)? {
        Some(checked) => {
            if checked.looked_at < checked.total {
                context.console.line(&format!("a sample: {} of {} configurations", checked.looked_at, checked.total));
            }
            Ok(checked.problems)
        }
        None => bail!("{}: {}", layouts::unrecognised().fault, layouts::unrecognised().fix),
    })
}

/// What depends on a sibling; nothing where no layout tells which files are whose.
///
/// # Errors
/// When a tree cannot be copied, or a configuration does not evaluate in a whole copy.
pub fn check(evidence: &Evidence<'_>, extent: Extent, limits: Limits) -> Result<Option<Checked>> {
    let session = evidence.session;
    let files = autowiring::Files::of(session)?;
    let Some(layout) = files.layout else { return Ok(None) };
    let entries = layout.entries(&files.files);
    let attrs = evidence.configurations.iter().filter(|configuration| configuration.drv.is_some());
    let mut subjects = independence::subjects(&layout, &entries, attrs.map(|configuration| &configuration.attr));
    let total = subjects.len();
    let key = evidence.fleet.key.clone();
    let mut proved = Proved::read(session, key.as_deref());
    subjects.sort_by_cached_key(|subject| independence::lot(key.as_deref().unwrap_or_default(), &subject.attr));
    subjects.truncate(extent.count(evidence, &subjects));
    let looked_at = subjects.len();
    subjects.retain(|subject| !proved.independent.contains(&subject.attr));
    subjects.sort_by(|a, b| a.attr.cmp(&b.attr));
    if subjects.is_empty() {
        return Ok(Some(Checked { problems: Vec::new(), looked_at, total }));
    }
    let problems = dependences(evidence, &layout, &subjects, limits, &mut proved)?;
    if session.key_now()? == key {
        proved.write(session)?;
    }
    Ok(Some(Checked { problems, looked_at, total }))
}

impl Extent {
    fn count(self, evidence: &Evidence<'_>, subjects: &[Subject]) -> usize {
        match self {
            Self::All => subjects.len(),
            Self::Sample(count) => count,
            Self::Seconds(seconds) => {
                let costs = |subject: &Subject| {
                    let mut results = evidence.fleet.results.iter();
                    let result = results.find(|result| result.output.attr == subject.attr);
                    result.and_then(|result| Some(result.evaluated.as_ref()?.seconds)).unwrap_or_default()
                };
                let mut sum = 0.0;
                let fits = |subject: &&Subject| {
                    sum += costs(subject);
                    sum <= seconds
                };
                subjects.iter().take_while(fits).count().max(1)
            }
        }
    }
}

/// The problems of those subjects that are not independent; the others are noted in `proved`.
fn dependences(
    evidence: &Evidence<'_>,
    layout: &Layout,
    subjects: &[Subject],
    limits: Limits,
    proved: &mut Proved,
) -> Result<Vec<Problem>> {
    let session = evidence.session;
    let below = session.below_top();
    let root = session.tree(None).root;
    // A flake in a folder of its checkout may read what is outside of that folder.
    let outer = match &session.checkout {
        Some(checkout) if !below.as_os_str().is_empty() => Some(Tree::read(&checkout.top, Some(checkout))?),
        _ => None,
    };
    let folders = independence::folders(layout).into_iter().map(|folder| below.join(folder)).collect();
    let tree = outer.as_ref().unwrap_or(&session.tree);
    let copies = Copies::new(&session.context.state, &root, tree, folders, subjects.len())?;
    let without = |subject: &Subject, siblings: &[usize]| -> BTreeSet<PathBuf> {
        let files = siblings.iter().filter_map(|&index| subject.siblings.get(index)).flat_map(|(_, files)| files);
        files.map(|file| below.join(file)).collect()
    };
    let known = |attr: &AttrPath| {
        let configuration = evidence.configurations.iter().find(|configuration| configuration.attr == *attr);
        configuration.and_then(|configuration| configuration.drv.clone())
    };
    // The folder of a copy is always the same for a subject: its path may be in the derivation.
    let number = |subject: &Subject| subjects.iter().position(|other| other.attr == subject.attr).unwrap_or_default();
    let round = |trials: &[(&Subject, BTreeSet<PathBuf>)]| {
        let wanted: Vec<_> = trials.iter().map(|(subject, without)| (number(subject), without)).collect();
        copies.make(&wanted)?;
        let asked: Vec<_> = trials.iter().map(|(subject, _)| (number(subject), subject.attr.clone())).collect();
        session.derive_elsewhere(&asked, copies.folder(), limits)
    };
    let all = |subject: &Subject| (0..subject.siblings.len()).collect::<Vec<_>>();
    let alone = round(&subjects.iter().map(|subject| (subject, without(subject, &all(subject)))).collect::<Vec<_>>())?;
    let (same, other): (Vec<_>, Vec<_>) =
        subjects.iter().zip(alone).partition(|(subject, alone)| alone.as_ref().ok() == known(&subject.attr).as_ref());
    proved.independent.extend(same.into_iter().map(|(subject, _)| subject.attr.clone()));
    if other.is_empty() {
        return Ok(Vec::new());
    }
    let whole = round(&other.iter().map(|(subject, _)| (*subject, BTreeSet::new())).collect::<Vec<_>>())?;
    let mut searches = Vec::new();
    for ((subject, alone), whole) in other.into_iter().zip(whole) {
        let whole = whole.map_err(anyhow::Error::msg);
        let whole = whole.with_context(|| format!("evaluate `{}` in a copy of the repository", subject.attr))?;
        if alone.as_ref().ok() == Some(&whole) {
            proved.independent.insert(subject.attr.clone());
        } else {
            searches.push((subject, alone.err(), whole, Search::new(subject.siblings.len())));
        }
    }
    loop {
        let open = searches.iter_mut().filter(|(.., search)| search.trial().is_some());
        let mut open: Vec<_> = open.collect();
        if open.is_empty() {
            break;
        }
        let trials = open
            .iter()
            .map(|(subject, _, _, search)| (*subject, without(subject, &search.trial().unwrap_or_default())));
        let derived = round(&trials.collect::<Vec<_>>())?;
        for ((_, _, whole, search), derived) in open.iter_mut().zip(derived) {
            search.learn(derived.as_ref().ok() != Some(whole));
        }
    }
    let dependences = searches.into_iter().map(|(subject, failure, _, search)| search.dependence(subject, failure));
    let problem = |dependence: independence::Dependence<'_>| {
        let text = session.tree.text(&dependence.subject.file)?.unwrap_or_default();
        Ok(independence::problem(&dependence, &text))
    };
    dependences.map(problem).collect()
}

/// The configurations of a tree that were found to be independent, kept for the next run on the same tree.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Proved {
    key: Option<String>,
    independent: BTreeSet<AttrPath>,
}

impl Proved {
    fn read(session: &Session<'_>, key: Option<&str>) -> Self {
        let kept = std::fs::read(session.context.state.join("independence.json")).ok();
        let kept: Option<Self> = kept.and_then(|json| serde_json::from_slice(&json).ok());
        let kept = kept.filter(|kept| key.is_some() && kept.key.as_deref() == key);
        kept.unwrap_or_else(|| Self { key: key.map(str::to_owned), independent: BTreeSet::new() })
    }

    fn write(&self, session: &Session<'_>) -> Result<()> {
        let file = session.context.state.join("independence.json");
        files::write_atomically(&file, &serde_json::to_vec(self)?).context("keep what is independent")
    }
}
