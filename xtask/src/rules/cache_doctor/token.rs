//! What a token opens, found by trying it; what it says of itself is only shown.

use cache_protocol::{CacheProbe, FaultKind, Permission, TokenKind, TokenProbe};

use super::{CacheFacts, Diagnosis, MachineFacts, about, diagnosis, good, notice, problem};
use crate::doctor::Standing;
use crate::rules::cache_config::host;

/// The variable that the client of Cachix reads.
const CACHIX: &str = "CACHIX_AUTH_TOKEN";

/// What the token of a cache is, and what it may do.
pub fn token(cache: &CacheFacts, machine: &MachineFacts, now: i64) -> Vec<Diagnosis> {
    let name = about("token", cache);
    let refused = cache
        .probe()
        .is_some_and(|probe| probe.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::Unauthorised));
    let Some((variable, is_set)) = &cache.token else {
        let host = host(&cache.url).unwrap_or("HOST");
        let fix = format!("cargo xtask cache setup --token {host}=VARIABLE");
        return refused
            .then(|| problem(&name, "it wants a password, and nothing says which", &fix))
            .into_iter()
            .collect();
    };
    if !is_set {
        return missing(&name, cache, machine, variable, refused).into_iter().collect();
    }
    let Some(probe) = cache.probe() else { return Vec::new() };
    let mut all: Vec<Diagnosis> = Vec::new();
    match &probe.token {
        Some(token) => {
            all.push(kind(&name, variable, token));
            all.extend(expired(&name, variable, token, now));
        }
        None if refused => all.push(rejected(&name, variable, "")),
        None => {}
    }
    all.extend(permission(cache, probe, variable));
    all
}

/// No token where one is needed.
fn missing(name: &str, cache: &CacheFacts, machine: &MachineFacts, variable: &str, refused: bool) -> Option<Diagnosis> {
    if variable == CACHIX && machine.has_cachix_auth {
        let found = format!("`CACHIX_AUTH` is set, which nothing reads: `{CACHIX}` is meant");
        return Some(problem(name, &found, &format!("export {CACHIX}=\"$CACHIX_AUTH\"; unset CACHIX_AUTH")));
    }
    let private = cache.probe().is_some_and(|probe| probe.public == Some(false));
    let found = match (cache.pushed, private || refused) {
        (true, _) => format!("`{variable}` is not set: nothing can be pushed"),
        (false, true) => format!("`{variable}` is not set, and the cache is private"),
        (false, false) => return None,
    };
    Some(problem(name, &found, &set(variable)))
}

/// Sets a variable without the value in the shell's history, its arguments or on the screen.
fn set(variable: &str) -> String {
    format!("read -rs {variable} && export {variable}")
}

fn kind(name: &str, variable: &str, token: &TokenProbe) -> Diagnosis {
    let claims: Vec<String> = token.claims.iter().map(|(claim, value)| format!("{claim} = {value}")).collect();
    let claims = if claims.is_empty() { String::new() } else { format!("; it says of itself: {}", claims.join(", ")) };
    match token.kind {
        TokenKind::Management => good(name, &format!("`{variable}` opens the account{claims}")),
        TokenKind::Data => notice(
            name,
            &format!("`{variable}` opens this cache alone: enough to push, not to create a cache{claims}"),
            "make a personal token where the cache's account is kept, for `cargo xtask cache provision` only",
        ),
        TokenKind::Rejected => rejected(name, variable, &claims),
    }
}

fn rejected(name: &str, variable: &str, claims: &str) -> Diagnosis {
    problem(
        name,
        &format!("`{variable}` opens nothing here: revoked, expired, or of another cache{claims}"),
        &set(variable),
    )
}

/// A token that says of itself that it has expired: a hint, which the cache alone confirms.
fn expired(name: &str, variable: &str, token: &TokenProbe, now: i64) -> Option<Diagnosis> {
    let expires = token.expires.filter(|expires| *expires < now)?;
    let hours = (now - expires) / 3600;
    let found = format!("`{variable}` says of itself that it expired {hours} hours ago (a claim, not checked)");
    Some(notice(name, &found, &set(variable)))
}

/// What the token may do to the cache.
fn permission(cache: &CacheFacts, probe: &CacheProbe, variable: &str) -> Option<Diagnosis> {
    let name = about("permission", cache);
    Some(match probe.permission? {
        Permission::Read if cache.pushed => {
            problem(&name, &format!("`{variable}` may only read: nothing can be pushed"), &set(variable))
        }
        Permission::Read => diagnosis(&name, Standing::Good, "read"),
        Permission::Write => good(&name, "write"),
        Permission::Admin => good(&name, "admin"),
    })
}
