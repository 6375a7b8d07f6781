//! Keys, recipients, edits and scans with the genuine sops and age: nothing secret is said, and nothing changes by halves.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod sandbox;
mod secrets_fleet;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sandbox::{TestNix, ran};
use secrets_fleet::{Fleet, VALUE};

#[test]
fn keys_are_made_once_and_outside() {
    let mut fleet = Fleet::new();
    fleet.sandbox.unset("SOPS_AGE_KEY_FILE");
    let made = fleet.secrets(&["keygen"]).ends(0);
    let key = fleet.sandbox.home().join(".config/sops/age/keys.txt");
    assert!(made.stdout.starts_with("age1") && made.stdout.lines().count() == 1, "{}", made.stdout);
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    fleet.secrets(&["keygen"]).ends(2).says(&["never overwritten"]);
    fleet.secrets(&["keygen", "--output", "key.txt"]).ends(2).says(&["would lie inside the repository"]);
}

#[test]
fn somebody_is_let_in() {
    let fleet = Fleet::new();
    let carol = fleet.make_key("carol");
    assert!(!fleet.reads("carol", "secrets/web.yaml"));
    fleet
        .secrets(&["add-recipient", "carol", &carol, "secrets/web.yaml"])
        .ends(0)
        .says(&["`carol` reads `secrets/web.yaml`"]);
    assert!(fleet.reads("carol", "secrets/web.yaml") && fleet.reads("web", "secrets/web.yaml"));
    assert!(
        fleet.text(".sops.yaml").contains(&format!("  - &carol {carol}\n"))
            && fleet.text(".sops.yaml").contains("          - *carol\n")
    );
    fleet.secrets(&["add-recipient", "carol", &carol, "secrets/web.yaml"]).ends(0).says(&["`carol` reads nothing new"]);
    fleet
        .secrets(&["add-recipient", "dave", "age1nothing", "secrets/web.yaml"])
        .ends(2)
        .says(&["is no public key of age"]);
    let before = fleet.text(".sops.yaml");
    fleet
        .secrets(&["add-recipient", "ada", &fleet.make_key("eve"), "secrets/web.yaml"])
        .ends(2)
        .says(&["the name of another key"]);
    assert_eq!(fleet.text(".sops.yaml"), before);
}

#[test]
fn a_stranger_changes_nothing() {
    let mut fleet = Fleet::new();
    let carol = fleet.make_key("carol");
    fleet.be("bob");
    let before = (fleet.text(".sops.yaml"), fleet.text("secrets/web.yaml"));
    fleet
        .secrets(&["add-recipient", "carol", &carol, "secrets/web.yaml"])
        .ends(2)
        .says(&["no key of yours opens `secrets/web.yaml`"]);
    fleet.secrets(&["updatekeys", "--rotate"]).ends(2).says(&["no key of yours opens"]);
    fleet.secrets(&["edit", "secrets/web.yaml"]).ends(2).says(&["no key of yours opens"]);
    assert_eq!((fleet.text(".sops.yaml"), fleet.text("secrets/web.yaml")), before);
}

#[test]
fn files_follow_their_rule() {
    let fleet = Fleet::new();
    let before = fleet.text("secrets/web.yaml");
    fleet.secrets(&["updatekeys"]).ends(0).says(&["every file is encrypted for whom .sops.yaml says"]);
    assert_eq!(fleet.text("secrets/web.yaml"), before);
    fleet.change(".sops.yaml", "          - *web\n", "");
    fleet.secrets(&["updatekeys"]).ends(0);
    assert!(!fleet.reads("web", "secrets/web.yaml") && fleet.reads("ada", "secrets/web.yaml"));
    let value = |text: &str| text.lines().next().unwrap().to_owned();
    assert_eq!(value(&fleet.text("secrets/web.yaml")), value(&before), "the data key is the same");
    fleet.secrets(&["updatekeys", "--rotate", "secrets/web.yaml"]).ends(0);
    assert_ne!(value(&fleet.text("secrets/web.yaml")), value(&before), "the data key is another");
    assert!(fleet.reads("ada", "secrets/web.yaml"));
}

#[test]
fn damage_is_not_carried_over() {
    let fleet = Fleet::new();
    fleet.change("secrets/web.yaml", "sops:\n", "plain: hunter2\nsops:\n");
    fleet.change(".sops.yaml", "          - *web\n", "");
    let before = fleet.text("secrets/web.yaml");
    fleet.secrets(&["updatekeys"]).ends(2).says(&["is not in order: the value of `plain` stands in plain text"]);
    fleet.secrets(&["edit", "secrets/web.yaml"]).ends(2).says(&["is not in order"]);
    assert_eq!(fleet.text("secrets/web.yaml"), before);
}

#[test]
fn the_editor_works_in_private() {
    let mut fleet = Fleet::new();
    let (editor, seen) = (fleet.sandbox.path("editor"), fleet.sandbox.path("seen"));
    let edit_with = |fleet: &mut Fleet, script: &str| {
        fs::write(&editor, format!("#!/bin/sh\necho \"$1\" > {}\n{script}\n", seen.display())).unwrap();
        fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
        fleet.sandbox.set("EDITOR", editor.to_str().unwrap());
    };
    let before = fleet.text("secrets/web.yaml");
    edit_with(&mut fleet, "true");
    fleet.secrets(&["edit", "secrets/web.yaml"]).ends(0).says(&["is as it was"]);
    assert_eq!(fleet.text("secrets/web.yaml"), before);
    edit_with(&mut fleet, "sed -i s/horse/donkey/ \"$1\"");
    fleet.secrets(&["edit", "secrets/web.yaml"]).ends(0).says(&["is encrypted for whom its rule names"]);
    let plain = ran(fleet.sops().args(["decrypt", "secrets/web.yaml"])).ends(0).stdout;
    assert!(plain.contains("correct donkey"), "the edit is there");
    let place = fs::read_to_string(&seen).unwrap();
    assert!(place.contains("/xtask-secrets-") && !Path::new(place.trim()).exists(), "{place}");
    edit_with(&mut fleet, "echo 'new: value' > \"$1\"");
    fleet.secrets(&["edit", "secrets/new.yaml"]).ends(0);
    assert!(fleet.reads("web", "secrets/new.yaml"));
    edit_with(&mut fleet, "exit 1");
    fleet.secrets(&["edit", "secrets/web.yaml"]).ends(2).says(&["nothing was changed"]);
}

#[test]
fn leaks_are_found_in_every_form() {
    let fleet = Fleet::new();
    let out = fleet.sandbox.path("out");
    fs::create_dir_all(out.join("deep")).unwrap();
    let scan = |text: &str| {
        fs::write(out.join("deep/file"), text).unwrap();
        fleet.secrets(&["scan", out.to_str().unwrap()])
    };
    scan("nothing here, but port 8080 and more\n").ends(0);
    let said = "the value of `token` in `secrets/web.yaml` stands here";
    scan(&format!("a\nb {VALUE}\n")).ends(1).says(&[&format!("deep/file:2: {said} in plain text")]);
    let hex: String = VALUE.bytes().map(|byte| format!("{byte:02x}")).collect();
    scan(&hex).ends(1).says(&[&format!("{said} in hexadecimal")]);
    // printf 'xcorrect horse battery staple' | base64
    scan("eGNvcnJlY3QgaG9yc2UgYmF0dGVyeSBzdGFwbGU=").ends(1).says(&[&format!("{said} in base64")]);
    scan("a:\n  eGNvcnJlY3QgaG9y\n  c2UgYmF0dGVyeSBz\n  dGFwbGU=\n")
        .ends(1)
        .says(&[&format!("deep/file:2: {said} in base64")]);
    let listed: Vec<String> = VALUE.bytes().map(|byte| format!("0x{byte:02x}")).collect();
    scan(&format!("{{\n{}\n}}\n", listed.join(",\n"))).ends(1).says(&[&format!("deep/file:2: {said} in hexadecimal")]);
    let key = fs::read_to_string(fleet.key("bob")).unwrap();
    scan(&key).ends(1).says(&["a private age key stands here"]);
    fs::remove_file(out.join("deep/file")).unwrap();
    fleet.secrets(&["scan", out.to_str().unwrap()]).ends(2).says(&["no file to look through"]);
}

#[test]
fn what_the_repository_ignores_is_not_looked_at_unless_it_is_named() {
    let fleet = Fleet::new();
    let key = fs::read_to_string(fleet.key("bob")).unwrap();
    fleet.sandbox.write("tests/fixtures/key", &key);
    fleet.secrets(&["scan", "tests"]).ends(1).says(&["tests/fixtures/key:3: a private age key stands here"]);
    fleet.sandbox.write("xtask.toml", "[secrets]\nignore = [\"tests/fixtures\"]\n");
    fleet.sandbox.write("tests/other", "nothing");
    fleet.secrets(&["scan", "tests"]).ends(0);
    // What cannot be read, not by anybody from its begin on, hides nothing that is found elsewhere.
    let unreadable = "/proc/self/mem";
    fleet.secrets(&["scan", unreadable, "tests"]).ends(2).says(&["not looked at: /proc/", "/mem: "]);
    fleet
        .secrets(&["scan", unreadable, "tests/fixtures"])
        .ends(1)
        .says(&["not looked at: /proc/", "tests/fixtures/key:3: a private age key stands here"]);
    fleet.secrets(&["scan", "--patterns-only", "."]).ends(0);
    fleet.secrets(&["scan", "tests/fixtures"]).ends(1);
    fleet.sandbox.write("tests/fixtures.txt", &key);
    fleet.secrets(&["scan", "tests"]).ends(1).says(&["tests/fixtures.txt:3: ", "1 problem"]);
}

#[test]
fn values_that_nobody_can_open_were_not_looked_for() {
    let mut fleet = Fleet::new();
    fleet.be("bob");
    let file = fleet.sandbox.path("file");
    fs::write(&file, "x").unwrap();
    let file = file.to_str().unwrap();
    fleet
        .secrets(&["scan", file])
        .ends(2)
        .says(&["not looked for: the values in `secrets/web.yaml`, which no key on this machine opens"]);
    fleet.secrets(&["scan", "--patterns-only", file]).ends(0);
    // What cannot be opened is no reason not to look for the others.
    fleet.be("ada");
    fleet.encrypt("secrets/more.yaml", "password: hunter2hunter2\n");
    fleet.change("secrets/web.yaml", "list:\n", "list:\n    - more\n");
    fs::write(file, "hunter2hunter2").unwrap();
    fleet.secrets(&["scan", file]).ends(1).says(&[
        "file:1: the value of `password` in `secrets/more.yaml` stands here in plain text",
        "not looked for: the values in `secrets/web.yaml`, in which something was changed since it was encrypted",
    ]);
}

#[test]
fn a_store_path_is_scanned_with_all_it_refers_to() {
    let fleet = Fleet::new();
    let expression =
        format!("let leak = builtins.toFile \"leak\" \"{VALUE}\"; in builtins.toFile \"top\" \"see ${{leak}}\"");
    let nix = TestNix::Modern.bin().join("nix");
    let top = ran(fleet.sandbox.command(nix).args(["eval", "--raw", "--expr", &expression])).ends(0).stdout;
    let found = fleet.secrets(&["scan", top.trim()]).ends(1);
    found.says(&["-leak:1: the value of `token` in `secrets/web.yaml` stands here in plain text"]);
}
