//! Where inputs are fetched from, and whether anybody answers there.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::flake_lock::Attributes;
use crate::network;

/// Those of `hosts` that do not answer; asked all at once, and none when the network is not to be asked.
pub fn unreachable(hosts: &BTreeSet<String>, context: &Context) -> Vec<String> {
    if context.offline {
        return hosts.iter().cloned().collect();
    }
    let proxy = proxy();
    std::thread::scope(|scope| {
        let asked: Vec<_> = hosts
            .iter()
            .map(|host| {
                let (name, port) = proxy.clone().unwrap_or_else(|| endpoint(host));
                (host, scope.spawn(move || network::reachable(&name, port)))
            })
            .collect();
        let silent = asked.into_iter().filter_map(|(host, answer)| (!answer.join().unwrap_or(false)).then_some(host));
        silent.cloned().collect()
    })
}

/// The host, with a port where the reference names one, that an input is fetched from; `None` for a local one.
pub fn host(locked: &Attributes) -> Option<String> {
    let text = |name: &str| locked.get(name).and_then(|value| value.as_str());
    match text("type")? {
        "github" => Some(text("host").unwrap_or("github.com").to_owned()),
        "gitlab" => Some(text("host").unwrap_or("gitlab.com").to_owned()),
        "sourcehut" => Some(text("host").unwrap_or("git.sr.ht").to_owned()),
        "git" | "hg" | "tarball" | "file" => reference_host(text("url")?),
        _ => None,
    }
}

/// The host that the input `name` of a flake.nix leads to, as it is written there.
pub fn declared_host(name: &str, input: &serde_json::Value) -> Option<String> {
    let text = |attribute: &str| input.get(attribute).and_then(|value| value.as_str());
    match (text("url"), text("follows"), text("type")) {
        (Some(url), ..) => reference_host(url),
        (_, Some(_), _) => None,
        (.., Some(kind)) => reference_host(&format!("{kind}:")),
        _ => reference_host(name),
    }
}

/// The host that a flake reference leads to; `None` for a local one. What only a registry knows is on GitHub, as nearly all is.
fn reference_host(reference: &str) -> Option<String> {
    let Some((scheme, rest)) = reference.split_once(':') else {
        return (!reference.starts_with(['.', '/'])).then(|| "github.com".to_owned());
    };
    let named =
        rest.split_once('?').and_then(|(_, query)| query.split('&').find_map(|pair| pair.strip_prefix("host=")));
    match scheme {
        "path" => None,
        "flake" | "indirect" | "github" => Some(named.unwrap_or("github.com").to_owned()),
        "gitlab" => Some(named.unwrap_or("gitlab.com").to_owned()),
        "sourcehut" => Some(named.unwrap_or("git.sr.ht").to_owned()),
        _ => {
            let authority = rest.strip_prefix("//")?.split(['/', '?']).next()?.rsplit('@').next()?;
            let port = if scheme.contains("ssh") && !authority.contains(':') { ":22" } else { "" };
            (!authority.is_empty()).then(|| format!("{authority}{port}"))
        }
    }
}

fn endpoint(host: &str) -> (String, u16) {
    match host.rsplit_once(':').map(|(name, port)| (name, port.parse())) {
        Some((name, Ok(port))) => (name.to_owned(), port),
        _ => (host.to_owned(), 443),
    }
}

/// The proxy that Nix's downloads go through, which is then what must answer.
fn proxy() -> Option<(String, u16)> {
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let url = names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
    let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).trim_end_matches('/');
    Some(endpoint(authority.rsplit('@').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_inputs() {
        let check = |pairs: &[(&str, &str)], expected: Option<&str>| {
            let locked = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            assert_eq!(host(&locked).as_deref(), expected, "{pairs:?}");
        };
        check(&[("type", "github"), ("owner", "a")], Some("github.com"));
        check(&[("type", "github"), ("host", "git.example.org")], Some("git.example.org"));
        check(&[("type", "git"), ("url", "https://example.org/a.git")], Some("example.org"));
        check(&[("type", "git"), ("url", "ssh://git@example.org/a.git")], Some("example.org:22"));
        check(&[("type", "tarball"), ("url", "https://example.org:8443/a.tar.gz")], Some("example.org:8443"));
        check(&[("type", "git"), ("url", "file:///a")], None);
        check(&[("type", "path"), ("path", "/a")], None);
        let check = |reference: &str, expected: Option<&str>| {
            assert_eq!(reference_host(reference).as_deref(), expected, "{reference}");
        };
        check("github:NixOS/nixpkgs", Some("github.com"));
        check("github:a/b?ref=x&host=git.example.org", Some("git.example.org"));
        check("gitlab:a/b", Some("gitlab.com"));
        check("sourcehut:~a/b", Some("git.sr.ht"));
        check("nixpkgs", Some("github.com"));
        check("flake:nixpkgs", Some("github.com"));
        check("git+https://example.org/a?ref=main", Some("example.org"));
        check("git+ssh://git@example.org/a", Some("example.org:22"));
        check("https://example.org:8443/a.tar.gz", Some("example.org:8443"));
        for local in ["path:/a", "path:./a", "./a", "/a", "git+file:///a", "git+file:/a"] {
            check(local, None);
        }
        assert_eq!(endpoint("a:22"), ("a".to_owned(), 22));
        assert_eq!(endpoint("a"), ("a".to_owned(), 443));
    }

    #[test]
    fn hosts_of_declared_inputs() {
        let check = |json: &str, expected: Option<&str>| {
            let input = serde_json::from_str(json).unwrap();
            assert_eq!(declared_host("nixpkgs", &input).as_deref(), expected, "{json}");
        };
        check(r#"{ "url": "gitlab:a/b", "flake": false }"#, Some("gitlab.com"));
        check(r#"{ "url": "./sub" }"#, None);
        check(r#"{ "follows": "other" }"#, None);
        check(r#"{ "type": "github", "owner": "a", "repo": "b" }"#, Some("github.com"));
        check(r#"{ "type": "path", "path": "/a" }"#, None);
        // Looked up by its name.
        check("{ }", Some("github.com"));
    }
}
