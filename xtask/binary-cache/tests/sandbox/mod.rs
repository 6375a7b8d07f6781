//! A place for tests of the client: a private Nix store and HOME, keys, a cache in a folder, and the built program.
//!
//! Nothing of the user's environment reaches a command that runs here, and nothing it does reaches the user's machine.

// Each test binary uses its own part of this module, and what goes wrong here fails the test.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

pub mod cache_folder;
pub mod killing;
mod nix;

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use binary_cache::signature::SigningKey;
use cache_protocol::{
    Answer, Cache, Closure, Compression, Content, Event, Fault, KeySource, Limits, LocalStore, PlanRequest,
    PushRequest, Pushed, Request, Root, Scan,
};
use tempfile::TempDir;

pub use nix::TestNix;

/// Settings with which every Nix works anywhere, and asks no network.
const NIX_CONF: &str = "experimental-features = nix-command flakes\nbuild-users-group =\nsandbox = false\nsubstituters =\n\
    use-registries = false\nmax-jobs = 2\n";

/// One temporary place.
pub struct Sandbox {
    folder: TempDir,
    nix: TestNix,
    variables: Vec<(String, String)>,
}

impl Sandbox {
    pub fn new(nix: TestNix) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap(), nix, variables: Vec::new() };
        for name in ["home", "nix-conf"] {
            fs::create_dir_all(sandbox.path(name)).unwrap();
        }
        fs::write(sandbox.path("nix-conf/nix.conf"), NIX_CONF).unwrap();
        fs::write(sandbox.path("key"), key_text(&sandbox)).unwrap();
        sandbox
    }

    /// A path below the temporary folder, which has no symbolic links.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(below)
    }

    /// Sets a variable for every command.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// A command in this place.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.nix.bin()).chain(std::env::split_paths(&inherited));
        command
            .env_clear()
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("LC_ALL", "C")
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path("home/.cache"))
            .env("NIX_CONF_DIR", self.path("nix-conf"))
            .env("NIX_STORE_DIR", self.path("nix/store"))
            .env("NIX_STATE_DIR", self.path("nix/var"))
            .env("NIX_LOG_DIR", self.path("nix/log"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path());
        command
    }

    /// What a Nix command writes, which must succeed.
    #[track_caller]
    pub fn nix(&self, arguments: &[&str]) -> String {
        let (program, arguments) = arguments.split_first().unwrap();
        let output = self.command(self.nix.bin().join(program)).args(arguments).output().unwrap();
        String::from_utf8(succeeded(output).stdout).unwrap().trim().to_owned()
    }

    /// A store path with a copy of what is at `path`.
    pub fn add(&self, path: &Path) -> String {
        self.nix(&["nix-store", "--add", path.to_str().unwrap()])
    }

    /// The store paths that an expression evaluates to: a list of texts.
    pub fn evaluate(&self, expression: &str) -> Vec<String> {
        let text =
            self.nix(&["nix-instantiate", "--eval", "--read-write-mode", "--strict", "--json", "--expr", expression]);
        serde_json::from_str(&text).unwrap()
    }

    /// So many small paths in layers, each referring to some of the layer below; the last is one that refers to the top layer.
    pub fn small_paths(&self, count: usize, bytes: usize) -> String {
        let lines = bytes / 65;
        let expression = format!(
            r#"let
              text = seed: builtins.concatStringsSep "\n"
                (builtins.genList (line: builtins.hashString "sha256" "${{seed}} ${{toString line}}") {lines});
              path = below: number: builtins.toFile "small-${{toString number}}" ''
                ${{text (toString number)}}
                ${{toString (map (offset: builtins.elemAt below (nixMod (number + offset) (builtins.length below)))
                  (builtins.genList (offset: offset) (if below == [ ] then 0 else 3)))}}
              '';
              nixMod = a: b: a - b * (a / b);
              layer = below: from:
                if from + 31 > {count} then below else layer (builtins.genList (index: path below (from + index)) 31) (from + 31);
            in [ (builtins.toFile "all" (toString (layer [ ] 1))) ]"#
        );
        self.evaluate(&expression).remove(0)
    }

    /// The store, as a request names it.
    pub fn local_store(&self) -> LocalStore {
        LocalStore {
            folder: self.path("nix/store"),
            root: None,
            nix: self.nix.bin(),
            nix_config: String::new(),
            json_format: self.nix == TestNix::Modern,
            database: Some(self.path("nix/var/db/db.sqlite")),
        }
    }

    /// The public half of the key in the file `key`.
    pub fn public_key(&self) -> String {
        SigningKey::parse(&fs::read_to_string(self.path("key")).unwrap()).unwrap().public()
    }

    /// A request to push `paths` to the cache in the folder `cache`.
    pub fn push_request(&self, paths: &[&str]) -> PushRequest {
        let root = Root {
            name: "wanted".to_owned(),
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            drv: None,
            closure: Closure::Runtime,
        };
        let cache = Cache {
            url: format!("file://{}", self.path("cache").display()),
            public_keys: vec![self.public_key()],
            signing_key: Some(KeySource::File(self.path("key"))),
            token: None,
            netrc: Vec::new(),
        };
        PushRequest {
            plan: PlanRequest {
                store: self.local_store(),
                cache,
                roots: vec![root],
                content: Content::default(),
                again: Vec::new(),
                kept: None,
            },
            compression: Some(Compression::Zstd),
            limits: Limits { in_flight: 16, packers: 2, memory: 16 << 20, patience: 10_000 },
            scan: Scan::default(),
        }
    }

    /// The client with `request` on its standard input, leader of a group of its own.
    pub fn client(&self, request: &Request) -> Child {
        let mut command = self.command(env!("CARGO_BIN_EXE_binary-cache"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&serde_json::to_vec(request).unwrap()).unwrap();
        child
    }

    /// What the client says to `request`.
    #[track_caller]
    pub fn ask(&self, request: &Request) -> Said {
        Said::new(&self.client(request).wait_with_output().unwrap())
    }

    /// What became of a push.
    #[track_caller]
    pub fn push(&self, request: &PushRequest) -> Pushed {
        match self.ask(&Request::Push(request.clone())).answer() {
            Answer::Push(pushed) => pushed,
            other => panic!("another answer: {other:?}"),
        }
    }

    /// Fetches `path` with all that it refers to from the folder `cache` into a new, empty store, as a user with the public key does;
    /// returns how many paths that store has then.
    #[track_caller]
    pub fn fetch(&self, path: &str) -> usize {
        let url = format!("file://{}", self.path("cache").display());
        self.fetch_from(&url, &self.public_key(), path).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same from the cache at `url`, as a user who trusts this key; or what Nix says about why it does not.
    pub fn fetch_from(&self, url: &str, key: &str, path: &str) -> Result<usize, String> {
        let number = fs::read_dir(self.folder.path()).unwrap().count();
        let fresh = self.path(&format!("fetched-{number}"));
        let mut command = self.command(self.nix.bin().join("nix"));
        // The store of the same name, elsewhere on disk.
        let store = format!("local?root={}&store={}", fresh.display(), self.path("nix/store").display());
        // Nix remembers for an hour what a cache did not have.
        let refresh = ["--refresh", "--option", "trusted-public-keys", key, path];
        let output = command.args(["copy", "--from", url, "--to", &store]).args(refresh).output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let count = fs::read_dir(fresh.join("nix/store")).unwrap();
        let names = count.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        Ok(names.filter(|name| binary_cache::store_path::base_name(name).is_some()).count())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Store paths are read-only, and so nothing can be removed from them.
        Command::new("chmod").args(["--recursive", "u+w"]).arg(self.folder.path()).output().ok();
    }
}

/// What the client said.
#[derive(Debug)]
pub struct Said {
    pub status: Option<i32>,
    pub events: Vec<Event>,
    pub stderr: String,
}

impl Said {
    #[track_caller]
    pub fn new(output: &Output) -> Self {
        let lines = std::str::from_utf8(&output.stdout).unwrap().lines();
        Self {
            status: output.status.code(),
            events: lines.map(|line| serde_json::from_str(line).unwrap()).collect(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn answer(mut self) -> Answer {
        let (status, last) = (self.status, self.events.pop());
        match last {
            Some(Event::Answer(answer)) if status == Some(0) => *answer,
            other => panic!("no answer, but {other:?} with status {status:?}: {}", self.stderr),
        }
    }

    #[track_caller]
    pub fn fault(mut self) -> Fault {
        match self.events.pop() {
            Some(Event::Failed(fault)) if self.status == Some(2) => fault,
            other => panic!("not refused, but {other:?} with status {:?}: {}", self.status, self.stderr),
        }
    }
}

/// Fails the test unless the command succeeded.
#[track_caller]
pub fn succeeded(output: Output) -> Output {
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    output
}

/// A secret key, made by Nix.
fn key_text(sandbox: &Sandbox) -> String {
    let (secret, public) = (sandbox.path("secret"), sandbox.path("public"));
    let [secret, public] = [secret.to_str().unwrap(), public.to_str().unwrap()];
    sandbox.nix(&["nix-store", "--generate-binary-cache-key", "fleet-1", secret, public]);
    fs::read_to_string(secret).unwrap()
}
