//! A repository with its generated workflow, and act, which runs that.

// What goes wrong here fails the test.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::sandbox::{Ran, Sandbox, TestNix, ran, tool};

const WORKFLOW: &str = ".github/workflows/ci.yaml";

/// Where the words of the gate are kept, in the sandbox.
const VERDICT: &str = "verdict";

/// A host that builds with `script`, and with which no validation finds fault.
pub fn flake(script: &str) -> String {
    format!(
        r#"{{
  outputs = {{ self }}: {{
    nixosConfigurations.atlas = {{
      config = {{
        networking.hostName = "atlas";
        nixpkgs.hostPlatform.system = "x86_64-linux";
        system.stateVersion = "25.11";
        system.build.toplevel = derivation {{
          name = "atlas";
          system = "x86_64-linux";
          builder = "/bin/sh";
          args = [ "-c" "/bin/mkdir $out; echo > $out/activate; {script}" ];
        }};
      }};
      pkgs.stdenv.hostPlatform.system = "x86_64-linux";
    }};
  }};
}}
"#
    )
}

const STUB: &str = "name: stub
description: stands for an action that talks to GitHub
inputs: {path: {description: a}, key: {description: a}, restore-keys: {description: a}, name: {description: a}}
runs:
  using: composite
  steps:
    - run: |
        echo \"$INPUTS\"
        [ -z \"$KEPT\" ] || [ ! -d \"$KEPT\" ] || cat \"$KEPT\"/*/summary.md
      shell: bash
      env: {INPUTS: '${{ toJSON(inputs) }}', KEPT: '${{ inputs.path }}'}
";

/// A repository with its workflow, committed.
pub fn fleet(script: &str, config: &str) -> Sandbox {
    fleet_of(Sandbox::new(TestNix::Modern).with_client(), &flake(script), config)
}

/// The same with this flake, in `sandbox`.
pub fn fleet_of(mut sandbox: Sandbox, flake: &str, config: &str) -> Sandbox {
    let bin = sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    let cargo = format!(
        "[ -z \"$CARGO_ALIAS_XTASK\" ] || exec '{}' \"$@\"\n[ \"$1\" = xtask ] || exit 9\nshift\nexec '{}' \"$@\"",
        env!("CARGO"),
        env!("CARGO_BIN_EXE_xtask")
    );
    // act does not read the terminal of a step that failed to its end, so that its last lines may be lost.
    let verdict = sandbox.path(VERDICT);
    let jq = format!(
        "'{}' \"$@\" > '{said}' 2>&1\nended=$?\ncat '{said}'\nexit $ended",
        which::which("jq").unwrap().display(),
        said = verdict.display()
    );
    for (name, script) in [("cargo", cargo), ("jq", jq)] {
        fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}:{}", bin.display(), TestNix::Modern.bin().display(), std::env::var("PATH").unwrap());
    sandbox.set("PATH", &path);
    sandbox.write("flake.nix", flake);
    sandbox.write("xtask.toml", config);
    sandbox.run(&["workflow", "generate"]).ends(0);
    let repository = sandbox.repository();
    sandbox.git(&repository, &["add", "--all"]);
    sandbox.git(&repository, &["commit", "--quiet", "--message=fleet"]);
    sandbox
}

/// Runs the workflow for the event that `arguments` begin with.
pub fn act(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    fs::write(sandbox.path(VERDICT), "").unwrap();
    let mut act = sandbox.command(tool("workflows/bin/act"));
    act.args(arguments).args(["--platform", "ubuntu-latest=-self-hosted", "--no-cache-server"]);
    for (name, file) in [("cache", ".github/actions/setup-nix/action.yaml"), ("upload-artifact", WORKFLOW)] {
        let stub = sandbox.path(&format!("stubs/{name}"));
        fs::create_dir_all(&stub).unwrap();
        fs::write(stub.join("action.yml"), STUB).unwrap();
        let text = fs::read_to_string(sandbox.repository().join(file)).unwrap();
        let used = text.lines().find_map(|line| line.trim().strip_prefix(&format!("uses: actions/{name}@"))).unwrap();
        let commit = used.split(' ').next().unwrap();
        act.arg("--local-repository").arg(format!("actions/{name}@{commit}={}", stub.display()));
    }
    ran(&mut act)
}

/// How each job ended that ran: `succeeded` or `failed`.
fn ends(ran: &Ran) -> BTreeMap<String, String> {
    let end = |line: &str| {
        let (job, end) = line.strip_prefix("[CI/")?.split_once(']')?;
        let (_, word) = end.split_once("Job ")?;
        Some((job.trim().to_owned(), word.trim().to_owned()))
    };
    ran.stdout.lines().filter_map(end).collect()
}

/// Holds what ran against how it should end, how many jobs should have run, how some of them, and what the gate should say.
#[track_caller]
pub fn check(sandbox: &Sandbox, ran: &Ran, status: i32, jobs: usize, some: &[(&str, &str)], said: &str) {
    assert_eq!(ran.status, status, "{}", ran.stdout);
    let ends = ends(ran);
    assert_eq!(ends.len(), jobs, "{ends:?}\n{}", ran.stdout);
    for (job, end) in some {
        assert_eq!(ends.get(*job).map(String::as_str), Some(*end), "{job}: {ends:?}");
    }
    let others = ends.iter().filter(|(job, _)| !some.iter().any(|(named, _)| job == named));
    assert!(others.clone().all(|(_, end)| end == "succeeded"), "{ends:?}");
    let verdict = fs::read_to_string(sandbox.path(VERDICT)).unwrap();
    assert_eq!(verdict.trim_end(), said, "{}", ran.stdout);
}

/// How many jobs the workflow has; a fleet for one system has one machine for each.
pub fn all(sandbox: &Sandbox) -> usize {
    let text = fs::read_to_string(sandbox.repository().join(WORKFLOW)).unwrap();
    text.lines().filter(|line| line.starts_with("    runs-on: ")).count()
}
