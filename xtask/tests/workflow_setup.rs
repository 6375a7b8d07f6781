//! The step of the generated action that takes this program from a cache of the flake, run as a runner runs it, with a real Nix, a
//! real cache in a folder, and the real cargo; and when it leaves the program to cargo, with the reason. And the step that installs
//! Nix, where there is one or none: what it would download is a stand-in.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod packaged_xtask;
mod sandbox;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use sandbox::{Ran, Sandbox, TestNix, program, ran};

const SETUP: &str = ".github/actions/setup-nix/action.yaml";

/// A repository with the sources, the action, and `flake`, committed.
fn repository(flake: impl Fn(&Sandbox) -> String) -> Sandbox {
    let sandbox = Sandbox::new(TestNix::Modern);
    packaged_xtask::sources(&sandbox);
    sandbox.write("flake.nix", &flake(&sandbox));
    sandbox.run(&["workflow", "generate"]).ends(0);
    sandbox.commit("sources");
    sandbox
}

/// A repository whose flake has the package, of the sources `of` in Nix, with this script.
fn packaged(of: &str, script: &str) -> Sandbox {
    repository(|sandbox| packaged_xtask::flake(sandbox, "{\n  outputs = { self }: {\n  };\n}\n", of, script))
}

/// The script of the step called `name`, in an action.
fn script(action: &str, name: &str) -> String {
    let (_, step) = action.split_once(&format!("- name: {name}\n")).unwrap();
    let (_, script) = step.split_once("run: |\n").unwrap();
    script.split_once("    - name:").unwrap().0.to_owned()
}

/// Runs `script` as a runner does, in `environment`, and says what it did.
fn step(sandbox: &Sandbox, script: &str, environment: &[(&str, &str)]) -> Ran {
    fs::write(sandbox.path("step.sh"), script).unwrap();
    fs::create_dir_all(sandbox.path("runner")).unwrap();
    let mut bash = sandbox.command(program("bash", "apt-get install bash"));
    bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(sandbox.path("step.sh"));
    for name in ["ENV", "OUTPUT", "PATH"] {
        fs::write(sandbox.path(name), "").unwrap();
        bash.env(format!("GITHUB_{name}"), sandbox.path(name));
    }
    ran(bash.env("RUNNER_TEMP", sandbox.path("runner")).envs(environment.iter().copied())).ends(0)
}

/// Runs the step that takes this program, and says what it did.
fn take(sandbox: &Sandbox) -> Ran {
    let action = fs::read_to_string(sandbox.repository().join(SETUP)).unwrap();
    step(sandbox, &script(&action, "Take xtask from a cache of the flake"), &[])
}

/// What the step left for later steps in the file `name`.
fn left(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path(name)).unwrap()
}

#[test]
fn what_a_cache_has_of_these_sources_is_what_cargo_calls() {
    let sandbox = packaged("self", &packaged_xtask::this_program());
    packaged_xtask::fill(&sandbox);
    let taken = take(&sandbox);
    assert!(taken.stdout.contains("xtask is taken from a cache: cargo compiles nothing"), "{taken:?}");
    assert_eq!(left(&sandbox, "OUTPUT"), "taken=true\n");
    let mut cargo = sandbox.command(env!("CARGO"));
    for (name, value) in left(&sandbox, "ENV").lines().map(|line| line.split_once('=').unwrap()) {
        cargo.env(name, value);
    }
    let outputs =
        ran(cargo.env("RUNNER_TEMP", sandbox.path("runner")).args(["xtask", "outputs", "package:xt*", "--json"]));
    let outputs = outputs.ends(0);
    assert!(outputs.stderr.contains(packaged_xtask::TAKEN), "{outputs:?}");
    assert!(outputs.stdout.contains("\"packages.x86_64-linux.xtask\""), "{outputs:?}");
}

#[test]
fn whatever_else_is_left_to_cargo_with_the_reason() {
    let check = |sandbox: Sandbox, filled: bool, told: &str, expected: &str| {
        if filled {
            packaged_xtask::fill(&sandbox);
        }
        let ran = take(&sandbox);
        assert!(ran.stdout.contains(told), "{told}: {ran:?}");
        assert_eq!(ran.stdout.lines().last(), Some(&*format!("{expected}: cargo brings it")), "{ran:?}");
        for name in ["ENV", "OUTPUT"] {
            assert_eq!(left(&sandbox, name), "", "{name}: {ran:?}");
        }
    };
    let plain = repository(|_| "{\n  outputs = { self }: { };\n}\n".to_owned());
    check(plain, false, "", "the flake has no package xtask");
    let program = packaged_xtask::this_program();
    check(packaged("self", &program), false, "will be built", "no cache has the package xtask of these sources");
    let others = "builtins.toFile \"sources\" \"others\"";
    check(packaged(others, &program), true, "", "the package xtask is of other sources");
    check(packaged("self", "exit 3"), true, "", "the package xtask does not come, or does not run");
    // Whatever else goes wrong is not told as if the flake had no such package.
    let broken = "error: broken on purpose";
    let without = repository(|_| "{\n  outputs = { self }: throw \"broken on purpose\";\n}\n".to_owned());
    check(without, false, broken, "the package xtask of the flake could not be evaluated");
    let unbuildable = repository(|sandbox| {
        let flake = packaged_xtask::flake(sandbox, "{\n  outputs = { self }: {\n  };\n}\n", "self", "");
        flake.replacen("builder = \"/bin/sh\"", "builder = throw \"broken on purpose\"", 1)
    });
    check(unbuildable, false, broken, "what caches have of the package xtask could not be found out");
}

/// The action of this repository, which is as generated.
fn committed() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SETUP)).unwrap()
}

/// Writes a program.
fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn results_go_by_the_compiler_and_by_whether_a_client_is_among_them() {
    let names = script(&committed(), "Name what cargo builds");
    let check = |client: &str, compiler: &str, expected: &str| {
        let sandbox = Sandbox::without_nix(&["sh", "tr"]);
        executable(&sandbox.path("bin/rustc"), &format!("#!/bin/sh\n{compiler}\n"));
        let runner = [("RUNNER_OS", "Linux"), ("RUNNER_ARCH", "X64"), ("CLIENT", client)];
        step(&sandbox, &names, &runner);
        assert_eq!(left(&sandbox, "OUTPUT"), expected, "{client} {compiler}");
    };
    let of = |compiler: &str, kind: &str| {
        format!("compiler=xtask-Linux-X64-{compiler}-\nname=xtask-Linux-X64-{compiler}-{kind}-\n")
    };
    let stable = "echo 'rustc 1.95.0 (59807616e 2026-04-14)'";
    check("false", stable, &of("rustc-1.95.0-59807616e-2026-04-14", "without-client"));
    check("true", stable, &of("rustc-1.95.0-59807616e-2026-04-14", "with-client"));
    check(
        "true",
        "echo 'rustc 1.96.0 (ac8c8b2e1 2026-05-26)'",
        &of("rustc-1.96.0-ac8c8b2e1-2026-05-26", "with-client"),
    );
    // Cargo says what is missing.
    check("true", "exit 1", &of("", "with-client"));
}

/// Stands for the download of the installer, which it prints: one that keeps what it was handed, and leaves a Nix.
const CURL: &str = r##"#!/bin/sh
echo called >> "$CALLS"
echo 'while [ "$1" != --nix-extra-conf-file ]; do shift; done; cat "$2" > "$CONF"; mkdir -p "$INSTALLED"'
echo 'printf "#!/bin/sh\necho installed\n" > "$INSTALLED/nix"; chmod +x "$INSTALLED/nix"'
"##;

#[test]
fn nix_is_installed_once_and_trusts_a_jobs_user_only_on_machines_of_github() {
    const DEFAULT: &str = "/nix/var/nix/profiles/default/bin";
    let install = script(&committed(), "Install Nix");
    assert!(install.contains(DEFAULT));
    let check = |runner: &str, conf: &str| {
        let sandbox = Sandbox::without_nix(&["cat", "chmod", "id", "mkdir", "sh"]);
        executable(&sandbox.path("bin/curl"), CURL);
        let installed = sandbox.path("default/bin");
        let (installed, calls, kept) = (installed.to_str().unwrap(), sandbox.path("calls"), sandbox.path("conf"));
        let environment = [
            ("CALLS", calls.to_str().unwrap()),
            ("CONF", kept.to_str().unwrap()),
            ("INSTALLED", installed),
            ("RUNNER_ENVIRONMENT", runner),
        ];
        // The machine's own /nix has no part in this.
        let script = install.replace(DEFAULT, installed);
        // The second job finds what the first one left, though nothing of the first is on its `PATH`.
        for _ in 0..2 {
            assert_eq!(step(&sandbox, &script, &environment).stdout, "installed\n", "{runner}");
            assert_eq!(left(&sandbox, "PATH"), format!("{installed}\n"), "{runner}");
        }
        assert_eq!((left(&sandbox, "calls"), left(&sandbox, "conf")), ("called\n".to_owned(), conf.to_owned()));
        // One that is on the `PATH` is taken as it is.
        executable(&sandbox.path("bin/nix"), "#!/bin/sh\necho own\n");
        assert_eq!(step(&sandbox, &script, &environment).stdout, "own\n", "{runner}");
        assert_eq!((left(&sandbox, "calls"), left(&sandbox, "PATH")), ("called\n".to_owned(), String::new()));
    };
    let mut id = Command::new("id");
    let user = ran(id.arg("-un")).ends(0).stdout;
    check("github-hosted", &format!("accept-flake-config = true\ntrusted-users = root {user}"));
    for lasting in ["self-hosted", ""] {
        check(lasting, "");
    }
}
