//! What the result of a job rests on. Where all of it is the same again, so is the result.
//!
//! Only what can be named here can be relied on: a job that looks at the machine, the clock or the network rests on more, and is run
//! again. Nor is what a job that failed came to ever relied on: who mends the machine, and not the repository, wants to see that.

use std::path::PathBuf;

use super::{Inputs, Job, JobName, Phase, Work};

/// What the result of one job rests on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ground {
    /// The job's row of the table.
    pub row: String,
    /// This program.
    pub tool: String,
    /// The architecture and the kernel of this machine, and the system for which Nix builds.
    pub machine: String,
    /// Flavour and version of Nix, its store, and the settings that reach evaluation.
    pub nix: Vec<String>,
    /// Which inputs the flake is evaluated with.
    pub inputs: String,
    /// Which part of the fleet it is about.
    pub part: String,
    /// What evaluation rests on, for a job that looks at what was evaluated.
    pub evaluation: Option<String>,
    /// Where programs are looked for, for a job that runs some.
    pub programs: Option<String>,
    /// The files that it depends on, each with what it is: kind, mode and content.
    pub files: Vec<(PathBuf, Vec<u8>)>,
}

impl Job {
    /// Whether the result of this job rests on nothing but what [`Ground`] can name: a check that reads files and what was evaluated,
    /// or one of which xtask.toml says which files it depends on; and that does nothing but check.
    #[must_use]
    pub fn can_be_as_before(&self) -> bool {
        let machine = &self.machine;
        let reaches_out = machine.opens_cache || !machine.secrets.is_empty() || !machine.permissions.is_empty();
        if self.phase != Phase::Check || reaches_out || !self.artifacts.is_empty() {
            return false;
        }
        match self.work {
            // `activation` looks at this machine and its store, `lock` at the clock; `independence` keeps its own, host by host.
            Work::BuiltIn => {
                use JobName::{Autowiring, CacheConfig, Config, Secrets};
                [Autowiring, CacheConfig, Config, Secrets].contains(&self.name)
            }
            Work::App(_) | Work::Shell(_) | Work::Command(_) => matches!(self.inputs, Inputs::Globs(_)),
        }
    }
}

impl Ground {
    /// All of it as a list of texts, which no other ground has.
    #[must_use]
    pub fn texts(&self) -> Vec<Vec<u8>> {
        let Self { row, tool, machine, nix, inputs, part, evaluation, programs, files } = self;
        let plain = |text: &str| text.as_bytes().to_vec();
        let optional =
            |text: &Option<String>| text.as_ref().map_or_else(|| plain("-"), |text| plain(&format!("+{text}")));
        let mut texts = vec![plain(row), plain(tool), plain(machine), plain(inputs), plain(part)];
        texts.extend([optional(evaluation), optional(programs), plain(&nix.len().to_string())]);
        texts.extend(nix.iter().map(|text| plain(text)));
        for (path, identity) in files {
            texts.push(path.as_os_str().as_encoded_bytes().to_vec());
            texts.push(identity.clone());
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground() -> Ground {
        let text = |text: &str| text.to_owned();
        Ground {
            row: text("docs: mdbook build"),
            tool: text("1"),
            machine: text("x86_64 linux x86_64-linux"),
            nix: vec![text("nix (Nix) 2.34.8"), text("pure-eval=true")],
            inputs: text("locked"),
            part: String::new(),
            evaluation: Some(text("a")),
            programs: Some(text("/bin")),
            files: vec![("a".into(), b"file 1".to_vec()), ("b".into(), b"file 2".to_vec())],
        }
    }

    #[test]
    fn only_checks_that_say_what_they_depend_on_can_be_as_before() {
        use super::super::table::{Machine, Permission, Table};
        let as_before = |table: Table| -> Vec<&'static str> {
            table.jobs().iter().filter(|job| job.can_be_as_before()).map(Job::word).collect()
        };
        assert_eq!(as_before(Table::default()), ["config", "autowiring", "secrets", "cache-config"]);
        let declared = || Job {
            work: Work::Command(vec!["true".to_owned()]),
            inputs: Inputs::Globs(vec!["docs".to_owned()]),
            ..Job::bare(JobName::of("docs"), Phase::Check)
        };
        let machine = |machine: Machine| Job { machine, ..declared() };
        let permission = Permission { scope: "packages", access: "write", why: "".into() };
        let check = |job: Job, expected: bool| assert_eq!(job.can_be_as_before(), expected, "{job:?}");
        check(declared(), true);
        check(Job { work: Work::App("docs".to_owned()), ..declared() }, true);
        check(Job { inputs: Inputs::Everything, ..declared() }, false);
        check(Job { phase: Phase::Build, ..declared() }, false);
        check(Job { phase: Phase::Verify, ..declared() }, false);
        check(Job { phase: Phase::Publish, ..declared() }, false);
        check(Job { artifacts: vec!["book".to_owned()], ..declared() }, false);
        check(machine(Machine { secrets: vec!["TOKEN".to_owned()], ..Machine::USUAL }), false);
        check(machine(Machine { opens_cache: true, ..Machine::USUAL }), false);
        check(machine(Machine { permissions: vec![permission], ..Machine::USUAL }), false);
    }

    #[test]
    fn whatever_is_different_is_another_ground() {
        let check = |change: fn(&mut Ground)| {
            let mut other = ground();
            change(&mut other);
            assert_ne!(other.texts(), ground().texts(), "{other:?}");
        };
        assert_eq!(ground().texts(), ground().texts());
        check(|ground| ground.row.push('x'));
        check(|ground| ground.tool = "2".to_owned());
        check(|ground| ground.machine = "aarch64 linux aarch64-linux".to_owned());
        check(|ground| ground.nix[0].push_str("-pre"));
        check(|ground| ground.nix[1] = "pure-eval=false".to_owned());
        check(|ground| drop(ground.nix.pop()));
        check(|ground| ground.inputs = "stand-in".to_owned());
        check(|ground| ground.part = "nixos:a".to_owned());
        check(|ground| ground.evaluation = Some("b".to_owned()));
        check(|ground| ground.evaluation = None);
        check(|ground| ground.programs = Some("/usr/bin".to_owned()));
        check(|ground| ground.files[0].0 = "renamed".into());
        check(|ground| ground.files[0].1 = b"executable 1".to_vec());
        check(|ground| ground.files[0].1 = b"file 3".to_vec());
        check(|ground| drop(ground.files.pop()));
        check(|ground| ground.files.push(("c".into(), b"file 1".to_vec())));
        check(|ground| ground.files.swap(0, 1));
    }
}
