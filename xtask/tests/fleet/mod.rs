//! Small fleets that build with a shell alone, and how a test watches them being built.

// Each test binary uses its own part of this module, and what goes wrong here fails the test.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::{Ran, Sandbox};

/// A flake whose packages are the bindings in `packages`; those in `shared` are only needed by them.
///
/// `drv NAME SCRIPT` is a derivation that a shell builds, with the usual programs of this machine.
pub fn flake(shared: &str, packages: &str) -> String {
    format!(
        r#"{{
  outputs = {{ self }}:
    let
      system = "x86_64-linux";
      drvOf = more: name: script: derivation ({{
        inherit name system;
        builder = "/bin/sh";
        args = [ "-c" script ];
        PATH = "/bin:/usr/bin";
      }} // more);
      drv = drvOf {{ }};
      {shared}
    in
    {{
      packages.x86_64-linux = {{ {packages} }};
    }};
}}
"#
    )
}

/// How often a builder has noted itself in `file`, with `echo >> FILE`.
pub fn noted(file: &Path) -> usize {
    fs::read_to_string(file).unwrap_or_default().lines().count()
}

/// The results in the answer of `--json`, by the last part of their attribute path.
pub fn results(ran: &Ran) -> std::collections::BTreeMap<String, serde_json::Value> {
    let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let name = |result: &serde_json::Value| result["attr"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    answer["outputs"].as_array().unwrap().iter().map(|result| (name(result), result.clone())).collect()
}

/// The status of each result in the answer of `--json`, as `name status`, sorted.
pub fn statuses(ran: &Ran) -> Vec<String> {
    results(ran).iter().map(|(name, result)| format!("{name} {}", result["status"].as_str().unwrap())).collect()
}

/// Waits until `done`, and fails the test when that takes longer than anything here should.
#[track_caller]
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(120), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process runs whose command line holds every one of `texts`.
pub fn runs(texts: &[&str]) -> bool {
    let commands = fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    let mut commands = commands.map(|command| String::from_utf8_lossy(&command).replace('\0', " "));
    commands.any(|command| texts.iter().all(|text| command.contains(text)))
}

/// The program at work in the background.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stderr: PathBuf,
}

impl Running {
    /// Starts the built program.
    pub fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let stderr = sandbox.path("stderr");
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_xtask"));
        let command = command.args(arguments).stdout(Stdio::piped()).stderr(fs::File::create(&stderr).unwrap());
        Self { child: command.spawn().unwrap(), stderr }
    }

    /// Waits until it has said `text`.
    #[track_caller]
    pub fn has_said(&self, text: &str) {
        wait_until(&format!("{text:?} was said"), || fs::read_to_string(&self.stderr).unwrap().contains(text));
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    pub fn end(self) -> Ran {
        let output = self.child.wait_with_output().unwrap();
        Ran {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: fs::read_to_string(self.stderr).unwrap(),
        }
    }
}
