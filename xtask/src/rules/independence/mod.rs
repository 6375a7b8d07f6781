//! A configuration's derivation does not change when its siblings' files are removed; if it does, which files it depends on.

mod search;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use search::Search;

use super::Problem;
use crate::fleet::layout::{Entry, Form, Layout, Part, Preset, Role};
use crate::fleet::{AttrPath, Place};

/// How many siblings are named of those that a configuration depends on.
const NAMED: usize = 3;

/// A configuration with a file of its own, and the files of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Where it is in the flake.
    pub attr: AttrPath,
    /// Its own file.
    pub file: PathBuf,
    /// The siblings: the file that a person opens first, and all of its files.
    pub siblings: Vec<(PathBuf, Vec<PathBuf>)>,
}

/// The configurations among `attrs` that have a file in the layout; one without is wired by hand, which is told elsewhere.
#[must_use]
pub fn subjects<'a>(layout: &Layout, entries: &[Entry], attrs: impl Iterator<Item = &'a AttrPath>) -> Vec<Subject> {
    // A folder that is no configuration holds parts of some.
    let is_configuration =
        |entry: &&Entry| layout.wirings[entry.wiring].role == Role::Configuration && entry.form != Form::Folder(None);
    let entries: Vec<&Entry> = entries.iter().filter(is_configuration).collect();
    attrs.filter_map(|attr| subject(layout, &entries, attr)).filter(|subject| !subject.siblings.is_empty()).collect()
}

/// The folders of configurations, which are there even when they are empty: what is looked at is what is in them.
#[must_use]
pub fn folders(layout: &Layout) -> Vec<PathBuf> {
    let plain = layout.wirings.iter().filter(|wiring| {
        wiring.role == Role::Configuration && wiring.folder.iter().all(|part| matches!(part, Part::Named(_)))
    });
    plain.map(|wiring| PathBuf::from(wiring.folder_text(&layout.root))).collect()
}

fn subject(layout: &Layout, entries: &[&Entry], attr: &AttrPath) -> Option<Subject> {
    let is_own = |entry: &Entry| {
        let wiring = &layout.wirings[entry.wiring];
        wiring.name_of(attr).is_some_and(|name| entry.becomes(wiring, name))
    };
    let main = entries.iter().find(|entry| is_own(entry))?;
    let own = entries.iter().filter(|entry| is_own(entry) || is_part(layout, entry, attr));
    let own: BTreeSet<&PathBuf> = own.flat_map(|entry| &entry.files).collect();
    let siblings = entries.iter().filter_map(|entry| {
        let files: Vec<PathBuf> = entry.files.iter().filter(|file| !own.contains(file)).cloned().collect();
        let first = files.iter().find(|file| file.as_path() == entry.main_file()).or(files.first())?.clone();
        Some((first, files))
    });
    Some(Subject { attr: attr.clone(), file: main.main_file().to_owned(), siblings: siblings.collect() })
}

/// Whether the layout itself makes `entry` a part of the configuration at `attr`: snowfall-lib gives a host its homes, ez-configs
/// any home that the host names, and a home the packages of its host.
fn is_part(layout: &Layout, entry: &Entry, attr: &AttrPath) -> bool {
    const HOMES: &str = "homeConfigurations";
    let of_home = || attr.components().iter().any(|set| set == HOMES);
    let entry_is_home = || layout.wirings[entry.wiring].attribute_text("").contains(HOMES);
    let host = |name: &str| name.split_once('@').map(|(_, host)| host.to_owned());
    match layout.preset {
        Some(Preset::SnowfallLib) => {
            !of_home() && entry_is_home() && host(&entry.name).is_none_or(|host| host == attr.name())
        }
        Some(Preset::EzConfigs) if !of_home() => entry_is_home(),
        Some(Preset::EzConfigs) => !entry_is_home() && host(attr.name()).is_some_and(|host| host == entry.name),
        _ => false,
    }
}

/// How a configuration came out without its siblings' files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependence<'a> {
    /// Whose.
    pub subject: &'a Subject,
    /// The siblings that were found to matter, by their index.
    pub culprits: Vec<usize>,
    /// Whether each of them matters by itself, or only all of them together.
    pub together: bool,
    /// Whether there may be more of them.
    pub more: bool,
    /// Why it does not evaluate without its siblings, if it does not.
    pub failure: Option<String>,
}

/// The problem with a configuration that is not independent, whose own file holds `text`.
#[must_use]
pub fn problem(dependence: &Dependence<'_>, text: &str) -> Problem {
    let Dependence { subject, culprits, together, more, failure } = dependence;
    let files: Vec<&PathBuf> =
        culprits.iter().filter_map(|index| subject.siblings.get(*index)).map(|(file, _)| file).collect();
    let mut names: Vec<String> = files.iter().take(NAMED).map(|file| format!("`{}`", file.display())).collect();
    if *more || files.len() > NAMED {
        names.push("others".to_owned());
    }
    let outcome = match failure.as_deref().and_then(|failure| failure.lines().next()) {
        Some(failure) => format!("does not evaluate: {failure}"),
        None => "has another derivation".to_owned(),
    };
    let without = match (names.len(), together) {
        (0 | 1, _) => "that file",
        (_, false) => "those files",
        (_, true) => "all of those files",
    };
    let names = names.join(if *together { " or " } else { " and " });
    let fault = format!("`{}` depends on {names}: without {without} it {outcome}", subject.attr);
    let line = files.iter().find_map(|file| line_that_names(text, file)).unwrap_or(1);
    let place = Some(Place { file: subject.file.clone(), line });
    Problem::new(place, fault, "move what they share into a module that each of them imports")
}

/// The first line that says what `file` is called, with or without `.nix`; of a `default.nix` it is the folder's name that counts.
fn line_that_names(text: &str, file: &Path) -> Option<u32> {
    let stem = file.file_stem()?.to_str()?;
    let name = match stem {
        "default" | "configuration" => file.parent()?.file_name()?.to_str()?,
        stem => stem,
    };
    let at = text.lines().position(|line| !line.trim_start().starts_with('#') && line.contains(name))?;
    u32::try_from(at + 1).ok()
}

/// The order in which a sample is taken: it looks random, is the same for the same tree, and another for the next one.
#[must_use]
pub fn lot(tree: &str, attr: &AttrPath) -> u64 {
    // FNV-1a: nothing hangs on its strength.
    let text = format!("{tree} {attr}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::layout::{SeenFile, SeenKind};

    #[test]
    fn the_lot_is_the_same_for_the_same_tree() {
        let attr = |name: &str| AttrPath::new(["nixosConfigurations", name]);
        assert_eq!(lot("tree", &attr("a")), lot("tree", &attr("a")));
        assert_ne!(lot("tree", &attr("a")), lot("other", &attr("a")));
        assert_ne!(lot("tree", &attr("a")), lot("tree", &attr("b")));
        // As published: http://www.isthe.com/chongo/tech/comp/fnv/
        assert_eq!(lot("tree", &attr("a")), 0x71cb_fdde_8738_1f16);
    }

    /// The siblings of `attr` in a layout with these files.
    fn check_siblings(preset: Preset, files: &[&str], attr: &str, expected: Option<&[&str]>) {
        let seen = |path: &&str| SeenFile { path: path.into(), kind: SeenKind::Regular, tracked: true };
        let layout = preset.layout("");
        let entries = layout.entries(&files.iter().map(seen).collect::<Vec<_>>());
        let attr = AttrPath::parse(attr).unwrap();
        let found = subjects(&layout, &entries, [&attr].into_iter()).pop();
        let found = found.map(|subject| {
            let files = subject.siblings.into_iter().flat_map(|(_, files)| files);
            files.map(|file| file.display().to_string()).collect::<Vec<_>>()
        });
        let expected = expected.map(|files| files.iter().map(|file| (*file).to_owned()).collect::<Vec<_>>());
        assert_eq!(found, expected, "{attr}");
    }

    #[test]
    fn siblings_are_the_files_of_other_configurations() {
        let files = [
            "configurations/nixos/a.nix",
            "configurations/nixos/b/default.nix",
            "configurations/nixos/b/disk.nix",
            "configurations/nixos/parts/c.nix",
            "configurations/home/u@a.nix",
            "modules/nixos/m.nix",
        ];
        let check =
            |attr: &str, expected: Option<&[&str]>| check_siblings(Preset::Configurations, &files, attr, expected);
        check("nixosConfigurations.a", Some(&[files[1], files[2], files[4]][..]));
        check("nixosConfigurations.b", Some(&[files[0], files[4]][..]));
        check("nixosConfigurations.by-hand", None);
        check("packages.x86_64-linux.a", None);
    }

    #[test]
    fn what_a_layout_makes_part_of_a_configuration_is_no_sibling() {
        let files = ["hosts/a/configuration.nix", "hosts/a/users/u.nix", "hosts/b/configuration.nix"];
        check_siblings(Preset::Blueprint, &files, "nixosConfigurations.a", Some(&files[2..]));
        let home = "legacyPackages.x86_64-linux.homeConfigurations.\"u@a\"";
        check_siblings(Preset::Blueprint, &files, home, Some(&[files[0], files[2]]));
        let system = |name: &str| format!("systems/x86_64-linux/{name}/default.nix");
        let home = |name: &str| format!("homes/x86_64-linux/{name}/default.nix");
        let files = [system("a"), system("b"), home("u@a"), home("u@b")];
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        check_siblings(Preset::SnowfallLib, &files, "nixosConfigurations.a", Some(&[files[1], files[3]]));
        // A home without a host is everybody's, and still no part of another home.
        let shared = [system("a"), home("u@a"), home("v")];
        let shared: Vec<&str> = shared.iter().map(String::as_str).collect();
        check_siblings(Preset::SnowfallLib, &shared, "nixosConfigurations.a", None);
        check_siblings(Preset::SnowfallLib, &shared, "homeConfigurations.\"u@a\"", Some(&[shared[0], shared[2]]));
        let files = ["nixos-configurations/a.nix", "nixos-configurations/b.nix", "home-configurations/u.nix"];
        check_siblings(Preset::EzConfigs, &files, "nixosConfigurations.a", Some(&files[1..2]));
        check_siblings(Preset::EzConfigs, &files, "homeConfigurations.\"u@a\"", Some(&files[1..2]));
    }

    #[test]
    fn the_folders_of_configurations_stay() {
        let check = |preset: Preset, expected: &[&str]| {
            assert_eq!(folders(&preset.layout("nix")), expected.iter().map(PathBuf::from).collect::<Vec<_>>());
        };
        let kinds = ["nix/configurations/nixos", "nix/configurations/darwin", "nix/configurations/home"];
        check(Preset::Configurations, &kinds);
        // Those of systems and hosts are not named by the layout.
        check(Preset::Blueprint, &["nix/hosts"]);
        check(Preset::SnowfallLib, &[]);
    }

    /// The problem of `a.nix`, which says `text`, with siblings of which the first is told by its main file.
    fn check_problem(culprits: &[usize], together: bool, more: bool, text: &str, expected: &str) {
        let files = [
            "configurations/nixos/a.nix",
            "configurations/nixos/b/a.nix",
            "configurations/nixos/b/default.nix",
            "configurations/nixos/c.nix",
            "configurations/nixos/d.nix",
            "configurations/nixos/e.nix",
        ];
        let seen = |path: &&str| SeenFile { path: path.into(), kind: SeenKind::Regular, tracked: true };
        let layout = Preset::Configurations.layout("");
        let entries = layout.entries(&files.iter().map(seen).collect::<Vec<_>>());
        let attr = AttrPath::new(["nixosConfigurations", "a"]);
        let subject = subjects(&layout, &entries, [&attr].into_iter()).pop().unwrap();
        let culprits = culprits.to_vec();
        let failure = more.then(|| "it has no b\nat all".to_owned());
        let found = problem(&Dependence { subject: &subject, culprits, together, more, failure }, text);
        let place = found.place.unwrap();
        assert_eq!(format!("{place}: {}", found.fault), expected);
    }

    #[test]
    fn siblings_are_named_with_the_line_that_says_them() {
        let of = |line: u32| format!("configurations/nixos/a.nix:{line}: `nixosConfigurations.a` depends on");
        let [b, c, d] = ["b/default", "c", "d"].map(|name| format!("`configurations/nixos/{name}.nix`"));
        let other = "it has another derivation";
        check_problem(&[0], false, false, "", &format!("{} {b}: without that file {other}", of(1)));
        let text = "{\n  # b\n  imports = [ ../b ];\n}";
        check_problem(&[0], false, false, text, &format!("{} {b}: without that file {other}", of(3)));
        check_problem(&[1], false, false, "{ }\n./c.nix\n", &format!("{} {c}: without that file {other}", of(2)));
        let three = format!("{} {b} and {c} and {d}: without those files {other}", of(1));
        check_problem(&[0, 1, 2], false, false, "", &three);
        let four = format!("{} {b} and {c} and {d} and others: without those files {other}", of(1));
        check_problem(&[0, 1, 2, 3], false, false, "", &four);
        let fails = "does not evaluate: it has no b";
        let more = format!("{} {b} or others: without all of those files it {fails}", of(1));
        check_problem(&[0], true, true, "", &more);
    }
}
