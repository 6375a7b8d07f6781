//! What is said of tokens, and of what they may do.

use super::*;

#[test]
fn tokens() {
    let set = "read -rs CACHIX_AUTH_TOKEN && export CACHIX_AUTH_TOKEN";
    let unset = |facts: &mut Facts| facts.caches[0].token = Some(("CACHIX_AUTH_TOKEN".into(), false));
    let missing = format!("Problem token {URL}: `CACHIX_AUTH_TOKEN` is not set: nothing can be pushed => {set}");
    check(&facts(unset), &[&missing]);
    let reader = |facts: &mut Facts| {
        unset(facts);
        facts.caches[0].pushed = false;
    };
    check(&facts(reader), &[]);
    let mut private = answer(|probe| (probe.public, probe.in_netrc) = (Some(false), true));
    reader(&mut private);
    check(
        &private,
        &[&format!("Problem token {URL}: `CACHIX_AUTH_TOKEN` is not set, and the cache is private => {set}")],
    );
    check(
        &facts(|facts| {
            reader(facts);
            facts.machine.has_cachix_auth = true;
        }),
        &[&format!(
            "Problem token {URL}: `CACHIX_AUTH` is set, which nothing reads: `CACHIX_AUTH_TOKEN` is meant => \
             export CACHIX_AUTH_TOKEN=\"$CACHIX_AUTH\"; unset CACHIX_AUTH"
        )],
    );
    check(&facts(|facts| facts.machine.has_cachix_auth = true), &[]);

    let rejected =
        format!("Problem token {URL}: `CACHIX_AUTH_TOKEN` opens nothing here: revoked, expired, or of another cache");
    check(&fault(FaultKind::Unauthorised, "401"), &[&format!("{rejected} => {set}")]);
    let token = |kind: TokenKind, claims: &[(&str, &str)], expires: Option<i64>| {
        let claims = claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        answer(|probe| probe.token = Some(TokenProbe { kind, claims, expires }))
    };
    check(
        &token(TokenKind::Rejected, &[("scopes", "tx")], None),
        &[&format!("{rejected}; it says of itself: scopes = tx => {set}")],
    );
    check(
        &token(TokenKind::Data, &[], None),
        &[&format!(
            "Notice token {URL}: `CACHIX_AUTH_TOKEN` opens this cache alone: enough to push, not to create a cache => \
             make a personal token where the cache's account is kept, for `cargo xtask cache provision` only"
        )],
    );
    // What a token claims is shown, and makes no problem.
    check(
        &token(TokenKind::Management, &[], Some(NOW - 7200)),
        &[&format!(
            "Notice token {URL}: `CACHIX_AUTH_TOKEN` says of itself that it expired 2 hours ago (a claim, not checked) => {set}"
        )],
    );
    check(&token(TokenKind::Management, &[("scopes", "x")], Some(NOW + 1)), &[]);

    let mut nameless = fault(FaultKind::Unauthorised, "401");
    nameless.caches[0].token = None;
    check(
        &nameless,
        &[&format!(
            "Problem token {URL}: it wants a password, and nothing says which => cargo xtask cache setup --token a.cachix.org=VARIABLE"
        )],
    );
}

#[test]
fn permissions() {
    let read = || answer(|probe| probe.permission = Some(Permission::Read));
    let set = "read -rs CACHIX_AUTH_TOKEN && export CACHIX_AUTH_TOKEN";
    check(
        &read(),
        &[&format!("Problem permission {URL}: `CACHIX_AUTH_TOKEN` may only read: nothing can be pushed => {set}")],
    );
    let mut reader = read();
    reader.caches[0].pushed = false;
    check(&reader, &[]);
    check(&answer(|probe| probe.permission = Some(Permission::Admin)), &[]);
}
