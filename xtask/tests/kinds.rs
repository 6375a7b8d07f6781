//! Every kind of output and every name that Nix allows, through discovery, evaluation and build.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use sandbox::fleet::flake;
use sandbox::{Sandbox, TestNix};

/// Each of these is a legal attribute name, and a trap for whoever quotes by hand.
const NAMES: [(&str, &str); 13] = [
    ("a.b", r#""a.b""#),
    ("quo\"te", r#""quo\"te""#),
    ("at@home", r#""at@home""#),
    ("with space", r#""with space""#),
    ("ünïcödé", "\"ünïcödé\""),
    ("new\nline", r#""new\nline""#),
    ("re\rturn", r#""re\rturn""#),
    ("dollar${x}", r#""dollar\${x}""#),
    ("back\\slash", r#""back\\slash""#),
    ("tick'", "tick'"),
    ("co:lon", r#""co:lon""#),
    ("--dash", r#""--dash""#),
    ("", r#""""#),
];

#[test]
fn any_name_is_listed_selected_and_built() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let quoted: Vec<&str> = NAMES.iter().map(|(_, printed)| *printed).collect();
        let names = quoted.iter().map(|name| if *name == "tick'" { "\"tick'\"" } else { name }).collect::<Vec<_>>();
        let body = format!(
            r#"  packages.x86_64-linux = builtins.listToAttrs (builtins.genList
                (at: {{ name = builtins.elemAt names at; value = linux "n${{toString at}}"; }}) {});
              homeConfigurations = builtins.mapAttrs (_: package: {{ activationPackage = package; config = {{ }}; }})
                self.packages.x86_64-linux;"#,
            NAMES.len()
        );
        sandbox.write("flake.nix", &flake(&body.replace("names", &format!("[ {} ]", names.join(" ")))));
        let mut paths: Vec<String> = Vec::new();
        for set in ["homeConfigurations", "packages.x86_64-linux"] {
            paths.extend(quoted.iter().map(|name| format!("{set}.{name}")));
        }
        paths.sort();

        let listed = sandbox.run(&["outputs"]).ends(0).stdout;
        for path in &paths {
            assert!(listed.lines().any(|line| line.ends_with(&format!("x86_64-linux  {path}"))), "{path}:\n{listed}");
        }
        // The second run reads the names that the first one kept.
        for status in ["built", "present"] {
            let run = sandbox.run(&["build", "--json"]).ends(0).says(&["26 unchanged since the last evaluation"]);
            let expected: Vec<String> = paths.iter().map(|path| format!("{path} {status}")).collect();
            assert_eq!(run.answer().statuses(), expected, "{nix:?}");
        }
        for path in &paths {
            let run = sandbox.run(&["outputs", "--json", path]).ends(0);
            assert_eq!(run.answer().statuses(), [format!("{path} evaluated")], "{nix:?}");
        }
        for (name, printed) in NAMES {
            let run = sandbox.run(&["outputs", "--json", &format!("home:{name}")]).ends(0);
            assert_eq!(run.answer().statuses(), [format!("homeConfigurations.{printed} evaluated")], "{nix:?}");
        }
    }
}

/// A fleet of every kind; the configurations are sets that look like what `nixosSystem` and its like return.
const FLEET: &str = r#"  nixosConfigurations.web = {
    pkgs.stdenv.hostPlatform.system = "x86_64-linux";
    config = {
      system.build.toplevel = linux "web";
      networking.hostName = "web-host";
      system.stateVersion = "24.05";
      users.users.ada = { isNormalUser = true; home = "/home/ada"; shell = linux "fish"; };
      users.users.daemon = { };
      assertions = [ { assertion = false; message = "never"; } { assertion = true; message = "always"; } ];
      warnings = [ "old" ];
      sops.secrets.token = { key = "token"; sopsFile = ./secrets.yaml; };
    };
  };
  nixosConfigurations.arm = {
    pkgs.stdenv.hostPlatform.system = "aarch64-linux"; config.system.build.toplevel = make "aarch64-linux" "arm";
  };
  nixosConfigurations.nameless = {
    pkgs.stdenv.hostPlatform.system = "x86_64-linux";
    config = { system.build.toplevel = linux "nameless"; networking.hostName = throw "no host name"; };
  };
  darwinConfigurations.mac = {
    pkgs.stdenv.hostPlatform.system = "aarch64-darwin"; config.system.primaryUser = "ada";
    config.system.build.toplevel = make "aarch64-darwin" "mac";
  };
  darwinConfigurations.old = {
    pkgs.stdenv.hostPlatform.system = "aarch64-darwin"; config = { }; system = make "aarch64-darwin" "old";
  };
  homeConfigurations."bob@web" = {
    activationPackage = linux "bob"; config.home = { username = "bob"; homeDirectory = "/home/bob"; };
  };
  legacyPackages.x86_64-linux.homeConfigurations.ada = { activationPackage = linux "ada"; config = { }; };
  legacyPackages.x86_64-linux.hello = throw "too many to look at";
  apps.x86_64-linux.built = { type = "app"; program = "${linux "tool"}/bin/tool"; };
  apps.x86_64-linux.script = { type = "app"; program = "${./tool.sh}"; };
  apps.aarch64-darwin.built = { type = "app"; program = "${make "aarch64-darwin" "tool"}/bin/tool"; };
  devShells.x86_64-linux.default = linux "shell";
  checks.x86_64-linux.lint = linux "lint";
  formatter.x86_64-linux = linux "format";
  formatter.aarch64-darwin = make "aarch64-darwin" "format";
  hydraJobs.release.x86_64-linux.tarball = linux "tarball";
  hydraJobs.tests = linux "tests";
  hydraJobs.nothing = null;"#;

#[test]
fn every_kind_is_evaluated_and_built_where_it_can_be() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        sandbox.write("flake.nix", &flake(FLEET));
        sandbox.write("tool.sh", "echo hello\n");
        sandbox.write("secrets.yaml", "");

        let listing = sandbox.run(&["outputs"]).ends(0).stdout;
        let rows: Vec<Vec<&str>> = listing.lines().map(|line| line.split_whitespace().collect()).collect();
        for row in [
            ["nixos", "aarch64-linux", "nixosConfigurations.arm"],
            ["darwin", "aarch64-darwin", "darwinConfigurations.old"],
            ["home", "x86_64-linux", "homeConfigurations.\"bob@web\""],
            ["app", "x86_64-linux", "apps.x86_64-linux.script"],
            ["app", "aarch64-darwin", "apps.aarch64-darwin.built"],
            ["formatter", "aarch64-darwin", "formatter.aarch64-darwin"],
            ["hydra-job", "x86_64-linux", "hydraJobs.release.x86_64-linux.tarball"],
        ] {
            assert!(rows.iter().any(|given| given == &row), "{nix:?} {row:?}:\n{listing}");
        }

        let run = sandbox.run(&["build", "--json"]).ends(0).says(&[
            "- nixosConfigurations.arm  skipped: no builder for aarch64-linux",
            "- darwinConfigurations.mac  skipped: no builder for aarch64-darwin",
            "- apps.x86_64-linux.script  nothing to build",
        ]);
        let answer = run.answer();
        let expected = [
            "apps.aarch64-darwin.built skipped",
            "apps.x86_64-linux.built built",
            "apps.x86_64-linux.script nothing-to-build",
            "checks.x86_64-linux.lint built",
            "darwinConfigurations.mac skipped",
            "darwinConfigurations.old skipped",
            "devShells.x86_64-linux.default built",
            "formatter.aarch64-darwin skipped",
            "formatter.x86_64-linux built",
            "homeConfigurations.\"bob@web\" built",
            "hydraJobs.release.x86_64-linux.tarball built",
            "hydraJobs.tests built",
            "legacyPackages.x86_64-linux.homeConfigurations.ada built",
            "nixosConfigurations.arm skipped",
            "nixosConfigurations.nameless built",
            "nixosConfigurations.web built",
        ];
        assert_eq!(answer.statuses(), expected, "{nix:?}");
        // What is skipped is evaluated all the same.
        assert!(answer.output("darwinConfigurations.mac")["drv"].as_str().unwrap().ends_with("-mac.drv"));

        let facts = &answer.output("nixosConfigurations.web")["facts"];
        assert_eq!(facts["hostName"], "web-host");
        assert_eq!(facts["stateVersion"], "24.05");
        assert_eq!(
            facts["users"],
            serde_json::json!({ "ada": { "home": "/home/ada", "shell": "fish", "shellUnchecked": false } })
        );
        assert_eq!(facts["assertions"], serde_json::json!(["never"]));
        assert_eq!(facts["warnings"], serde_json::json!(["old"]));
        assert!(facts["secrets"]["token"]["sopsFile"].as_str().unwrap().ends_with("/secrets.yaml"));
        assert_eq!(answer.output("darwinConfigurations.mac")["facts"]["primaryUser"], "ada");
        assert_eq!(answer.output("homeConfigurations.\"bob@web\"")["facts"]["userName"], "bob");
        // Facts that cannot be read do not stop a build.
        assert_eq!(answer.output("nixosConfigurations.nameless")["facts_error"], "no host name");
    }
}

#[test]
fn a_broken_foreign_host_fails_only_runs_that_want_it() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let body = r#"  packages.x86_64-linux.good = linux "good";
          darwinConfigurations.mac = { pkgs.stdenv.hostPlatform.system = "aarch64-darwin"; config = throw "no mac"; };
          nixosConfigurations.arm = { pkgs.stdenv.hostPlatform.system = "aarch64-linux"; config = throw "no arm"; };"#;
        sandbox.write("flake.nix", &flake(body));
        for command in ["outputs", "build"] {
            let native = [command, "--system", "x86_64-linux"];
            let run = sandbox.run(&native).ends(0).says(&[
                "! darwinConfigurations.mac  skipped: broken, and for aarch64-darwin: no mac (at flake.nix:3)",
                "! nixosConfigurations.arm  skipped: broken, and for aarch64-linux: no arm (at flake.nix:4)",
                "3 outputs · ",
            ]);
            run.never_says(&["✗", "✓ darwin", "✓ nixos", "failed"]);
            sandbox.run(&[command, "--system", "aarch64-linux"]).ends(1).says(&["✗ nixosConfigurations.arm"]);
            sandbox.run(&[command]).ends(1).says(&["✗ darwinConfigurations.mac", "✗ nixosConfigurations.arm"]);
        }
    }
}

#[test]
fn kinds_that_share_their_outputs_keep_their_own_derivations() {
    let body = r#"  nixosConfigurations.web = {
        pkgs.stdenv.hostPlatform.system = "x86_64-linux"; config.system.build = { toplevel = linux "top"; isoImage = linux "iso"; };
      };"#;
    let image =
        "[[kind]]\nname = \"image\"\nset = \"nixosConfigurations.*\"\nderivation = \"config.system.build.isoImage\"\n";
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        sandbox.write("flake.nix", &flake(body));
        sandbox.write("xtask.toml", image);
        let derivations = |wanted: &[&str]| {
            let answer = sandbox.run(&[&["outputs", "--json"][..], wanted].concat()).ends(0).answer();
            let outputs = answer.outputs().iter();
            let mut found: Vec<String> =
                outputs.map(|output| format!("{} {}", output["kind"], output["drv"])).collect();
            found.sort();
            found
        };
        let cold = derivations(&[]);
        assert!(cold[0].contains("-iso.drv") && cold[1].contains("-top.drv"), "{nix:?}: {cold:?}");
        assert_eq!(derivations(&[]), cold, "{nix:?}: what is kept differs from what was evaluated");
        // What is kept of one kind is no result of the other.
        assert_eq!(derivations(&["--fresh", "image:web"]), cold[..1]);
        assert_eq!(derivations(&["nixos:web"]), cold[1..]);
    }
}
