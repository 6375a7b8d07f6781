//! What was measured in past runs, one line of JSON a run, and where it is going.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::tally::Tally;

/// How many runs a trend looks back.
const RUNS: usize = 20;

/// One measurement, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// Raised whenever the shape changes.
    pub schema: u32,
    /// When, in seconds since 1970.
    pub time: u64,
    /// The commit, with `-dirty` where the working tree differed.
    pub revision: Option<String>,
    /// `locked` or `stand-in`.
    pub inputs: String,
    /// Paths that were needed.
    pub paths: usize,
    /// Those that had to be built.
    pub build: usize,
    /// What had to be built, so that the next run can tell what changed.
    pub built: Vec<String>,
    /// What each substituter had.
    #[serde(default)]
    pub substituters: Vec<PastSubstituter>,
}

/// What one substituter had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastSubstituter {
    /// The substituter, as it is shown.
    pub url: String,
    /// Paths that would be fetched from it.
    pub paths: usize,
    /// Bytes to fetch, as far as it says.
    pub file_bytes: u64,
}

impl Past {
    /// What was measured now.
    #[must_use]
    pub fn of(tally: &Tally, revision: Option<String>, inputs: &str) -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let built = tally.builds.iter().map(|build| build.path.clone()).collect();
        let substituters = tally.substituters.iter().map(|one| PastSubstituter {
            url: one.url.clone(),
            paths: one.paths,
            file_bytes: one.file_bytes,
        });
        Self {
            schema: 1,
            time,
            revision,
            inputs: inputs.to_owned(),
            paths: tally.paths,
            build: tally.build,
            built,
            substituters: substituters.collect(),
        }
    }

    /// How much need not be built, in percent.
    #[must_use]
    pub fn percent(&self) -> f64 {
        if self.paths == 0 {
            100.0
        } else {
            (self.paths - self.build.min(self.paths)) as f64 / self.paths as f64 * 100.0
        }
    }
}

/// Where it is going.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// How much need not be built, run by run, the newest last.
    pub percents: Vec<f64>,
    /// The middle of the runs before the newest.
    pub usual: f64,
}

/// The trend of the runs in `past` with the same inputs as the newest; none before there are two.
#[must_use]
pub fn trend(past: &[Past]) -> Option<Trend> {
    let newest = past.last()?;
    let alike: Vec<f64> = past.iter().filter(|run| run.inputs == newest.inputs).map(Past::percent).collect();
    let percents = alike[alike.len().saturating_sub(RUNS)..].to_vec();
    let mut before = percents[..percents.len() - 1].to_vec();
    before.sort_by(f64::total_cmp);
    let usual = *before.get(before.len() / 2)?;
    Some(Trend { percents, usual })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(inputs: &str, paths: usize, build: usize) -> Past {
        Past {
            schema: 1,
            time: 0,
            revision: None,
            inputs: inputs.to_owned(),
            paths,
            build,
            built: Vec::new(),
            substituters: Vec::new(),
        }
    }

    #[test]
    fn runs_with_the_same_inputs_are_compared() {
        let check = |runs: &[Past], expected: Option<(&[f64], f64)>| {
            let found = trend(runs);
            assert_eq!(found.as_ref().map(|trend| (trend.percents.as_slice(), trend.usual)), expected);
        };
        check(&[], None);
        check(&[past("locked", 4, 1)], None);
        check(&[past("stand-in", 4, 4), past("locked", 4, 1)], None);
        check(&[past("locked", 4, 2), past("stand-in", 4, 4), past("locked", 4, 1)], Some((&[50.0, 75.0], 50.0)));
        check(&[past("locked", 0, 0), past("locked", 1, 2)], Some((&[100.0, 0.0], 100.0)));
        let many: Vec<Past> = (0..30).map(|run| past("locked", 100, run)).collect();
        assert_eq!(trend(&many).unwrap().percents.len(), RUNS);
    }
}
