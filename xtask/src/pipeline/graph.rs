//! The derivations a fleet is built from, read from the store as far as they are not built yet.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use anyhow::Result;

use crate::nix::Store;
use crate::nix::derivation::{self, Derivation};

/// Derivations read so far, and those known to be built.
#[derive(Debug)]
pub struct Graph<'a> {
    store: &'a Store,
    read: HashMap<String, Rc<Derivation>>,
    built: HashSet<String>,
    /// Those that are not, although their outputs stand in the store.
    doubted: HashSet<String>,
}

impl<'a> Graph<'a> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(store: &'a Store) -> Self {
        Self { store, read: HashMap::new(), built: HashSet::new(), doubted: HashSet::new() }
    }

    /// The derivation at the store path `drv`.
    ///
    /// # Errors
    /// When it is not in the store, or is no derivation.
    pub fn derivation(&mut self, drv: &str) -> Result<Rc<Derivation>> {
        if let Some(known) = self.read.get(drv) {
            return Ok(Rc::clone(known));
        }
        let derivation = Rc::new(derivation::read(&self.store.on_disk(drv))?);
        self.read.insert(drv.to_owned(), Rc::clone(&derivation));
        Ok(derivation)
    }

    /// Whether every output of `drv` stands in the store.
    ///
    /// # Errors
    /// As [`Graph::derivation`].
    pub fn is_built(&mut self, drv: &str) -> Result<bool> {
        if self.built.contains(drv) {
            return Ok(true);
        }
        if self.doubted.contains(drv) {
            return Ok(false);
        }
        let derivation = self.derivation(drv)?;
        let built = derivation.outputs.iter().all(|(_, path)| !path.is_empty() && self.store.holds(path));
        if built {
            self.built.insert(drv.to_owned());
        }
        Ok(built)
    }

    /// Takes Nix's word that `drv` is built.
    pub fn note_built(&mut self, drv: &str) {
        self.doubted.remove(drv);
        self.built.insert(drv.to_owned());
    }

    /// Takes Nix's word that what stands in the store for `drv` is not valid.
    pub fn doubt(&mut self, drv: &str) {
        self.built.remove(drv);
        self.doubted.insert(drv.to_owned());
    }

    /// `drv` and what it needs, as far as not built, inputs before what needs them; nothing below what is built is looked at.
    ///
    /// # Errors
    /// As [`Graph::derivation`].
    pub fn unbuilt(&mut self, drv: &str) -> Result<Vec<String>> {
        let mut order = Vec::new();
        let mut seen = HashSet::new();
        // An explicit stack: a closure may be deeper than the thread's.
        let mut stack = vec![(drv.to_owned(), false)];
        while let Some((drv, inputs_done)) = stack.pop() {
            if inputs_done {
                order.push(drv);
                continue;
            }
            if !seen.insert(drv.clone()) || self.is_built(&drv)? {
                continue;
            }
            let derivation = self.derivation(&drv)?;
            stack.push((drv, true));
            stack.extend(derivation.inputs.iter().map(|input| (input.clone(), false)));
        }
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store in a folder: each derivation with its inputs, and whether it is built.
    fn store(folder: &std::path::Path, derivations: &[(&str, &[&str], bool)]) -> Store {
        for (name, inputs, built) in derivations {
            let inputs: Vec<String> = inputs.iter().map(|input| format!("(\"/s/{input}.drv\",[\"out\"])")).collect();
            let text = format!(
                "Derive([(\"out\",\"/s/{name}\",\"\",\"\")],[{}],[],\"x\",\"/bin/sh\",[],[])",
                inputs.join(",")
            );
            std::fs::create_dir_all(folder.join("s")).unwrap();
            std::fs::write(folder.join(format!("s/{name}.drv")), text).unwrap();
            if *built {
                let file = std::fs::File::create(folder.join(format!("s/{name}"))).unwrap();
                file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
            }
        }
        Store::chroot(folder)
    }

    fn check(derivations: &[(&str, &[&str], bool)], of: &str, expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), derivations);
        let unbuilt = Graph::new(&store).unbuilt(&format!("/s/{of}.drv")).unwrap();
        let expected: Vec<String> = expected.iter().map(|name| format!("/s/{name}.drv")).collect();
        assert_eq!(unbuilt, expected);
    }

    #[test]
    fn inputs_come_first_and_once() {
        check(
            &[("a", &["b", "c"], false), ("b", &["d"], false), ("c", &["d"], false), ("d", &[], false)],
            "a",
            &["d", "c", "b", "a"],
        );
    }

    #[test]
    fn nothing_below_what_is_built_is_looked_at() {
        check(&[("a", &["b"], false), ("b", &["not even in the store"], true)], "a", &["a"]);
        check(&[("a", &["b"], true), ("b", &[], false)], "a", &[]);
    }

    #[test]
    fn what_is_still_being_written_is_not_built() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &[("a", &[], false)]);
        std::fs::write(folder.path().join("s/a"), "a part").unwrap();
        assert!(!Graph::new(&store).is_built("/s/a.drv").unwrap());
    }

    #[test]
    fn a_missing_derivation_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &[("a", &["gone"], false)]);
        assert!(Graph::new(&store).unbuilt("/s/a.drv").is_err());
    }
}
