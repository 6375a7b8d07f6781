//! `[ci]` of xtask.toml: which machines CI runs on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which machines CI runs on.
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
}
