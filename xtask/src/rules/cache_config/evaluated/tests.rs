//! Hosts and homes as a table: what they come to, and what of it is wrong, where.

use std::path::PathBuf;

use super::super::{Facts, problems};
use crate::config::CacheConfig;
use crate::fleet::{AttrPath, Configuration};
use crate::rules::Problem;
use crate::rules::source::Sources;

const KEY: &str = "a.io-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=";
const UPSTREAM: &str = "https://cache.nixos.org/";
const UPSTREAM_KEY: &str = "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=";

/// The words of some settings.
type Settings<'a> = &'a [(&'a str, &'a [&'a str])];

/// A configuration of `kind` whose own settings and those of its user ada are these.
fn configuration(kind: &str, own: Settings<'_>, of_ada: Settings<'_>) -> Configuration {
    let set = if kind == "home" { "homeConfigurations" } else { "nixosConfigurations" };
    let caches = |of: Settings<'_>| {
        of.iter()
            .map(|(name, words)| ((*name).to_owned(), words.iter().map(|word| (*word).to_owned()).collect()))
            .collect()
    };
    let mut found = Configuration {
        attr: AttrPath::new([set, "web"]),
        kind: kind.to_owned(),
        system: "x86_64-linux".to_owned(),
        drv: None,
        told: Default::default(),
    };
    found.told.caches = caches(own);
    found.told.homes.entry("ada".to_owned()).or_default().caches = caches(of_ada);
    found
}

/// What is wrong with `of` in a fleet of which `nixConfig` has these settings and `modules/caches.nix` this text, with what mends it.
#[track_caller]
fn check_in(text: &str, nix_config: Settings<'_>, of: &Configuration, expected: &[(&str, &str)]) {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let nix_config: Vec<_> = nix_config.iter().map(|(name, all)| ((*name).to_owned(), words(all))).collect();
    let texts = [(PathBuf::from("modules/caches.nix"), text.to_owned())];
    let found = problems(&Facts {
        nix_config: &nix_config,
        flake_text: "",
        configurations: std::slice::from_ref(of),
        sources: &Sources::new(std::collections::BTreeMap::from(texts)),
        files: &[],
        config: &CacheConfig::default(),
    });
    let show = |problem: &Problem| {
        let place = problem.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        format!("{}{place}{}", if problem.fails() { "" } else { "warning: " }, problem.fault)
    };
    let found: Vec<_> = found.iter().map(|problem| (show(problem), problem.fix.as_str())).collect();
    assert_eq!(found, expected.iter().map(|(fault, fix)| ((*fault).to_owned(), *fix)).collect::<Vec<_>>());
}

/// The same in a fleet whose cache is a.io.
#[track_caller]
fn check(text: &str, of: &Configuration, expected: &[(&str, &str)]) {
    let nix_config: Settings<'_> = &[("extra-substituters", &["https://a.io"]), ("extra-trusted-public-keys", &[KEY])];
    check_in(text, nix_config, of, expected);
}

const SAME: &str = "write the same here and in `nixConfig` of flake.nix";

#[test]
fn a_host_has_all_caches_beside_the_usual_one() {
    let host = |own: Settings<'_>| configuration("nixos", own, &[]);
    let keys: (&str, &[&str]) = ("trusted-public-keys", &[UPSTREAM_KEY, KEY]);
    check("", &host(&[("substituters", &["https://a.io", UPSTREAM]), keys]), &[]);
    check("", &host(&[("substituters", &[UPSTREAM])]), &[]);
    check("", &host(&[("extra-substituters", &["https://a.io"]), keys]), &[]);
    let lacks = format!("`nixosConfigurations.web`: `nix.settings.trusted-public-keys` lacks `{KEY}`");
    check(
        "",
        &host(&[("substituters", &[UPSTREAM, "https://a.io"]), ("trusted-public-keys", &[UPSTREAM_KEY])]),
        &[(&lacks, SAME)],
    );
    let computed = "warning: `nixosConfigurations.web`: `https://$A` is only known when it runs: it is not compared with \
                    `nixConfig` of flake.nix";
    check("", &host(&[("substituters", &[UPSTREAM, "https://$A"])]), &[(computed, "write it out")]);
}

#[test]
fn a_host_that_forces_its_lists_discards_the_usual_cache() {
    let text = "{\n  substituters = lib.mkForce [ ];\n  trusted-public-keys = lib.mkForce [ ];\n}";
    let forced: Settings<'_> = &[("substituters", &["https://a.io"]), ("trusted-public-keys", &[KEY])];
    let unforced = "add to the list without `lib.mkForce`";
    let text = format!("# nix.settings\n{text}");
    let urls = "modules/caches.nix:3: `nixosConfigurations.web`: `nix.settings.substituters` discards \
                `https://cache.nixos.org`, which every host has";
    let keys = "modules/caches.nix:4: `nixosConfigurations.web`: `nix.settings.trusted-public-keys` discards the key of \
                `https://cache.nixos.org`, which every host has";
    check(&text, &configuration("nixos", forced, &[]), &[(urls, unforced), (keys, unforced)]);
}

#[test]
fn a_home_adds_to_what_its_machine_has() {
    let extra: Settings<'_> = &[("extra-substituters", &["https://a.io"])];
    check("", &configuration("home", extra, &[]), &[]);
    check("", &configuration("nixos", &[], extra), &[]);
    let text = "nix.settings\n  substituters\n  substituters https://a.io\n  trusted-public-keys a.io-1";
    let plain: Settings<'_> = &[("substituters", &["https://a.io", UPSTREAM]), ("trusted-public-keys", &[KEY])];
    let fixes = [
        "write `nix.settings.extra-substituters`, which adds to them",
        "write `nix.settings.extra-trusted-public-keys`, which adds to them",
    ];
    let faults = |of: &str| {
        [
            format!(
                "modules/caches.nix:3: `{of}`: `nix.settings.substituters` discards the caches that others have set"
            ),
            format!("`{of}`: `nix.settings.trusted-public-keys` discards the keys that others have set"),
        ]
    };
    let [urls, keys] = faults("homeConfigurations.web");
    check(text, &configuration("home", plain, &[]), &[(&urls, fixes[0]), (&keys, fixes[1])]);
    let [urls, keys] = faults("nixosConfigurations.web.config.home-manager.users.ada");
    check(text, &configuration("nixos", &[], plain), &[(&urls, fixes[0]), (&keys, fixes[1])]);
    let foreign = "modules/caches.nix:2: `homeConfigurations.web`: `nix.settings.extra-substituters` has `https://b.io`, which \
                   `nixConfig` of flake.nix does not have";
    let other: Settings<'_> = &[("extra-substituters", &["https://b.io"])];
    check("nix.settings\n  https://b.io", &configuration("home", other, &[]), &[(foreign, SAME)]);
}

#[test]
fn a_host_with_caches_wants_a_source() {
    let fault = |of: &str| {
        format!("flake.nix:1: `nixConfig` names no cache, but `{of}` does: nothing is the source of what others say")
    };
    let fix = "write the caches in `nixConfig` of flake.nix, as `extra-substituters` and `extra-trusted-public-keys`";
    let own: Settings<'_> = &[("extra-substituters", &["https://a.io"])];
    check_in("", &[], &configuration("nixos", own, &[]), &[(&fault("nixosConfigurations.web"), fix)]);
    check_in("", &[], &configuration("nixos", &[("substituters", &[UPSTREAM])], &[]), &[]);
}
