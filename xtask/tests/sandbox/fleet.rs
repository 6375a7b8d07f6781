//! Flakes that need no input, made from the lines that matter to a test, and what a run answered about their outputs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use super::{Ran, Sandbox, TestNix, program, ran};

/// A flake with `body` as its outputs, from line 2 on; `make system name` is a derivation, `linux name` one for x86_64-linux.
pub fn flake(body: &str) -> String {
    let prelude = r#"make = system: name: derivation {
        inherit name system; builder = "/bin/sh"; args = [ "-c" "echo built > $out" ];
    }; linux = make "x86_64-linux";"#;
    format!("{{ outputs = {{ self }}: let {} in {{\n{body}\n}}; }}\n", prelude.replace('\n', " "))
}

/// The answer of `--json`.
#[derive(Debug)]
pub struct Answer(Value);

impl Answer {
    /// The results, one an output.
    pub fn outputs(&self) -> &[Value] {
        self.0["outputs"].as_array().unwrap()
    }

    /// What was said of the output at `attr`.
    #[track_caller]
    pub fn output(&self, attr: &str) -> &Value {
        let found = self.outputs().iter().find(|output| output["attr"] == attr);
        found.unwrap_or_else(|| panic!("no output `{attr}` in {:#}", self.0))
    }

    /// Attribute path and status of every output, `a.b evaluated`, sorted.
    pub fn statuses(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut lines: Vec<String> = self
            .outputs()
            .iter()
            .map(|output| format!("{} {}", text(&output["attr"]), text(&output["status"])))
            .collect();
        lines.sort();
        lines
    }

    /// Where a failure points to, as `file:line`.
    #[track_caller]
    pub fn place(&self, attr: &str) -> String {
        let place = &self.output(attr)["place"];
        format!("{}:{}", place["file"].as_str().unwrap_or("?"), place["line"])
    }
}

impl Ran {
    /// stdout as the answer of `--json`.
    #[track_caller]
    pub fn answer(&self) -> Answer {
        Answer(serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}")))
    }

    /// Fails the test if one of the texts was said on stderr.
    #[track_caller]
    pub fn never_says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(!self.stderr.contains(text), "somebody said {text:?}:\n{}", self.stderr);
        }
        self
    }
}

impl Sandbox {
    /// Runs git in `folder`, which must succeed.
    #[track_caller]
    pub fn git(&self, folder: &Path, arguments: &[&str]) {
        let mut git = self.command(program("git", "apt-get install git"));
        // Submodules and clones come from folders beside this one.
        ran(git.current_dir(folder).args(["-c", "protocol.file.allow=always"]).args(arguments)).ends(0);
    }

    /// Commits everything that is in the repository.
    #[track_caller]
    pub fn commit(&self, message: &str) {
        let repository = self.repository();
        self.git(&repository, &["add", "--all"]);
        self.git(&repository, &["commit", "--quiet", "--message", message]);
    }

    /// Runs the shell script `first` before `name`, one of the programs of `nix`, whenever it is called.
    pub fn intercept(&mut self, nix: TestNix, name: &str, first: &str) {
        let folder = self.path("intercepted");
        fs::create_dir_all(&folder).unwrap();
        for program in ["nix", "nix-store", "nix-instantiate"] {
            let first = if program == name { first } else { "" };
            let script = format!("#!/bin/sh\n{first}\nexec '{}' \"$@\"\n", nix.bin().join(program).display());
            fs::write(folder.join(program), script).unwrap();
            fs::set_permissions(folder.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        self.set("PATH", &path);
    }
}
