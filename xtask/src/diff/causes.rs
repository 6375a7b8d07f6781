//! Why a derivation is another one: both graphs are walked side by side, down to the derivations that differ by themselves and not
//! only by what they need.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

/// How many causes are kept of one output; the others are counted.
const CAUSES: usize = 100;
/// The characters of the hash in a store path.
const HASH: usize = 32;
/// The characters of a placeholder: what stands for an output whose path is not known before it is built.
const PLACEHOLDER: usize = 52;

/// What a derivation consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// Its name, without hash and `.drv`.
    pub name: String,
    /// Name and store path of each of its outputs.
    pub outputs: Vec<(String, String)>,
    /// The store paths of the derivations it needs.
    pub inputs: Vec<String>,
    /// The store paths of the sources it needs.
    pub sources: Vec<String>,
    /// Everything else, by what it is called: `builder`, `system`, `arguments`, and the variables of its environment.
    pub texts: BTreeMap<String, String>,
}

/// A derivation that differs by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Its name.
    pub name: String,
    /// What it was called in the base, if something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// The derivation in the base.
    pub base_drv: String,
    /// The derivation now.
    pub head_drv: String,
    /// What of it differs: the names of variables, and `builder`, `system`, `arguments`, `outputs`.
    pub texts: Vec<String>,
    /// Sources with other content.
    pub sources: Vec<String>,
    /// Names of derivations and sources that it needs only now.
    pub added: Vec<String>,
    /// Names of derivations and sources that it needed only in the base.
    pub removed: Vec<String>,
}

/// Why one derivation is another one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Causes {
    /// The derivations that differ by themselves: the nearest first.
    pub nearest: Vec<Arc<Cause>>,
    /// How many there are.
    pub total: usize,
    /// How many derivations differ, whether by themselves or not.
    pub differing: usize,
}

/// Pairs of derivations that were compared: each once, however many outputs need it.
#[derive(Debug, Default)]
pub struct Pairs {
    known: HashMap<(String, String), Arc<Pair>>,
}

/// What comparing two derivations came to.
#[derive(Debug)]
struct Pair {
    cause: Option<Arc<Cause>>,
    /// The inputs that differ, each with what takes its place.
    inputs: Vec<(String, String)>,
}

impl Pairs {
    /// Why `head` is not `base`; `read` gives derivations by their store paths.
    ///
    /// # Errors
    /// When a derivation cannot be read.
    pub fn causes(
        &mut self,
        base: &str,
        head: &str,
        read: &mut dyn FnMut(&str) -> Result<Arc<Derivation>>,
    ) -> Result<Causes> {
        let mut causes = Causes::default();
        let first = (base.to_owned(), head.to_owned());
        let (mut queue, mut seen) = (VecDeque::from([first.clone()]), HashSet::from([first]));
        while let Some(key) = queue.pop_front() {
            let pair = match self.known.get(&key) {
                Some(known) => Arc::clone(known),
                None => {
                    let pair = Arc::new(compare(&key, read)?);
                    self.known.insert(key, Arc::clone(&pair));
                    pair
                }
            };
            causes.differing += 1;
            if let Some(cause) = &pair.cause {
                causes.total += 1;
                if causes.nearest.len() < CAUSES {
                    causes.nearest.push(Arc::clone(cause));
                }
            }
            queue.extend(pair.inputs.iter().filter(|input| seen.insert((*input).clone())).cloned());
        }
        Ok(causes)
    }
}

fn compare(
    (base_drv, head_drv): &(String, String),
    read: &mut dyn FnMut(&str) -> Result<Arc<Derivation>>,
) -> Result<Pair> {
    let (base, head) = (read(base_drv)?, read(head_drv)?);
    let (inputs, mut removed, mut added) = matched(&base.inputs, &head.inputs);
    let (sources, removed_sources, added_sources) = matched(&base.sources, &head.sources);
    removed.extend(removed_sources);
    added.extend(added_sources);
    // A path that is another only because an input is another is no difference of this derivation.
    let (mut of_base, mut of_head) = (Tokens::default(), Tokens::default());
    of_base.add("self", &base);
    of_head.add("self", &head);
    for (index, (was, now)) in inputs.iter().enumerate() {
        of_base.add(&index.to_string(), read(was)?.as_ref());
        of_head.add(&index.to_string(), read(now)?.as_ref());
    }
    let names: BTreeSet<&String> = base.texts.keys().chain(head.texts.keys()).collect();
    let same = |name: &&String| {
        let plain = |tokens: &Tokens, of: &Derivation| of.texts.get(*name).map(|text| tokens.plain(text));
        base.texts.get(*name) == head.texts.get(*name) || plain(&of_base, &base) == plain(&of_head, &head)
    };
    let mut texts: Vec<String> = names.into_iter().filter(|name| !same(name)).cloned().collect();
    let outputs = |of: &Derivation| of.outputs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    if outputs(&base) != outputs(&head) {
        texts.push("outputs".to_owned());
    }
    let paths = |paths: Vec<String>| paths.iter().map(|path| name_of(path).to_owned()).collect::<Vec<_>>();
    let sources: Vec<String> = sources.iter().map(|(_, now)| name_of(now).to_owned()).collect();
    // Two that differ in nothing seen do differ: what is not looked into is then their own.
    let is_cause = !texts.is_empty() || !sources.is_empty() || !added.is_empty() || !removed.is_empty();
    let cause = (is_cause || inputs.is_empty()).then(|| {
        Arc::new(Cause {
            name: head.name.clone(),
            was: (base.name != head.name).then(|| base.name.clone()),
            base_drv: base_drv.clone(),
            head_drv: head_drv.clone(),
            texts,
            sources,
            added: paths(added),
            removed: paths(removed),
        })
    });
    Ok(Pair { cause, inputs })
}

/// Those of two lists of store paths that belong together without being the same, then the others of either: by name, then by
/// name without version.
type Matched = (Vec<(String, String)>, Vec<String>, Vec<String>);

fn matched(base: &[String], head: &[String]) -> Matched {
    let (in_base, in_head): (HashSet<&String>, HashSet<&String>) = (base.iter().collect(), head.iter().collect());
    let mut was: Vec<String> = base.iter().filter(|path| !in_head.contains(path)).cloned().collect();
    let mut now: Vec<String> = head.iter().filter(|path| !in_base.contains(path)).cloned().collect();
    let mut pairs = Vec::new();
    let unversioned = |path: &str| {
        let name = name_of(path).to_owned();
        let version = name.match_indices('-').find(|(at, _)| name[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
        version.map_or(name.clone(), |(at, _)| name[..at].to_owned())
    };
    let keys: [&dyn Fn(&str) -> String; 2] = [&|path| name_of(path).to_owned(), &unversioned];
    for key in keys {
        was.retain(|old| match now.iter().position(|new| key(new) == key(old)) {
            Some(at) => {
                pairs.push((old.clone(), now.remove(at)));
                false
            }
            None => true,
        });
    }
    (pairs, was, now)
}

/// The name in a store path, without the `.drv` of a derivation.
fn name_of(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or(path);
    let name = base.split_once('-').filter(|(hash, _)| hash.len() == HASH).map_or(base, |(_, name)| name);
    name.strip_suffix(".drv").unwrap_or(name)
}

/// What takes the place of the paths in a derivation's texts, so that the texts of two can be compared.
#[derive(Debug, Default)]
struct Tokens(Vec<(String, String)>);

impl Tokens {
    fn add(&mut self, word: &str, derivation: &Derivation) {
        let outputs = derivation.outputs.iter().filter(|(_, path)| !path.is_empty());
        self.0.extend(outputs.map(|(name, path)| (path.clone(), format!("<{word} {name}>"))));
    }

    /// `text` with tokens for known paths, and without any other hash.
    fn plain(&self, text: &str) -> String {
        let mut plain = text.to_owned();
        // The path of an output may begin with that of another: `…-x-dev` with `…-x`.
        let mut tokens: Vec<&(String, String)> = self.0.iter().filter(|(path, _)| text.contains(path)).collect();
        tokens.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        for (path, token) in tokens {
            plain = plain.replace(path, token);
        }
        without_hashes(&plain)
    }
}

/// `text` with the hashes of store paths, and placeholders, left out.
fn without_hashes(text: &str) -> String {
    let is_hash = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
    let mut parts = text.split('/');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push('/');
        let hash = [PLACEHOLDER, HASH].into_iter().find(|&length| {
            part.get(..length).is_some_and(is_hash)
                && (length == PLACEHOLDER || part.as_bytes().get(length) == Some(&b'-'))
        });
        plain.push_str(part.get(hash.unwrap_or(0)..).unwrap_or_default());
    }
    plain
}

#[cfg(test)]
mod tests;
