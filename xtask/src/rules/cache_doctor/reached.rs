//! Whether a cache answers as one, and what its answers say of clocks and of the order in which caches are asked.

use std::collections::BTreeMap;

use cache_protocol::{Fault, FaultKind, shown};

use super::{Asked, CacheFacts, Diagnosis, Facts, MachineFacts, about, diagnosis, good, notice, problem};
use crate::doctor::Standing;
use crate::rules::cache_config::{host, identity};

/// Seconds by which clocks may differ: signatures of requests to S3 are good for fifteen minutes, and of some caches for five.
const CLOCK: u64 = 300;
/// The priority of a cache that does not say one, as Nix has it.
const USUAL_PRIORITY: i64 = 50;
/// The priority of <https://cache.nixos.org>, by its nix-cache-info.
const UPSTREAM: (&str, i64) = ("https://cache.nixos.org", 40);

/// Whether it answers as a cache.
pub fn reached(cache: &CacheFacts, machine: &MachineFacts) -> Option<Diagnosis> {
    let name = about("cache", cache);
    let probe = match &cache.asked {
        Asked::Offline => return Some(diagnosis(&name, Standing::Skipped, "not asked: --offline")),
        Asked::Not(why) => return Some(diagnosis(&name, Standing::Unknown, &format!("could not be asked: {why}"))),
        Asked::Answered(probe) => probe,
    };
    if let Some(fault) = &probe.fault {
        return faulty(&name, cache, fault, machine);
    }
    let differs =
        probe.store_dir.as_ref().filter(|theirs| **theirs != machine.store_dir && !machine.store_dir.is_empty());
    Some(match differs {
        Some(theirs) => {
            let found =
                format!("its paths are in `{theirs}`, and those of this machine in `{}`: none fits", machine.store_dir);
            problem(&name, &found, "unset NIX_STORE_DIR NIX_REMOTE")
        }
        None => good(&name, "answers"),
    })
}

fn faulty(name: &str, cache: &CacheFacts, fault: &Fault, machine: &MachineFacts) -> Option<Diagnosis> {
    let what = &fault.what;
    let host = host(&cache.url).unwrap_or(&cache.url);
    Some(match fault.kind {
        // Said of the token.
        FaultKind::Unauthorised => return None,
        FaultKind::Missing => {
            let found = format!("there is no such cache: {what}");
            problem(name, &found, &format!("cargo xtask cache provision {}", identity(&shown(&cache.url))))
        }
        FaultKind::NotACache => {
            let found = format!(
                "answers, but not as a binary cache does ({what}): another address, or a page that wants a login"
            );
            problem(name, &found, &format!("curl --include {}/nix-cache-info", identity(&shown(&cache.url))))
        }
        FaultKind::Unreachable => unreachable(name, host, what, &machine.proxies),
        _ => diagnosis(name, Standing::Unknown, &format!("could not be asked: {what}")),
    })
}

fn unreachable(name: &str, host: &str, what: &str, proxies: &[String]) -> Diagnosis {
    let lower = what.to_ascii_lowercase();
    let of_tls = ["certificate", "tls", "issuer"].iter().any(|word| lower.contains(word));
    let through = proxies.iter().map(|proxy| format!("`{proxy}`")).collect::<Vec<_>>().join(", ");
    let (found, fix) = match (of_tls, proxies.is_empty()) {
        (true, _) => (
            format!("`{host}` is not who it should be, or this machine does not know who says so: {what}"),
            "export NIX_SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt".to_owned(),
        ),
        (false, false) => (
            format!("`{host}` does not answer: {what}; asked through the proxy of {through}"),
            format!("export no_proxy=\"${{no_proxy:+$no_proxy,}}{host}\""),
        ),
        (false, true) => {
            (format!("`{host}` does not answer: {what}"), format!("curl --head https://{host}/nix-cache-info"))
        }
    };
    problem(name, &found, &fix)
}

/// Whether the clocks fit: one diagnosis, since this machine has one clock.
pub fn clock(facts: &Facts) -> Option<Diagnosis> {
    let off = facts.caches.iter().filter_map(|cache| Some((cache, cache.probe()?.clock_ahead?)));
    let (cache, ahead) = off.max_by_key(|(_, ahead)| ahead.unsigned_abs())?;
    if ahead.unsigned_abs() <= CLOCK {
        return Some(good("clock", "fits that of the caches"));
    }
    let direction = if ahead > 0 { "behind" } else { "ahead of" };
    let found =
        format!("this machine's clock is {} s {direction} that of `{}`", ahead.unsigned_abs(), shown(&cache.url));
    Some(problem("clock", &found, "sudo timedatectl set-ntp true"))
}

/// Caches of one priority, of which nothing says which is asked first.
pub fn priorities(facts: &Facts) -> Vec<Diagnosis> {
    let mut by_priority: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    if facts.machine.substituters.iter().any(|url| identity(url) == UPSTREAM.0) {
        by_priority.entry(UPSTREAM.1).or_default().push(UPSTREAM.0);
    }
    for cache in &facts.caches {
        let answered = || cache.probe().filter(|probe| probe.fault.is_none());
        let served = || answered().map(|probe| probe.priority.unwrap_or(USUAL_PRIORITY));
        if let Some(priority) = written(&cache.url).or_else(served) {
            by_priority.entry(priority).or_default().push(&cache.url);
        }
    }
    let clashes = by_priority.iter().filter(|(_, urls)| urls.len() > 1);
    clashes
        .map(|(priority, urls)| {
            let names: Vec<String> = urls.iter().map(|url| format!("`{}`", shown(url))).collect();
            let found = format!(
                "{} have priority {priority} alike: the order in which they are listed decides which is asked first",
                names.join(", ")
            );
            let free = (priority + 1..).find(|free| !by_priority.contains_key(free)).unwrap_or(priority + 1);
            let last = urls.last().copied().unwrap_or_default();
            notice("priority", &found, &format!("write `{}?priority={free}` in `nixConfig`", identity(&shown(last))))
        })
        .collect()
}

/// The priority that an address itself says, which counts more than what the cache says.
fn written(url: &str) -> Option<i64> {
    let (_, parameters) = url.split_once('?')?;
    parameters.split('&').find_map(|parameter| parameter.strip_prefix("priority=")?.parse().ok())
}
