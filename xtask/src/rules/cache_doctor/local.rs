//! What this machine does with a cache: whether Nix asks it, can open it, has the password, and remembers what is no longer true.

use super::{CacheFacts, Diagnosis, Facts, MachineFacts, about, diagnosis, good, notice, problem};
use crate::doctor::Standing;
use crate::rules::cache_config::{host, identity};

const SETUP: &str = "cargo xtask cache setup";

/// Whether the daemon heeds the user.
pub fn user(facts: &Facts) -> Option<Diagnosis> {
    let machine = &facts.machine;
    let wanting = facts.caches.iter().any(|cache| !is_asked(cache, machine));
    machine.ignored.then(|| {
        let found = "not among the daemon's `trusted-users`: what this user's nix.conf, and `nixConfig` of flake.nix, say is ignored";
        match wanting {
            true => problem("user", found, &machine.as_root),
            false => good("user", &format!("{found}, but the machine's own nix.conf says it")),
        }
    })
}

/// Whether Nix asks the cache.
pub fn substituter(cache: &CacheFacts, machine: &MachineFacts) -> Diagnosis {
    let name = about("substituter", cache);
    if is_asked(cache, machine) {
        return good(&name, "Nix asks it");
    }
    if machine.accepts_flakes && !machine.ignored {
        return good(&name, "Nix asks it when it works on this flake (`accept-flake-config`)");
    }
    let fix = if machine.ignored { &machine.as_root } else { SETUP };
    problem(&name, "Nix does not ask it: it is not among its `substituters`", fix)
}

fn is_asked(cache: &CacheFacts, machine: &MachineFacts) -> bool {
    machine.substituters.iter().any(|known| identity(known) == identity(&cache.url))
}

/// Whether this Nix can open it.
pub fn opens(cache: &CacheFacts, machine: &MachineFacts) -> Option<Diagnosis> {
    if cache.opens != Some(false) {
        return None;
    }
    let scheme = cache.url.split(':').next().unwrap_or_default();
    let found = format!("{} cannot open `{scheme}://` stores: it was built without", machine.nix);
    let fix = match scheme {
        "s3" => {
            "name the bucket's HTTPS address in `nixConfig`, or install a Nix with S3: curl --location https://nixos.org/nix/install | sh"
        }
        _ => "name the cache's HTTPS address in `nixConfig`",
    };
    Some(problem(&about("substituter", cache), &found, fix))
}

/// Whether Nix has the password of a private cache.
pub fn netrc(cache: &CacheFacts) -> Option<Diagnosis> {
    let probe = cache.probe()?;
    if probe.public != Some(false) {
        return None;
    }
    let name = about("netrc", cache);
    if cache.in_netrc || probe.in_netrc {
        return Some(good(&name, "private, and Nix has a password for it"));
    }
    let host = host(&cache.url).unwrap_or("HOST");
    let fix = match &cache.token {
        Some((variable, _)) => format!("{SETUP} --token {host}={variable}"),
        None => format!("{SETUP} --token {host}=VARIABLE"),
    };
    Some(problem(&name, "private, and no netrc has a password for it: Nix cannot read it", &fix))
}

/// What Nix remembers that is no longer true.
pub fn forgotten(cache: &CacheFacts, machine: &MachineFacts) -> Option<Diagnosis> {
    let name = about("memory of", cache);
    if let Some(why) = &cache.paths_unknown {
        return Some(diagnosis(&name, Standing::Unknown, &format!("could not be asked for the paths: {why}")));
    }
    let first = cache.forgotten.first()?;
    let more = cache.forgotten.len() - 1;
    let and_more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let found = format!(
        "it has `{first}`{and_more}, and Nix says not: Nix remembers for {} s that a cache lacks a path",
        machine.negative_ttl
    );
    Some(notice(&name, &found, &format!("nix build --refresh --narinfo-cache-negative-ttl 0 {first}")))
}
