//! The derivations a fleet is built from, read from the store as far as they are not built yet.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;

use super::set::Set;
use crate::nix::Store;
use crate::nix::derivation::{self, Derivation};

/// Derivations by number: those read so far, and those known to be built.
#[derive(Debug)]
pub struct Graph<'a> {
    store: &'a Store,
    numbers: HashMap<String, usize>,
    nodes: Vec<Node>,
    built: Set,
    /// Those that are not, although their outputs stand in the store.
    doubted: Set,
    /// Those that were not built when last looked at; that can only have changed for the better.
    missing: Set,
    age: usize,
}

#[derive(Debug)]
struct Node {
    drv: String,
    /// The derivation and the numbers of its inputs.
    read: Option<(Rc<Derivation>, Rc<[usize]>)>,
}

impl<'a> Graph<'a> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(store: &'a Store) -> Self {
        Self {
            store,
            numbers: HashMap::new(),
            nodes: Vec::new(),
            built: Set::default(),
            doubted: Set::default(),
            missing: Set::default(),
            age: 0,
        }
    }

    /// The number of the store path `drv`.
    pub fn number(&mut self, drv: &str) -> usize {
        if let Some(&number) = self.numbers.get(drv) {
            return number;
        }
        let number = self.nodes.len();
        self.numbers.insert(drv.to_owned(), number);
        self.nodes.push(Node { drv: drv.to_owned(), read: None });
        number
    }

    /// The derivation at the store path `drv`.
    ///
    /// # Errors
    /// When it is not in the store, or is no derivation.
    pub fn derivation(&mut self, drv: &str) -> Result<Rc<Derivation>> {
        let number = self.number(drv);
        Ok(self.read(number)?.0)
    }

    fn read(&mut self, number: usize) -> Result<(Rc<Derivation>, Rc<[usize]>)> {
        if let Some(known) = &self.nodes[number].read {
            return Ok(known.clone());
        }
        let derivation = derivation::read(&self.store.on_disk(&self.nodes[number].drv))?;
        let inputs = derivation.inputs.iter().map(|input| self.number(&input.drv)).collect();
        let read = (Rc::new(derivation), inputs);
        self.nodes[number].read = Some(read.clone());
        Ok(read)
    }

    /// Whether every output of `drv` stands in the store now.
    ///
    /// # Errors
    /// As [`Graph::derivation`].
    pub fn is_built(&mut self, drv: &str) -> Result<bool> {
        let number = self.number(drv);
        self.missing.remove(number);
        self.was_built(number)
    }

    fn was_built(&mut self, number: usize) -> Result<bool> {
        if self.built.contains(number) {
            return Ok(true);
        }
        if self.doubted.contains(number) || self.missing.contains(number) {
            return Ok(false);
        }
        let (derivation, _) = self.read(number)?;
        let built = derivation.outputs.iter().all(|(_, path)| !path.is_empty() && self.store.holds(path));
        if built { &mut self.built } else { &mut self.missing }.insert(number);
        Ok(built)
    }

    /// Takes Nix's word that `drv` is built.
    pub fn note_built(&mut self, drv: &str) {
        let number = self.number(drv);
        self.doubted.remove(number);
        self.built.insert(number);
    }

    /// Takes Nix's word that what stands in the store for `drv` is not valid.
    pub fn doubt(&mut self, drv: &str) {
        let number = self.number(drv);
        self.built.remove(number);
        self.doubted.insert(number);
        self.look_again();
    }

    /// Those known to be built.
    #[must_use]
    pub fn built(&self) -> &Set {
        &self.built
    }

    /// From now on, the store is looked at again for what was not built: something may have been fetched.
    pub fn look_again(&mut self) {
        self.missing.clear();
        self.age += 1;
    }

    /// How often [`Graph::look_again`] was called: what was told before may hold too much, and after a doubt too little.
    #[must_use]
    pub fn age(&self) -> usize {
        self.age
    }

    /// `drv` and what it needs, as far as not built, inputs before what needs them; nothing below what is built is looked at.
    ///
    /// # Errors
    /// As [`Graph::derivation`].
    pub fn unbuilt(&mut self, drv: &str) -> Result<Vec<String>> {
        Ok(self.walk(drv)?.into_iter().map(|number| self.nodes[number].drv.clone()).collect())
    }

    /// The numbers of what [`Graph::unbuilt`] names.
    ///
    /// # Errors
    /// As [`Graph::derivation`].
    pub fn needs(&mut self, drv: &str) -> Result<Set> {
        Ok(self.walk(drv)?.into_iter().collect())
    }

    fn walk(&mut self, drv: &str) -> Result<Vec<usize>> {
        let mut order = Vec::new();
        let mut seen = Set::default();
        // An explicit stack: a closure may be deeper than the thread's.
        let mut stack = vec![(self.number(drv), false)];
        while let Some((number, inputs_done)) = stack.pop() {
            if inputs_done {
                order.push(number);
                continue;
            }
            if !seen.insert(number) || self.was_built(number)? {
                continue;
            }
            let (_, inputs) = self.read(number)?;
            stack.push((number, true));
            stack.extend(inputs.iter().map(|&input| (input, false)));
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
    fn what_was_fetched_meanwhile_is_seen_when_it_is_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &[("a", &["b"], false), ("b", &[], false)]);
        let mut graph = Graph::new(&store);
        assert_eq!(graph.needs("/s/a.drv").unwrap().len(), 2);
        let file = std::fs::File::create(folder.path().join("s/b")).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
        assert_eq!(graph.needs("/s/a.drv").unwrap().len(), 2);
        graph.look_again();
        assert_eq!(graph.unbuilt("/s/a.drv").unwrap(), ["/s/a.drv"]);
    }

    #[test]
    fn a_missing_derivation_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), &[("a", &["gone"], false)]);
        assert!(Graph::new(&store).unbuilt("/s/a.drv").is_err());
    }
}
