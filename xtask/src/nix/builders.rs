//! The builders that Nix is configured with: this machine, and those of the `builders` setting.

use std::collections::BTreeSet;

use super::Settings;

/// The systems and features one builder offers, and how many builds at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// Its systems.
    pub systems: Vec<String>,
    /// The features it supports, mandatory ones included.
    pub features: Vec<String>,
    /// How many builds it runs at once.
    pub max_jobs: usize,
}

impl Settings {
    /// The systems that some builder builds for, sorted.
    #[must_use]
    pub fn systems(&self) -> Vec<String> {
        systems(self.all_builders())
    }

    /// Every builder; this machine is one unless `max-jobs` is 0.
    #[must_use]
    pub fn all_builders(&self) -> Vec<Builder> {
        let mut builders = Vec::new();
        if self.max_jobs > 0 {
            let mut systems = vec![self.system.clone()];
            systems.extend(self.extra_platforms.iter().cloned());
            builders.push(Builder { systems, features: self.system_features.clone(), max_jobs: self.max_jobs });
        }
        builders.extend(self.remote_builders());
        builders
    }

    /// The machines of the `builders` setting.
    #[must_use]
    pub fn remote_builders(&self) -> Vec<Builder> {
        let machines = match self.builders.strip_prefix('@') {
            // A file that is not there declares no builders, as for Nix itself.
            Some(file) => std::fs::read_to_string(file.trim()).unwrap_or_default(),
            None => self.builders.clone(),
        };
        remote_builders(&machines, &self.system)
    }
}

/// What `builders` build for, sorted.
#[must_use]
pub fn systems(builders: Vec<Builder>) -> Vec<String> {
    let systems: BTreeSet<String> = builders.into_iter().flat_map(|builder| builder.systems).collect();
    systems.into_iter().collect()
}

/// Reads lines of `STORE SYSTEMS KEY MAX-JOBS SPEED FEATURES MANDATORY-FEATURES HOST-KEY`; `-` is the default.
fn remote_builders(machines: &str, own_system: &str) -> Vec<Builder> {
    let lines = machines.split(['\n', ';']).map(|line| line.split('#').next().unwrap_or_default());
    let machine = |line: &str| {
        let mut fields = line.split_whitespace().map(|field| if field == "-" { "" } else { field });
        fields.next().filter(|store| !store.is_empty())?;
        let mut list = |default: &str| {
            let field = fields.next().filter(|field| !field.is_empty()).unwrap_or(default);
            field.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let systems = list(own_system);
        let _key = list("");
        let max_jobs = list("1").first().and_then(|jobs| jobs.parse().ok()).unwrap_or(1);
        let _speed = list("");
        let mut features = list("");
        features.extend(list(""));
        Some(Builder { systems, features, max_jobs })
    };
    lines.filter_map(machine).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_as_nix_reads_them() {
        let builder = |systems: &[&str], features: &[&str], max_jobs| Builder {
            systems: systems.iter().map(|word| (*word).to_owned()).collect(),
            features: features.iter().map(|word| (*word).to_owned()).collect(),
            max_jobs,
        };
        let check = |machines: &str, expected: &[Builder]| assert_eq!(remote_builders(machines, "own"), expected);
        check("", &[]);
        check("# none", &[]);
        check("ssh://a", &[builder(&["own"], &[], 1)]);
        check(
            "ssh-ng://a aarch64-linux,armv7l-linux /key 8 2 kvm,big-parallel benchmark ; ssh://b aarch64-darwin - 4",
            &[
                builder(&["aarch64-linux", "armv7l-linux"], &["kvm", "big-parallel", "benchmark"], 8),
                builder(&["aarch64-darwin"], &[], 4),
            ],
        );
    }
}
