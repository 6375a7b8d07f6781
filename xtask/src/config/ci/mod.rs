//! `[ci]` of xtask.toml: which jobs there are, and which machines they run on.

mod job;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use toml::Spanned;

pub use job::{Access, JobConfig, Scope};

use super::FILE;
use crate::ci::Table;

/// Which jobs CI has, and which machines they run on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CiConfig {
    /// The branch whose commits are checked besides those of pull requests; without it, `main`.
    pub branch: Option<String>,
    /// The runner for a system: `{ aarch64-linux = ["self-hosted", "arm"] }`. GitHub's own are known for x86_64-linux, aarch64-linux
    /// and aarch64-darwin.
    pub runners: BTreeMap<String, Runner>,
    /// Systems whose builds may fail without failing the run.
    pub allowed_to_fail: Vec<String>,
    /// Systems that are not built, such as those without a runner.
    pub excluded: Vec<String>,
    /// How many seconds of evaluation one machine is given before the outputs of a system are spread over several; without it, 600.
    /// With 0, each output has a machine of its own.
    pub seconds_per_machine: Option<u32>,
    /// How long jobs may take before `workflow validate-run` says so, by the name of the job in the workflow or on GitHub, with `*`:
    /// `{ "build *" = "40m" }`.
    pub budgets: BTreeMap<String, Budget>,
    /// Jobs of your own, and what is otherwise than usual with those that are built in, by name: `[ci.jobs.deploy]`.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, JobConfig>"))]
    pub jobs: BTreeMap<Spanned<String>, JobConfig>,
    /// What that comes to.
    #[serde(skip)]
    pub table: Table,
}

/// How long something may take: `12m44s`, `90s`, `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
#[cfg_attr(test, schemars(with = "String"))]
pub struct Budget {
    /// In seconds.
    pub seconds: u32,
}

impl TryFrom<String> for Budget {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// As it is typed: `12m44s`.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (each, unit) in [(3600, "h"), (60, "m"), (1, "s")] {
            let number = match each {
                3600 => self.seconds / each,
                _ => self.seconds / each % 60,
            };
            if number > 0 || (unit == "s" && self.seconds == 0) {
                write!(f, "{number}{unit}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || format!("`{text}` is no time: write it as `12m44s`, `90s` or `1h30m`");
        let (mut seconds, mut rest, mut longest) = (0_u32, text, u32::MAX);
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
            let (number, unit) = rest.split_at(end);
            let each = match unit.chars().next() {
                Some('h') => 3600,
                Some('m') => 60,
                Some('s') => 1,
                _ => return Err(fault()),
            };
            // `5m1h` and `5m5m` are slips.
            let number: u32 = number.parse().ok().filter(|_| each < longest).ok_or_else(fault)?;
            seconds = number.checked_mul(each).and_then(|more| seconds.checked_add(more)).ok_or_else(fault)?;
            (rest, longest) = (unit.get(1..).unwrap_or_default(), each);
        }
        if seconds == 0 { Err(fault()) } else { Ok(Self { seconds }) }
    }
}

/// What GitHub calls a runner: its label, or several that it must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected the label of a runner, or a list of labels")]
pub enum Runner {
    /// One label.
    Label(String),
    /// Several.
    Labels(Vec<String>),
}

/// The runners that GitHub has itself.
const HOSTED: [(&str, &str); 3] =
    [("x86_64-linux", "ubuntu-latest"), ("aarch64-linux", "ubuntu-24.04-arm"), ("aarch64-darwin", "macos-latest")];

impl CiConfig {
    /// Finishes what needs the text of the file, and refuses what is no table of jobs.
    pub(super) fn complete(&mut self, text: &str) -> Result<()> {
        match Table::of(&self.jobs, &|at| super::fault::line_at(text, at)) {
            Ok(table) => self.table = table,
            Err(fault) => bail!("{FILE}{}: {}", super::fault::place_of(text, fault.at), fault.text),
        }
        Ok(())
    }

    /// The runner for `system`, if there is one.
    #[must_use]
    pub fn runner(&self, system: &str) -> Option<Runner> {
        let hosted = || HOSTED.iter().find(|(known, _)| *known == system);
        let own = self.runners.get(system).cloned();
        own.or_else(|| hosted().map(|(_, label)| Runner::Label((*label).to_owned())))
    }

    /// The runner of what needs one machine of any system: that of x86_64-linux.
    #[must_use]
    pub fn usual_runner(&self) -> Runner {
        let [(system, label), ..] = HOSTED;
        self.runner(system).unwrap_or_else(|| Runner::Label(label.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_runners_go_before_those_of_github() {
        let text = "[runners]\naarch64-linux = [\"self-hosted\", \"arm\"]\nriscv64-linux = \"own\"\n";
        let config: CiConfig = toml::from_str(text).unwrap();
        let check = |system: &str, expected: Option<&str>| {
            let runner = config.runner(system).map(|runner| serde_json::to_string(&runner).unwrap());
            assert_eq!(runner.as_deref(), expected, "{system}");
        };
        check("x86_64-linux", Some(r#""ubuntu-latest""#));
        check("aarch64-linux", Some(r#"["self-hosted","arm"]"#));
        check("aarch64-darwin", Some(r#""macos-latest""#));
        check("riscv64-linux", Some(r#""own""#));
        check("x86_64-freebsd", None);
        let error = toml::from_str::<CiConfig>("[runners]\na = 1\n").unwrap_err();
        assert_eq!(error.message(), "expected the label of a runner, or a list of labels");
    }

    #[test]
    fn budgets_are_times() {
        for (text, expected) in [("12m44s", Some(764)), ("90s", Some(90)), ("1h", Some(3600)), ("1h30m", Some(5400))] {
            assert_eq!(text.parse::<Budget>().ok().map(|budget| budget.seconds), expected, "{text}");
        }
        for (seconds, expected) in [(764, "12m44s"), (60, "1m"), (5401, "1h30m1s"), (0, "0s")] {
            assert_eq!(Budget { seconds }.to_string(), expected);
        }
        for text in ["", "12", "m", "0s", "5m1h", "5m5m", "-5m", "5d", "99999999h", "5 m"] {
            let error = text.parse::<Budget>().unwrap_err();
            assert_eq!(error, format!("`{text}` is no time: write it as `12m44s`, `90s` or `1h30m`"));
        }
        let error = toml::from_str::<CiConfig>("[budgets]\na = \"soon\"\n").unwrap_err();
        assert_eq!(error.message(), "`soon` is no time: write it as `12m44s`, `90s` or `1h30m`");
    }
}
