//! `cache setup`: what a real Nix makes of the files that are written, and that they can be taken back.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cached_fleet;
mod sandbox;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use cached_fleet::{CACHE, KEY, fleet, name_cache, nix_conf, setting};
use sandbox::{Sandbox, TestNix, WORKING_NIX_CONF, ran};

/// What setup may change.
const CHANGEABLE: [&str; 2] = ["home", "nix-conf"];

#[test]
fn a_real_nix_asks_the_cache_once_setup_has_run() {
    for nix in TestNix::ALL {
        let sandbox = fleet(nix);
        let conf = format!("{WORKING_NIX_CONF}# mine\nextra-substituters = https://mine.example.org\nmax-jobs = 3");
        fs::create_dir_all(nix_conf(&sandbox).parent().unwrap()).unwrap();
        fs::write(nix_conf(&sandbox), &conf).unwrap();
        let before = sandbox.fingerprint(&CHANGEABLE);
        let planned = sandbox.run(&["cache", "setup", "--dry-run"]).ends(1);
        planned.says(&[
            &format!("+ write `{}`", nix_conf(&sandbox).display()),
            &format!("  + extra-substituters = {CACHE}"),
            &format!("  + extra-trusted-public-keys = {KEY}"),
            "cache setup: 1 file would change",
        ]);
        assert_eq!(sandbox.fingerprint(&CHANGEABLE), before, "{nix:?}: a dry run changed something");
        assert!(!setting(&sandbox, "substituters").contains(&CACHE.to_owned()));

        sandbox.run(&["cache", "setup"]).ends(0).says(&["cache setup: 1 file changed"]);
        let text = fs::read_to_string(nix_conf(&sandbox)).unwrap();
        assert!(text.starts_with(&conf), "{text}");
        assert!(!text[conf.len()..].lines().any(|line| line.starts_with("substituters")), "{text}");
        let mine = "https://mine.example.org".to_owned();
        assert_eq!(setting(&sandbox, "substituters"), [mine, CACHE.to_owned()], "{nix:?}");
        assert!(setting(&sandbox, "trusted-public-keys").contains(&KEY.to_owned()));
        let after = sandbox.fingerprint(&CHANGEABLE);
        sandbox.run(&["cache", "setup"]).ends(0).says(&["nothing to do"]);
        sandbox.run(&["cache", "setup", "--dry-run"]).ends(0).says(&["nothing to do"]);
        assert_eq!(sandbox.fingerprint(&CHANGEABLE), after, "{nix:?}: a second run changed something");

        sandbox.run(&["cache", "setup", "--undo"]).ends(0).says(&["cache setup: 1 file changed"]);
        assert_eq!(sandbox.fingerprint(&CHANGEABLE), before, "{nix:?}: something is left");
        sandbox.run(&["cache", "setup", "--undo"]).ends(0).says(&["nothing to do"]);
    }
}

#[test]
fn what_others_say_meanwhile_is_kept_and_a_change_of_the_flake_follows() {
    let sandbox = fleet(TestNix::Modern);
    let conf = nix_conf(&sandbox);
    let before = fs::read_to_string(&conf).unwrap_or_default();
    sandbox.run(&["bootstrap", "--yes", "--only", "nix-conf"]);
    sandbox.run(&["cache", "setup"]).ends(0);
    fs::write(&conf, fs::read_to_string(&conf).unwrap() + "max-jobs = 5\n").unwrap();
    name_cache(&sandbox, "https://other.cachix.org", &KEY.replace("fleet", "other"));
    sandbox
        .run(&["cache", "setup"])
        .ends(0)
        .says(&[&format!("  - extra-substituters = {CACHE}"), "  + extra-substituters = https://other.cachix.org"]);
    assert!(!setting(&sandbox, "substituters").contains(&CACHE.to_owned()));
    // What comes later and sets the list anew would have discarded ours.
    fs::write(&conf, fs::read_to_string(&conf).unwrap() + "substituters = https://theirs.example.org\n").unwrap();
    assert!(!setting(&sandbox, "substituters").contains(&"https://other.cachix.org".to_owned()));
    sandbox.run(&["cache", "setup"]).ends(0);
    assert_eq!(setting(&sandbox, "substituters"), ["https://theirs.example.org", "https://other.cachix.org"]);
    sandbox.run(&["cache", "setup", "--undo"]).ends(0);
    let expected = format!("{before}max-jobs = 5\nsubstituters = https://theirs.example.org\n");
    assert_eq!(fs::read_to_string(&conf).unwrap(), expected);
}

#[test]
fn a_variable_that_takes_it_back_is_named() {
    let mut sandbox = fleet(TestNix::Modern);
    sandbox.set("NIX_CONFIG", "substituters = https://theirs.example.org");
    sandbox.run(&["cache", "setup"]).ends(1).says(&[
        &format!("written, and Nix still does not use `{CACHE}`"),
        "fix: take `substituters` out of the variable NIX_CONFIG",
    ]);
}

#[test]
fn what_a_nix_would_not_take_is_not_written() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let before = sandbox.fingerprint(&CHANGEABLE);
    sandbox.run(&["cache", "setup"]).ends(2).says(&["`nixConfig` of flake.nix names no cache"]);
    name_cache(&sandbox, CACHE, "fleet.cachix.org-1:mB9F");
    sandbox.run(&["cache", "setup"]).ends(2).says(&["holds 3 bytes instead of 32"]);
    name_cache(&sandbox, CACHE, KEY);
    fs::create_dir_all(nix_conf(&sandbox).parent().unwrap()).unwrap();
    let text = format!("{WORKING_NIX_CONF}# >>> cargo xtask cache setup\n");
    fs::write(nix_conf(&sandbox), &text).unwrap();
    sandbox
        .run(&["cache", "setup"])
        .ends(2)
        .says(&["begins what `cargo xtask cache setup` wrote, and nothing ends it"]);
    assert_eq!(fs::read_to_string(nix_conf(&sandbox)).unwrap(), text);
    fs::write(nix_conf(&sandbox), WORKING_NIX_CONF).unwrap();
    if rustix::process::getuid().is_root() {
        assert_eq!(sandbox.fingerprint(&CHANGEABLE), before);
    }
}

#[test]
fn on_nixos_the_module_is_shown_and_nothing_written() {
    let mut sandbox = fleet(TestNix::Modern);
    let system = sandbox.path("system");
    fs::create_dir_all(system.join("etc/nix")).unwrap();
    fs::write(system.join("etc/NIXOS"), "").unwrap();
    sandbox.set("XTASK_SYSTEM_ROOT", system.to_str().unwrap());
    sandbox.set("NIX_USER_CONF_FILES", sandbox.path("nix-conf/nix.conf").to_str().unwrap());
    sandbox.unset("NIX_CONF_DIR");
    let before = sandbox.fingerprint(&["home", "nix-conf", "system"]);
    let shown = sandbox.run(&["cache", "setup"]);
    if rustix::process::getuid().is_root() {
        let shown = shown.ends(1).says(&["is made by NixOS"]);
        let module = format!("{{ {} }}", shown.stdout);
        let file = sandbox.path("module.nix");
        fs::write(&file, module).unwrap();
        let read = ran(sandbox.command("nix").args(["eval", "--json", "nix.settings", "--file"]).arg(&file)).ends(0);
        let expected = format!("{{\"extra-substituters\":[\"{CACHE}\"],\"extra-trusted-public-keys\":[\"{KEY}\"]}}");
        assert_eq!(read.stdout.trim(), expected);
        assert_eq!(sandbox.fingerprint(&["home", "nix-conf", "system"]), before);
    }
}

#[test]
fn what_determinate_nix_leaves_to_its_user_is_what_is_written() {
    let mut sandbox = fleet(TestNix::Modern);
    let system = sandbox.path("system");
    fs::create_dir_all(system.join("usr/local/bin")).unwrap();
    fs::write(system.join("usr/local/bin/determinate-nixd"), "").unwrap();
    sandbox.set("XTASK_SYSTEM_ROOT", system.to_str().unwrap());
    let generated = format!("{WORKING_NIX_CONF}!include nix.custom.conf\n");
    sandbox.write_nix_conf(&generated);
    sandbox.run(&["cache", "setup"]).ends(0);
    assert_eq!(fs::read_to_string(sandbox.path("nix-conf/nix.conf")).unwrap(), generated);
    assert_eq!(setting(&sandbox, "substituters"), [CACHE]);
    assert_eq!(sandbox.path("nix-conf/nix.custom.conf").exists(), rustix::process::getuid().is_root());
    sandbox.run(&["cache", "setup", "--undo"]).ends(0);
    assert!(!sandbox.path("nix-conf/nix.custom.conf").exists());
}

#[test]
fn whenever_it_is_killed_the_file_is_the_old_or_the_new_one() {
    let sandbox = fleet(TestNix::Modern);
    let conf = nix_conf(&sandbox);
    let before = fs::read_to_string(&conf).ok();
    let started = Instant::now();
    sandbox.run(&["cache", "setup"]).ends(0);
    let whole = started.elapsed();
    let after = fs::read_to_string(&conf).ok();
    let mut seen = [0, 0];
    for step in 0..12 {
        let delay = whole * step / 6;
        sandbox.run(&["cache", "setup", "--undo"]).ends(0);
        let mut command: Command = sandbox.command(env!("CARGO_BIN_EXE_xtask"));
        let mut child = command.args(["cache", "setup", "--quiet"]).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(delay);
        child.kill().unwrap();
        child.wait().unwrap();
        let now = fs::read_to_string(&conf).ok();
        assert!(now == before || now == after, "after {delay:?}: {now:?}");
        seen[usize::from(now == after)] += 1;
    }
    assert!(seen.iter().all(|times| *times > 0), "too early or too late every time: {seen:?}");
}
