//! Where in the repository a fault of a configuration is: its file, found by the layouts that fleets have, and the line that says it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fleet::Place;

/// The texts of the Nix files that the flake sees, by path.
#[derive(Debug, Default)]
pub struct Sources {
    texts: Arc<BTreeMap<PathBuf, String>>,
    /// Those of another flake in a folder below, and copies of parts of the fleet, as tests have them: no fault of the fleet is there.
    foreign: BTreeSet<PathBuf>,
}

/// What a fault leaves in the text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clue {
    /// An option with that path; and its value, as far as the text would say it.
    Option(String, Option<String>),
    /// A text that somebody wrote.
    Words(String),
    /// None.
    Nothing,
}

/// Files that stand for the folder they are in.
const OF_A_FOLDER: [&str; 3] = ["default.nix", "configuration.nix", "home.nix"];
/// Folders that hold configurations, besides those named as their kind.
const FOLDERS: [&str; 6] = ["configurations", "hosts", "machines", "systems", "homes", "users"];

impl Sources {
    /// Of these files.
    #[must_use]
    pub fn new(texts: impl Into<Arc<BTreeMap<PathBuf, String>>>) -> Self {
        let texts = texts.into();
        let foreign = foreign(&texts);
        Self { texts, foreign }
    }

    /// The file of the configuration `name` of `kind`, if one alone can be it.
    #[must_use]
    pub fn file_of(&self, kind: &str, name: &str) -> Option<&Path> {
        let is_named = |path: &Path| {
            let folder = path.parent().and_then(Path::file_name);
            let alone = path.file_name().is_some_and(|file| *file == *format!("{name}.nix"));
            alone
                || (folder.is_some_and(|folder| folder == name) && OF_A_FOLDER.iter().any(|file| path.ends_with(file)))
        };
        let weight = |path: &Path| {
            let folders =
                || path.parent().into_iter().flat_map(Path::components).filter_map(|part| part.as_os_str().to_str());
            let of_kind = folders().any(|folder| folder == kind || folder == format!("{kind}s"));
            let of_any = folders().any(|folder| FOLDERS.contains(&folder));
            2 * usize::from(of_any) + usize::from(of_kind)
        };
        let own = || self.texts.keys().filter(|path| !self.foreign.contains(*path)).map(PathBuf::as_path);
        let named = || own().filter(|path| is_named(path) && weight(path) > 0);
        let best = named().map(weight).max()?;
        let mut best = named().filter(|path| weight(path) == best);
        best.next().filter(|_| best.next().is_none())
    }

    /// The place of a fault of the configurations `of` (each a kind and a name): the line that the clue leads to, else the
    /// beginning of the first one's file.
    #[must_use]
    pub fn place(&self, of: &[(&str, &str)], clue: &Clue) -> Option<Place> {
        let own = of.first().and_then(|(kind, name)| self.file_of(kind, name));
        let own_text = own.and_then(|file| self.texts.get(file)).filter(|_| of.len() == 1);
        let in_own = || {
            let Clue::Option(option, _) = clue else { return None };
            Some(Place { file: own?.to_owned(), line: line_of(own_text?, option)? })
        };
        let beginning = || own.map(|file| Place { file: file.to_owned(), line: 1 });
        in_own().or_else(|| self.only_line(clue)).or_else(beginning)
    }

    /// The one line of all files that the clue leads to.
    fn only_line(&self, clue: &Clue) -> Option<Place> {
        let fits = |text: &str, line: &str| match clue {
            Clue::Option(option, Some(value)) => {
                let mut names = names(option);
                names.next_back().is_some_and(|last| says(line, last))
                    && says(line, value)
                    && names.all(|name| says(text, name))
            }
            Clue::Words(words) => words.lines().next().is_some_and(|first| first.len() > 3 && line.contains(first)),
            Clue::Option(_, None) | Clue::Nothing => false,
        };
        let lines = self
            .texts
            .iter()
            .filter(|(file, _)| !self.foreign.contains(*file))
            .flat_map(|(file, text)| (1..).zip(text.lines()).map(move |(at, line)| (file, text, at, line)));
        let mut found = lines.filter(|(_, text, _, line)| is_code(line) && fits(text, line));
        let (file, _, line, _) = found.next()?;
        found.next().is_none().then(|| Place { file: file.clone(), line })
    }
}

/// The files that are of another flake or of a copy of this one.
///
/// A copy is, without two folders or more that its path begins with, a file of the fleet or in the folders that the fleet has. One
/// folder may be all that tells two files apart, as in `modules/web.nix` and `nixos/modules/web.nix`.
fn foreign(texts: &BTreeMap<PathBuf, String>) -> BTreeSet<PathBuf> {
    let folders = |path: &Path| path.parent().map(|folder| folder.iter().map(PathBuf::from).collect::<Vec<_>>());
    let own: BTreeSet<Vec<PathBuf>> = texts.keys().filter_map(|path| Some(folders(path)?.get(..2)?.to_vec())).collect();
    let flakes = texts.keys().filter(|path| path.ends_with("flake.nix")).filter_map(|path| path.parent());
    let flakes: Vec<&Path> = flakes.filter(|folder| !folder.as_os_str().is_empty()).collect();
    let is_foreign = |path: &&PathBuf| {
        let parts: Vec<_> = path.iter().collect();
        let is_own = |at: usize| texts.contains_key(&parts[at..].iter().collect::<PathBuf>());
        let folders = folders(path).unwrap_or_default();
        flakes.iter().any(|flake| path.starts_with(flake))
            || (2..parts.len().saturating_sub(1)).any(is_own)
            || folders.windows(2).skip(2).any(|two| own.contains(two))
    };
    texts.keys().filter(is_foreign).cloned().collect()
}

/// The line of `text` that says the option's last name, and the most of the names before it.
#[must_use]
pub fn line_of(text: &str, option: &str) -> Option<u32> {
    let mut before = names(option);
    let last = before.next_back()?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| is_code(line) && says(line, last));
    let weighed = lines.map(|(number, line)| (before.clone().filter(|name| says(line, name)).count(), number));
    weighed.max_by_key(|(names, number)| (*names, std::cmp::Reverse(*number))).map(|(_, number): (usize, u32)| number)
}

fn names(option: &str) -> impl DoubleEndedIterator<Item = &str> + Clone {
    option.split('.').map(|name| name.trim_matches('"'))
}

fn is_code(line: &str) -> bool {
    !line.trim_start().starts_with('#')
}

/// Whether `text` says `word` as a word of its own.
fn says(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "_-'".contains(c);
    let ends = |at: usize| text.get(..at).and_then(|before| before.chars().next_back()).is_none_or(|c| !part(c));
    let begins = |at: usize| text.get(at..).and_then(|after| after.chars().next()).is_none_or(|c| !part(c));
    !word.is_empty() && text.match_indices(word).any(|(at, _)| ends(at) && begins(at + word.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> Sources {
        let texts = files.iter().map(|(file, text)| (PathBuf::from(file), (*text).to_owned()));
        Sources::new(texts.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn the_file_of_a_configuration() {
        let check = |files: &[&str], kind: &str, name: &str, expected: Option<&str>| {
            let files: Vec<(&str, &str)> = files.iter().map(|file| (*file, "")).collect();
            assert_eq!(sources(&files).file_of(kind, name), expected.map(Path::new), "{kind} {name}");
        };
        let unified =
            ["configurations/nixos/web.nix", "configurations/darwin/web/default.nix", "modules/nixos/web.nix"];
        check(&unified, "nixos", "web", Some("configurations/nixos/web.nix"));
        check(&unified, "darwin", "web", Some("configurations/darwin/web/default.nix"));
        check(
            &["hosts/web/configuration.nix", "packages/web.nix"],
            "nixos",
            "web",
            Some("hosts/web/configuration.nix"),
        );
        check(&["homes/a@b/home.nix", "homes/a@b/git.nix"], "home", "a@b", Some("homes/a@b/home.nix"));
        check(&["hosts/web.nix", "machines/web.nix"], "nixos", "web", None);
        let copied = ["hosts/web.nix", "tests/copy/hosts/web.nix"];
        check(&copied, "nixos", "web", Some(copied[0]));
        check(&["hosts/web.nix", "copy/hosts/web.nix"], "nixos", "web", None);
        let added = [unified[0], "tests/copy/configurations/nixos/web/default.nix"];
        check(&added, "nixos", "web", Some(added[0]));
        let other = ["hosts/web.nix", "example/flake.nix", "example/hosts/web.nix"];
        check(&other, "nixos", "web", Some(other[0]));
        check(&["packages/web.nix", "flake.nix"], "nixos", "web", None);
    }

    #[test]
    fn the_line_of_an_option() {
        let files = [
            (
                "configurations/nixos/web.nix",
                "{\n  # hostName here\n  x.hostName = 1;\n  networking.hostName = \"web\";\n}",
            ),
            ("configurations/nixos/db.nix", "{ }"),
            ("modules/nixos/ada.nix", "{\n  users.users.ada = {\n    shell = pkgs.zsh;\n  };\n}"),
            ("modules/nixos/bob.nix", "{\n  users.users.bob = {\n    shell = pkgs.zsh;\n  };\n}"),
        ];
        let check = |of: &[&str], option: &str, value: Option<&str>, expected: &str| {
            let of: Vec<(&str, &str)> = of.iter().map(|name| ("nixos", *name)).collect();
            let place = sources(&files).place(&of, &Clue::Option(option.to_owned(), value.map(str::to_owned)));
            assert_eq!(place.map(|place| place.to_string()).as_deref(), Some(expected), "{option}");
        };
        check(&["web"], "networking.hostName", None, "configurations/nixos/web.nix:4");
        check(&["db"], "networking.hostName", None, "configurations/nixos/db.nix:1");
        check(&["db"], "users.users.ada.shell", Some("zsh"), "modules/nixos/ada.nix:3");
        check(&["db"], "users.shell", Some("zsh"), "configurations/nixos/db.nix:1");
        check(&["db"], "users.users.ada.shell", Some("zs"), "configurations/nixos/db.nix:1");
        // What several have is said by none of their own files.
        check(&["web", "db"], "networking.hostName", None, "configurations/nixos/web.nix:1");
    }

    #[test]
    fn the_line_of_a_text() {
        let text = "# too old\n{\n  warnings = [ \"too old\" ];\n}";
        let files = [("modules/a.nix", text), ("tests/copy/modules/a.nix", text)];
        let check = |words: &str, expected: Option<&str>| {
            let place = sources(&files).place(&[("nixos", "web")], &Clue::Words(words.to_owned()));
            assert_eq!(place.map(|place| place.to_string()).as_deref(), expected, "{words}");
        };
        check("too old\nmore", Some("modules/a.nix:3"));
        check("too young", None);
        check("old", None);
    }
}
