//! The build of what is evaluated already.

use std::time::Instant;

use anyhow::{Context as _, Result};

use super::{Report, Session, Wish};
use crate::fleet::{Evaluated, OutputResult};
use crate::pipeline::batching::Estimate;
use crate::pipeline::evaluation::Task;
use crate::pipeline::{self, Order, Progress, Setting, Systems};

impl Session<'_> {
    /// Builds what `fleet` has evaluated, telling `watch` what happens; what did not evaluate stays as it is.
    ///
    /// # Errors
    /// When an output is of no kind that the repository has, which its evaluation would have said.
    pub fn build(&self, fleet: &Report, wish: &Wish, watch: &mut dyn FnMut(Progress<'_>)) -> Result<Report> {
        let started = Instant::now();
        let known = |result: &OutputResult| Some((result.output.clone(), result.evaluated.clone()?));
        let tasks = fleet.results.iter().filter_map(known).map(|(output, evaluated)| {
            let kind = self.kinds.iter().find(|kind| kind.name == output.kind && kind.holds(&output.attr)).cloned();
            let kind = kind.with_context(|| format!("build `{}`, which is of no known kind", output.attr))?;
            let estimate = Estimate { seconds: evaluated.seconds, memory_mib: Some(evaluated.memory_mib) };
            Ok((Task { output, kind, estimate, asked: Vec::new(), last_system: None }, Some(evaluated)))
        });
        let order = Order {
            tasks: tasks.collect::<Result<Vec<(Task, Option<Evaluated>)>>>()?,
            limits: wish.limits,
            build: self.build_order(wish),
            fail_fast: wish.fail_fast,
            systems: Systems(wish.systems.clone()),
        };
        let setting = Setting {
            nix: &self.nix,
            store: &self.store,
            query: self.query(),
            tree: self.tree(None),
            max_jobs: self.settings.max_jobs,
        };
        let mut outcome = pipeline::run(&setting, &order, watch);
        let notes = self.keep(wish, &mut outcome);
        let linked = self.link(wish, &outcome.results);
        let said = |error: anyhow::Error| format!("{error:#}");
        let mut built = outcome.results.into_iter();
        // The order is that of the evaluation: what it could not evaluate stands where it stood.
        let results = fleet.results.iter().map(|result| match &result.evaluated {
            Some(_) => built.next().unwrap_or_else(|| result.clone()),
            None => result.clone(),
        });
        Ok(Report {
            results: results.collect(),
            trouble: fleet.trouble.clone().or(outcome.trouble.map(said)),
            troubles: fleet
                .troubles
                .iter()
                .cloned()
                .chain(notes.into_iter().filter_map(Result::err).map(said))
                .collect(),
            unlinked: linked.err().map(said),
            interrupted: fleet.interrupted || outcome.interrupted,
            over: outcome.over,
            at_work: outcome.at_work,
            peak_mib: fleet.peak_mib.max(outcome.peak_mib),
            spans: fleet.spans.iter().cloned().chain(outcome.spans).collect(),
            seconds: fleet.seconds + started.elapsed().as_secs_f64(),
            ..fleet.clone()
        })
    }
}
