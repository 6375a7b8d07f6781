//! What a command builds of the flake that it runs in; what cannot be told is said, never taken for nothing.

use super::expression::UNKNOWN;
use super::installable::{Place, arguments, place};
use super::target::{Target, below, built};
use crate::fleet::{AttrPath, Kind, Selector, Step};

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
const WORKS: [&str; 38] = [
    "age-keygen",
    "apt",
    "apt-get",
    "attic",
    "awk",
    "basename",
    "brew",
    "cachix",
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
    "rm",
    "sed",
    "sha256sum",
    "ssh-keygen",
    "sops",
    "tar",
    "touch",
    "which",
];

impl Machine<'_> {
    /// What `words` mean, those inside of a wrapper such as `nix develop --command` included.
    #[must_use]
    pub fn meanings(&self, words: &[String]) -> Vec<Meaning> {
        let Some((program, rest)) = words.split_first() else { return Vec::new() };
        let text: Vec<&str> = rest.iter().map(String::as_str).collect();
        match program.rsplit('/').next().unwrap_or(program) {
            "sudo" | "exec" | "nohup" | "nice" | "time" => self.meanings(after_options(rest)),
            "env" if !rest.is_empty() => self.meanings(after_options(rest)),
            "timeout" => self.meanings(after_options(rest).get(1..).unwrap_or_default()),
            "command" if text.first() != Some(&"-v") => self.meanings(after_options(rest)),
            "nix" => self.nix(rest),
            "om" | "nixci" => vec![self.omnix(program, rest)],
            "nix-fast-build" => vec![self.fast_build(rest)],
            "cargo" if text.first() == Some(&"xtask") => vec![self.xtask(rest.get(1..).unwrap_or_default())],
            "nixos-rebuild" | "darwin-rebuild" | "home-manager" => self.rebuild(program, rest),
            "nix-store" | "nix-collect-garbage" | "nix-env" | "nix-channel" => vec![Meaning::Works],
            name if SAYS.contains(&name) => vec![Meaning::Says],
            name if WORKS.contains(&name) => vec![Meaning::Works],
            _ => vec![Meaning::Unknown("what this program builds, if anything")],
        }
    }

    fn nix(&self, rest: &[String]) -> Vec<Meaning> {
        let Some(given) = arguments(rest) else { return vec![Meaning::Unknown("the attribute is none of a flake")] };
        let (Some(verb), inner) = (given.plain.first(), &given.command) else { return vec![Meaning::Says] };
        let installables = given.plain.get(1..).unwrap_or_default();
        let mut found = match verb.as_str() {
            "build" if given.has("--dry-run") => vec![self.named(installables, "default", below_as_evaluated)],
            "build" => vec![self.named(installables, "default", built_alone)],
            "develop" => vec![self.shell(installables)],
            "shell" | "run" => vec![self.run(verb, installables)],
            "eval" | "path-info" => vec![self.named(installables, "default", below_as_evaluated)],
            "flake" => self.flake(&given.plain, given.has("--no-build")),
            "fmt" => vec![Meaning::Works],
            "--version" | "config" | "doctor" | "registry" | "show-config" | "help" => vec![Meaning::Says],
            "copy" | "store" | "hash" | "log" | "key" | "profile" | "search" | "why-depends" => vec![Meaning::Works],
            _ => vec![Meaning::Unknown("what this command of Nix builds")],
        };
        found.extend(self.meanings(inner));
        // What only opens the way for another command is not a step of its own.
        found.retain(|meaning| inner.is_empty() || *meaning != Meaning::Works);
        found
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

    fn shell(&self, installables: &[String]) -> Meaning {
        self.of_set("devShells", installables)
    }

    fn run(&self, verb: &str, installables: &[String]) -> Meaning {
        if verb == "shell" {
            self.named(installables, "default", built_alone)
        } else {
            self.of_set("apps", installables)
        }
    }

    /// `om ci run` builds what devour-flake finds: no home of `homeConfigurations`, no formatter, no job of Hydra.
    fn omnix(&self, program: &str, rest: &[String]) -> Meaning {
        let Some(given) = arguments(rest) else { return Meaning::Unknown("the attribute is none of a flake") };
        let verbs: Vec<&str> = given.plain.iter().map(String::as_str).collect();
        let verbs = if program == "om" && verbs.first() == Some(&"ci") { &verbs[1..] } else { &verbs[..] };
        if program == "om" && given.plain.first().is_none_or(|first| first != "ci") {
            return Meaning::Works;
        }
        let flake = match verbs {
            ["gh-matrix", ..] => return Meaning::Says,
            ["run" | "build", rest @ ..] | rest => rest.first(),
        };
        if flake.is_some_and(|flake| !matches!(place(flake), Place::Own(attr) if attr.is_empty())) {
            return Meaning::Unknown("which flake, or which part of it, this is");
        }
        let system = match given.value("--systems") {
            Some(system) if is_system(system) => Some(system),
            Some(_) => return Meaning::Unknown("for which systems this is"),
            None => self.system,
        };
        let fits = |kind: &&Kind| match kind.name.as_str() {
            "package" | "check" | "devshell" | "app" => true,
            "nixos" => system.is_none_or(|system| system.ends_with("-linux")),
            "darwin" => system.is_none_or(|system| system.ends_with("-darwin")),
            "home" => kind.set.contains(&Step::System),
            _ => false,
        };
        Meaning::Builds(self.kinds.iter().filter(fits).map(|kind| Target::every(kind, system)).collect())
    }

    /// `nix-fast-build` builds the checks unless it is told otherwise, for the machine's own system.
    fn fast_build(&self, rest: &[String]) -> Meaning {
        let Some(given) = arguments(rest) else { return Meaning::Unknown("the attribute is none of a flake") };
        let systems = match given.value("--systems") {
            Some(systems) => systems.split_whitespace().map(Some).collect(),
            None => vec![self.system],
        };
        if systems.iter().flatten().any(|system| !is_system(system)) {
            return Meaning::Unknown("for which systems this is");
        }
        let attr = match place(given.value("--flake").or(given.value("-f")).unwrap_or(".#checks")) {
            Place::Own(attr) if !attr.is_empty() => AttrPath::parse(&attr),
            Place::Own(_) => AttrPath::parse("checks"),
            Place::Other => return Meaning::Works,
            Place::Unknown => return Meaning::Unknown("which attribute this is"),
        };
        let Ok(attr) = attr else { return Meaning::Unknown("which attribute this is") };
        Meaning::Builds(systems.into_iter().flat_map(|system| below(&attr, system, self.kinds)).collect())
    }

    /// This program: `build` and `ci build` build everything for the machine's system, the other jobs evaluate it.
    fn xtask(&self, rest: &[String]) -> Meaning {
        let Some(given) = arguments(rest) else { return Meaning::Unknown("the attribute is none of a flake") };
        let all = || self.kinds.iter().map(|kind| Target::every(kind, self.system)).collect::<Vec<_>>();
        let plain: Vec<&str> = given.plain.iter().map(String::as_str).collect();
        match &plain[..] {
            ["build"] => Meaning::Builds(all()),
            ["ci"] | ["ci", "build"] if given.value("--only").is_none() && given.value("--skip").is_none() => {
                Meaning::Builds(all())
            }
            ["ci", "matrix"] => Meaning::Evaluates(all()),
            ["ci", jobs @ ..] if !jobs.is_empty() && !jobs.contains(&"build") => Meaning::Works,
            ["build", selectors @ ..] => {
                let selected = selectors.iter().map(|selector| self.selected(selector));
                match selected.collect::<Option<Vec<_>>>() {
                    Some(targets) => Meaning::Builds(targets.concat()),
                    None => Meaning::Unknown("which outputs these are"),
                }
            }
            ["ci", ..] | ["test", ..] => Meaning::Unknown("which outputs these are"),
            _ => Meaning::Works,
        }
    }

    fn selected(&self, text: &str) -> Option<Vec<Target>> {
        text.parse::<Selector>().ok().filter(|_| !text.contains(UNKNOWN))?;
        match text.split_once(':') {
            Some((wanted, name)) if !wanted.contains(['"', '.']) => {
                let kinds = self.kinds.iter().filter(|kind| crate::fleet::glob(wanted, &kind.name));
                let named = |kind: &Kind| {
                    let mut target = Target::every(kind, self.system);
                    target.path.pop();
                    target.path.push(name.to_owned());
                    target
                };
                Some(kinds.map(named).collect())
            }
            _ => Some(below(&AttrPath::parse(text).ok()?, self.system, self.kinds)),
        }
    }

    fn rebuild(&self, program: &str, rest: &[String]) -> Vec<Meaning> {
        let Some(given) = arguments(rest) else { return vec![Meaning::Unknown("the attribute is none of a flake")] };
        let (set, derivation) = match program {
            "nixos-rebuild" => ("nixosConfigurations", "config.system.build.toplevel"),
            "darwin-rebuild" => ("darwinConfigurations", "system"),
            _ => ("homeConfigurations", "activationPackage"),
        };
        let name = match given.value("--flake").map(place) {
            Some(Place::Own(name)) if !name.is_empty() => name,
            _ => return vec![Meaning::Unknown("which configuration this is")],
        };
        let attr = AttrPath::new([set, &name].into_iter().chain(derivation.split('.')));
        let target = built(&attr, self.system, self.kinds);
        match given.plain.first().map(String::as_str) {
            Some("build") => vec![Meaning::Builds(vec![target])],
            Some("dry-build") => vec![Meaning::Evaluates(vec![target])],
            _ => vec![Meaning::Builds(vec![target]), Meaning::Works],
        }
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

fn is_system(text: &str) -> bool {
    let known = |end: &str| text.ends_with(end);
    (known("-linux") || known("-darwin") || known("-freebsd")) && !text.contains([UNKNOWN, ' ', ',', '/', ':'])
}
