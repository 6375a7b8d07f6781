//! The derivations that both revisions are built from, read from the store when they are asked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::Result;

use crate::diff::Derivation;
use crate::nix::Store;
use crate::nix::derivation::{self, Recipe};
use crate::report::words::store_name;

/// How many whole derivations are remembered at once: some kilobytes each.
const REMEMBERED: usize = 20_000;

/// The derivations of a store.
#[derive(Debug)]
pub struct Derivations<'a> {
    store: &'a Store,
    whole: HashMap<String, Arc<Derivation>>,
    numbers: HashMap<String, usize>,
    nodes: Vec<Node>,
}

/// What walking a graph needs of a derivation.
#[derive(Debug)]
struct Node {
    drv: String,
    /// Whether it is a download, and the numbers of what it needs.
    read: Option<(bool, Arc<[usize]>)>,
}

impl<'a> Derivations<'a> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(store: &'a Store) -> Self {
        Self { store, whole: HashMap::new(), numbers: HashMap::new(), nodes: Vec::new() }
    }

    /// All of the derivation at the store path `drv`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn whole(&mut self, drv: &str) -> Result<Arc<Derivation>> {
        if let Some(known) = self.whole.get(drv) {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(whole(drv, derivation::recipe(&self.store.on_disk(drv))?));
        if self.whole.len() >= REMEMBERED {
            self.whole.clear();
        }
        self.whole.insert(drv.to_owned(), Arc::clone(&read));
        Ok(read)
    }

    /// The names of `drv` and of everything it is built from, downloads aside: those are not named as packages are.
    ///
    /// # Errors
    /// When a derivation cannot be read.
    pub fn names(&mut self, drv: &str) -> Result<Vec<String>> {
        let (mut open, mut seen, mut names) = (vec![self.number(drv)], HashSet::new(), Vec::new());
        while let Some(number) = open.pop() {
            if !seen.insert(number) {
                continue;
            }
            let (fixed, inputs) = self.read(number)?;
            if !fixed {
                names.push(store_name(&self.nodes[number].drv).to_owned());
            }
            open.extend(inputs.iter());
        }
        Ok(names)
    }

    fn number(&mut self, drv: &str) -> usize {
        if let Some(known) = self.numbers.get(drv) {
            return *known;
        }
        let number = self.nodes.len();
        self.numbers.insert(drv.to_owned(), number);
        self.nodes.push(Node { drv: drv.to_owned(), read: None });
        number
    }

    fn read(&mut self, number: usize) -> Result<(bool, Arc<[usize]>)> {
        if let Some(known) = &self.nodes[number].read {
            return Ok(known.clone());
        }
        let recipe = derivation::recipe(&self.store.on_disk(&self.nodes[number].drv))?;
        let read = (recipe.fixed, recipe.inputs.iter().map(|input| self.number(&input.drv)).collect());
        self.nodes[number].read = Some(read.clone());
        Ok(read)
    }
}

fn whole(drv: &str, recipe: Recipe) -> Derivation {
    let Recipe { outputs, fixed: _, inputs, sources, system, builder, arguments, environment } = recipe;
    let said = [("system", system), ("builder", builder), ("arguments", arguments.join("\n"))];
    let said = said.map(|(name, text)| (name.to_owned(), text));
    // A variable of the same name says the same, as `system` does.
    let texts = environment.into_iter().map(|[name, text]| (name, text)).chain(said).collect();
    let inputs = inputs.into_iter().map(|input| input.drv).collect();
    Derivation { name: store_name(drv).to_owned(), outputs, inputs, sources, texts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_what_something_is_built_from() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, outputs: &str, inputs: &[&str]| {
            let inputs: Vec<String> = inputs.iter().map(|input| format!("(\"/{input}.drv\",[\"out\"])")).collect();
            let text =
                format!("Derive([{outputs}],[{}],[],\"s\",\"/bin/sh\",[\"-c\"],[(\"a\",\"1\")])", inputs.join(","));
            std::fs::write(folder.path().join(format!("{name}.drv")), text).unwrap();
        };
        let out = r#"("out","/out","","")"#;
        write("download", r#"("out","/out","sha256","ab")"#, &[]);
        write("library-1.0", out, &["download"]);
        write("host", out, &["library-1.0", "download"]);
        let store = Store::chroot(folder.path());
        let mut derivations = Derivations::new(&store);
        assert_eq!(derivations.names("/host.drv").unwrap(), ["host", "library-1.0"]);
        assert!(derivations.names("/gone.drv").is_err());
        let host = derivations.whole("/host.drv").unwrap();
        let said: Vec<(&str, &str)> = host.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(said, [("a", "1"), ("arguments", "-c"), ("builder", "/bin/sh"), ("system", "s")]);
    }
}
