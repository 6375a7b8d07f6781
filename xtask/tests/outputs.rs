//! What `outputs` and `build` find in a flake, and what they say of what cannot be read.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;

use sandbox::fleet::flake;
use sandbox::{Sandbox, TestNix};

#[test]
fn an_output_that_throws_costs_only_itself() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let body = r#"  packages.x86_64-linux = {
            good = linux "good";
            thrown = throw "no such thing";
            asserted = assert 1 == 2; linux "asserted";
            missing = (import ./broken.nix).nope;
            endless = let x = x; in x;
            aborted = abort "stop here";
            number = 3;
            better = linux "better";
          };"#;
        sandbox.write("flake.nix", &flake(body));
        sandbox.write("broken.nix", "{ }");
        for (command, good) in [("outputs", "evaluated"), ("build", "built")] {
            let run = sandbox.run(&[command, "--json"]).ends(1).says(&["8 outputs · 6 failed"]);
            let failed = ["aborted", "asserted", "endless", "missing", "number", "thrown"];
            let mut expected: Vec<String> =
                failed.iter().map(|name| format!("packages.x86_64-linux.{name} evaluation-failed")).collect();
            expected.extend(["better", "good"].map(|name| format!("packages.x86_64-linux.{name} {good}")));
            expected.sort();
            assert_eq!(run.answer().statuses(), expected, "{nix:?}");
            run.says(&[
                "packages.x86_64-linux.thrown: evaluation failed\n    at flake.nix:4\n    no such thing\n",
                "packages.x86_64-linux.asserted: evaluation failed\n    at flake.nix:5\n",
                "packages.x86_64-linux.missing: evaluation failed\n    at flake.nix:6\n    attribute 'nope' missing\n",
                "packages.x86_64-linux.endless: evaluation failed\n    at flake.nix:7\n    infinite recursion encountered\n",
                "packages.x86_64-linux.aborted: evaluation failed\n    at flake.nix:8\n",
                "packages.x86_64-linux.number: evaluation failed\n    this is not a derivation\n",
                "reproduce: cargo xtask build packages.x86_64-linux.thrown",
            ]);
        }
    }
}

#[test]
fn a_set_that_throws_is_one_failed_output() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let body = r#"  packages.x86_64-linux.good = linux "good";
          packages.aarch64-linux = throw "no packages here";
          nixosConfigurations = throw "no hosts today";
          apps = 3;
          hydraJobs.deep.down = throw "jobless";"#;
        sandbox.write("flake.nix", &flake(body));
        let run = sandbox.run(&["build", "--json"]).ends(1);
        let expected = [
            "apps evaluation-failed",
            "hydraJobs.deep.down evaluation-failed",
            "nixosConfigurations evaluation-failed",
            "packages.aarch64-linux evaluation-failed",
            "packages.x86_64-linux.good built",
        ];
        assert_eq!(run.answer().statuses(), expected, "{nix:?}");
        run.says(&["nixosConfigurations: evaluation failed\n    at flake.nix:4\n    no hosts today\n"]);

        // It fails only runs that want something of it.
        sandbox.run(&["build", "package:good", "--system", "x86_64-linux"]).ends(0).never_says(&["no hosts today"]);
        sandbox.run(&["build", "nixos:web"]).ends(1).says(&["no hosts today"]).never_says(&["jobless"]);
        sandbox.run(&["build", "packages", "--system", "x86_64-linux"]).ends(0).says(&[
            "! packages.aarch64-linux  skipped: broken, and for aarch64-linux: no packages here (at flake.nix:3)",
        ]);
        sandbox.run(&["build", "home:ada"]).ends(2).says(&["no output fits the selector `home:ada`"]);
    }
}

#[test]
fn a_syntax_error_is_named_with_its_place() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        sandbox.write("flake.nix", "{\n  outputs = { self }: {\n    packages = = 3;\n  };\n}\n");
        for command in ["outputs", "build"] {
            sandbox.run(&[command]).ends(1).says(&["at flake.nix:3\n    syntax error, unexpected '='"]);
        }
        let body =
            "  packages.x86_64-linux.good = linux \"good\";\n  packages.x86_64-linux.bad = import ./lib/bad.nix;";
        sandbox.write("flake.nix", &flake(body));
        sandbox.write("lib/bad.nix", "{\n  a = ;\n}\n");
        sandbox.run(&["build"]).ends(1).says(&[
            "packages.x86_64-linux.bad: evaluation failed\n    at lib/bad.nix:2\n    syntax error, unexpected ';'",
            "✓ packages.x86_64-linux.good  built",
        ]);
    }
}

#[test]
fn nothing_found_is_never_a_success() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        for body in ["", "lib.a = 1;", "packages = { }; nixosConfigurations = { };"] {
            sandbox.write("flake.nix", &flake(body));
            sandbox.run(&["outputs"]).ends(2).says(&["error: the flake declares no outputs"]);
            sandbox.run(&["build"]).ends(2).says(&["error: the flake declares no outputs"]);
        }
        for text in ["{ }", "3", "{ outputs = { self }: throw \"nothing\"; }"] {
            sandbox.write("flake.nix", text);
            sandbox.run(&["outputs"]).ends(1).says(&["✗ outputs: evaluation failed"]);
        }
    }
}

#[test]
fn selectors_name_outputs() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let body = r#"  packages.x86_64-linux = { web = linux "a"; web2 = linux "b"; db = linux "c"; };
          packages.aarch64-linux.web = make "aarch64-linux" "d";
          checks.x86_64-linux.web = linux "e";"#;
        sandbox.write("flake.nix", &flake(body));
        let check = |selectors: &[&str], expected: &[&str]| {
            let run = sandbox.run(&[&["outputs"], selectors].concat()).ends(0);
            let listed: Vec<&str> = run.stdout.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
            assert_eq!(listed, expected, "{nix:?} {selectors:?}");
        };
        check(&["packages.x86_64-linux.web"], &["packages.x86_64-linux.web"]);
        check(&["packages.aarch64-linux", "check:web"], &["packages.aarch64-linux.web", "checks.x86_64-linux.web"]);
        check(&["package:web"], &["packages.aarch64-linux.web", "packages.x86_64-linux.web"]);
        check(&["package:web?"], &["packages.x86_64-linux.web2"]);
        check(&["*:web", "--system", "x86_64-linux"], &["packages.x86_64-linux.web", "checks.x86_64-linux.web"]);
        check(&["packages.*.d*"], &["packages.x86_64-linux.db"]);
        for command in ["outputs", "build"] {
            sandbox.run(&[command, "package:wbe"]).ends(2).says(&["`package:wbe`: did you mean `package:web`?"]);
            sandbox.run(&[command, "zzz", "check:web"]).ends(2).says(&["no output fits the selector `zzz`"]);
            let typo = [command, "check:web", "--system", "x86_64-linx"];
            sandbox
                .run(&typo)
                .ends(2)
                .says(&["no output is for x86_64-linx: the flake has some for aarch64-linux, x86_64-linux"]);
            sandbox.run(&[command, "a..b"]).ends(2).says(&["`a..b` is not an attribute path"]);
        }
    }
}

#[test]
fn an_unreadable_xtask_toml_is_an_error() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    let file = sandbox.repository().join("xtask.toml");
    let check = |expected: &str| {
        for command in ["outputs", "build"] {
            sandbox.run(&[command]).ends(2).says(&[expected]);
        }
    };
    fs::create_dir(&file).unwrap();
    check("error: read xtask.toml: Is a directory");
    fs::remove_dir(&file).unwrap();
    fs::write(&file, b"\xff\xfe").unwrap();
    check("error: xtask.toml:1:1: this is no UTF-8: write the file anew as UTF-8");
    for (text, expected) in [
        ("what", "error: xtask.toml:1:5: key with no value"),
        ("\n[lokc]\n", "error: xtask.toml:2:2: unknown key `lokc`: did you mean `lock`?"),
        (
            "\n[[kind]]\nname = \"a\"\nsett = \"a.*\"\n",
            "error: xtask.toml:4:1: unknown key `sett`: did you mean `set`?",
        ),
        (
            "[[kind]]\nname = \"nixos\"\nset = \"a.*\"\n",
            "error: xtask.toml:2:8: the kind `nixos` exists already: choose another name",
        ),
    ] {
        fs::write(&file, text).unwrap();
        check(expected);
    }
}

#[test]
fn a_declared_kind_is_discovered_and_built() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let body = r#"  images.installer.config.build.image = linux "installer";
          bundles.x86_64-linux.one = linux "one";
          jobs.deep.down = linux "down";
          stray.here = linux "stray";
          deploy.nodes = { }.missing;
          checks.x86_64-linux.a = linux "a";"#;
        sandbox.write("flake.nix", &flake(body));
        let uncovered = "stray.here is of no known kind: not covered";
        let closed = "deploy is of no known kind: not covered";
        sandbox.run(&["build"]).ends(0).says(&[uncovered, closed, "jobs.deep.down is of no known kind"]);
        let config = r#"
            kind = [
                { name = "image", set = "images.*", derivation = "config.build.image" },
                { name = "bundle", set = "bundles.<system>.*" },
                { name = "job", set = "jobs.**" },
            ]"#;
        sandbox.write("xtask.toml", config);
        let run = sandbox.run(&["build", "--json"]).ends(0).says(&[uncovered]).never_says(&["jobs.deep.down is"]);
        let expected = [
            "bundles.x86_64-linux.one built",
            "checks.x86_64-linux.a up-to-date",
            "images.installer built",
            "jobs.deep.down built",
        ];
        assert_eq!(run.answer().statuses(), expected.map(|line| line.replace("up-to-date", "present")), "{nix:?}");
        sandbox
            .run(&["outputs", "image:installer", "bundle:*"])
            .ends(0)
            .says(&["2 outputs", "stray.here is of no known kind: not covered"]);
    }
}

#[test]
fn a_host_that_git_does_not_know_is_told() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let body = r#"  packages.x86_64-linux = builtins.listToAttrs (map
            (name: { name = builtins.replaceStrings [ ".nix" ] [ "" ] name; value = linux name; })
            (builtins.attrNames (builtins.readDir ./hosts)));"#;
        sandbox.write("flake.nix", &flake(body));
        sandbox.write("hosts/old.nix", "");
        sandbox.write(".gitignore", "scratch.nix\n");
        sandbox.write_untracked("hosts/new.nix", "");
        sandbox.write_untracked("hosts/README.md", "");
        sandbox.write_untracked("scratch.nix", "");
        let warning = "! `hosts/new.nix`: git does not know it, so Nix does not see it: git add -N hosts/new.nix";
        for command in ["outputs", "build"] {
            let run = sandbox.run(&[command]).ends(0).says(&[warning]).never_says(&["README", "scratch"]);
            assert!(!run.stdout.contains("new"), "{nix:?}: Nix sees what git does not know");
        }
        sandbox.git(&sandbox.repository(), &["add", "-N", "hosts/new.nix"]);
        sandbox.run(&["build"]).ends(0).says(&["packages.x86_64-linux.new  built"]).never_says(&["git add -N"]);
    }
}

#[test]
fn warnings_of_the_evaluation_are_said() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let body = r#"  packages.x86_64-linux.a = builtins.trace "warning: option `x' is old" (linux "a");
          packages.x86_64-linux.b = builtins.trace "just looking" (linux "b");"#;
        sandbox.write("flake.nix", &flake(body));
        // The last run evaluates nothing: what it kept is said again.
        for command in ["outputs", "build", "build"] {
            sandbox
                .run(&[command])
                .ends(0)
                .says(&["! packages.x86_64-linux.a: warning: option `x' is old"])
                .never_says(&["just looking", "b: warning"]);
        }
    }
}
