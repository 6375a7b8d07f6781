//! `cache provision`: what is written into flake.nix, as a real Nix reads it.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod sandbox;

use std::fs;

use sandbox::{FLAKE, Sandbox, TestNix, ran};

const CACHE: &str = "https://nix.fleet.io";
const KEY: &str = "nix.fleet.io-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=";
const OTHER: &str = "nix.fleet.io-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=";
const WRITE: [&str; 5] = ["cache", "provision", CACHE, "--key", KEY];

fn flake(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.repository().join("flake.nix")).unwrap()
}

/// A setting of `nixConfig`, as Nix has it.
fn setting(sandbox: &Sandbox, name: &str) -> String {
    let apply = format!("flake: flake.nixConfig.{name}");
    let mut nix = sandbox.command("nix");
    ran(nix.args(["eval", "--json", "--file", "flake.nix", "--apply", &apply, ""])).ends(0).stdout.trim().to_owned()
}

#[test]
fn a_cache_is_written_down_once_and_nothing_else_changes() {
    for nix in TestNix::ALL {
        for flake_nix in [
            FLAKE.to_owned(),
            "{ outputs = { self }: { }; }\n".to_owned(),
            format!("{{\n  # mine\n  nixConfig = {{ # also mine\n    sandbox = true;\n  }};\n{}", &FLAKE[1..]),
            format!("{{\n  nixConfig.extra-substituters = \"\";\n{}", &FLAKE[1..]),
        ] {
            let sandbox = Sandbox::new(nix);
            sandbox.write("flake.nix", &flake_nix);
            sandbox.run(&[&WRITE[..], &["--dry-run"]].concat()).ends(1).says(&["flake.nix would gain:", CACHE, KEY]);
            assert_eq!(flake(&sandbox), flake_nix);
            sandbox.run(&WRITE).ends(0).says(&["flake.nix has gained:"]);
            let written = flake(&sandbox);
            assert!(setting(&sandbox, "extra-substituters").trim_matches(['[', ']', '"']) == CACHE, "{written}");
            assert_eq!(setting(&sandbox, "extra-trusted-public-keys"), format!("[\"{KEY}\"]"), "{written}");
            let gone: Vec<&str> = flake_nix.lines().filter(|line| !written.contains(line.trim())).collect();
            assert!(gone.len() <= 1 && flake_nix.len() < written.len(), "{gone:?}\n{written}");
            sandbox.run(&WRITE).ends(0).says(&["names `https://nix.fleet.io` and its key already"]);
            assert_eq!(flake(&sandbox), written);
            // And a machine can be set up with it.
            sandbox.run(&["cache", "setup"]).ends(0);
        }
    }
}

#[test]
fn what_cannot_be_added_to_is_refused_with_its_place_and_the_lines() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let computed = format!("{{\n  nixConfig = builtins.mapAttrs (_: value: value) {{ }};\n{}", &FLAKE[1..]);
    sandbox.write("flake.nix", &computed);
    let refused = sandbox.run(&WRITE).ends(1);
    assert_eq!(
        refused.stdout,
        format!("extra-substituters = [ \"{CACHE}\" ];\nextra-trusted-public-keys = [ \"{KEY}\" ];\n")
    );
    refused.says(&["flake.nix:2: `nixConfig` is not written out as one attribute set: nothing was written"]);
    assert_eq!(flake(&sandbox), computed);
}

#[test]
fn another_key_of_the_same_name_is_not_taken() {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.run(&WRITE).ends(0);
    let written = flake(&sandbox);
    let said = sandbox.run(&["cache", "provision", CACHE, "--key", OTHER]).ends(1);
    said.says(&["flake.nix:4: `", "one name, other bytes", "fix: ask whoever keeps the cache which key is right"]);
    assert_eq!(flake(&sandbox), written);
}

#[test]
fn what_is_no_key_or_no_cache_is_not_written() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let check = |url: &str, key: &str, expected: &str| {
        sandbox.run(&["cache", "provision", url, "--key", key]).ends(2).says(&[expected]);
        assert_eq!(flake(&sandbox), FLAKE);
    };
    check(CACHE, "nix.fleet.io-1:mB9F", "holds 3 bytes instead of 32");
    check("nix.fleet.io", KEY, "`nix.fleet.io` is no address that Nix can substitute from");
    sandbox.run(&["cache", "provision", "cachix://fleet"]).ends(2).says(&["not asked: --offline"]);
    assert_eq!(flake(&sandbox), FLAKE);
}

#[test]
fn ci_is_told_how_it_gets_the_token() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let said = sandbox.run(&[&WRITE[..], &["--token-variable", "FLEET_TOKEN"]].concat()).ends(0);
    said.says(&["gh secret set FLEET_TOKEN"]);
}

#[test]
fn what_would_not_evaluate_is_not_written() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let inherits = "{\n  nixConfig = { inherit ({ extra-substituters = [ ]; }) extra-substituters; };\n";
    let flake_nix = format!("{inherits}{}", &FLAKE[1..]);
    sandbox.write("flake.nix", &flake_nix);
    sandbox.run(&WRITE).ends(2).says(&["the new flake.nix would not evaluate: nothing was written", "already defined"]);
    assert_eq!(flake(&sandbox), flake_nix);
}

#[test]
fn what_somebody_wrote_meanwhile_is_not_lost() {
    let nix = TestNix::Modern;
    let mut sandbox = Sandbox::new(nix);
    let file = sandbox.repository().join("flake.nix").display().to_string();
    // Somebody saves the file while its successor is evaluated.
    let script = format!("case \"$*\" in *--file*repository*) ;; *--file*) echo '# theirs' >>'{file}';; esac");
    sandbox.intercept(nix, "nix", &script);
    sandbox.run(&WRITE).ends(2).says(&["flake.nix was changed meanwhile: nothing was written"]);
    let text = flake(&sandbox);
    assert!(text.starts_with(FLAKE) && text.ends_with("# theirs\n"), "{text}");
}

#[test]
fn a_dry_run_creates_nothing_and_asks_nobody() {
    let mut sandbox = Sandbox::new(TestNix::Modern);
    // What asks would fail or make something.
    sandbox.unset("XTASK_OFFLINE");
    let (cache, key) = (sandbox.path("shared/fleet"), sandbox.path("keys/fleet"));
    let (url, folder) = (format!("file://{}", cache.display()), key.display().to_string());
    let check = |arguments: &[&str], expected: &[&str]| {
        let said = sandbox.run(&[&["cache", "provision"], arguments, &["--dry-run"]].concat()).ends(1);
        assert!(!cache.exists() && !sandbox.path(".cache-key").exists(), "{arguments:?}");
        said.says(expected);
        assert_eq!(flake(&sandbox), FLAKE);
    };
    let create = format!("would create `{url}` unless it is there");
    check(&[&url], &[&create, "flake.nix would gain:", &url]);
    let make = format!("would make the key `fleet-1` in `{folder}`");
    check(&[&url, "--new-key", &folder], &[&make, &create, "flake.nix would gain:", &url]);
    assert!(!key.exists());
    check(&["cachix://fleet"], &["would create `cachix://fleet` unless it is there", "https://fleet.cachix.org"]);
    generated(&sandbox, "prov-1", &folder);
    let public = fs::read_to_string(key.join("public")).unwrap();
    check(&[&url, "--new-key", &folder], &["would use the key `prov-1` that is there", &create]);
    sandbox.write("xtask.toml", &format!("[cache]\nkeys = {{ \"{url}\" = \"prov-1\" }}\n"));
    check(&[&url, "--new-key", &folder], &["flake.nix would gain:", public.trim()]);
}

/// A key by the name of `name` in `folder`, made by hand.
fn generated(sandbox: &Sandbox, name: &str, folder: &str) {
    fs::create_dir_all(folder).unwrap();
    let mut generate = sandbox.command("nix-store");
    generate.args(["--generate-binary-cache-key", name]);
    ran(generate.args([format!("{folder}/secret"), format!("{folder}/public")])).ends(0);
}

#[test]
fn a_folder_for_a_new_key_holds_nothing_else() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let keys = sandbox.path("keys");
    let (url, folder) = (format!("file://{}/fleet", keys.display()), keys.join("fleet").display().to_string());
    let provision = ["cache", "provision", url.as_str(), "--new-key", &folder];
    let check = |expected: &str| {
        sandbox.run(&provision).ends(2).says(&[expected]);
        let beside: Vec<_> = fs::read_dir(&keys).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(beside, ["fleet"], "a secret key was left behind");
        assert_eq!(flake(&sandbox), FLAKE);
    };
    fs::create_dir_all(&folder).unwrap();
    fs::write(format!("{folder}/notes"), "mine").unwrap();
    check("holds something else than a key: name a folder that is not there yet, or an empty one");
    fs::remove_file(format!("{folder}/notes")).unwrap();
    generated(&sandbox, "prov-1", &folder);
    fs::rename(format!("{folder}/secret"), sandbox.path("secret")).unwrap();
    check("holds a public key without its secret half, `secret`: put that there");
}

#[test]
fn an_address_that_opens_something_is_not_written_where_everybody_reads_it() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let check = |url: &str, expected: &str| {
        for more in [&["--key", KEY][..], &["--dry-run"], &["--key", KEY, "--dry-run"]] {
            let said = sandbox.run(&[&["cache", "provision", url], more].concat()).ends(2);
            assert!(!said.stdout.contains("hunt") && !said.stderr.contains("hunt"), "{}{}", said.stdout, said.stderr);
            said.says(&[expected, "nothing was created or written"]);
            assert_eq!(flake(&sandbox), FLAKE);
        }
    };
    check("https://me:hunt/er2@nix.fleet.io", "`https:…` holds a login");
    check("https://nix.fleet.io/?token=hunter2", "the setting `token` of `https://nix.fleet.io/`");
}
