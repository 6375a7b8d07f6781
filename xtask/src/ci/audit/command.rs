//! What a command builds of the flake that it runs in; what cannot be told is said, never taken for nothing.

#[cfg(test)]
mod tests;

use super::installable::{Place, arguments, place};
use super::shell;
use super::target::{Target, below, built};
use crate::fleet::{AttrPath, Kind, Step};

/// What a command does to the outputs of the flake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Builds them.
    Builds(Vec<Target>),
    /// Evaluates them, or some of what they hold.
    Evaluates(Vec<Target>),
    /// Nothing, nor anything else that would be missed.
    Says,
    /// Nothing; and something else that would.
    Works,
    /// It cannot be told: the reason.
    Unknown(&'static str),
}

/// Where commands run.
#[derive(Debug, Clone, Copy)]
pub struct Machine<'a> {
    /// The system of the machine.
    pub system: Option<&'a str>,
    /// The kinds of outputs that there are.
    pub kinds: &'a [Kind],
}

/// Commands after which nobody would ask.
const SAYS: [&str; 34] = [
    ":", "[", "[[", "break", "cat", "cd", "continue", "date", "df", "du", "echo", "env", "exit", "export", "false",
    "file", "free", "head", "ls", "nproc", "printf", "pwd", "return", "set", "shopt", "sleep", "sort", "source",
    "tail", "tee", "test", "true", "uname", "wc",
];
/// Commands that build nothing of a flake, whatever their arguments; what they do is a check or a step of its own.
const WORKS: [&str; 40] = [
    "age-keygen",
    "apt",
    "apt-get",
    "attic",
    "awk",
    "basename",
    "brew",
    "cachix",
    "cargo",
    "chmod",
    "chown",
    "command",
    "cp",
    "curl",
    "cut",
    "diff",
    "direnv",
    "dirname",
    "find",
    "gh",
    "git",
    "grep",
    "gunzip",
    "hostname",
    "install",
    "jq",
    "ln",
    "mkdir",
    "mktemp",
    "mv",
    "read",
    "rustup",
    "rm",
    "sed",
    "sha256sum",
    "ssh-keygen",
    "sops",
    "tar",
    "touch",
    "which",
];

/// Programs of Nix that build nothing of a flake, without the `nix-` before their names.
const KEEPS: [&str; 5] = ["channel", "collect-garbage", "copy-closure", "env", "store"];

impl Machine<'_> {
    /// What `words` mean, those inside of a wrapper such as `nix develop --command` included.
    #[must_use]
    pub fn meanings(&self, words: &[String]) -> Vec<Meaning> {
        let Some((program, rest)) = words.split_first() else { return Vec::new() };
        let text: Vec<&str> = rest.iter().map(String::as_str).collect();
        match program.rsplit('/').next().unwrap_or(program) {
            "sudo" | "exec" | "nohup" | "nice" | "time" => self.meanings(after_options(rest)),
            "env" if !rest.is_empty() => self.meanings(after_options(rest)),
            "timeout" => self.meanings(after_duration(rest)),
            "command" if text.first() != Some(&"-v") => self.meanings(after_options(rest)),
            "bash" | "sh" => self.script(rest),
            "nix" => self.nix(rest),
            "om" | "nixci" => vec![self.omnix(program, rest)],
            "nix-fast-build" => vec![self.fast_build(rest)],
            "cargo" if text.first() == Some(&"xtask") => vec![self.xtask(rest.get(1..).unwrap_or_default())],
            "nixos-rebuild" | "darwin-rebuild" | "home-manager" => self.rebuild(program, rest),
            name if name.strip_prefix("nix-").is_some_and(|of| KEEPS.contains(&of)) => vec![Meaning::Works],
            name if SAYS.contains(&name) => vec![Meaning::Says],
            name if WORKS.contains(&name) => vec![Meaning::Works],
            _ => vec![Meaning::Unknown("what this program builds, if anything")],
        }
    }

    fn nix(&self, rest: &[String]) -> Vec<Meaning> {
        let Some(given) = arguments(rest) else { return vec![Meaning::Unknown("the attribute is none of a flake")] };
        let (Some(verb), inner) = (given.plain.first(), &given.command) else { return vec![Meaning::Says] };
        let installables = given.plain.get(1..).unwrap_or_default();
        // A shell of development, or a program fetched for it, only opens the way for the command inside.
        if !inner.is_empty() {
            return self.meanings(inner);
        }
        match verb.as_str() {
            "build" if given.has("--dry-run") => vec![self.named(installables, "default", below_as_evaluated)],
            "build" => vec![self.named(installables, "default", built_alone)],
            "develop" => vec![self.of_set("devShells", installables)],
            "shell" => vec![self.named(installables, "default", built_alone)],
            // What it runs is a step of its own, besides what is built for it.
            "run" => vec![self.of_set("apps", installables), Meaning::Works],
            "eval" | "path-info" => vec![self.named(installables, "default", below_as_evaluated)],
            "flake" => self.flake(&given.plain, given.has("--no-build")),
            "fmt" => vec![Meaning::Works],
            "--version" | "config" | "doctor" | "registry" | "show-config" | "help" => vec![Meaning::Says],
            "copy" | "store" | "hash" | "log" | "key" | "profile" | "search" | "why-depends" => vec![Meaning::Works],
            _ => vec![Meaning::Unknown("what this command of Nix builds")],
        }
    }

    fn flake(&self, words: &[String], no_build: bool) -> Vec<Meaning> {
        let every = |of: &dyn Fn(&Kind) -> bool| {
            let kinds = self.kinds.iter().filter(|kind| of(kind));
            kinds.map(|kind| Target::every(kind, self.system)).collect::<Vec<_>>()
        };
        if words.get(2).is_some_and(|flake| !matches!(place(flake), Place::Own(_))) {
            return vec![Meaning::Works];
        }
        match words.get(1).map(String::as_str) {
            Some("check") => {
                let checks = every(&|kind| kind.name == "check");
                let others = every(&|kind| kind.name != "check");
                let checks = if no_build { Meaning::Evaluates(checks) } else { Meaning::Builds(checks) };
                vec![checks, Meaning::Evaluates(others)]
            }
            Some("show") => vec![Meaning::Evaluates(every(&|_| true))],
            Some("metadata" | "info" | "lock" | "update" | "prefetch" | "archive" | "init" | "clone") => {
                vec![Meaning::Works]
            }
            _ => vec![Meaning::Unknown("what this command of Nix builds")],
        }
    }

    /// What the installables name, each of them made to targets by `make`.
    fn named(&self, installables: &[String], default: &str, make: Make) -> Meaning {
        let own = [".".to_owned()];
        let installables = if installables.is_empty() { &own[..] } else { installables };
        let mut targets = Vec::new();
        let mut builds = None;
        for installable in installables {
            let attr = match place(installable) {
                Place::Own(attr) => attr,
                Place::Other => continue,
                Place::Unknown => return Meaning::Unknown("which attribute this is"),
            };
            let Ok(attr) = AttrPath::parse(if attr.is_empty() { default } else { &attr }) else {
                return Meaning::Unknown("which attribute this is");
            };
            let (made, built) = make(self, &attr);
            builds = Some(built);
            targets.extend(made);
        }
        match builds {
            Some(true) => Meaning::Builds(targets),
            Some(false) => Meaning::Evaluates(targets),
            None => Meaning::Works,
        }
    }

    fn of_set(&self, set: &str, installables: &[String]) -> Meaning {
        let own = [".".to_owned()];
        let first = installables.first().map_or(&own[0], |first| first);
        let (Place::Own(attr), Some(system)) = (place(first), self.system) else {
            return match place(first) {
                Place::Other => Meaning::Works,
                _ => Meaning::Unknown("which attribute this is"),
            };
        };
        let name = if attr.is_empty() { "default" } else { &attr };
        // A path that names its set does so here too.
        match AttrPath::parse(name).map(|attr| built(&attr, self.system, self.kinds)) {
            Ok(target) if target.kind != "package" => Meaning::Builds(vec![target]),
            Ok(_) => {
                let kind = self.kinds.iter().find(|kind| kind.set.first() == Some(&Step::Named(set.to_owned())));
                let path = vec![set.to_owned(), system.to_owned(), name.to_owned()];
                let kind = kind.map(|kind| kind.name.clone()).unwrap_or_default();
                Meaning::Builds(vec![Target { kind, path, system: Some(system.to_owned()) }])
            }
            Err(_) => Meaning::Unknown("which attribute this is"),
        }
    }

    /// `bash -c SCRIPT`; what is in a file is not looked at.
    fn script(&self, rest: &[String]) -> Vec<Meaning> {
        let Some(at) = rest.iter().position(|word| word.starts_with('-') && word.ends_with('c')) else {
            return vec![Meaning::Unknown("what this script builds, if anything")];
        };
        let Some(script) = rest.get(at + 1) else { return vec![Meaning::Says] };
        let commands = shell::commands(script, &shell::Variables::new(), true);
        commands.iter().flat_map(|command| self.meanings(&command.words)).collect()
    }
}

/// Makes targets of an attribute, and tells whether they are built.
type Make = fn(&Machine<'_>, &AttrPath) -> (Vec<Target>, bool);

fn built_alone(machine: &Machine<'_>, attr: &AttrPath) -> (Vec<Target>, bool) {
    (vec![built(attr, machine.system, machine.kinds)], true)
}

fn below_as_evaluated(machine: &Machine<'_>, attr: &AttrPath) -> (Vec<Target>, bool) {
    (below(attr, machine.system, machine.kinds), false)
}

fn after_options(words: &[String]) -> &[String] {
    let options = words.iter().take_while(|word| word.starts_with('-') || word.contains('=')).count();
    words.get(options..).unwrap_or_default()
}

/// What follows the options, signals and durations of `timeout`.
fn after_duration(words: &[String]) -> &[String] {
    let own = |word: &&String| {
        word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) || word.chars().all(|c| c.is_ascii_uppercase())
    };
    words.get(words.iter().take_while(own).count()..).unwrap_or_default()
}
