//! Layouts: which folders of a repository become which attributes of its flake, as data.

mod entries;
mod presets;

use std::collections::BTreeMap;

use anyhow::{Result, bail};

pub use entries::{Entry, Form, SeenFile, SeenKind, stray_files};
pub use presets::{Preset, Signs};

use super::kind::step;
use super::{AttrPath, Kind, Step};

/// A way of laying out a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Its name, as xtask.toml says it; a table of folders has none.
    pub preset: Option<Preset>,
    /// The folder that everything is below; empty for the repository itself.
    pub root: String,
    /// Its folders.
    pub wirings: Vec<Wiring>,
}

/// One folder, and what becomes of what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wiring {
    /// Where it is below the root.
    pub folder: Vec<Part>,
    /// Which of its files and folders count.
    pub entries: Entries,
    /// The sets whose attributes they become; being in one of them is enough.
    pub sets: Vec<Vec<Step>>,
    /// What their attributes are called.
    pub naming: Naming,
    /// What they are.
    pub role: Role,
    /// Whether every attribute of the sets has a file here.
    pub exhaustive: bool,
}

/// One component of a folder's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The folder of that name.
    Named(String),
    /// Any folder whose name holds that text: `linux`, `darwin`, or nothing for every system.
    System(&'static str),
    /// Any folder, which is a host's.
    Host,
}

/// Which files and folders of a folder count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries {
    /// Whether `X.nix` does.
    pub files: bool,
    /// The files of which a folder needs one; none if any folder counts.
    pub mains: Vec<String>,
    /// Folders that need none of them, because this folder is in them.
    pub excused: Option<&'static str>,
    /// Whether folders count however deep they are, under their whole path.
    pub deep: bool,
}

/// What the attribute of an entry is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// As the entry.
    Same,
    /// `entry@host`, with the host that the path names.
    AtHost,
    /// `entry`, or `entry@host` for some host.
    PerHost,
}

/// What the entries of a folder are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Hosts or homes.
    Configuration,
    /// Modules, which configurations import; `everywhere` if the layout itself does that.
    Module {
        /// Whether every configuration has every module.
        everywhere: bool,
    },
    /// Overlays, packages and whatever else.
    Other,
}

impl Layout {
    /// The layout that a table `folder → set` of xtask.toml describes.
    ///
    /// # Errors
    /// When a set is not an attribute path.
    pub fn from_table(root: &str, table: &BTreeMap<String, String>) -> Result<Self> {
        let wirings = table.iter().map(|(folder, set)| Wiring::declared(folder, set)).collect::<Result<_>>()?;
        Ok(Self { preset: None, root: root.trim_matches('/').to_owned(), wirings })
    }
}

impl Wiring {
    /// `X.nix` and `X/default.nix` of `folder` become the attributes `X` of `sets`, which are written as `a.<system>.b`.
    fn simple(folder: &str, sets: &[&str]) -> Self {
        let parts: Vec<Part> = folder.split('/').filter(|part| !part.is_empty()).map(part).collect();
        let sets: Vec<Vec<Step>> = sets.iter().map(|set| set.split('.').map(step).collect()).collect();
        let last = sets.first().and_then(|set| set.last().cloned());
        let per_system = sets.iter().flatten().any(|step| *step == Step::System);
        let role = match &last {
            Some(Step::Named(name)) if name.ends_with("Configurations") => Role::Configuration,
            Some(Step::Named(name)) if name.ends_with("Modules") => Role::Module { everywhere: false },
            _ => Role::Other,
        };
        Self {
            naming: if parts.contains(&Part::Host) { Naming::AtHost } else { Naming::Same },
            folder: parts,
            entries: Entries { files: true, mains: vec!["default.nix".to_owned()], excused: None, deep: false },
            // Packages and checks also come from elsewhere: aliases, generated ones.
            exhaustive: !per_system || role == Role::Configuration,
            sets,
            role,
        }
    }

    fn declared(folder: &str, set: &str) -> Result<Self> {
        let path = AttrPath::parse(set)?;
        let wiring = Self::simple(folder, &[set]);
        if path.components().iter().any(|component| component.contains('*')) {
            bail!(
                "the set `{set}` of the folder `{folder}` must not hold `*`: it is a set, such as `nixosConfigurations`"
            );
        }
        if wiring.folder.is_empty() {
            bail!("the set `{set}` needs a folder below the repository");
        }
        let sets = vec![path.components().iter().map(|component| step(component)).collect()];
        Ok(Self { sets, ..wiring })
    }

    /// The name of `attr` in this wiring's sets, if it is in one of them.
    #[must_use]
    pub fn name_of<'a>(&self, attr: &'a AttrPath) -> Option<&'a str> {
        let (name, set) = attr.components().split_last()?;
        let fits = |wanted: &Vec<Step>| {
            wanted.len() == set.len() && wanted.iter().zip(set).all(|(step, given)| step.may_be(given))
        };
        self.sets.iter().any(fits).then_some(name)
    }

    /// Its folder as a person writes it.
    #[must_use]
    pub fn folder_text(&self, root: &str) -> String {
        let part = |part: &Part| match part {
            Part::Named(name) => name.clone(),
            Part::System(_) => "<system>".to_owned(),
            Part::Host => "<host>".to_owned(),
        };
        let root = Some(root.to_owned()).filter(|root| !root.is_empty());
        root.into_iter().chain(self.folder.iter().map(part)).collect::<Vec<_>>().join("/")
    }

    /// The attribute that an entry called `name` should have, as a person writes it.
    #[must_use]
    pub fn attribute_text(&self, name: &str) -> String {
        let set = self.sets.first().into_iter().flatten();
        let component = |step: &Step| match step {
            Step::Named(name) => name.clone(),
            _ => "SYSTEM".to_owned(),
        };
        AttrPath::new(set.map(component).chain([name.to_owned()])).to_string()
    }
}

fn part(text: &str) -> Part {
    match text {
        "<system>" => Part::System(""),
        "<linux>" => Part::System("linux"),
        "<darwin>" => Part::System("darwin"),
        "<host>" => Part::Host,
        name => Part::Named(name.to_owned()),
    }
}

/// The sets of which discovery is to tell the names for some layout (a `table` of xtask.toml, or any preset), where no kind of
/// output tells them anyway.
#[must_use]
pub fn named_sets(table: Option<&Layout>, kinds: &[Kind]) -> Vec<Vec<Step>> {
    let presets: Vec<Layout> = Preset::ALL.iter().map(|preset| preset.layout("")).collect();
    let wirings = presets.iter().chain(table).flat_map(|layout| &layout.wirings);
    let mut sets: Vec<Vec<Step>> = Vec::new();
    for set in wirings.flat_map(|wiring| &wiring.sets) {
        let told = kinds
            .iter()
            .any(|kind| kind.set.split_last().is_some_and(|(last, above)| *last == Step::Any && above == set));
        if !told && !sets.contains(set) {
            sets.push(set.clone());
        }
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::super::built_in_kinds;
    use super::*;

    #[test]
    fn a_table_reads_like_a_preset() {
        let table = BTreeMap::from([("hosts".to_owned(), "nixosConfigurations".to_owned())]);
        let layout = Layout::from_table("nix/", &table).unwrap();
        assert_eq!(layout.root, "nix");
        assert_eq!(layout.wirings, [Wiring::simple("hosts", &["nixosConfigurations"])]);
        assert_eq!(layout.wirings[0].role, Role::Configuration);
        assert_eq!(layout.wirings[0].folder_text("nix"), "nix/hosts");
    }

    #[test]
    fn a_table_that_makes_no_sense() {
        let check = |folder: &str, set: &str| {
            let table = BTreeMap::from([(folder.to_owned(), set.to_owned())]);
            assert!(Layout::from_table("", &table).is_err(), "{folder} {set}");
        };
        check("hosts", "");
        check("hosts", "nixosConfigurations.*");
        check("/", "nixosConfigurations");
    }

    #[test]
    fn attributes_are_told_apart_by_their_set() {
        let check = |folder: &str, sets: &[&str], attr: &str, expected: Option<&str>| {
            let attr = AttrPath::parse(attr).unwrap();
            assert_eq!(Wiring::simple(folder, sets).name_of(&attr), expected, "{attr}");
        };
        let homes = ["homeConfigurations", "legacyPackages.<system>.homeConfigurations"];
        check("h", &homes, "homeConfigurations.\"a@b\"", Some("a@b"));
        check("h", &homes, "legacyPackages.x86_64-linux.homeConfigurations.a", Some("a"));
        check("h", &homes, "legacyPackages.x86_64-linux.a", None);
        check("h", &homes, "nixosConfigurations.a", None);
    }

    #[test]
    fn only_sets_that_no_kind_tells_are_asked_for() {
        let sets = named_sets(None, &built_in_kinds());
        let named = |name: &str| sets.contains(&vec![Step::Named(name.to_owned())]);
        assert!(named("nixosModules") && named("overlays") && named("homeModules"));
        assert!(!named("nixosConfigurations") && !named("homeConfigurations"));
        let table = BTreeMap::from([("x".to_owned(), "images.<system>".to_owned())]);
        let table = Layout::from_table("", &table).unwrap();
        assert_eq!(named_sets(Some(&table), &built_in_kinds()).len(), sets.len() + 1);
    }
}
