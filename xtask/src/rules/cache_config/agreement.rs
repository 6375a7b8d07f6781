//! What one place says about caches, held against `nixConfig` of flake.nix: it says the same, in good form, and discards nothing.
//!
//! A list with a fault of form is not compared besides: what is mended there decides. What Nix knows without being told (the
//! upstream cache) may be left out anywhere. A place that lists caches lists all of them; a step about one cache need not.

use std::collections::BTreeMap;

use cache_protocol::shown;

use super::entry::{self, List};
use super::retired::is_retired;
use super::settings::Block;

/// A fault of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, where the place is a text.
    pub line: u32,
    /// The entry it is about, as it is written, if it is about one.
    pub entry: Option<String>,
    /// The name of the setting it is about.
    pub setting: String,
    /// Whether it fails the check.
    pub fails: bool,
    /// What is wrong.
    pub text: String,
    /// What mends it.
    pub fix: String,
}

/// What the fleet's owner says about caches.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// The caches it has left: those are told of by another rule alone.
    pub retired: &'a [String],
    /// Names of keys that are not those of their caches.
    pub key_names: &'a BTreeMap<String, String>,
}

const LISTS: [List; 2] = [List::Substituters, List::Keys];

/// The faults of a place by itself: the form of what it lists.
#[must_use]
pub fn form(block: &Block, policy: Policy<'_>) -> Vec<Fault> {
    let mut found: Vec<Fault> = Vec::new();
    for list in LISTS {
        for (setting, text, line) in block.entries(list).filter(|(_, text, _)| counts(text, policy)) {
            let Some((fault, fix)) = entry::fault(list, text, policy.key_names) else { continue };
            let (entry, setting) = (Some(text.to_owned()), setting.name.clone());
            found.push(Fault { line, entry, setting, fails: true, text: fault, fix });
        }
    }
    found
}

/// The settings of a place that discard what others have set.
#[must_use]
pub fn discarding(block: &Block) -> Vec<Fault> {
    let replacing = block.settings.iter().filter(|setting| setting.replaces);
    replacing
        .map(|setting| {
            let name = &setting.name;
            let what = if setting.list == List::Keys { "keys" } else { "caches" };
            let (before, last) = name.rsplit_once('.').map_or(("", name.as_str()), |(set, last)| (set, last));
            let extra = if before.is_empty() { format!("extra-{last}") } else { format!("{before}.extra-{last}") };
            let text = format!("`{name}` discards the {what} that others have set");
            let fix = format!("write `{extra}`, which adds to them");
            Fault { line: setting.line, entry: None, setting: name.clone(), fails: true, text, fix }
        })
        .collect()
}

/// How a place deviates from `source`, the block of flake.nix.
#[must_use]
pub fn deviation(source: &Block, block: &Block, policy: Policy<'_>) -> Vec<Fault> {
    let mut computed = None;
    let (mut foreign, mut missing) = (Vec::new(), Vec::new());
    for list in LISTS {
        computed = computed.or_else(|| block.entries(list).find(|(_, text, _)| entry::is_computed(text)));
        let is_well =
            |of: &Block| of.entries(list).all(|(_, text, _)| !counts(text, policy) || formed(list, text, policy));
        if !is_well(source) || !is_well(block) {
            continue;
        }
        let own = |of: &Block| -> Vec<String> {
            let texts = of.entries(list).map(|(_, text, _)| text).filter(|text| counts(text, policy));
            texts.filter(|text| !entry::is_upstream(text)).map(|text| entry::identity(text).to_owned()).collect()
        };
        let (theirs, ours) = (own(source), own(block));
        let listed = block.entries(list).filter(|(_, text, _)| ours.contains(&entry::identity(text).to_owned()));
        foreign.extend(listed.filter(|(_, text, _)| !theirs.contains(&entry::identity(text).to_owned())));
        missing.extend(theirs.into_iter().filter(|text| !ours.contains(text)).map(|text| (list, text)));
    }
    let lists_any = LISTS
        .iter()
        .any(|list| block.entries(*list).any(|(_, text, _)| counts(text, policy) && !entry::is_upstream(text)));
    // What is only known when it runs may be what is missing.
    if !block.whole || !lists_any || computed.is_some() {
        missing.clear();
    }
    let mut found = Vec::new();
    found.extend(computed.map(|(setting, text, line)| Fault {
        line,
        entry: None,
        setting: setting.name.clone(),
        fails: false,
        text: format!("`{text}` is only known when it runs: it is not compared with `nixConfig` of flake.nix"),
        fix: "write it out".to_owned(),
    }));
    let first = foreign.first().copied();
    if first.is_none() && missing.is_empty() {
        return found;
    }
    let mut foreign_by_setting: Vec<(&str, Vec<String>)> = Vec::new();
    for (setting, text, _) in &foreign {
        let text = format!("`{text}`");
        match foreign_by_setting.iter_mut().find(|(name, _)| *name == setting.name) {
            Some((_, texts)) => texts.push(text),
            None => foreign_by_setting.push((&setting.name, vec![text])),
        }
    }
    let has = foreign_by_setting.iter().map(|(name, texts)| format!("`{name}` has {}", texts.join(", ")));
    let has = has.collect::<Vec<_>>().join(" and ");
    let has = first.map(|_| format!("{has}, which `nixConfig` of flake.nix does not have"));
    let lacks = LISTS.into_iter().filter_map(|list| {
        let of_list = missing.iter().filter(|(own, _)| *own == list).map(|(_, text)| format!("`{text}`"));
        let texts: Vec<String> = of_list.collect();
        let name = block.settings.iter().find(|setting| setting.list == list).map(|setting| setting.name.as_str());
        let usual = if list == List::Keys { "extra-trusted-public-keys" } else { "extra-substituters" };
        (!texts.is_empty()).then(|| format!("`{}` lacks {}", name.unwrap_or(usual), texts.join(", ")))
    });
    let text: Vec<String> = has.into_iter().chain(lacks).collect();
    let line = first.map_or(block.settings.first().map_or(1, |setting| setting.line), |(_, _, line)| line);
    found.push(Fault {
        line,
        entry: first.map(|(_, text, _)| text.to_owned()),
        setting: first.map(|(setting, ..)| setting.name.clone()).unwrap_or_default(),
        fails: true,
        text: text.join(", and "),
        fix: "write the same here and in `nixConfig` of flake.nix".to_owned(),
    });
    found
}

/// Which caches and keys of the source do not belong together. A key and a cache that are both left over are told of at once: one
/// of them is misspelt.
#[must_use]
pub fn pairs(source: &Block, policy: Policy<'_>) -> Vec<Fault> {
    let of = |list: List| source.entries(list).filter(|(_, text, _)| counts(text, policy)).collect::<Vec<_>>();
    let (urls, keys) = (of(List::Substituters), of(List::Keys));
    let well = urls.iter().all(|(_, text, _)| formed(List::Substituters, text, policy));
    if !well || !keys.iter().all(|(_, text, _)| formed(List::Keys, text, policy)) {
        return Vec::new();
    }
    let fits = |key: &str, url: &str| entry::fits(key, url, policy.key_names);
    let mut lone_urls =
        urls.iter().filter(|(_, url, _)| !entry::is_upstream(url) && !keys.iter().any(|(_, key, _)| fits(key, url)));
    let lone_keys =
        keys.iter().filter(|(_, key, _)| !entry::is_upstream(key) && !urls.iter().any(|(_, url, _)| fits(key, url)));
    let mut found = Vec::new();
    for (setting, key, line) in lone_keys {
        let name = key.split(':').next().unwrap_or_default();
        let (text, fix) = match lone_urls.next().map(|(_, url, _)| shown(url)) {
            Some(url) => (
                format!("the key `{name}` is not named after a cache: `{url}` has no key"),
                format!("write the key of `{url}`; if this is it, declare its name in `cache.keys` of xtask.toml"),
            ),
            None => (
                format!("the key `{name}` is not named after a cache that is listed"),
                "list its cache, or remove the key".to_owned(),
            ),
        };
        let (entry, setting) = (Some((*key).to_owned()), setting.name.clone());
        found.push(Fault { line: *line, entry, setting, fails: true, text, fix });
    }
    found.extend(lone_urls.map(|(setting, url, line)| Fault {
        line: *line,
        entry: Some((*url).to_owned()),
        setting: setting.name.clone(),
        fails: true,
        text: format!("`{}` has no key: nothing of it would be trusted", shown(url)),
        fix: "add its key to `extra-trusted-public-keys`, as the cache shows it".to_owned(),
    }));
    found
}

/// Whether an entry is looked at here.
fn counts(text: &str, policy: Policy<'_>) -> bool {
    !entry::is_computed(text) && !is_retired(text, policy.retired)
}

fn formed(list: List, text: &str, policy: Policy<'_>) -> bool {
    entry::fault(list, text, policy.key_names).is_none()
}
