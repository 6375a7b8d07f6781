//! The arguments of Nix and of tools around it: which words are installables, and whose flake each one is of.

use super::expression::UNKNOWN;

/// The words of a command line, told apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Those that are no option.
    pub plain: Vec<String>,
    /// The options, with their values.
    pub options: Vec<(String, Option<String>)>,
    /// The command that is run inside.
    pub command: Vec<String>,
}

impl Arguments {
    /// Whether the option stands there.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| name == option)
    }

    /// The value of the option.
    #[must_use]
    pub fn value(&self, option: &str) -> Option<&str> {
        self.options.iter().find(|(name, _)| name == option)?.1.as_deref()
    }
}

/// Options that take one value.
const ONE: [&str; 33] = [
    "--apply",
    "--base",
    "--builders",
    "--cores",
    "--eval-store",
    "--eval-workers",
    "--experimental-features",
    "--extra-experimental-features",
    "--flake",
    "--inputs-from",
    "--json-log-path",
    "--log-format",
    "--max-jobs",
    "--max-memory",
    "--on",
    "--only",
    "--out-link",
    "--output-lock-file",
    "--profile",
    "--reference-lock-file",
    "--report-dir",
    "--result-file",
    "--results",
    "--skip",
    "--store",
    "--substituters",
    "--system",
    "--systems",
    "--workers",
    "-I",
    "-j",
    "-k",
    "-o",
];
/// Options that take two.
const TWO: [&str; 4] = ["--option", "--override-input", "--arg", "--argstr"];
/// Options after which an attribute is not one of a flake.
const NO_FLAKE: [&str; 4] = ["--file", "--expr", "-E", "--stdin"];

/// Tells the words apart; nothing where an attribute is not one of a flake.
#[must_use]
pub fn arguments(words: &[String]) -> Option<Arguments> {
    let mut found = Arguments::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            option if NO_FLAKE.contains(&option) => return None,
            "-c" | "--command" | "--" => {
                found.command = words.cloned().collect();
                return Some(found.settled(word == "--"));
            }
            option if TWO.contains(&option) => drop((words.next(), words.next())),
            option if ONE.contains(&option) => found.options.push((word.clone(), words.next().cloned())),
            option if option.starts_with("--") && option.contains('=') => {
                let (name, value) = option.split_once('=').unwrap_or((option, ""));
                found.options.push((name.to_owned(), Some(value.to_owned())));
            }
            option if option.starts_with('-') => found.options.push((word.clone(), None)),
            _ => found.plain.push(word.clone()),
        }
    }
    Some(found)
}

impl Arguments {
    /// What follows `--` is for a program that `nix run` starts: known only if its flake says which.
    fn settled(mut self, dashes: bool) -> Self {
        if !dashes {
            return self;
        }
        let program = self.plain.get(1).map(String::as_str).unwrap_or_default();
        let named = ["omnix", "nix-fast-build", "nixci"]
            .into_iter()
            .find(|name| program.rsplit(['/', '#']).any(|part| part == *name));
        match named {
            Some("omnix") => self.command.insert(0, "om".to_owned()),
            Some(name) => self.command.insert(0, name.to_owned()),
            None => self.command.clear(),
        }
        self
    }
}

/// Whose flake an installable is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Of the repository: the attribute, empty if none is named.
    Own(String),
    /// Of another one.
    Other,
    /// Only the shell knows.
    Unknown,
}

/// Whose flake `installable` is of.
#[must_use]
pub fn place(installable: &str) -> Place {
    let (flake, attr) = installable.split_once('#').unwrap_or((installable, ""));
    let own = ["", ".", "./", "./.", "path:.", "path:./.", "git+file:.", "self"]
        .contains(&flake.split('?').next().unwrap_or(flake));
    if flake.contains(UNKNOWN) {
        return Place::Unknown;
    }
    if !own {
        return Place::Other;
    }
    let attr = attr.split('^').next().unwrap_or(attr).trim_start_matches('.');
    // Braces are for the shell to expand.
    if attr.contains([UNKNOWN, '{', '*']) { Place::Unknown } else { Place::Own(attr.to_owned()) }
}
