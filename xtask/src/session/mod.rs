//! What one run of this program knows of a repository: its configuration, Nix, inputs and kept results; opened once, shared by
//! every job.

mod build;
mod discovery;
mod elsewhere;
mod evidence;
mod inputs;
mod look;
mod machine;
mod report;
mod revision;
mod roots;
mod run;
mod selection;
mod sizes;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

pub use discovery::{Discovery, FailedSet};
pub use elsewhere::Derived;
pub use evidence::Evidence;
pub use inputs::{Resolved, Why};
pub use look::Look;
pub use machine::{cores, half_of_free_memory};
pub use report::Report;
pub use run::{BuildWish, Wish};
pub use selection::select;

use crate::config::Config;
use crate::context::Context;
use crate::flake_lock::FlakeLock;
use crate::fleet::{Kind, Step, layout};
use crate::git::{self, Checkout};
use crate::kept::{Costs, Kept};
use crate::nix::query::{DeclaredInputs, Query};
use crate::nix::{Caches, FlakeConfig, Nix, Reference, Settings, SourceTree, Store};
use crate::report::caches_not_asked;
use crate::tree::Tree;
use crate::{files, kept, nix, process};

/// A repository, opened.
#[derive(Debug)]
pub struct Session<'a> {
    /// The user's wishes.
    pub context: &'a Context,
    /// `xtask.toml`.
    pub config: Config,
    /// Every kind of output.
    pub kinds: Vec<Kind>,
    /// The sets of which discovery tells the names besides.
    named_sets: Vec<Vec<Step>>,
    /// The Nix in use.
    pub nix: Nix,
    /// Its settings.
    pub settings: Settings,
    /// Its store.
    pub store: Store,
    /// The git checkout, if the repository is in one.
    pub checkout: Option<Checkout>,
    /// Its files.
    pub tree: Tree,
    /// `flake.lock`.
    pub lock: Option<FlakeLock>,
    /// The inputs that flake.nix declares, or why the file does not tell.
    pub declared: Result<DeclaredInputs, String>,
    /// What its `nixConfig` says of binary caches; nothing where the file does not tell.
    pub nix_config: FlakeConfig,
    /// Which inputs the flake is evaluated with.
    pub inputs: Resolved,
    /// Whether this is a commit as it is, and not the working tree, whatever that holds.
    is_commit: bool,
    query: Query,
}

/// Where that is which is opened.
#[derive(Debug)]
struct Source {
    /// The folder on disk with the files of the checkout, or of the flake outside git.
    top: PathBuf,
    /// The flake's folder, the same or one below.
    folder: PathBuf,
    /// The commit, and how the files differ from it.
    checkout: Option<Checkout>,
    /// Whether the files are no working tree, of which git could tell which it tracks.
    is_commit: bool,
    /// What Nix is given.
    reference: Reference,
    /// Nix files of another tree that the stand-in must suit too.
    besides: Vec<PathBuf>,
}

impl<'a> Session<'a> {
    /// Opens the repository of `context` with `nix`.
    ///
    /// # Errors
    /// When its configuration cannot be read, Nix or git do not answer, or its inputs cannot be had.
    pub fn open(context: &'a Context, nix: Nix) -> Result<Self> {
        Self::open_besides(context, nix, Vec::new())
    }

    /// As [`Session::open`], to be compared with a tree of these Nix files: a stand-in, which depends on what files mention, is one
    /// for both.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open_besides(context: &'a Context, nix: Nix, besides: Vec<PathBuf>) -> Result<Self> {
        let checkout = git::checkout(&context.repository)?;
        let folder = context.repository.clone();
        let top = checkout.as_ref().map_or(&folder, |checkout| &checkout.top).clone();
        let reference = match &checkout {
            Some(checkout) => Reference::Url(checkout.flake_reference(&folder)),
            None => Reference::Folder(folder.clone()),
        };
        Self::of(context, nix, Source { top, folder, checkout, is_commit: false, reference, besides })
    }

    fn of(context: &'a Context, nix: Nix, source: Source) -> Result<Self> {
        let Source { top, folder, checkout, is_commit, reference, besides } = source;
        let config = Config::read(&context.repository)?;
        let kinds = config.kinds()?;
        let named_sets = layout::named_sets(config.autowiring.table()?.as_ref(), &kinds);
        let nix = if context.offline { nix.offline() } else { nix };
        let mut settings = nix.settings()?;
        let store = Store::of(&settings)?;
        let lock = FlakeLock::read(&folder)?;
        let (declared, nix_config) = match nix.flake_file(&folder) {
            Ok(file) => (Ok(file.inputs), file.config),
            Err(error) => (Err(format!("{error:#}")), FlakeConfig::default()),
        };
        let caches = Caches::from(&nix_config);
        let tracking = checkout.as_ref().filter(|_| !is_commit);
        let tree = Tree::read(&folder, tracking)?;
        // A flake in a folder of its checkout may import what is outside of that folder.
        let whole = if top == folder { tree.clone() } else { Tree::read(&top, tracking)? };
        // A flake.nix that cannot be read declares nothing here; discovery says what is wrong with it.
        let known = declared.clone().unwrap_or_default();
        let nix_files: Vec<PathBuf> = whole.nix_files().chain(besides).collect();
        let inputs = inputs::resolve(context, &settings, &store, &known, lock.as_ref(), &nix_files)?;
        // The stand-in is offline by nature: nothing of it is in any cache.
        let nix = if inputs.is_stand_in() {
            nix.offline()
        } else {
            with_caches(context, nix, &mut settings, &caches, !is_commit)
        };
        if let Some(checkout) = &checkout {
            refuse_undecoded(context, &nix, &checkout.top)?;
        }
        let query = Query::write(&context.state, &reference, inputs.overrides())?;
        Ok(Self {
            context,
            config,
            kinds,
            named_sets,
            nix,
            settings,
            store,
            checkout,
            tree,
            lock,
            declared,
            nix_config,
            inputs,
            is_commit,
            query,
        })
    }

    /// The commit, with `-dirty` where tracked files differ from it; `None` outside git or before the first commit.
    #[must_use]
    pub fn revision(&self) -> Option<String> {
        let checkout = self.checkout.as_ref()?;
        let dirty = if checkout.changed.is_empty() { "" } else { "-dirty" };
        Some(format!("{}{dirty}", checkout.head.as_ref()?))
    }

    /// The flags that a command needs to see what this one sees, each after a space.
    #[must_use]
    pub fn flags(&self) -> String {
        let inputs = if self.inputs.is_stand_in() { " --inputs standin" } else { "" };
        let named = self.context.named.as_ref();
        let repository = named.map(|named| format!(" --repo {}", process::quoted(&named.to_string_lossy())));
        format!("{inputs}{}", repository.unwrap_or_default())
    }

    /// The flake, ready to be asked.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Where the repository's files are, as errors name them.
    #[must_use]
    pub fn tree(&self, source: Option<&str>) -> SourceTree {
        let root = self.checkout.as_ref().map_or(&self.context.repository, |checkout| &checkout.top);
        SourceTree { root: root.clone(), in_store: source.map(str::to_owned) }
    }

    /// Everything that can change what evaluation tells, as one hash, for the tree as it was opened; `None` when the tree cannot be
    /// pinned down.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn key(&self) -> Result<Option<String>> {
        self.key_of(self.checkout.as_ref())
    }

    /// As [`Session::key`], for the tree as it is now; a commit stays what it is.
    ///
    /// # Errors
    /// When git refuses, or a file cannot be read.
    pub fn key_now(&self) -> Result<Option<String>> {
        if self.is_commit {
            return self.key();
        }
        self.key_of(git::checkout(&self.context.repository)?.as_ref())
    }

    fn key_of(&self, checkout: Option<&Checkout>) -> Result<Option<String>> {
        let tree = match checkout {
            Some(checkout) => checkout.fingerprint()?,
            None => files::tree_hash(&self.context.repository, &self.context.state)?,
        };
        if self.inputs.has_unlocked() {
            return Ok(None);
        }
        let mut texts = vec![tree, Query::fingerprint(), self.nix.description.clone(), format!("{:?}", self.kinds)];
        texts.push(format!("{:?}", self.named_sets));
        texts.push(self.context.repository.display().to_string());
        texts.push(self.store.folder.display().to_string());
        texts.push(self.inputs.fingerprint());
        texts.push(format!("{:?}", self.config.expect));
        for name in kept::SETTINGS {
            texts.push(format!("{name}={}", self.settings.all.get(name).map_or("", String::as_str)));
        }
        Ok(Some(files::short_hash(&texts)))
    }

    /// What is kept of the tree with `key`, unless `fresh`.
    #[must_use]
    pub fn kept(&self, key: Option<&str>, fresh: bool) -> Option<Kept> {
        if fresh { None } else { Kept::read(&self.context.state, key?, &self.store) }
    }

    /// What outputs cost when they were last evaluated.
    #[must_use]
    pub fn costs(&self) -> Costs {
        Costs::read(&self.context.state)
    }

    /// The folder for links that keep results alive.
    #[must_use]
    pub fn roots(&self) -> PathBuf {
        self.context.state.join("roots")
    }
}

/// The Nix with the flake's own caches, where the user takes what flakes say of settings; where not, the user is told of them, once.
///
/// Nix heeds the `nixConfig` of the flake that it is called for, and that is the wrapper around this one.
fn with_caches(context: &Context, nix: Nix, settings: &mut Settings, caches: &Caches, tell: bool) -> Nix {
    let unknown = caches.unknown_to(settings);
    if unknown.is_empty() || context.offline || !settings.substitute {
        return nix;
    }
    if settings.all.get("accept-flake-config").is_some_and(|value| value == "true") {
        settings.substituters.extend(unknown);
        return nix.with_caches(caches);
    }
    if tell {
        context.console.line(&caches_not_asked(&unknown));
    }
    nix
}

/// Old versions of Nix would read another state of a repository than that on disk, where its path must be encoded in a URL.
fn refuse_undecoded(context: &Context, nix: &Nix, top: &Path) -> Result<()> {
    let plain = nix::percent_encoded(top) == top.to_string_lossy();
    if !plain && !nix.decodes_paths(&context.state)? {
        bail!(
            "Nix {} cannot read a git repository at `{}`: move it to a path of plain letters, digits and `-_.~+@`, or use Nix 2.19 or later",
            nix.version,
            top.display()
        );
    }
    Ok(())
}

/// Finds the Nix to use.
///
/// # Errors
/// When there is none, or it does not work.
pub fn find_nix() -> Result<Nix> {
    nix::find()?.context("there is no Nix on this machine: `cargo xtask bootstrap` brings it")
}
