//! The printed result: one Markdown table a fleet, ratios against plain Nix in the same run, and which targets are reached.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::contenders::{BOUND, Contender, Phase};
use super::measure::Cost;

/// One measured run.
#[derive(Debug)]
pub struct Row {
    /// Who built.
    pub contender: Contender,
    /// From what.
    pub phase: Phase,
    /// At what cost.
    pub cost: Cost,
}

/// All runs over one fleet.
#[derive(Debug)]
pub struct Runs {
    /// How heavy its hosts are.
    pub weight: &'static str,
    /// How many it has.
    pub hosts: usize,
    /// The runs.
    pub rows: Vec<Row>,
}

/// Something that is to be reached, as measured.
struct Target {
    what: String,
    measured: f64,
    at_most: f64,
    unit: &'static str,
}

/// How many hosts the targets are set for.
pub const HEAVY_HOSTS: usize = 100;
/// The same for light ones.
pub const LIGHT_HOSTS: usize = 300;

impl Runs {
    fn cost(&self, contender: Contender, phase: Phase) -> Result<&Cost> {
        let row = self.rows.iter().find(|row| row.contender == contender && row.phase == phase);
        Ok(&row.with_context(|| format!("{} was not run {}", contender.name(), phase.name()))?.cost)
    }

    /// The runs as a Markdown table; each ratio is against the sequential and the single `nix build` from the same state.
    ///
    /// # Errors
    /// When a run to compare with is missing.
    pub fn markdown(&self) -> Result<String> {
        let mut table = format!(
            "| {} {} hosts | from | wall s | of sequential | of one for all | CPU s | peak MiB | of it workers |\n\
             |---|---|---:|---:|---:|---:|---:|---:|\n",
            self.hosts, self.weight
        );
        for Row { contender, phase, cost } in &self.rows {
            let sequential = cost.seconds / self.cost(Contender::Sequential, *phase)?.seconds;
            let all_in_one = cost.seconds / self.cost(Contender::AllInOne, *phase)?.seconds;
            let workers = if contender.is_plain() { "–".to_owned() } else { cost.workers_mib.to_string() };
            writeln!(
                table,
                "| {} | {} | {:.2} | {sequential:.2}× | {all_in_one:.2}× | {:.1} | {} | {workers} |",
                contender.name(),
                phase.name(),
                cost.seconds,
                cost.cpu_seconds,
                cost.peak_mib,
            )?;
        }
        Ok(table)
    }

    /// A line for each target of this fleet.
    ///
    /// # Errors
    /// When a run that a target is about is missing.
    pub fn targets(&self) -> Result<String> {
        let ours = self.cost(Contender::Ours, Phase::Cold)?;
        let unchanged = self.cost(Contender::Ours, Phase::Unchanged)?;
        let mut targets =
            vec![Target { what: "unchanged".to_owned(), measured: unchanged.seconds, at_most: 0.25, unit: " s" }];
        let set_for = if self.weight == super::generate::HEAVY.name {
            targets.splice(0..0, self.heavy_targets(ours)?);
            HEAVY_HOSTS
        } else {
            let one = self.cost(Contender::AllInOne, Phase::Cold)?;
            targets.insert(0, Target::ratio("cold, of one `nix build` of all".to_owned(), ours, one, 1.5));
            LIGHT_HOSTS
        };
        let scale = match self.hosts {
            hosts if hosts == set_for => String::new(),
            hosts => format!(" (set for {set_for} hosts, run with {hosts})"),
        };
        let line = |target: &Target| format!("- {} hosts, {}{scale}\n", self.weight, target.verdict());
        Ok(targets.iter().map(line).collect())
    }

    fn heavy_targets(&self, ours: &Cost) -> Result<Vec<Target>> {
        let bounded = self.cost(Contender::OursBounded, Phase::Cold)?;
        let sequential = self.cost(Contender::Sequential, Phase::Cold)?;
        let plain = self.rows.iter().filter(|row| row.contender.is_plain() && row.phase == Phase::Cold);
        let fastest =
            plain.min_by(|a, b| a.cost.seconds.total_cmp(&b.cost.seconds)).context("nothing was run with plain Nix")?;
        let mib = |what: String, measured: u64, at_most: f64| Target {
            what,
            measured: measured as f64,
            at_most,
            unit: " MiB",
        };
        Ok(vec![
            Target::ratio("cold, of sequential".to_owned(), ours, sequential, 0.5),
            Target::ratio(
                format!("cold, of the fastest plain way, {}", fastest.contender.name()),
                ours,
                &fastest.cost,
                1.0,
            ),
            mib("memory of all workers".to_owned(), ours.workers_mib, 1700.0),
            mib(format!("memory of all workers with --max-memory {BOUND}"), bounded.workers_mib, 700.0),
            Target::ratio(format!("cold with --max-memory {BOUND}, of without"), bounded, ours, 1.3),
        ])
    }
}

impl Target {
    fn ratio(what: String, ours: &Cost, theirs: &Cost, at_most: f64) -> Self {
        Self { what, measured: ours.seconds / theirs.seconds, at_most, unit: "×" }
    }

    fn verdict(&self) -> String {
        let Self { what, measured, at_most, unit } = self;
        let word = if measured <= at_most { "reached" } else { "missed" };
        let number = |value: f64| if *unit == " MiB" { format!("{value:.0}") } else { format!("{value:.2}") };
        format!("{what}: {word}: {}{unit} (target {}{unit})", number(*measured), number(*at_most))
    }
}
