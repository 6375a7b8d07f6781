//! The walk from the outputs to all that they need and no further: what is here or in a cache needs only what it refers to, what
//! must be built needs what it is built from. It is the walk that Nix itself does when it says what it would build and fetch.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

/// A path that is needed, and how it would be made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The path.
    pub path: String,
    /// The derivation that makes it; none for what is only referred to, and for sources.
    pub drv: Option<String>,
}

/// Where a path comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is in the store of this machine.
    Local,
    /// A substituter has it, signed by a key that is trusted: its number, and the bytes to fetch.
    Substituter(usize, Option<u64>),
    /// It must be built, or cannot be had at all.
    Build(Why),
}

/// Why a path must be built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// No cache has it.
    Absent,
    /// The cache with this number has it, and nobody who is trusted signed it.
    Untrusted(usize),
    /// No cache has it; when it was last looked at, this path of the same name was needed instead.
    Changed(String),
}

/// What one substituter says of a path that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The substituter's number.
    pub substituter: usize,
    /// Whether a trusted key signed it.
    pub trusted: bool,
    /// Bytes to fetch.
    pub file_size: Option<u64>,
    /// Bytes in the store.
    pub nar_size: u64,
    /// The paths that it refers to.
    pub references: Vec<String>,
}

/// What the walk asks.
pub trait Sources {
    /// Which of `paths` are in the store of this machine, with all that these refer to and their bytes.
    ///
    /// # Errors
    /// When the store cannot be asked.
    fn local(&mut self, paths: &[String]) -> Result<BTreeMap<String, u64>>;

    /// What the substituters offer of `paths`, in the order in which they are asked.
    ///
    /// # Errors
    /// When nobody can be asked.
    fn offers(&mut self, paths: &[String]) -> Result<BTreeMap<String, Vec<Offer>>>;

    /// What must be there to build `drv`.
    ///
    /// # Errors
    /// When the derivation cannot be read.
    fn inputs(&mut self, drv: &str) -> Result<Vec<Need>>;

    /// The path of the same name as `path` that was needed when this was last measured.
    fn before(&self, path: &str) -> Option<String>;
}

/// Everything that is needed, by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// Where each path comes from, and its bytes in the store, where known.
    pub paths: BTreeMap<String, (Origin, Option<u64>)>,
}

/// Where all that `needs` name comes from.
///
/// # Errors
/// When a source cannot be asked.
pub fn walk(needs: Vec<Need>, sources: &mut dyn Sources) -> Result<Measured> {
    let mut measured = Measured::default();
    let mut frontier: BTreeSet<Need> = needs.into_iter().collect();
    while !frontier.is_empty() {
        let paths: Vec<String> = frontier.iter().map(|need| need.path.clone()).collect();
        let here = sources.local(&paths)?;
        measured.paths.extend(here.into_iter().map(|(path, bytes)| (path, (Origin::Local, Some(bytes)))));
        let mut asked: Vec<Need> =
            frontier.into_iter().filter(|need| !measured.paths.contains_key(&need.path)).collect();
        asked.dedup_by(|a, b| a.path == b.path);
        let paths: Vec<String> = asked.iter().map(|need| need.path.clone()).collect();
        let offers = if paths.is_empty() { BTreeMap::new() } else { sources.offers(&paths)? };
        let mut next = BTreeSet::new();
        for need in asked {
            let offered = offers.get(&need.path).map(Vec::as_slice).unwrap_or_default();
            if let Some(offer) = offered.iter().find(|offer| offer.trusted) {
                let origin = Origin::Substituter(offer.substituter, offer.file_size);
                measured.paths.insert(need.path.clone(), (origin, Some(offer.nar_size)));
                next.extend(offer.references.iter().map(|path| Need { path: path.clone(), drv: None }));
            } else {
                let why = match (offered.first(), sources.before(&need.path)) {
                    (Some(offer), _) => Why::Untrusted(offer.substituter),
                    (None, Some(before)) => Why::Changed(before),
                    (None, None) => Why::Absent,
                };
                measured.paths.insert(need.path.clone(), (Origin::Build(why), None));
                if let Some(drv) = &need.drv {
                    next.extend(sources.inputs(drv)?);
                }
            }
        }
        frontier = next.into_iter().filter(|need| !measured.paths.contains_key(&need.path)).collect();
    }
    Ok(measured)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Facts written down.
    #[derive(Default)]
    pub struct Written {
        pub local: BTreeMap<String, Vec<String>>,
        pub offers: BTreeMap<String, Vec<Offer>>,
        pub inputs: BTreeMap<String, Vec<Need>>,
        pub before: BTreeMap<String, String>,
        pub asked: Vec<String>,
    }

    impl Sources for Written {
        fn local(&mut self, paths: &[String]) -> Result<BTreeMap<String, u64>> {
            let there = paths.iter().filter_map(|path| Some((path, self.local.get(path)?)));
            Ok(there.flat_map(|(path, closure)| closure.iter().chain([path])).map(|path| (path.clone(), 1)).collect())
        }

        fn offers(&mut self, paths: &[String]) -> Result<BTreeMap<String, Vec<Offer>>> {
            self.asked.extend_from_slice(paths);
            Ok(paths.iter().filter_map(|path| Some((path.clone(), self.offers.get(path)?.clone()))).collect())
        }

        fn inputs(&mut self, drv: &str) -> Result<Vec<Need>> {
            Ok(self.inputs.get(drv).cloned().unwrap_or_default())
        }

        fn before(&self, path: &str) -> Option<String> {
            self.before.get(path).cloned()
        }
    }

    pub fn offer(substituter: usize, trusted: bool, references: &[&str]) -> Offer {
        let references = references.iter().map(|&path| path.to_owned()).collect();
        Offer { substituter, trusted, file_size: Some(10), nar_size: 20, references }
    }

    pub fn need(path: &str, drv: Option<&str>) -> Need {
        Need { path: path.to_owned(), drv: drv.map(str::to_owned) }
    }

    fn map<T>(entries: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<String, T> {
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn only_what_is_needed_is_walked() {
        let mut sources = Written {
            local: map([("shell", vec!["libc".to_owned()])]),
            offers: map([
                ("tool", vec![offer(0, true, &["libtool"])]),
                ("libtool", vec![offer(1, true, &["libtool"])]),
                ("unsigned", vec![offer(1, false, &[])]),
                // Nobody needs it: what it is for is in a cache.
                ("compiler", vec![offer(0, true, &[])]),
            ]),
            inputs: map([
                (
                    "system.drv",
                    vec![
                        need("tool", Some("tool.drv")),
                        need("shell", None),
                        need("unsigned", None),
                        need("config", None),
                    ],
                ),
                ("tool.drv", vec![need("compiler", None)]),
            ]),
            before: map([("config", "old-config".to_owned())]),
            asked: Vec::new(),
        };
        let measured = walk(vec![need("system", Some("system.drv"))], &mut sources).unwrap();
        let expected = map([
            ("system", (Origin::Build(Why::Absent), None)),
            ("tool", (Origin::Substituter(0, Some(10)), Some(20))),
            ("libtool", (Origin::Substituter(1, Some(10)), Some(20))),
            ("shell", (Origin::Local, Some(1))),
            ("libc", (Origin::Local, Some(1))),
            ("unsigned", (Origin::Build(Why::Untrusted(1)), None)),
            ("config", (Origin::Build(Why::Changed("old-config".to_owned())), None)),
        ]);
        assert_eq!(measured.paths, expected);
        sources.asked.sort();
        assert_eq!(sources.asked, ["config", "libtool", "system", "tool", "unsigned"]);
    }

    #[test]
    fn a_cached_root_hides_what_built_it() {
        let mut sources = Written {
            offers: map([
                ("system", vec![offer(0, false, &["bad"]), offer(1, true, &["lib"])]),
                ("lib", vec![offer(1, true, &[])]),
            ]),
            inputs: map([("system.drv", vec![need("compiler", None)])]),
            ..Written::default()
        };
        let measured = walk(vec![need("system", Some("system.drv"))], &mut sources).unwrap();
        assert_eq!(measured.paths.keys().collect::<Vec<_>>(), ["lib", "system"]);
    }
}
