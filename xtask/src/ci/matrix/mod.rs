//! Which machines of GitHub build what: a system's outputs go to a runner of that system and to no other; those of a large fleet are
//! spread over several by what each cost when it was last evaluated. How long builds took, only the machines that built know, and
//! those of GitHub leave nothing behind; what a build takes depends on what caches have by then.
//!
//! A row names its outputs, so that the machine builds what the plan meant, whatever the machine itself has measured.

mod pack;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::config::{CiConfig, Runner};

/// The most rows that GitHub takes in one matrix.
const MOST_ROWS: usize = 256;
/// The most characters of a matrix: the outputs of a job may hold 1 MB, and each character counts as two.
const MOST_CHARACTERS: usize = 500_000;
/// How many seconds of evaluation one machine is given unless xtask.toml says otherwise: by then the set-up of another is worth it.
const SECONDS_PER_MACHINE: u32 = 600;
/// The selector of everything.
const EVERYTHING: &str = "*:*";

/// One output, as far as machines care.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Its attribute path.
    pub attr: String,
    /// Its system.
    pub system: String,
    /// Wall seconds that its evaluation took.
    pub seconds: f64,
}

/// The rows, as GitHub wants them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// One machine each.
    pub include: Vec<Row>,
}

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name: the system, and which of several.
    pub name: String,
    /// The system it builds for.
    pub system: String,
    /// Its runner.
    pub runner: Runner,
    /// Whether it is the first of its system: it alone runs what is to run once for each system.
    pub first: bool,
    /// Whether the run succeeds without it.
    pub allowed_to_fail: bool,
    /// The selectors of what it builds, between commas.
    pub only: String,
}

impl Matrix {
    /// The machines for `loads`; none if all are of excluded systems.
    ///
    /// # Errors
    /// When there are no outputs, a system has no runner, or the configuration names a system of which nothing is known.
    pub fn of(loads: &[Load], config: &CiConfig) -> Result<Self> {
        if loads.is_empty() {
            bail!("the flake declares no outputs that could be built: an empty plan of these is never a success");
        }
        let mut systems: Vec<&str> = loads.iter().map(|load| load.system.as_str()).collect();
        systems.sort_unstable();
        systems.dedup();
        for (key, named) in [("allowed_to_fail", &config.allowed_to_fail), ("excluded", &config.excluded)] {
            let known = |system: &String| systems.contains(&system.as_str()) || config.runner(system).is_some();
            if let Some(unknown) = named.iter().find(|system| !known(system)) {
                bail!(
                    "`ci.{key}` of xtask.toml names `{unknown}`: no output is for it; there are {}",
                    systems.join(", ")
                );
            }
        }
        systems.retain(|system| !config.excluded.iter().any(|excluded| excluded == system));
        let mut runners = Vec::new();
        for system in &systems {
            let Some(runner) = config.runner(system) else {
                bail!(
                    "no runner is known for {system}: write one into `[ci.runners]` of xtask.toml, or {system} into `ci.excluded`"
                );
            };
            runners.push(runner);
        }
        let groups: Vec<Vec<&Load>> =
            systems.iter().map(|system| loads.iter().filter(|load| load.system == *system).collect()).collect();
        let counts = machines(&groups, config.seconds_per_machine.unwrap_or(SECONDS_PER_MACHINE));
        let spread = Self::spread(&systems, &runners, &groups, &counts, config);
        if spread.characters() <= MOST_CHARACTERS {
            return Ok(spread);
        }
        // So many that GitHub would not take their names: each system has one machine, for which its own name is enough.
        Ok(Self::spread(&systems, &runners, &groups, &vec![1; groups.len()], config))
    }

    fn spread(
        systems: &[&str],
        runners: &[Runner],
        groups: &[Vec<&Load>],
        counts: &[usize],
        config: &CiConfig,
    ) -> Self {
        let mut include = Vec::new();
        for (((system, runner), group), &count) in systems.iter().zip(runners).zip(groups).zip(counts) {
            for (at, machine) in pack::pack(group, count).into_iter().enumerate() {
                let alone = count == 1;
                include.push(Row {
                    name: if alone { (*system).to_owned() } else { format!("{system}-{}-of-{count}", at + 1) },
                    system: (*system).to_owned(),
                    runner: runner.clone(),
                    first: at == 0,
                    allowed_to_fail: config.allowed_to_fail.iter().any(|allowed| allowed == system),
                    only: if alone { EVERYTHING.to_owned() } else { selectors(&machine) },
                });
            }
        }
        Self { include }
    }

    /// One machine for each system, for what has no share in the outputs.
    #[must_use]
    pub fn systems(&self) -> Self {
        let whole = |row: &Row| Row { name: row.system.clone(), only: EVERYTHING.to_owned(), ..row.clone() };
        Self { include: self.include.iter().filter(|row| row.first).map(whole).collect() }
    }

    /// The systems whose outputs are spread over several machines.
    #[must_use]
    pub fn spread_systems(&self) -> Vec<&str> {
        let several = |system: &&str| self.include.iter().filter(|row| row.system == *system).count() > 1;
        self.include.iter().filter(|row| row.first).map(|row| row.system.as_str()).filter(several).collect()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.include.is_empty()
    }

    fn characters(&self) -> usize {
        serde_json::to_string(self).map_or(usize::MAX, |json| json.encode_utf16().count())
    }
}

/// How many machines each group gets: as many as its seconds fill, at least one, all together no more than GitHub takes.
fn machines(groups: &[Vec<&Load>], seconds: u32) -> Vec<usize> {
    let wanted = |group: &Vec<&Load>| {
        let all: f64 = group.iter().map(|load| load.seconds).sum();
        let filled = if seconds == 0 { usize::MAX } else { (all / f64::from(seconds)).ceil() as usize };
        filled.clamp(1, group.len())
    };
    let mut counts: Vec<usize> = groups.iter().map(wanted).collect();
    while counts.iter().sum::<usize>() > MOST_ROWS {
        let Some(most) = counts.iter_mut().max().filter(|most| **most > 1) else { break };
        *most -= 1;
    }
    counts
}

/// The outputs by their attribute paths; a comma in one is any character, since commas are between them.
fn selectors(machine: &[&Load]) -> String {
    let attrs: Vec<String> = machine.iter().map(|load| load.attr.replace(',', "?")).collect();
    attrs.join(",")
}

#[cfg(test)]
mod tests;
