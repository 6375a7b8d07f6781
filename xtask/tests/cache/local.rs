//! The cache that there is without a configured one: planned, pushed, verified, and read by Nix itself.

use std::fs;

use serde_json::Value;

use crate::place::{LINKS, built, chain, commit, embedded, fetch, json, names, path, place};
use crate::sandbox::{TestNix, ran};

/// The paths of a document that `holds` is true for.
fn paths(document: &Value, list: &str, holds: impl Fn(&Value) -> bool) -> Vec<String> {
    let listed = document[list].as_array().unwrap().iter().filter(|path| holds(path));
    let mut paths: Vec<String> = listed.map(|path| path["path"].as_str().unwrap().to_owned()).collect();
    paths.sort();
    paths
}

#[test]
fn a_push_does_what_the_plan_says_and_nix_fetches_it() {
    for nix in TestNix::ALL {
        let sandbox = place(nix);
        sandbox.run(&["cache", "plan"]).ends(2).says(&["nothing of this is built on this machine: cargo xtask build"]);
        sandbox.run(&["build"]).ends(0);
        let plan = json(&sandbox.run(&["cache", "plan", "--json"]).ends(0));
        let planned = paths(&plan, "paths", |path| path["decision"] == "push");
        let mut expected = LINKS.map(|link| path(&sandbox, link));
        expected.sort();
        assert_eq!((plan["schema"].as_u64(), &planned[..]), (Some(1), &expected[..]));
        assert!(!embedded(&sandbox).exists(), "a plan changes nothing");

        let pushed = json(&sandbox.run(&["cache", "push", "--json"]).ends(0).says(&["✓ cache push: 3 paths pushed, "]));
        assert_eq!(paths(&pushed, "pushed", |_| true), planned);
        assert_eq!(names(&embedded(&sandbox)), LINKS.map(str::to_owned).into());
        let again =
            json(&sandbox.run(&["cache", "push", "--json"]).ends(0).says(&["✓ cache push: nothing to push · "]));
        assert_eq!(again["pushed"], Value::Array(Vec::new()));
        let plan = sandbox.run(&["cache", "plan"]).ends(0);
        assert!(plan.stdout.contains("nothing to push to file://"), "{plan:?}");
        sandbox.run(&["cache", "verify", "--deep"]).ends(0).says(&["✓ cache verify: 3 paths in file://"]);

        let url = format!("file://{}", embedded(&sandbox).display());
        let key = fs::read_to_string(sandbox.path("state/binary-cache.key/public")).unwrap();
        let upper = path(&sandbox, "upper");
        fetch(&sandbox, &url, key.trim(), &upper).ends(0);
        let other = format!("{}:{}", key.split(':').next().unwrap(), "A".repeat(43) + "=");
        let refused = fetch(&sandbox, &url, &other, &upper);
        assert!(refused.status != 0 && refused.stderr.contains("sign"), "{refused:?}");
    }
}

#[test]
fn only_what_is_selected_and_built_is_pushed() {
    let sandbox = place(TestNix::Modern);
    commit(&sandbox, &chain("", r#"inherit lower; other = make "other" "by itself";"#));
    sandbox.run(&["build", "packages.x86_64-linux.lower", "packages.x86_64-linux.upper"]).ends(0);
    let all = ["package:nothing"];
    sandbox.run(&[&["cache", "push"][..], &all].concat()).ends(2).says(&["package:nothing"]);
    sandbox.run(&["cache", "push", "packages.x86_64-linux.lower"]).ends(0).says(&["✓ cache push: 1 path pushed, "]);
    assert_eq!(names(&embedded(&sandbox)), ["lower".to_owned()].into());
    sandbox.run(&["cache", "push"]).ends(0).says(&["✓ cache push: 2 paths pushed, "]);
    let plan = sandbox.run(&["cache", "plan"]).ends(0);
    assert!(plan.stdout.contains("1 output not built here"), "{plan:?}");
}

#[test]
fn what_is_excluded_goes_along_only_for_who_needs_it() {
    let sandbox = built(TestNix::Distribution);
    sandbox.write("xtask.toml", "[cache.content]\nexclude = [\"-lower$\", \"-upper$\"]\n");
    let plan = json(&sandbox.run(&["cache", "plan", "--json"]).ends(0));
    let of = |name: &str| {
        let listed = plan["paths"].as_array().unwrap();
        listed.iter().find(|one| one["path"] == path(&sandbox, name).as_str()).unwrap().clone()
    };
    assert_eq!(of("upper")["decision"]["excluded"], "-upper$");
    assert_eq!((&of("lower")["decision"], &of("lower")["kept_for"][0]), (&"push".into(), &"-lower$".into()));
    sandbox.run(&["cache", "plan", "--filter-strict"]).ends(1).says(&[&path(&sandbox, "lower"), "-lower$"]);
    sandbox.run(&["cache", "push"]).ends(0);
    assert_eq!(names(&embedded(&sandbox)), ["lower", "middle"].map(str::to_owned).into());
}

#[test]
fn what_garnix_builds_otherwise_is_told() {
    let sandbox = built(TestNix::Modern);
    sandbox.run(&["cache", "push"]).ends(0);
    sandbox.write("garnix.yaml", "builds:\n  include:\n    - packages.x86_64-linux.upper\n");
    sandbox.run(&["cache", "verify"]).ends(0);
    sandbox.write("garnix.yaml", "builds:\n  include:\n    - packages.x86_64-linux.gone\n");
    sandbox.run(&["cache", "verify"]).ends(1).says(&[
        "garnix.yaml:3: `packages.x86_64-linux.upper` is built and pushed here, and garnix does not build it",
        "garnix.yaml:3: `packages.x86_64-linux.gone` matches nothing that the flake declares",
    ]);
}

#[test]
fn a_round_trip_proves_the_cache_and_finds_another_key() {
    for nix in TestNix::ALL {
        let sandbox = place(nix);
        sandbox.run(&["cache", "roundtrip"]).ends(0).says(&["✓ cache roundtrip: no problem\n"]);
    }
    // The key that the flake names is not the one that signs.
    let sandbox = place(TestNix::Modern);
    let mut generate = sandbox.command("nix-store");
    generate.args(["--generate-binary-cache-key", "fleet-1"]).arg(sandbox.path("secret")).arg(sandbox.path("public"));
    ran(&mut generate).ends(0);
    let (url, secret) = (format!("file://{}", sandbox.path("cache").display()), sandbox.path("secret"));
    sandbox.write(
        "xtask.toml",
        &format!(
            "[cache]\nurl = \"{url}\"\nsigning_key_file = \"{}\"\nkeys = {{ \"{url}\" = \"fleet-1\" }}\n",
            secret.display()
        ),
    );
    let config = |key: &str| {
        format!("nixConfig = {{ extra-substituters = [ \"{url}\" ]; extra-trusted-public-keys = [ \"{key}\" ]; }};")
    };
    let own = fs::read_to_string(sandbox.path("public")).unwrap();
    commit(&sandbox, &chain(&config(&own), ""));
    sandbox.run(&["cache", "roundtrip"]).ends(0);
    commit(&sandbox, &chain(&config("fleet-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs="), ""));
    sandbox.run(&["cache", "roundtrip"]).ends(1).says(&["cannot be fetched: ", "fix: cargo xtask cache doctor"]);
}
