//! Modules that no configuration imports, found by what files say of each other.
//!
//! A file uses a module if it says the module's path (`./git.nix`, `../../modules/home/git`) or its name as a word in a file that
//! also says its set (`nixosModules.git`, `inherit (self.nixosModules) git`). What is reached that way from any file that is no
//! module is used. A name that is a common word can therefore hide a module that nobody imports; a module that is imported under
//! its path or its name is never reported. A file that reads a whole folder or takes every module of a set uses all of them; the
//! file that fills the set, by reading the folder, does not count for that. Paths that are put together from parts are not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use memchr::memmem;

use super::{Facts, first_line};
use crate::fleet::Step;
use crate::fleet::layout::{Entry, Form, Layout, Role};
use crate::rules::Problem;

/// A warning for each module that nothing but modules of the same fate uses.
pub fn unused(facts: &Facts<'_>, layout: &Layout, entries: &[Entry]) -> Vec<Problem> {
    let imported = |entry: &&Entry| layout.wirings[entry.wiring].role == Role::Module { everywhere: false };
    let modules: Vec<&Entry> = entries.iter().filter(imported).filter(|entry| is_wired(facts, layout, entry)).collect();
    let owner: BTreeMap<&Path, usize> = modules
        .iter()
        .enumerate()
        .flat_map(|(index, entry)| entry.files.iter().map(move |file| (file.as_path(), index)))
        .collect();
    let uses = |file: &Path| facts.texts.get(file).map(|text| used_by(layout, &modules, &owner, file, text));
    let mut reached: BTreeSet<usize> = BTreeSet::new();
    let roots = facts.texts.keys().filter(|file| !owner.contains_key(file.as_path()));
    let mut next: Vec<usize> = roots.filter_map(|file| uses(file)).flatten().collect();
    while let Some(index) = next.pop() {
        if reached.insert(index) {
            next.extend(modules[index].files.iter().filter_map(|file| uses(file)).flatten());
        }
    }
    let forgotten = modules.iter().enumerate().filter(|(index, _)| !reached.contains(index));
    forgotten
        .map(|(_, entry)| {
            let attribute = layout.wirings[entry.wiring].attribute_text(&entry.name);
            let fault = format!("no configuration imports `{attribute}`, the module `{}`", entry.path.display());
            Problem::warning(first_line(entry.main_file()), fault, "import it where it is wanted, or remove it")
        })
        .collect()
}

/// Whether the entry is a module of the flake; what is not is told of already.
fn is_wired(facts: &Facts<'_>, layout: &Layout, entry: &Entry) -> bool {
    let wiring = &layout.wirings[entry.wiring];
    let has_name = facts.names(wiring).is_some_and(|names| names.iter().any(|name| entry.becomes(wiring, name)));
    has_name && !matches!(entry.form, Form::Folder(None)) && !entry.name.starts_with('.')
}

/// The modules that `file` uses, as far as `text` tells.
fn used_by(layout: &Layout, modules: &[&Entry], owner: &BTreeMap<&Path, usize>, file: &Path, text: &str) -> Vec<usize> {
    // Most files of a repository say nothing of modules, whose sets all have names that end in `Modules`: to take them apart into
    // words would be the price of the whole rule.
    let holds = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let mut used: Vec<usize> = match holds("./") {
        true => paths(text).filter_map(|path| entry_at(modules, owner, file, path)).collect(),
        false => Vec::new(),
    };
    let reads = ["readDir", "listFilesRecursive", "import-tree", "haumea"].into_iter().any(holds);
    let words: BTreeSet<&str> = if holds("Modules") { words(text).collect() } else { BTreeSet::new() };
    if words.is_empty() && !reads {
        return used;
    }
    for (index, entry) in modules.iter().enumerate() {
        let wiring = &layout.wirings[entry.wiring];
        let mut sets = wiring.sets.iter().filter_map(|set| match set.last() {
            Some(Step::Named(name)) => Some(name.as_str()),
            _ => None,
        });
        let takes_all = |set: &str| {
            text.lines()
                .any(|line| line.contains(set) && (line.contains("attrValues") || line.contains("mapAttrsToList")))
        };
        let says_set = |set: &str| words.contains(set) || (words.contains("ezModules") && set.ends_with("Modules"));
        if sets.any(|set| says_set(set) && (words.contains(entry.name.as_str()) || takes_all(set))) {
            used.push(index);
        }
        // A module that reads its own folder imports its neighbours.
        let neighbour = entry.path.parent().is_some_and(|folder| file.starts_with(folder));
        if neighbour && reads {
            used.push(index);
        }
    }
    used
}

/// Everything in a text that looks like a relative path.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || "()[]{};,\"'".contains(c);
    text.split(ends).filter(|word| word.starts_with("./") || word.starts_with("../"))
}

/// Everything in a text that may be a name, quoted or not.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || "_-'@/".contains(c))).filter(|word| !word.is_empty())
}

/// The module that a relative path in `file` leads to.
fn entry_at(modules: &[&Entry], owner: &BTreeMap<&Path, usize>, file: &Path, path: &str) -> Option<usize> {
    let mut target: PathBuf = file.parent()?.to_owned();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => target.push(name),
            Component::ParentDir => target.pop().then_some(())?,
            _ => {}
        }
    }
    let owned = owner.get(target.as_path()).copied();
    let found = owned.or_else(|| modules.iter().position(|entry| entry.path == target))?;
    // A file of a module names its own other files.
    (owner.get(file) != Some(&found)).then_some(found)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_module_that_reads_its_folder_imports_its_neighbours() {
        let check = |text: &str, expected: &[&str]| {
            let module = format!("modules/nixos/m.nix: {text}");
            let host = "configurations/nixos/a.nix: imports = [ ../../modules/nixos/m.nix ];";
            let files = [host, &module, "modules/nixos/n.nix", "modules/home/h.nix"];
            let declared = ["nixosConfigurations.a", "nixosModules.m", "nixosModules.n", "homeModules.h"];
            super::super::tests::check(&files, &declared, &[], expected);
        };
        let unused = |name: &str, path: &str| format!("no configuration imports `{name}`, the module `{path}`");
        let (h, n) = (unused("homeModules.h", "modules/home/h.nix"), unused("nixosModules.n", "modules/nixos/n.nix"));
        for reads in ["readDir ./.", "listFilesRecursive ./.", "import-tree ./.", "haumea.lib.load { src = ./.; }"] {
            check(reads, &[&h]);
        }
        check("imports = [ ];", &[&n, &h]);
    }
}
