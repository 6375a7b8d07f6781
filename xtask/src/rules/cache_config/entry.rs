//! One cache or key as it is written: its form, and which key fits which cache.

use std::collections::BTreeMap;

use cache_protocol::shown;
use data_encoding::BASE64;
use regex_lite::Regex;

/// The cache that every Nix knows, and its key.
const UPSTREAM: [&str; 2] =
    ["https://cache.nixos.org", "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY="];
/// What people write where something is still to be filled in.
const PLACEHOLDERS: [&str; 14] = [
    "placeholder",
    "_here",
    "-here",
    "changeme",
    "change-me",
    "fixme",
    "todo",
    "replace",
    "your-",
    "your_",
    "xxxx",
    "<",
    "...",
    "dummy",
];
/// Domains that nobody can have (RFC 2606, RFC 6761).
const NOBODYS_DOMAINS: [&str; 4] = ["example.com", "example.net", "example.org", ".example"];

/// Which of the two lists an entry is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// URLs of caches.
    Substituters,
    /// Their public keys.
    Keys,
}

/// A fault of form and what mends it.
pub type Fault = (String, String);

/// What is wrong with the form of `entry`, the first that is: a placeholder is nothing else besides. `key_names` are the names of
/// keys by cache, where they are not those of their caches.
#[must_use]
pub fn fault(list: List, entry: &str, key_names: &BTreeMap<String, String>) -> Option<Fault> {
    match list {
        List::Substituters => url_fault(entry),
        List::Keys => key_fault(entry, key_names),
    }
}

/// Whether every Nix has it without being told.
#[must_use]
pub fn is_upstream(entry: &str) -> bool {
    UPSTREAM.contains(&identity(entry))
}

/// A URL without what does not make it another cache: parameters, and a slash at its end. A key is itself.
#[must_use]
pub fn identity(entry: &str) -> &str {
    entry.split_once('?').map_or(entry, |(url, _)| url).trim_end_matches(if entry.contains("://") { "/" } else { "" })
}

/// Whether it is only known when it runs: `$CACHE`, `${{ vars.CACHE }}`, `%s`.
#[must_use]
pub fn is_computed(entry: &str) -> bool {
    entry.contains(['$', '%'])
}

fn url_fault(url: &str) -> Option<Fault> {
    let (address, _) = url.split_once('?').unwrap_or((url, ""));
    let (host, named) = (host(url).unwrap_or_default(), shown(url));
    let nobodys = NOBODYS_DOMAINS.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}")));
    if is_placeholder(url) || nobodys || host.ends_with(".example") {
        return Some((format!("`{named}` is a placeholder"), "write the URL of the cache, or take it out".to_owned()));
    }
    let whole = || "write `https://` and the cache's host".to_owned();
    let Some((scheme, _)) = address.split_once("://") else {
        return Some((format!("`{named}` is no URL of a cache"), whole()));
    };
    if host.is_empty() {
        return Some((format!("`{named}` names no host"), whole()));
    }
    // What is shown of an address that something else is wrong with is none.
    let rest = named.split_once("://").map(|(_, rest)| rest.trim_end_matches('/'));
    let fix = rest.map_or_else(whole, |rest| format!("write `https://{rest}`"));
    if scheme != "https" {
        return Some((format!("`{named}` is not https"), fix));
    }
    address.ends_with('/').then(|| (format!("`{named}` ends in a slash"), fix))
}

fn key_fault(key: &str, key_names: &BTreeMap<String, String>) -> Option<Fault> {
    let take_it = "write the key that the cache shows, such as `name-1:` and 44 characters".to_owned();
    let (name, encoded) = key.split_once(':').unwrap_or((key, ""));
    let bytes = BASE64.decode(encoded.as_bytes()).ok();
    // Letters that are a key's may happen to be such a word.
    let doubtful = if bytes.is_some() { name } else { key };
    // Zeros and the like are written for want of a key.
    let blank = bytes.as_ref().is_some_and(|bytes| !bytes.is_empty() && bytes.iter().all(|byte| *byte == bytes[0]));
    if is_placeholder(doubtful) || blank {
        return Some((format!("the key `{key}` is a placeholder"), take_it));
    }
    let has_number = name.rsplit_once('-').is_some_and(|(base, number)| {
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number && !base.is_empty()
    });
    let declared = key_names.values().any(|declared| declared == name);
    if encoded.is_empty() || (!has_number && !declared) {
        let fault = format!("the key `{key}` is not of the form `name-N:base64`");
        return Some((fault, format!("{take_it}; declare another name of a key in `cache.keys` of xtask.toml")));
    }
    let held = bytes.map(|bytes| bytes.len());
    match held {
        Some(32) => None,
        Some(held) => Some((format!("the key `{key}` holds {held} bytes instead of 32"), take_it)),
        None => Some((format!("what the key `{key}` holds is not base64"), take_it)),
    }
}

fn is_placeholder(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|word| text.contains(word))
}

/// The host of a URL, without a port.
#[must_use]
pub fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', ':']).next()?;
    Some(host.rsplit('@').next().unwrap_or(host))
}

/// Whether `key` is named as the keys of the cache at `url` are: as `key_names` declares, else `HOST-N` or, for a server of several
/// caches, `LAST_PART_OF_THE_PATH-N`.
#[must_use]
pub fn fits(key: &str, url: &str, key_names: &BTreeMap<String, String>) -> bool {
    let name = key.split(':').next().unwrap_or_default();
    let url = identity(url);
    if let Some((_, declared)) = key_names.iter().find(|(declared, _)| identity(declared) == url) {
        return declared == name;
    }
    let base = name.rsplit_once('-').map_or(name, |(base, _)| base);
    host(url) == Some(base) || url.rsplit_once('/').is_some_and(|(_, last)| last == base)
}

/// The word `name` wherever `text` says it: the places of its beginnings. Case does not matter; letters and digits around it make
/// it another word.
#[must_use]
pub fn mentions(text: &str, name: &str) -> Vec<usize> {
    let (text, name) = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let bytes = text.as_bytes();
    let is_part = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let found = memchr::memmem::find_iter(bytes, name.as_bytes());
    found.filter(|at| !is_part(at.checked_sub(1)) && !is_part(Some(at + name.len()))).collect()
}

/// The secrets that an expression of GitHub's names: `${{ secrets.NAME }}`.
#[must_use]
pub fn secret_name(expression: &str) -> Option<String> {
    let pattern = Regex::new(r#"secrets(?:\.|\[['"])([A-Za-z0-9_]+)"#).ok()?;
    pattern.captures(expression)?.get(1).map(|name| name.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=";

    fn declared() -> BTreeMap<String, String> {
        BTreeMap::from([("https://cache.iog.io".to_owned(), "hydra.iohk.io".to_owned())])
    }

    #[test]
    fn urls_are_https_without_a_slash() {
        let check = |url: &str, expected: Option<(&str, &str)>| {
            let found = fault(List::Substituters, url, &declared());
            let found = found.as_ref().map(|(fault, fix)| (fault.as_str(), fix.as_str()));
            assert_eq!(found, expected, "{url}");
        };
        check("https://a.cachix.org", None);
        check("https://a.cachix.org?priority=41", None);
        check("https://a.io:8443/b", None);
        check("http://a.io", Some(("`http://a.io` is not https", "write `https://a.io`")));
        check("http://a.io/", Some(("`http://a.io/` is not https", "write `https://a.io`")));
        check("https://a.io/", Some(("`https://a.io/` ends in a slash", "write `https://a.io`")));
        check("https://a.io/?priority=1", Some(("`https://a.io/` ends in a slash", "write `https://a.io`")));
        // A password is not repeated, wherever it stands.
        check("http://me:hunter2@a.io?b=hunter2", Some(("`http://a.io` is not https", "write `https://a.io`")));
        check("https://me:hunter2@a.io/", Some(("`https://a.io/` ends in a slash", "write `https://a.io`")));
        let no_host = "write `https://` and the cache's host";
        check("https://", Some(("`https://` names no host", no_host)));
        check("https:me:hunter2@h", Some(("`https:…` is no URL of a cache", no_host)));
        check("http://me:hunt/er2@a.io", Some(("`http:…` is not https", no_host)));
        check("a.cachix.org", Some(("`a.cachix.org` is no URL of a cache", no_host)));
        for url in
            ["https://your-cache.cachix.org", "https://<name>", "https://cache.example.org", "https://example.com/a"]
        {
            let expected = format!("`{url}` is a placeholder");
            check(url, Some((&expected, "write the URL of the cache, or take it out")));
        }
        check("https://myexample.com", None);
    }

    #[test]
    fn keys_are_names_and_32_bytes() {
        let check = |key: &str, expected: Option<&str>| {
            let found = fault(List::Keys, key, &declared()).map(|(fault, _)| fault);
            assert_eq!(found.as_deref(), expected, "{key}");
        };
        check(&format!("a.cachix.org-1:{KEY}"), None);
        check(&format!("hydra.iohk.io:{KEY}"), None);
        check(&format!("a:{KEY}"), Some(&format!("the key `a:{KEY}` is not of the form `name-N:base64`")));
        check(&format!("a-b:{KEY}"), Some(&format!("the key `a-b:{KEY}` is not of the form `name-N:base64`")));
        check(&format!("a-:{KEY}"), Some(&format!("the key `a-:{KEY}` is not of the form `name-N:base64`")));
        check(&format!("-1:{KEY}"), Some(&format!("the key `-1:{KEY}` is not of the form `name-N:base64`")));
        check("a-1", Some("the key `a-1` is not of the form `name-N:base64`"));
        check("a-1:YWJj", Some("the key `a-1:YWJj` holds 3 bytes instead of 32"));
        check("a-1:mB9F!", Some("what the key `a-1:mB9F!` holds is not base64"));
        check("a-1:PUBLIC_KEY_HERE", Some("the key `a-1:PUBLIC_KEY_HERE` is a placeholder"));
        let blank = format!("a-1:{}=", "A".repeat(43));
        check(&blank, Some(&format!("the key `{blank}` is a placeholder")));
        // Letters that a key happens to hold.
        check("a-1:TODOSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=", None);
    }

    #[test]
    fn keys_fit_caches_by_name() {
        let check = |name: &str, url: &str, expected: bool| {
            assert_eq!(fits(&format!("{name}:{KEY}"), url, &declared()), expected, "{name} {url}");
        };
        check("a.cachix.org-1", "https://a.cachix.org", true);
        check("a.cachix.org-1", "https://a.cachix.org/?priority=3", true);
        check("a.io-1", "https://a.io:8443", true);
        check("main-1", "https://attic.io/main", true);
        check("b.cachix.org-1", "https://a.cachix.org", false);
        check("hydra.iohk.io", "https://cache.iog.io/", true);
        check("cache.iog.io-1", "https://cache.iog.io", false);
    }

    #[test]
    fn upstream_is_known() {
        let check = |entry: &str, expected: bool| assert_eq!(is_upstream(entry), expected, "{entry}");
        check("https://cache.nixos.org", true);
        check("https://cache.nixos.org/?priority=10", true);
        check(UPSTREAM[1], true);
        check(&format!("cache.nixos.org-1:{KEY}"), false);
        check("https://a.io", false);
    }

    #[test]
    fn words_are_found_whole() {
        assert_eq!(mentions("a/Magic-Nix-Cache-action, magic-nix-caches", "magic-nix-cache"), [2]);
        assert_eq!(mentions("https://cache.garnix.io garnix", "garnix"), [14, 24]);
        assert_eq!(mentions("ogarnix", "garnix"), [] as [usize; 0]);
    }

    #[test]
    fn secrets_are_named() {
        assert_eq!(secret_name("${{ secrets.A_1 }}").as_deref(), Some("A_1"));
        assert_eq!(secret_name("${{ secrets['B'] }}").as_deref(), Some("B"));
        assert_eq!(secret_name("${{ inputs.c }}"), None);
    }
}
