//! Flake references: what an input in flake.nix asks for, in the attributes that flake.lock writes. Pure.
//!
//! The forms are those of the manual's page on `nix flake`; what only the network could tell is not asked.

use serde_json::{Value, json};

use crate::flake_lock::Attributes;

/// A declared reference in the attributes that a lock file writes as `original`; `None` for a form that is not known.
#[must_use]
pub fn declared_reference(name: &str, declared: &Value) -> Option<Attributes> {
    let mut attributes = match declared.get("url").and_then(Value::as_str) {
        Some(url) => parse_url(url)?,
        None => {
            let given = declared.as_object()?.iter().filter(|(key, _)| !["inputs", "flake"].contains(&key.as_str()));
            given.map(|(key, value)| (key.clone(), value.clone())).collect()
        }
    };
    if attributes.is_empty() {
        attributes.insert("type".to_owned(), json!("indirect"));
        attributes.insert("id".to_owned(), json!(name));
    }
    Some(attributes)
}

fn parse_url(url: &str) -> Option<Attributes> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut attributes = Attributes::new();
    let mut left = Vec::new();
    // A folder of the repository itself, such as `./sub`; of an absolute one only Nix can tell whether it is in a repository.
    let bare = if base.starts_with('.') { "path" } else { "flake" };
    let (scheme, rest) = base.split_once(':').unwrap_or((bare, base));
    if rest == base && base.starts_with('/') {
        return None;
    }
    let forge = ["github", "gitlab", "sourcehut"].contains(&scheme);
    let git = scheme == "git" || scheme.starts_with("git+");
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key {
            "ref" | "rev" | "dir" | "host" => drop(attributes.insert(key.to_owned(), json!(value))),
            "shallow" | "submodules" | "allRefs" | "lfs" | "exportIgnore" if git => {
                attributes.insert(key.to_owned(), json!(value == "1" || value == "true"));
            }
            "narHash" => drop(attributes.insert(key.to_owned(), json!(value))),
            _ => left.push(format!("{key}={value}")),
        }
    }
    let query = if left.is_empty() { String::new() } else { format!("?{}", left.join("&")) };
    let mut set = |key: &str, value: &str| drop(attributes.insert(key.to_owned(), json!(value)));
    let is_revision = |text: &str| text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit());
    let revision_or_reference = |text: &str| if is_revision(text) { "rev" } else { "ref" };
    if forge {
        let mut parts = rest.splitn(3, '/');
        let (owner, repo, last) = (parts.next()?, parts.next()?, parts.next());
        set("type", scheme);
        set("owner", owner);
        set("repo", repo);
        if let Some(last) = last {
            set(revision_or_reference(last), last);
        }
    } else if git {
        set("type", "git");
        set("url", &format!("{}:{rest}{query}", scheme.strip_prefix("git+").unwrap_or(scheme)));
    } else if scheme == "path" {
        set("type", "path");
        set("path", rest);
    } else if scheme == "flake" {
        let mut parts = rest.splitn(3, '/');
        set("type", "indirect");
        set("id", parts.next()?);
        for part in parts {
            set(revision_or_reference(part), part);
        }
    } else {
        let (kind, transport) = match scheme.split_once('+') {
            Some((kind @ ("tarball" | "file"), transport)) => (kind, transport),
            None if ["http", "https"].contains(&scheme) => (if is_tarball(rest) { "tarball" } else { "file" }, scheme),
            _ => return None,
        };
        set("type", kind);
        set("url", &format!("{transport}:{rest}{query}"));
    }
    Some(attributes)
}

fn is_tarball(path: &str) -> bool {
    [".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"].iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_in_every_form() {
        let check = |url: &str, expected: Option<Value>| {
            let parsed = parse_url(url).map(|attributes| Value::Object(attributes.into_iter().collect()));
            assert_eq!(parsed, expected, "{url}");
        };
        check("github:a/b", Some(json!({"type": "github", "owner": "a", "repo": "b"})));
        check(
            "github:a/b/v1/x?dir=d",
            Some(json!({"type": "github", "owner": "a", "repo": "b", "ref": "v1/x", "dir": "d"})),
        );
        let revision = "0123456789abcdef0123456789abcdef01234567";
        check(
            &format!("github:a/b/{revision}"),
            Some(json!({"type": "github", "owner": "a", "repo": "b", "rev": revision})),
        );
        check("nixpkgs", Some(json!({"type": "indirect", "id": "nixpkgs"})));
        check("flake:nixpkgs/release", Some(json!({"type": "indirect", "id": "nixpkgs", "ref": "release"})));
        check(
            "git+https://e.org/a?ref=main&shallow=1",
            Some(json!({"type": "git", "url": "https://e.org/a", "ref": "main", "shallow": true})),
        );
        check("git+ssh://git@e.org/a", Some(json!({"type": "git", "url": "ssh://git@e.org/a"})));
        check("path:/a/b", Some(json!({"type": "path", "path": "/a/b"})));
        check("https://e.org/a.tar.gz?x=1", Some(json!({"type": "tarball", "url": "https://e.org/a.tar.gz?x=1"})));
        check("https://e.org/a.json", Some(json!({"type": "file", "url": "https://e.org/a.json"})));
        check("./sub", Some(json!({"type": "path", "path": "./sub"})));
        check("../beside?dir=d", Some(json!({"type": "path", "path": "../beside", "dir": "d"})));
        check("/srv/flake", None);
        check("hg+https://e.org/a", None);
    }
}
