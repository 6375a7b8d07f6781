//! A step of bootstrap as data: what it is called, who needs it, how its state is found, and what would change the state.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::machine::Machine;
use super::steps;

/// One step.
#[derive(Debug)]
pub struct Step {
    /// The word of `--only` and `--skip`.
    pub name: &'static str,
    /// What it brings, as the rest of a sentence.
    pub brings: &'static str,
    /// Who cannot work without it.
    pub needed_by: NeededBy,
    /// The steps that must be in order before this one's state can be found.
    pub after: &'static [&'static str],
    /// Finds the state; the probe build aside, nothing on the machine changes by it.
    pub detect: fn(&Surroundings) -> Result<State>,
}

/// Who cannot work without a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NeededBy {
    /// Every run, on a CI machine too.
    Ci,
    /// A person who edits and activates; in CI the step is not needed.
    Developer,
}

/// What a step's state is found in.
#[derive(Debug)]
pub struct Surroundings {
    /// The machine and the user.
    pub machine: Machine,
    /// The root of the repository.
    pub repository: PathBuf,
    /// Never ask the network.
    pub offline: bool,
    /// Whether inputs that cannot be fetched may be replaced by stand-ins.
    pub may_stand_in: bool,
    /// Who is to work here: CI needs no more than what this program's own calls need.
    pub for_whom: NeededBy,
}

/// How things are with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing to do; what was found.
    Satisfied(String),
    /// These actions, in this order, would bring it.
    Missing(Vec<Action>),
    /// This program cannot, or must not, bring it.
    Blocked {
        /// What is in the way.
        reason: String,
        /// What a person does about it: a command where there is one.
        remedy: String,
    },
    /// It is not for this machine or user; why.
    NotApplicable(String),
    /// It cannot be told before another step is in order: that step.
    Waiting(&'static str),
}

/// One change to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Run this command, from a program and its arguments.
    Run(Vec<String>),
    /// Give a file this text; its mode is kept, and what stood there first is kept beside it.
    Write {
        /// The file.
        path: PathBuf,
        /// Its new text.
        text: String,
    },
    /// Give a file that is this program's own this text.
    WriteOwn {
        /// The file.
        path: PathBuf,
        /// Its new text.
        text: String,
    },
    /// Remove a file that is this program's own.
    Remove(PathBuf),
    /// Give a file this mode.
    Restrict {
        /// The file.
        path: PathBuf,
        /// Its mode, such as 0o600.
        mode: u32,
    },
    /// Make an age key where there is none.
    MakeAgeKey(PathBuf),
    /// Download the pinned sops, check it, and install it into this folder.
    InstallSops(PathBuf),
    /// Download and run the official installer of Nix: never without a yes to exactly this.
    RunNixInstaller,
}

impl Action {
    /// A command from its words.
    pub fn run(words: &[&str]) -> Self {
        Self::Run(words.iter().map(|&word| word.to_owned()).collect())
    }
}

/// Every step, in order. The order is that of need: each uses only what the ones before it brought.
pub const STEPS: [Step; 11] = [
    steps::git::STEP,
    steps::nix::STEP,
    steps::store_access::STEP,
    steps::nix_conf::STEP,
    steps::probe_build::STEP,
    steps::direnv::STEP,
    steps::age_key::STEP,
    steps::sops::STEP,
    steps::flake::STEP,
    steps::completions::STEP,
    steps::man::STEP,
];

/// The actions that install Debian packages, or what stands in the way of doing so.
pub fn install_packages(machine: &Machine, packages: &[&str], otherwise: &str) -> State {
    let names = packages.join(" ");
    if machine.may_install() {
        let mut words = vec!["apt-get", "install", "--yes", "--no-install-recommends"];
        words.extend(packages);
        let lists_known = crate::debian::package_lists_known(&machine.root);
        let update = (!lists_known).then(|| Action::run(&["apt-get", "update"]));
        return State::Missing(update.into_iter().chain([Action::run(&words)]).collect());
    }
    let reason = format!("{} is not installed", packages.first().unwrap_or(&""));
    if machine.distribution.is_debian() {
        return State::Blocked { reason, remedy: format!("sudo apt-get install --yes {names}") };
    }
    State::Blocked { reason, remedy: otherwise.to_owned() }
}

/// The text of a file, or nothing if there is none.
pub fn text_of(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(anyhow::Error::new(error).context(format!("read `{}`", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_waits_only_for_earlier_ones() {
        for (index, step) in STEPS.iter().enumerate() {
            for name in step.after {
                let at = STEPS.iter().position(|other| other.name == *name);
                assert!(at.is_some_and(|at| at < index), "{} waits for {name}", step.name);
            }
        }
    }

    #[test]
    fn what_ci_needs_waits_for_nothing_that_only_developers_need() {
        for step in STEPS.iter().filter(|step| step.needed_by == NeededBy::Ci) {
            for other in STEPS.iter().filter(|other| step.after.contains(&other.name)) {
                assert_eq!(other.needed_by, NeededBy::Ci, "{} waits for {}", step.name, other.name);
            }
        }
    }

    #[test]
    fn packages_are_installed_only_as_root_on_debian() {
        let folder = tempfile::tempdir().unwrap();
        let root = Machine::example(folder.path());
        let install = Action::run(&["apt-get", "install", "--yes", "--no-install-recommends", "age"]);
        let update = Action::run(&["apt-get", "update"]);
        assert_eq!(install_packages(&root, &["age"], "x"), State::Missing(vec![update, install]));
        let user = Machine { uid: 1000, ..root.clone() };
        let blocked = |remedy: &str| State::Blocked { reason: "age is not installed".into(), remedy: remedy.into() };
        assert_eq!(install_packages(&user, &["age"], "x"), blocked("sudo apt-get install --yes age"));
        let mut arch = root;
        arch.distribution.id = "arch".into();
        assert_eq!(install_packages(&arch, &["age"], "install age"), blocked("install age"));
    }
}
