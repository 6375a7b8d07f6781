//! Small fleets that build with a shell alone, and how a test watches them being built.

// Each test binary uses its own part of this module, and what goes wrong here fails the test.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::Read as _;
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

/// Whether a process runs whose command line and folder together hold every one of `texts`.
pub fn runs(texts: &[&str]) -> bool {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let process = entry.ok()?.path();
        let command = String::from_utf8_lossy(&fs::read(process.join("cmdline")).ok()?).replace('\0', " ");
        let folder = fs::read_link(process.join("cwd")).unwrap_or_default();
        Some(format!("{command} in {}", folder.display()))
    });
    processes.into_iter().any(|process| texts.iter().all(|text| process.contains(text)))
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
    pub fn end(mut self) -> Ran {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let status = self.child.wait().unwrap().code().unwrap_or(-1);
        Ran { status, stdout, stderr: fs::read_to_string(&self.stderr).unwrap() }
    }
}

impl Drop for Running {
    /// A test that fails leaves nothing at work: the first signal may be what it tests, the second is heeded at once.
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        for _ in 0..2 {
            if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
                rustix::process::kill_process(pid, rustix::process::Signal::INT).ok();
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
        self.child.wait().ok();
    }
}
