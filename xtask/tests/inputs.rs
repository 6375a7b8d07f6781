//! `--inputs`: when the locked inputs are used, when the stand-in takes their place, and when neither will do.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;

use sandbox::{Ran, Sandbox, TestNix, program, ran};

/// A flake whose one output is named by its input `dependency`.
fn flake(url: &str) -> String {
    format!(
        r#"{{
  inputs.dependency.url = "{url}";
  outputs = {{ self, dependency }}: {{
    packages.x86_64-linux = builtins.listToAttrs [ {{
      name = dependency.name or "of-the-stand-in";
      value = derivation {{
        name = "dependent";
        system = "x86_64-linux";
        builder = "/bin/sh";
        args = [ "-c" "echo built > $out" ];
      }};
    }} ];
  }};
}}
"#
    )
}

/// The input itself.
const DEPENDENCY: &str = "{ outputs = { self }: { name = \"of-the-real-input\"; }; }\n";

const REAL: &str = "packages.x86_64-linux.of-the-real-input";

/// A sandbox whose flake has an input at `url`, and a folder with that input beside the repository.
fn sandbox(nix: TestNix, url: impl Fn(&str) -> String) -> Sandbox {
    let sandbox = Sandbox::new(nix);
    let folder = sandbox.path("dependency");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("flake.nix"), DEPENDENCY).unwrap();
    sandbox.write("flake.nix", &flake(&url(folder.to_str().unwrap())));
    sandbox
}

/// Locks the flake as a user would.
fn lock(sandbox: &Sandbox, nix: TestNix) {
    ran(sandbox.command(nix.bin().join("nix")).args(["flake", "lock"])).ends(0);
    let lock = fs::read_to_string(sandbox.repository().join("flake.lock")).unwrap();
    sandbox.write("flake.lock", &lock);
}

/// Locks the input to a commit on GitHub: what `nix flake lock` writes where that can be reached.
fn lock_to_github(sandbox: &Sandbox, nar_hash: &str) {
    let original = r#"{ "type": "github", "owner": "example", "repo": "dependency" }"#;
    let locked = original.replace(
        " }",
        &format!(
            r#", "rev": "1111111111111111111111111111111111111111", "lastModified": 1, "narHash": "{nar_hash}" }}"#
        ),
    );
    let lock = format!(
        r#"{{ "nodes": {{ "dependency": {{ "locked": {locked}, "original": {original} }},
            "root": {{ "inputs": {{ "dependency": "dependency" }} }} }}, "root": "root", "version": 7 }}"#
    );
    sandbox.write("flake.lock", &lock);
}

/// A hash that no source has.
const NOWHERE: &str = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn is_locked(ran: Ran) -> Ran {
    let ran = ran.ends(0);
    assert!(ran.stdout.contains(REAL) && !ran.stderr.contains("STAND-IN"), "{ran:?}");
    ran
}

fn is_stand_in(ran: Ran, why: &str) {
    let ran = ran.ends(0).says(&[&format!("STAND-IN INPUTS ({why})")]);
    assert!(!ran.stdout.contains(REAL), "{ran:?}");
}

#[test]
fn a_developer_without_the_inputs_gets_the_stand_in_and_is_told_why() {
    for nix in TestNix::ALL {
        let sandbox = sandbox(nix, |_| "github:example/dependency".to_owned());
        lock_to_github(&sandbox, NOWHERE);
        is_stand_in(sandbox.run(&["outputs"]), "github.com cannot be reached");
        is_stand_in(sandbox.run(&["build"]), "github.com cannot be reached");
    }
}

#[test]
fn ci_without_the_inputs_could_not_check() {
    for nix in TestNix::ALL {
        let mut sandbox = sandbox(nix, |_| "github:example/dependency".to_owned());
        lock_to_github(&sandbox, NOWHERE);
        sandbox.set("CI", "true");
        for command in ["outputs", "build"] {
            let ran = sandbox.run(&[command]).ends(2).says(&["`dependency`", "github.com", "--inputs standin"]);
            assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{nix:?}: {}", ran.stderr);
        }
        is_stand_in(sandbox.run(&["outputs", "--inputs", "standin"]), "as asked");
        sandbox.set("XTASK_INPUTS", "standin");
        is_stand_in(sandbox.run(&["outputs"]), "as asked");
    }
}

#[test]
fn locked_inputs_that_cannot_be_had_are_named_in_one_line() {
    for nix in TestNix::ALL {
        let sandbox = sandbox(nix, |_| "github:example/dependency".to_owned());
        lock_to_github(&sandbox, NOWHERE);
        let ran = sandbox.run(&["outputs", "--inputs", "locked"]).ends(2);
        let ran = ran.says(&["`dependency` is not in the store", "github.com cannot be reached", "--inputs standin"]);
        assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{nix:?}: {}", ran.stderr);
    }
}

#[test]
fn an_input_that_the_store_holds_is_used_whatever_the_network_says() {
    for nix in TestNix::ALL {
        let mut sandbox = sandbox(nix, |_| "github:example/dependency".to_owned());
        let ask = |sandbox: &Sandbox, arguments: &[&str]| {
            let mut command = sandbox.command(nix.bin().join("nix"));
            ran(command.args(arguments).arg(sandbox.path("dependency"))).ends(0).stdout.trim().to_owned()
        };
        lock_to_github(&sandbox, &ask(&sandbox, &["hash", "path"]));
        is_stand_in(sandbox.run(&["outputs"]), "github.com cannot be reached");
        ask(&sandbox, &["store", "add-path", "--name", "source"]);
        is_locked(sandbox.run(&["outputs"]));
        is_locked(sandbox.run(&["outputs", "--inputs", "locked"]));
        is_stand_in(sandbox.run(&["outputs", "--inputs", "standin"]), "as asked");
        sandbox.set("CI", "true");
        is_locked(sandbox.run(&["outputs"]));
    }
}

#[test]
fn inputs_of_this_machine_are_used() {
    for nix in TestNix::ALL {
        let sandbox = sandbox(nix, |folder| format!("path:{folder}"));
        is_locked(sandbox.run(&["outputs"]));
        assert!(!sandbox.repository().join("flake.lock").exists(), "{nix:?}: looking wrote a lock");
        // No lock says what the input was: nothing may be kept of it.
        let flake = DEPENDENCY.replace("of-the-real-input", "of-the-real-input-changed");
        fs::write(sandbox.path("dependency/flake.nix"), flake).unwrap();
        assert!(is_locked(sandbox.run(&["outputs"])).stdout.contains("-changed"), "{nix:?}: what was kept is stale");
        lock(&sandbox, nix);
        is_locked(sandbox.run(&["outputs"]));
        is_locked(sandbox.run(&["outputs", "--inputs", "locked"]));
        is_stand_in(sandbox.run(&["outputs", "--inputs", "standin"]), "as asked");
    }
}

#[test]
fn nothing_is_kept_of_an_input_that_the_lock_pins_as_another() {
    for nix in TestNix::ALL {
        let sandbox = sandbox(nix, |folder| format!("path:{folder}"));
        lock(&sandbox, nix);
        // The flake now points elsewhere, and the lock does not know: Nix looks what is there each time.
        let elsewhere = sandbox.path("elsewhere");
        fs::create_dir_all(&elsewhere).unwrap();
        sandbox.write("flake.nix", &flake(&format!("path:{}", elsewhere.display())));
        for name in ["first", "second"] {
            fs::write(elsewhere.join("flake.nix"), DEPENDENCY.replace("of-the-real-input", name)).unwrap();
            let outputs = sandbox.run(&["outputs"]).ends(0).stdout;
            assert!(outputs.contains(&format!("packages.x86_64-linux.{name}")), "{nix:?}: {name}: {outputs}");
        }
    }
}

#[test]
fn inputs_of_a_git_repository_of_this_machine_are_used() {
    for nix in TestNix::ALL {
        let sandbox = sandbox(nix, |folder| format!("git+file://{folder}"));
        for arguments in [&["init", "--quiet"][..], &["add", "flake.nix"], &["commit", "--quiet", "--message=first"]] {
            let mut git = sandbox.command(program("git", "apt-get install git"));
            ran(git.arg("-C").arg(sandbox.path("dependency")).args(arguments)).ends(0);
        }
        lock(&sandbox, nix);
        is_locked(sandbox.run(&["outputs"]));
    }
}

#[test]
fn an_input_that_was_never_locked_must_be_fetched() {
    for nix in TestNix::ALL {
        let mut sandbox = sandbox(nix, |_| "git+https://forge.example.org/dependency".to_owned());
        is_stand_in(sandbox.run(&["outputs"]), "forge.example.org cannot be reached");
        // A lock of other inputs says nothing of this one.
        let other = r#"{ "nodes": { "root": {} }, "root": "root", "version": 7 }"#;
        sandbox.write("flake.lock", other);
        is_stand_in(sandbox.run(&["outputs"]), "forge.example.org cannot be reached");
        sandbox.set("CI", "true");
        sandbox.run(&["outputs"]).ends(2).says(&["`dependency`", "forge.example.org", "--inputs standin"]);
        let ran = sandbox.run(&["outputs", "--inputs", "locked"]).ends(2).says(&["`dependency`", "forge.example.org"]);
        assert_eq!(ran.stderr.lines().count(), 1, "{nix:?}: {}", ran.stderr);
    }
}

#[test]
fn the_host_of_a_missing_input_is_asked() {
    for nix in TestNix::ALL {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let mut sandbox = sandbox(nix, |_| format!("https://{host}/dependency.tar.gz"));
        sandbox.write_nix_conf(&format!("{}download-attempts = 1\n", sandbox::WORKING_NIX_CONF));
        sandbox.set("XTASK_OFFLINE", "false");
        // Somebody answers, if only to hang up: the locked inputs are worth an attempt, and what fails is not replaced.
        listener.set_nonblocking(true).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        let ran = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    drop(listener.accept());
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
            });
            let ran = sandbox.run(&["outputs"]);
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            ran.ends(1)
        });
        drop(listener);
        assert!(!ran.stderr.contains("STAND-IN") && ran.stderr.contains(&host), "{nix:?}: {}", ran.stderr);
        is_stand_in(sandbox.run(&["outputs"]), &format!("{host} cannot be reached"));
        // Nobody is asked who need not be.
        sandbox.run(&["outputs", "--inputs", "standin"]).ends(0);
    }
}
