//! Every cause, as a case that must be told and one that must not.

use cache_protocol::{CacheProbe, Fault, FaultKind, Permission, TokenKind, TokenProbe};

use super::*;

mod addresses;
mod tokens;

const URL: &str = "https://a.cachix.org";
const KEY: &str = "a.cachix.org-1:AAAA";
const NOW: i64 = 1_000_000;

/// A machine and a cache of which nothing is to be said, but what `change` makes of them.
fn facts(change: impl FnOnce(&mut Facts)) -> Facts {
    let machine = MachineFacts {
        substituters: vec![format!("{URL}/"), "https://cache.nixos.org/".into()],
        trusted_keys: vec!["x-1:B".into(), KEY.into()],
        as_root: "sudo xtask cache setup".into(),
        nix: "nix (Nix) 2.8.0".into(),
        store_dir: "/nix/store".into(),
        negative_ttl: 3600,
        ..MachineFacts::default()
    };
    let probe = CacheProbe {
        url: URL.into(),
        public: Some(true),
        store_dir: Some("/nix/store".into()),
        priority: Some(41),
        public_keys: vec![KEY.into()],
        permission: Some(Permission::Write),
        token: Some(TokenProbe { kind: TokenKind::Management, claims: Vec::new(), expires: None }),
        clock_ahead: Some(2),
        ..CacheProbe::default()
    };
    let cache = CacheFacts {
        url: URL.into(),
        token: Some(("CACHIX_AUTH_TOKEN".into(), true)),
        pushed: true,
        asked: Asked::Answered(Box::new(probe)),
        ..CacheFacts::default()
    };
    let mut facts = Facts { machine, caches: vec![cache], keys: vec![KEY.into()], now: NOW };
    change(&mut facts);
    facts
}

/// As [`facts`], for what the cache answers.
fn answer(change: impl FnOnce(&mut CacheProbe)) -> Facts {
    facts(|facts| {
        let Asked::Answered(probe) = &mut facts.caches[0].asked else { return };
        change(probe);
    })
}

fn fault(kind: FaultKind, what: &str) -> Facts {
    answer(|probe| {
        *probe = CacheProbe { url: URL.into(), fault: Some(Fault::new(kind, what)), ..CacheProbe::default() };
    })
}

fn said(facts: &Facts) -> Vec<String> {
    let telling = diagnose(facts).into_iter().filter(|one| !matches!(one.standing, Standing::Good | Standing::Skipped));
    telling
        .map(|one| {
            let fix = one.fix.map(|fix| format!(" => {fix}")).unwrap_or_default();
            format!("{:?} {}: {}{fix}", one.standing, one.name, one.found)
        })
        .collect()
}

#[track_caller]
fn check(facts: &Facts, expected: &[&str]) {
    assert_eq!(said(facts), expected);
}

#[test]
fn of_what_is_well_nothing_is_said() {
    check(&facts(|_| {}), &[]);
    let diagnoses = diagnose(&facts(|_| {}));
    let names: Vec<&str> = diagnoses.iter().map(|one| one.name.as_str()).collect();
    let of = |what: &str| format!("{what} {URL}");
    assert_eq!(names, [&of("substituter"), &of("cache"), &of("token"), &of("permission"), &of("key"), "clock"]);
    check(
        &Facts::default(),
        &[
            "Notice caches: `nixConfig` of flake.nix names none besides the one that every Nix knows => cargo xtask cache provision URL",
        ],
    );
}

#[test]
fn caches_that_do_not_answer_as_one() {
    check(
        &fault(FaultKind::Missing, "GET /cache/a: 404"),
        &[&format!(
            "Problem cache {URL}: there is no such cache: GET /cache/a: 404 => cargo xtask cache provision {URL}"
        )],
    );
    check(
        &fault(FaultKind::NotACache, "nix-cache-info is HTML"),
        &[&format!(
            "Problem cache {URL}: answers, but not as a binary cache does (nix-cache-info is HTML): another address, or a page that \
             wants a login => curl --include {URL}/nix-cache-info"
        )],
    );
    let refused = || fault(FaultKind::Unreachable, "connection refused");
    check(
        &refused(),
        &[&format!(
            "Problem cache {URL}: `a.cachix.org` does not answer: connection refused => curl --head https://a.cachix.org/nix-cache-info"
        )],
    );
    let mut proxied = refused();
    proxied.machine.proxies = vec!["HTTPS_PROXY".into()];
    check(
        &proxied,
        &[&format!(
            "Problem cache {URL}: `a.cachix.org` does not answer: connection refused; asked through the proxy of `HTTPS_PROXY` => \
             export no_proxy=\"${{no_proxy:+$no_proxy,}}a.cachix.org\""
        )],
    );
    check(
        &fault(FaultKind::Unreachable, "invalid peer certificate: UnknownIssuer"),
        &[&format!(
            "Problem cache {URL}: `a.cachix.org` is not who it should be, or this machine does not know who says so: invalid peer \
             certificate: UnknownIssuer => export NIX_SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"
        )],
    );
    // Not asked, or asked in vain, is not well.
    check(&fault(FaultKind::Overloaded, "503"), &[&format!("Unknown cache {URL}: could not be asked: 503")]);
    check(
        &facts(|facts| facts.caches[0].asked = Asked::Not("no client".into())),
        &[&format!("Unknown cache {URL}: could not be asked: no client")],
    );
    check(&facts(|facts| facts.caches[0].asked = Asked::Offline), &[]);
    check(
        &answer(|probe| probe.store_dir = Some("/gnu/store".into())),
        &[&format!(
            "Problem cache {URL}: its paths are in `/gnu/store`, and those of this machine in `/nix/store`: none fits => \
             unset NIX_STORE_DIR NIX_REMOTE"
        )],
    );
}

#[test]
fn keys() {
    let fix = "ask whoever keeps the cache which key is right, then correct `extra-trusted-public-keys` in flake.nix";
    let of_flake = |keys: &[&str]| facts(|facts| facts.keys = keys.iter().map(|&key| key.to_owned()).collect());
    check(
        &of_flake(&["a.cachix.org-1:BBBB"]),
        &[&format!(
            "Problem key {URL}: `nixConfig` has `a.cachix.org-1:BBBB`, and the cache signs with `{KEY}`: one name, other bytes => {fix}"
        )],
    );
    check(
        &of_flake(&["b-1:AAAA"]),
        &[&format!("Problem key {URL}: the cache signs with `{KEY}`, which `nixConfig` does not have => {fix}")],
    );
    let of_nix =
        |keys: &[&str]| facts(|facts| facts.machine.trusted_keys = keys.iter().map(|&key| key.to_owned()).collect());
    check(
        &of_nix(&["a.cachix.org-1:BBBB", KEY]),
        &[&format!(
            "Problem key {URL}: Nix trusts `a.cachix.org-1:BBBB`, and the cache signs with `{KEY}`: one name, other bytes => \
             take `a.cachix.org-1:BBBB` out of nix.conf (`nix show-config trusted-public-keys`)"
        )],
    );
    check(
        &of_nix(&[]),
        &[&format!(
            "Problem key {URL}: Nix does not trust `{KEY}`: what the cache has is not taken => cargo xtask cache setup"
        )],
    );
    // A cache that changes its key serves both for a while.
    check(&answer(|probe| probe.public_keys.push("a.cachix.org-2:CCCC".into())), &[]);
    check(&answer(|probe| probe.public_keys.clear()), &[]);
}

#[test]
fn what_this_machine_does_with_a_cache() {
    let alone = |facts: &mut Facts| facts.machine.substituters = vec!["https://cache.nixos.org".into()];
    let absent = format!("Problem substituter {URL}: Nix does not ask it: it is not among its `substituters` => ");
    check(&facts(alone), &[&format!("{absent}cargo xtask cache setup")]);
    let accepting = |facts: &mut Facts| {
        alone(facts);
        facts.machine.accepts_flakes = true;
    };
    check(&facts(accepting), &[]);
    let user = "user: not among the daemon's `trusted-users`: what this user's nix.conf, and `nixConfig` of flake.nix, say is ignored";
    check(
        &facts(|facts| {
            accepting(facts);
            facts.machine.ignored = true;
        }),
        &[&format!("Problem {user} => sudo xtask cache setup"), &format!("{absent}sudo xtask cache setup")],
    );
    check(&facts(|facts| facts.machine.ignored = true), &[]);

    let private = |in_netrc: bool| answer(|probe| (probe.public, probe.in_netrc) = (Some(false), in_netrc));
    check(
        &private(false),
        &[&format!(
            "Problem netrc {URL}: private, and no netrc has a password for it: Nix cannot read it => \
             cargo xtask cache setup --token a.cachix.org=CACHIX_AUTH_TOKEN"
        )],
    );
    check(&private(true), &[]);
    let mut here = private(false);
    here.caches[0].in_netrc = true;
    check(&here, &[]);

    let opens = |opens: Option<bool>| {
        facts(|facts| {
            facts.machine.substituters.push("s3://bucket".into());
            (facts.caches[0].url, facts.caches[0].opens) = ("s3://bucket?region=eu".into(), opens);
        })
    };
    check(
        &opens(Some(false)),
        &["Problem substituter s3://bucket: nix (Nix) 2.8.0 cannot open `s3://` stores: it was built without => \
            name the bucket's HTTPS address in `nixConfig`, or install a Nix with S3: \
            curl --location https://nixos.org/nix/install | sh"],
    );
    check(&opens(Some(true)), &[]);
    check(&opens(None), &[]);

    check(
        &facts(|facts| facts.caches[0].forgotten = vec!["/nix/store/a".into(), "/nix/store/b".into()]),
        &[&format!(
            "Notice memory of {URL}: it has `/nix/store/a` and 1 more, and Nix says not: Nix remembers for 3600 s that a cache lacks \
             a path => nix build --refresh --narinfo-cache-negative-ttl 0 /nix/store/a"
        )],
    );
}

#[test]
fn paths_that_could_not_be_asked_for_are_not_well() {
    check(
        &facts(|facts| facts.caches[0].paths_unknown = Some("503".into())),
        &[&format!("Unknown memory of {URL}: could not be asked for the paths: 503")],
    );
}

#[test]
fn clocks() {
    let ahead = |seconds: i64| answer(|probe| probe.clock_ahead = Some(seconds));
    let expected = |how: &str| {
        format!("Problem clock: this machine's clock is {how} that of `{URL}` => sudo timedatectl set-ntp true")
    };
    check(&ahead(7200), &[&expected("7200 s behind")]);
    check(&ahead(-301), &[&expected("301 s ahead of")]);
    check(&ahead(-300), &[]);
    check(&ahead(300), &[]);
    assert!(diagnose(&answer(|probe| probe.clock_ahead = None)).iter().all(|one| one.name != "clock"));
}

#[test]
fn priorities() {
    let clash = |served: Option<i64>, url: &str| {
        facts(|facts| {
            facts.caches[0].url = url.into();
            if let Asked::Answered(probe) = &mut facts.caches[0].asked {
                probe.priority = served;
            }
        })
    };
    let expected = |url: &str, free: i64| {
        format!(
            "Notice priority: `https://cache.nixos.org`, `{url}` have priority 40 alike: the order in which they are listed decides \
             which is asked first => write `{URL}?priority={free}` in `nixConfig`"
        )
    };
    check(&clash(Some(40), URL), &[&expected(URL, 41)]);
    check(&clash(Some(40), &format!("{URL}?priority=41")), &[]);
    check(&clash(Some(50), &format!("{URL}?want-mass-query=1&priority=40")), &[&expected(URL, 41)]);
    check(&clash(None, URL), &[]);
    let told = said(&clash(Some(40), &URL.replace("https://", "https://me:hunter2@"))).join(" ");
    assert!(told.contains("priority") && !told.contains("hunter2"), "{told}");
    let mut two = clash(None, URL);
    two.machine.substituters.push("https://b.org".into());
    two.caches.push(CacheFacts { url: "https://b.org".into(), ..CacheFacts::default() });
    assert!(said(&two).iter().any(|line| line.contains("have priority 50 alike")), "{:?}", said(&two));
    // One that does not answer has none.
    let Asked::Answered(probe) = &mut two.caches[1].asked else { panic!() };
    probe.fault = Some(Fault::new(FaultKind::Overloaded, "503"));
    assert!(!said(&two).iter().any(|line| line.contains("alike")), "{:?}", said(&two));
}
