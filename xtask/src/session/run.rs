//! One run over the fleet for a session: what is wanted, what is known already, and what is remembered afterwards.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;

use super::{Discovery, Session, select};
use crate::files;
use crate::fleet::{AttrPath, Evaluated, Output, OutputResult, Selector, Status};
use crate::kept::Kept;
use crate::pipeline::batching::{Estimate, Limits};
use crate::pipeline::evaluation::Task;
use crate::pipeline::{self, BuildOrder, Builders, Order, Progress, Setting, Systems};

/// What a run is wanted for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Which outputs; none names all.
    pub selectors: Vec<Selector>,
    /// Only outputs of these systems; none names all.
    pub systems: Vec<String>,
    /// Forget what is kept.
    pub fresh: bool,
    /// What evaluation may use.
    pub limits: Limits,
    /// How to build, if at all.
    pub build: Option<BuildWish>,
    /// Stop at the first failure.
    pub fail_fast: bool,
}

/// How to build.
#[derive(Debug, Clone, Default)]
pub struct BuildWish {
    /// Do not fetch what a substituter has.
    pub skip_cached: bool,
    /// Where links to the results go, if a user wants some.
    pub out_link: Option<PathBuf>,
}

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// One result an output.
    pub results: Vec<OutputResult>,
    /// Derivations of the flake that no kind covers.
    pub uncovered: Vec<AttrPath>,
    /// Nix files of the flake that git does not know, relative to the repository: Nix does not see them.
    pub invisible: Vec<PathBuf>,
    /// Whether it was ended before everything was done.
    pub interrupted: bool,
    /// How many outputs needed no evaluation, since nothing had changed.
    pub kept: usize,
    /// The most memory in MiB seen over all evaluation processes at once.
    pub peak_mib: u64,
    /// Wall seconds.
    pub seconds: f64,
}

impl Report {
    /// The results that did not succeed.
    pub fn failures(&self) -> impl Iterator<Item = &OutputResult> {
        self.results.iter().filter(|result| result.status.is_failure())
    }

    /// Why a run that built nothing at all is no success, if so.
    #[must_use]
    pub fn nothing_done(&self) -> Option<String> {
        let first = self.results.first()?;
        let skipped = self.results.iter().all(|result| result.status == Status::Skipped);
        skipped.then(|| format!("every output was skipped: {}", first.reason.as_deref().unwrap_or_default()))
    }
}

impl Session<'_> {
    /// Evaluates, and builds if wanted, telling `watch` what happens.
    ///
    /// # Errors
    /// When a selector names nothing, the flake has no outputs, or a tool cannot be run.
    pub fn run(&self, wish: &Wish, watch: &mut dyn FnMut(Progress<'_>)) -> Result<Report> {
        let started = Instant::now();
        let key = self.key()?;
        let kept = self.kept(key.as_deref(), wish.fresh);
        let (discovery, mut known) = match kept {
            Some(kept) => self.known_discovery(kept),
            None => (self.discover(watch)?, BTreeMap::new()),
        };
        let outputs: Vec<Output> = discovery.outputs.iter().map(|(output, _)| output.clone()).collect();
        let selected = select(&outputs, &discovery.failed, &wish.selectors, &self.kinds)?;
        let costs = self.costs();
        let systems = Systems(wish.systems.clone());
        let tasks = selected
            .into_iter()
            .filter(|&index| systems.want(outputs[index].system.as_deref()))
            .map(|index| {
                let kind = self.kinds[discovery.outputs[index].1].clone();
                let usual = Estimate { seconds: kind.usual_seconds, memory_mib: None };
                let estimate = costs.estimate(&outputs[index]).unwrap_or(usual);
                let evaluated = known.remove(&outputs[index].attr);
                let last_system = costs.system(&outputs[index]);
                (Task { output: outputs[index].clone(), kind, estimate, last_system }, evaluated)
            })
            .collect::<Vec<_>>();
        let kept_count = tasks.iter().filter(|(_, evaluated)| evaluated.is_some()).count();
        let build = self.build_order(wish);
        let order = Order { tasks, limits: wish.limits, build, fail_fast: wish.fail_fast, systems };
        let setting = Setting {
            nix: &self.nix,
            store: &self.store,
            query: self.query(),
            tree: self.tree(discovery.source.as_deref()),
            attributes: &[],
            max_jobs: self.settings.max_jobs,
        };
        let mut outcome = pipeline::run(&setting, &order, watch);
        self.remember(key, &discovery, outputs, known, &outcome.results)?;
        if let Some(trouble) = outcome.trouble {
            return Err(trouble);
        }
        if order.build.is_some() {
            self.keep_alive(wish, &outcome.results, outcome.interrupted)?;
            self.measure(&mut outcome.results)?;
        }
        let failed = discovery.failed.iter().filter(|set| set.is_wanted(&wish.selectors, &self.kinds));
        let failed = failed.map(|set| order.systems.excused(set.result(&self.kinds), None));
        Ok(Report {
            results: outcome.results.into_iter().chain(failed).collect(),
            uncovered: discovery.uncovered,
            invisible: self.invisible(),
            interrupted: outcome.interrupted,
            kept: kept_count,
            peak_mib: outcome.peak_mib,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn invisible(&self) -> Vec<PathBuf> {
        let files = self.checkout.as_ref().map(|checkout| checkout.invisible_nix_files(&self.context.repository));
        files.unwrap_or_default()
    }

    fn known_discovery(&self, kept: Kept) -> (Discovery, BTreeMap<AttrPath, Evaluated>) {
        let kind_of = |output: &Output| self.kinds.iter().position(|kind| kind.holds(&output.attr));
        let outputs =
            kept.outputs.into_iter().filter_map(|output| kind_of(&output).map(|kind| (output, kind))).collect();
        let discovery = Discovery { outputs, failed: Vec::new(), uncovered: kept.uncovered, source: kept.source };
        (discovery, kept.evaluated)
    }

    fn build_order(&self, wish: &Wish) -> Option<BuildOrder> {
        let build = wish.build.as_ref()?;
        let builders = self.settings.all_builders();
        let remote: usize = builders.iter().skip(usize::from(self.settings.max_jobs > 0)).map(|b| b.max_jobs).sum();
        let substituters = if build.skip_cached && self.settings.substitute && !self.inputs.is_stand_in() {
            self.settings.substituters.clone()
        } else {
            Vec::new()
        };
        Some(BuildOrder {
            slots: (self.settings.max_jobs + remote).min(4 * cores().max(4)),
            roots: self.roots(),
            builders: Builders {
                offers: builders.into_iter().map(|b| (b.systems, b.features)).collect(),
                wanted: wish.systems.clone(),
            },
            skip_cached: substituters,
        })
    }

    /// Keeps what was evaluated for the next run, unless the tree changed meanwhile; and what it cost.
    fn remember(
        &self,
        key: Option<String>,
        discovery: &Discovery,
        outputs: Vec<Output>,
        known: BTreeMap<AttrPath, Evaluated>,
        results: &[OutputResult],
    ) -> Result<()> {
        let evaluated = || results.iter().filter_map(|result| Some((&result.output.attr, result.evaluated.as_ref()?)));
        let mut costs = self.costs();
        for (attr, evaluated) in evaluated() {
            costs.learn(attr, evaluated);
        }
        costs.write(&self.context.state)?;
        let Some(key) = key.filter(|_| discovery.failed.is_empty()) else { return Ok(()) };
        if self.key()?.as_ref() != Some(&key) {
            return Ok(());
        }
        let mut kept = Kept::new(&key, outputs, discovery.uncovered.clone(), discovery.source.clone());
        kept.evaluated = known;
        kept.evaluated.extend(evaluated().map(|(attr, evaluated)| (attr.clone(), evaluated.clone())));
        kept.write(&self.context.state)
    }

    /// Fills in closure sizes: a path's closure never changes, so each is asked for once.
    fn measure(&self, results: &mut [OutputResult]) -> Result<()> {
        let file = self.context.state.join("closure-sizes.json");
        let mut sizes: BTreeMap<String, u64> =
            std::fs::read(&file).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        let path_of = |result: &OutputResult| {
            let in_store = matches!(result.status, Status::Built | Status::Present);
            result.paths.first().filter(|_| in_store).map(|(_, path)| path.clone())
        };
        let asked: Vec<String> = results.iter().filter_map(path_of).filter(|path| !sizes.contains_key(path)).collect();
        if !asked.is_empty() {
            sizes.extend(asked.iter().cloned().zip(self.nix.closure_bytes(&asked)?));
            files::write_atomically(&file, &serde_json::to_vec(&sizes)?)?;
        }
        for result in results {
            result.closure_bytes = path_of(result).and_then(|path| sizes.get(&path).copied());
        }
        Ok(())
    }
}

/// How many processes this machine runs well at once.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// Half of the memory in MiB that is free now; 4 GiB where the system does not say.
#[must_use]
pub fn half_of_free_memory() -> u64 {
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = available.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(4096, |kib| kib / 1024 / 2)
}
