//! Whether what a cache signs with is what flake.nix and Nix trust.

use super::{CacheFacts, Diagnosis, Facts, about, good, problem};

/// What the known keys say of the ones a cache signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Agreement<'a> {
    /// One of them is known.
    Known,
    /// This one has the name of that one, and other bytes.
    SameName { served: &'a str, known: &'a str },
    /// None is known.
    Unknown,
}

/// The keys that the cache serves against those of `nixConfig`, then against those that Nix trusts.
pub fn keys(cache: &CacheFacts, facts: &Facts) -> Option<Diagnosis> {
    let served = &cache.probe()?.public_keys;
    if served.is_empty() {
        return None;
    }
    let name = about("key", cache);
    let shown = served.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    // Whoever has taken over a cache serves a key too: a person decides which is right.
    let ask = "ask whoever keeps the cache which key is right, then correct";
    match agreement(served, &facts.keys) {
        Agreement::SameName { served, known } => {
            let found =
                format!("`nixConfig` has `{known}`, and the cache signs with `{served}`: one name, other bytes");
            return Some(problem(&name, &found, &format!("{ask} `extra-trusted-public-keys` in flake.nix")));
        }
        Agreement::Unknown => {
            let found = format!("the cache signs with {shown}, which `nixConfig` does not have");
            return Some(problem(&name, &found, &format!("{ask} `extra-trusted-public-keys` in flake.nix")));
        }
        Agreement::Known => {}
    }
    let machine = &facts.machine;
    Some(match agreement(served, &machine.trusted_keys) {
        // Of two keys of one name, Nix takes the first.
        Agreement::SameName { served, known } => {
            let found = format!("Nix trusts `{known}`, and the cache signs with `{served}`: one name, other bytes");
            problem(&name, &found, &format!("take `{known}` out of nix.conf (`nix show-config trusted-public-keys`)"))
        }
        Agreement::Unknown if machine.accepts_flakes && !machine.ignored => good(&name, "as in `nixConfig`"),
        Agreement::Unknown => {
            let fix = if machine.ignored { &machine.as_root } else { "cargo xtask cache setup" };
            problem(&name, &format!("Nix does not trust {shown}: what the cache has is not taken"), fix)
        }
        Agreement::Known => good(&name, "the one that is trusted"),
    })
}

fn agreement<'a>(served: &'a [String], known: &'a [String]) -> Agreement<'a> {
    let name = |key: &'a str| key.split(':').next().unwrap_or_default();
    let same_name = served.iter().find_map(|served| {
        let known = known.iter().find(|known| name(known) == name(served) && *known != served)?;
        Some(Agreement::SameName { served, known })
    });
    same_name.unwrap_or_else(|| match served.iter().any(|served| known.contains(served)) {
        true => Agreement::Known,
        false => Agreement::Unknown,
    })
}
