//! A repository with encrypted files and the keys of a few people, for tests of the secrets workflow.

// Each test binary uses its own part of this module, and what goes wrong here fails the test.
#![allow(dead_code, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::sandbox::{self, Ran, Sandbox, TestNix, program, ran};

/// A value that nobody may see.
pub const VALUE: &str = "correct horse battery staple";

/// A repository with a file that `ada` and `web` read, and keys for these and for `bob`.
pub struct Fleet {
    /// Where it is.
    pub sandbox: Sandbox,
}

impl Fleet {
    /// The repository, with `ada` at the keyboard.
    pub fn new() -> Self {
        let mut sandbox = Sandbox::new(TestNix::Modern);
        fs::create_dir_all(sandbox.path("keys")).unwrap();
        fs::create_dir_all(sandbox.path("tmp")).unwrap();
        let tmp = sandbox.path("tmp");
        sandbox.set("TMPDIR", tmp.to_str().unwrap());
        let fleet = Self { sandbox };
        let ada = fleet.make_key("ada");
        let web = fleet.make_key("web");
        fleet.make_key("bob");
        let policy = format!(
            "keys:\n  - &ada {ada}\n  - &web {web}\ncreation_rules:\n  - path_regex: ^secrets/.*\\.(yaml|json|env|ini|bin)$\n    \
            key_groups:\n      - age:\n          - *ada\n          - *web\n",
        );
        fleet.sandbox.write(".sops.yaml", &policy);
        fleet.encrypt(
            "secrets/web.yaml",
            &format!("token: {VALUE}\nlist:\n  - first one\n  - second one\nport_unencrypted: \"8080 and more\"\n"),
        );
        let mut fleet = fleet;
        fleet.be("ada");
        fleet
    }

    /// The file of a key.
    pub fn key(&self, who: &str) -> PathBuf {
        self.sandbox.path(&format!("keys/{who}"))
    }

    /// Makes a key, and returns its public half.
    pub fn make_key(&self, who: &str) -> String {
        let keygen = || self.sandbox.command(program("age-keygen", "apt-get install age"));
        ran(keygen().arg("-o").arg(self.key(who))).ends(0);
        ran(keygen().arg("-y").arg(self.key(who))).ends(0).stdout.trim().to_owned()
    }

    /// Whose key sops finds from now on.
    pub fn be(&mut self, who: &str) {
        let key = self.key(who);
        self.sandbox.set("SOPS_AGE_KEY_FILE", key.to_str().unwrap());
    }

    /// The genuine sops.
    pub fn sops(&self) -> Command {
        self.sandbox.command(sandbox::tool("sops/bin/sops"))
    }

    /// Writes an encrypted file.
    pub fn encrypt(&self, path: &str, text: &str) {
        self.sandbox.write(path, text);
        ran(self.sops().args(["encrypt", "--in-place", path])).ends(0);
    }

    /// Whether `who` reads the file.
    pub fn reads(&self, who: &str, path: &str) -> bool {
        let ran = ran(self.sops().args(["decrypt", path]).env("SOPS_AGE_KEY_FILE", self.key(who)));
        ran.status == 0
    }

    /// The text of a file of the repository.
    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.sandbox.repository().join(path)).unwrap()
    }

    /// Changes a file of the repository.
    pub fn change(&self, path: &str, from: &str, to: &str) {
        let text = self.text(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.sandbox.write(path, &text.replacen(from, to, 1));
    }

    /// Runs `cargo xtask secrets …`; whatever it does, nothing secret is said and nothing left.
    pub fn secrets(&self, arguments: &[&str]) -> Ran {
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_xtask"));
        let child =
            command.arg("secrets").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let process = child.id();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran =
            Ran { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) };
        for said in [&ran.stdout, &ran.stderr] {
            assert!(!said.contains(VALUE) && !said.contains("AGE-SECRET"), "{said}");
        }
        assert_eq!(self.left(process), Vec::<PathBuf>::new());
        ran
    }

    /// Private folders of a process that are still there.
    pub fn left(&self, process: u32) -> Vec<PathBuf> {
        let own = self.sandbox.path("tmp");
        let folders = [Path::new("/dev/shm"), &own].map(fs::read_dir);
        let entries = folders.into_iter().flatten().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let name = format!("xtask-secrets-{process}-");
        entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(&name)).collect()
    }
}
