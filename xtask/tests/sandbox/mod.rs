//! A place for tests of commands: a temporary repository, a private Nix store and HOME, and the built program.
//!
//! Nothing of the user's environment reaches a command that runs here, and nothing it does reaches the user's machine.

// Each test binary uses its own part of this module, and what goes wrong here fails the test.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

pub mod client;
pub mod fleet;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hmac_sha256::Hash;
use tempfile::TempDir;

/// Which Nix a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestNix {
    /// The one that is installed on this machine.
    Distribution,
    /// A recent one.
    Modern,
}

impl TestNix {
    /// Every Nix that tests run on.
    pub const ALL: [Self; 2] = [Self::Distribution, Self::Modern];

    /// The folder of its programs.
    pub fn bin(self) -> PathBuf {
        match self {
            Self::Distribution => program("nix", "apt-get install nix-bin").parent().unwrap().to_owned(),
            Self::Modern => tool("nix-modern/bin/nix").parent().unwrap().to_owned(),
        }
    }
}

/// Settings with which every Nix builds anywhere, two things at once, and asks no network.
pub const WORKING_NIX_CONF: &str = "experimental-features = nix-command flakes\nbuild-users-group =\nsandbox = false\n\
    substituters =\nuse-registries = false\nmax-jobs = 2\n";

/// The smallest flake that builds something.
pub const FLAKE: &str = r#"{
  outputs = { self }: {
    packages.x86_64-linux.default = derivation {
      name = "smallest";
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" "echo built > $out" ];
    };
  };
}
"#;

/// A tool that `cargo xtask test` brings below the target folder.
pub fn tool(path: &str) -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target/xtask/tools");
    let tool = std::env::var_os("XTASK_TEST_TOOLS").map_or_else(default, PathBuf::from).join(path);
    assert!(tool.exists(), "`{}` is missing: run `cargo xtask test`", tool.display());
    tool
}

/// A program of this machine.
pub fn program(name: &str, install: &str) -> PathBuf {
    which::which(name).unwrap_or_else(|_| panic!("`{name}` is missing: run `{install}` or `cargo xtask test`"))
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    /// The exit status.
    pub status: i32,
    /// Data.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
}

impl Ran {
    /// Fails the test unless the command ended with `status`; returns itself for more questions.
    #[track_caller]
    pub fn ends(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails the test unless each text was said on stderr.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "nobody said {text:?}:\n{}", self.stderr);
        }
        self
    }
}

/// One temporary place.
#[derive(Debug)]
pub struct Sandbox {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

impl Sandbox {
    /// A place with a Nix that works.
    pub fn new(nix: TestNix) -> Self {
        let sandbox = Self::bare(nix);
        sandbox.write_nix_conf(WORKING_NIX_CONF);
        sandbox
    }

    /// A place with a Nix that nobody has configured yet.
    pub fn bare(nix: TestNix) -> Self {
        let tools = ["sops/bin/sops", "just/bin/just"].map(|path| tool(path).parent().unwrap().to_owned());
        let path = std::iter::once(nix.bin()).chain(tools);
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(path.chain(std::env::split_paths(&inherited))).unwrap();
        Self::with_path(path.to_str().unwrap())
    }

    /// A place without any Nix: only the named programs are on its `PATH`, and the system's folders are empty.
    pub fn without_nix(programs: &[&str]) -> Self {
        let mut sandbox = Self::with_path("");
        let (bin, system) = (sandbox.path("bin"), sandbox.path("system"));
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(system.join("etc")).unwrap();
        for name in programs {
            std::os::unix::fs::symlink(program(name, "apt-get install git"), bin.join(name)).unwrap();
        }
        sandbox.set("PATH", bin.to_str().unwrap());
        sandbox.set("XTASK_SYSTEM_ROOT", system.to_str().unwrap());
        sandbox
    }

    fn with_path(path: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let environment: BTreeMap<String, String> = [
            ("HOME", at("home")),
            ("LC_ALL", "C".to_owned()),
            ("NIX_CONF_DIR", at("nix-conf")),
            ("NIX_LOG_DIR", at("nix/log")),
            ("NIX_STATE_DIR", at("nix/var")),
            ("NIX_STORE_DIR", at("nix/store")),
            ("PATH", path.to_owned()),
            ("SHELL", "/bin/bash".to_owned()),
            ("USER", "tester".to_owned()),
            ("XDG_CACHE_HOME", at("home/.cache")),
            ("XTASK_OFFLINE", "true".to_owned()),
            ("XTASK_STATE_DIR", at("state")),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_AUTHOR_NAME", "Tester".to_owned()),
            ("GIT_AUTHOR_EMAIL", "tester@example.org".to_owned()),
            ("GIT_COMMITTER_NAME", "Tester".to_owned()),
            ("GIT_COMMITTER_EMAIL", "tester@example.org".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let sandbox = Self { folder, environment };
        for name in ["home", "nix-conf", "repository"] {
            fs::create_dir_all(sandbox.path(name)).unwrap();
        }
        let mut git = Command::new(program("git", "apt-get install git"));
        assert!(git.args(["init", "--quiet"]).arg(sandbox.repository()).status().unwrap().success());
        sandbox.write("flake.nix", FLAKE);
        sandbox
    }

    /// A path below the temporary folder.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The repository that commands work on.
    pub fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    /// The user's home folder.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Sets a variable for every command.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// What a variable is set to for every command.
    pub fn variable(&self, name: &str) -> &str {
        &self.environment[name]
    }

    /// Takes a variable from every command.
    pub fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// Writes the machine's nix.conf.
    pub fn write_nix_conf(&self, text: &str) {
        fs::write(self.path("nix-conf/nix.conf"), text).unwrap();
    }

    /// Writes a file of the repository that git does not know.
    pub fn write_untracked(&self, path: &str, text: &str) {
        let file = self.repository().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Writes a file of the repository and adds it to git.
    pub fn write(&self, path: &str, text: &str) {
        self.write_untracked(path, text);
        let mut git = Command::new(program("git", "apt-get install git"));
        git.arg("-C").arg(self.repository()).args(["add", "--force", "--", path]);
        assert!(git.status().unwrap().success());
    }

    /// A command that runs in the repository and sees nothing but this place.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.environment).current_dir(self.repository()).stdin(Stdio::null());
        command
    }

    /// Runs the built program.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(env!("CARGO_BIN_EXE_xtask")).args(arguments))
    }

    /// A text that changes when anything in the folders changes: names, modes, links and contents.
    pub fn fingerprint(&self, folders: &[&str]) -> String {
        folders.iter().map(|folder| fingerprint(&self.path(folder))).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What Nix puts into a store is read-only, and an ordinary user cannot remove it before it is not.
        Command::new("chmod").args(["-R", "u+w"]).arg(self.folder.path()).stderr(Stdio::null()).status().ok();
    }
}

/// Runs a command to its end.
pub fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Ran {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A text that changes when anything in `folder` changes; caches, which may come and go, aside.
pub fn fingerprint(folder: &Path) -> String {
    digest(folder, |path, _| fs::read(path).unwrap())
}

/// Like [`fingerprint`] for folders too large to read: a file changes with its length or its time.
pub fn inventory(folder: &Path) -> String {
    digest(folder, |_, metadata| format!("{} {:?}", metadata.len(), metadata.modified().unwrap()).into_bytes())
}

fn digest(folder: &Path, of_file: impl Fn(&Path, &fs::Metadata) -> Vec<u8>) -> String {
    let mut hash = Hash::new();
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| entry.file_name() != ".cache") {
        let entry = entry.unwrap();
        let path = entry.path();
        let metadata = path.symlink_metadata().unwrap();
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(metadata.permissions().mode().to_le_bytes());
        if metadata.is_symlink() {
            hash.update(fs::read_link(path).unwrap().as_os_str().as_encoded_bytes());
        } else if metadata.is_file() {
            hash.update(of_file(path, &metadata));
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
