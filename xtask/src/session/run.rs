//! One run over the fleet for a session: what is wanted, what is known already, and what is remembered afterwards.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Instant;

use anyhow::Result;

use super::machine::cores;
use super::roots::in_store;
use super::selection::{is_selected, refuse_unknown_systems, select};
use super::{Discovery, Report, Session};
use crate::config::asked;
use crate::fleet::{Evaluated, Kind, Output, OutputResult, Selector, Span, Spared, Work};
use crate::kept::{ByOutput, Kept};
use crate::pipeline::batching::{Estimate, Limits};
use crate::pipeline::evaluation::Task;
use crate::pipeline::{self, BuildOrder, Builders, Order, Outcome, Progress, Setting, Systems};

/// What a run is wanted for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Which outputs; none names all.
    pub selectors: Vec<Selector>,
    /// Only outputs of these systems; none names all.
    pub systems: Vec<String>,
    /// Only hosts and homes.
    pub only_configurations: bool,
    /// Forget what is kept.
    pub fresh: bool,
    /// What evaluation may use.
    pub limits: Limits,
    /// How to build, if at all.
    pub build: Option<BuildWish>,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// A selector may name nothing: it is about something else too, and whoever wishes says what names nothing at all.
    pub may_be_absent: bool,
}

/// How to build.
#[derive(Debug, Clone, Default)]
pub struct BuildWish {
    /// Do not fetch what a substituter has.
    pub skip_cached: bool,
    /// Where links to the results go, if a user wants some.
    pub out_link: Option<PathBuf>,
    /// What is evaluated and not built.
    pub spared: Spared,
}

impl Wish {
    /// Which part of the fleet it is, as a text; empty where it is all: only runs of the same part take about as long.
    #[must_use]
    pub fn part(&self) -> String {
        let selectors = self.selectors.iter().map(ToString::to_string);
        let systems = self.systems.iter().map(|system| format!("--system {system}"));
        selectors.chain(systems).collect::<Vec<_>>().join(" ")
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
        let was_kept = kept.is_some();
        let (discovery, mut known) = match kept {
            Some(kept) => self.known_discovery(kept),
            None => (self.discover(watch)?, ByOutput::default()),
        };
        let discovered = Span::until_now(Work::Discovery, 0, "names of outputs", started);
        let outputs: Vec<Output> = discovery.outputs.iter().map(|(output, _)| output.clone()).collect();
        let declared = outputs.clone();
        let selected = if wish.may_be_absent {
            (0..outputs.len()).filter(|&index| is_selected(&outputs[index], &wish.selectors)).collect()
        } else {
            select(&outputs, &discovery.failed, &wish.selectors, &self.kinds)?
        };
        let costs = self.costs();
        let systems = Systems(wish.systems.clone());
        let tasks = selected
            .into_iter()
            .filter(|&index| systems.want(outputs[index].system.as_deref()))
            .filter(|&index| !wish.only_configurations || self.kinds[discovery.outputs[index].1].configuration)
            .map(|index| {
                let kind = self.kinds[discovery.outputs[index].1].clone();
                let usual = Estimate { seconds: kind.usual_seconds, memory_mib: None };
                let estimate = costs.estimate(&outputs[index]).unwrap_or(usual);
                let evaluated = known.remove(&outputs[index]);
                let asked = asked(&self.config.expect, &outputs[index]);
                let last_system = costs.system(&outputs[index]);
                (Task { output: outputs[index].clone(), kind, estimate, asked, last_system }, evaluated)
            })
            .collect::<Vec<_>>();
        let failed_in_sight = discovery.failed.iter().any(|set| set.is_wanted(&wish.selectors, &self.kinds));
        if tasks.is_empty() && !failed_in_sight && !wish.may_be_absent {
            refuse_unknown_systems(&outputs, &wish.systems)?;
        }
        let kept_count = tasks.iter().filter(|(_, evaluated)| evaluated.is_some()).count();
        let build = self.build_order(wish);
        let order = Order { tasks, limits: wish.limits, build, fail_fast: wish.fail_fast, systems };
        let setting = Setting {
            nix: &self.nix,
            store: &self.store,
            query: self.query(),
            tree: self.tree(discovery.source.as_deref()),
            max_jobs: self.settings.max_jobs,
        };
        let mut outcome = pipeline::run(&setting, &order, watch);
        let named = outputs.iter().map(|output| &output.attr).chain(&discovery.named).cloned().collect();
        // Work that is done is reported, whatever becomes of the notes of it.
        let mut kept_notes = Vec::new();
        // What was all known has taught nothing.
        if !was_kept || kept_count < order.tasks.len() {
            kept_notes.push(self.remember(key.clone(), &discovery, outputs, known, &outcome.results));
        }
        let mut linked = Ok(());
        if order.build.is_some() {
            kept_notes.extend(self.keep(wish, &mut outcome));
            linked = self.link(wish, &outcome.results);
        }
        let said = |error: anyhow::Error| format!("{error:#}");
        let failed = discovery.failed.iter().filter(|set| set.is_wanted(&wish.selectors, &self.kinds));
        let failed = failed.map(|set| order.systems.excused(set.result(&self.kinds), None));
        Ok(Report {
            results: outcome.results.into_iter().chain(failed).collect(),
            named,
            uncovered: discovery.uncovered,
            declared,
            invisible: self.invisible(),
            trouble: outcome.trouble.map(said),
            troubles: kept_notes.into_iter().filter_map(Result::err).map(said).collect(),
            unlinked: linked.err().map(said),
            interrupted: outcome.interrupted,
            over: outcome.over,
            at_work: outcome.at_work,
            kept: kept_count,
            peak_mib: outcome.peak_mib,
            spans: std::iter::once(discovered).chain(outcome.spans).collect(),
            seconds: started.elapsed().as_secs_f64(),
            key,
            configurations: OnceLock::new(),
        })
    }

    fn invisible(&self) -> Vec<PathBuf> {
        let files = self.checkout.as_ref().map(|checkout| checkout.invisible_nix_files(&self.context.repository));
        files.unwrap_or_default()
    }

    fn known_discovery(&self, kept: Kept) -> (Discovery, ByOutput<Evaluated>) {
        let is_of = |output: &Output, kind: &Kind| kind.name == output.kind && kind.holds(&output.attr);
        let kind_of = |output: &Output| self.kinds.iter().position(|kind| is_of(output, kind));
        let outputs =
            kept.outputs.into_iter().filter_map(|output| kind_of(&output).map(|kind| (output, kind))).collect();
        let (named, uncovered, source) = (kept.named, kept.uncovered, kept.source);
        let discovery = Discovery { outputs, named, failed: Vec::new(), uncovered, source };
        (discovery, kept.evaluated)
    }

    /// Keeps what was built alive, and measures it.
    pub(super) fn keep(&self, wish: &Wish, outcome: &mut Outcome) -> [Result<()>; 2] {
        let kept = self.keep_alive(wish, &outcome.results, outcome.interrupted);
        [kept, self.measure(&mut outcome.results)]
    }

    pub(super) fn build_order(&self, wish: &Wish) -> Option<BuildOrder> {
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
            spared: build.spared.clone(),
        })
    }

    /// Keeps what was evaluated for the next run, unless the tree changed meanwhile; and what it cost.
    fn remember(
        &self,
        key: Option<String>,
        discovery: &Discovery,
        outputs: Vec<Output>,
        known: ByOutput<Evaluated>,
        results: &[OutputResult],
    ) -> Result<()> {
        let evaluated = || results.iter().filter_map(|result| Some((&result.output, result.evaluated.as_ref()?)));
        let mut costs = self.costs();
        for (output, evaluated) in evaluated() {
            costs.learn(output, evaluated);
        }
        costs.write(&self.context.state)?;
        let Some(key) = key.filter(|_| discovery.failed.is_empty()) else { return Ok(()) };
        if self.key_now()?.as_ref() != Some(&key) {
            return Ok(());
        }
        let mut kept = Kept::new(&key, outputs, discovery.uncovered.clone(), discovery.source.clone());
        kept.named.clone_from(&discovery.named);
        kept.evaluated = known;
        for (output, evaluated) in evaluated() {
            kept.evaluated.insert(output, evaluated.clone());
        }
        // What the working tree holds is kept for the next look at it, and a commit for those who compare with it later.
        if !self.is_commit {
            kept.write(&self.context.state)?;
        }
        let is_clean = self.checkout.as_ref().is_some_and(|checkout| checkout.changed.is_empty());
        if is_clean { kept.write_commit(&self.context.state) } else { Ok(()) }
    }

    /// Fills in closure sizes.
    fn measure(&self, results: &mut [OutputResult]) -> Result<()> {
        let path_of = |result: &OutputResult| in_store(result).next().map(|(_, path)| path.clone());
        let wanted: Vec<String> = results.iter().filter_map(path_of).collect();
        let (sizes, written) = self.closure_sizes(&wanted)?;
        for result in results {
            result.closure_bytes = path_of(result).and_then(|path| sizes.get(&path).copied());
        }
        written
    }
}
