//! `build` with a remote builder: a real sshd on this machine, and a second store behind it.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleet;
mod sandbox;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fleet::{flake, results, statuses, wait_until};
use sandbox::{Ran, Sandbox, TestNix, WORKING_NIX_CONF, program, ran};

/// A builder behind sshd, with a store of its own.
struct Remote {
    sandbox: Sandbox,
    sshd: Child,
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.sshd.kill().ok();
        self.sshd.wait().ok();
    }
}

impl Remote {
    /// Offers `systems`, separated by commas.
    fn new(nix: TestNix, systems: &str) -> Self {
        let mut sandbox = Sandbox::new(nix);
        let at = |name: &str| sandbox.path(name).display().to_string();
        fs::create_dir(sandbox.path("ssh")).unwrap();
        for key in ["host", "user"] {
            let mut keygen = Command::new(program("ssh-keygen", "apt-get install openssh-client"));
            let keygen = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(sandbox.path("ssh").join(key));
            ran(keygen).ends(0);
        }
        fs::copy(sandbox.path("ssh/user.pub"), sandbox.path("ssh/authorized")).unwrap();
        let offers = "extra-platforms = aarch64-linux\nrequire-sigs = false\n";
        fs::create_dir(sandbox.path("remote-conf")).unwrap();
        fs::write(sandbox.path("remote-conf/nix.conf"), format!("{WORKING_NIX_CONF}{offers}")).unwrap();
        // The remote end sees its own folder where this one has its store, and notes that it was called.
        for folder in ["nix", "remote"] {
            fs::create_dir_all(sandbox.path(folder)).unwrap();
        }
        let maps_root = if rustix::process::getuid().is_root() { "" } else { "--map-root-user" };
        let script = format!(
            "#!/bin/sh\necho >> '{calls}'\nexport NIX_CONF_DIR='{conf}' NIX_STORE_DIR='{nix}/store' NIX_STATE_DIR='{nix}/var' \
             NIX_LOG_DIR='{nix}/log' HOME='{home}'\n\
             exec unshare --mount {maps_root} sh -c \"mount --bind '{remote}' '{nix}' && exec '{program}' --serve --write\"\n",
            calls = at("calls"),
            conf = at("remote-conf"),
            nix = at("nix"),
            home = at("remote-home"),
            remote = at("remote"),
            program = nix.bin().join("nix-store").display(),
        );
        let serve = at("ssh/serve");
        fs::write(&serve, script).unwrap();
        fs::set_permissions(&serve, fs::Permissions::from_mode(0o755)).unwrap();

        let (sshd, port) = start_sshd(&sandbox.path("ssh"));
        let options = format!(
            "-p {port} -i {} -o StrictHostKeyChecking=no -o UserKnownHostsFile={} -o ConnectTimeout=5",
            at("ssh/user"),
            at("ssh/known")
        );
        let user = ran(Command::new("id").arg("--user").arg("--name")).stdout.trim().to_owned();
        let builder = format!("ssh://{user}@127.0.0.1?remote-program={serve} {systems} - 2");
        sandbox.set("NIX_SSHOPTS", &options);
        sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}builders = {builder}\nrequire-sigs = false\n"));
        Self { sandbox, sshd }
    }

    /// Whether `path`, which is in the store here, is in the store there as well.
    fn has(&self, path: &Path) -> bool {
        let below = path.strip_prefix(self.sandbox.path("nix")).unwrap();
        self.sandbox.path("remote").join(below).exists()
    }

    fn stop(&mut self) {
        self.sshd.kill().unwrap();
        self.sshd.wait().unwrap();
    }
}

fn out_path(built: &Ran, name: &str) -> PathBuf {
    results(built)[name]["outputs"]["out"].as_str().unwrap().into()
}

/// Starts sshd with what is in `folder`, in the foreground as a child of this test; the port on which it listens.
fn start_sshd(folder: &Path) -> (Child, u16) {
    let sshd = Path::new("/usr/sbin/sshd");
    assert!(sshd.exists(), "`{}` is missing: run `apt-get install openssh-server`", sshd.display());
    // Where sshd separates its privileges; the package makes it at boot, which a container has not.
    if rustix::process::getuid().is_root() {
        fs::create_dir_all("/run/sshd").unwrap();
    }
    // Another test may be given the same port between here and sshd; then sshd ends, and another is tried.
    for _ in 0..10 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PidFile none\nPasswordAuthentication no\n",
            folder.join("host").display(),
            folder.join("authorized").display(),
        );
        fs::write(folder.join("sshd_config"), config).unwrap();
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut command = Command::new(sshd);
        let command = command.arg("-D").arg("-e").arg("-f").arg(folder.join("sshd_config"));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        // Who answers at the port may be another: what sshd says of itself is asked.
        let listens = || fs::read_to_string(folder.join("log")).unwrap().contains("Server listening on");
        wait_until("sshd listens or ends", || listens() || child.try_wait().unwrap().is_some());
        if listens() {
            return (child, port);
        }
    }
    panic!("sshd does not start: {}", fs::read_to_string(folder.join("log")).unwrap());
}

/// `foreign` is for the remote's system, as is what it needs, `own` for this machine's.
const PACKAGES: &str = r#"
    foreign = drvOf { system = "aarch64-linux"; } "foreign" "echo ${needed} > $out";
    own = drv "own" "echo > $out";"#;
const NEEDED: &str = r#"needed = drvOf { system = "aarch64-linux"; } "needed" "echo > $out";"#;

#[test]
fn a_foreign_system_is_built_where_a_builder_offers_it() {
    for nix in TestNix::ALL {
        let remote = Remote::new(nix, "aarch64-linux");
        let sandbox = &remote.sandbox;
        sandbox.write("flake.nix", &flake(NEEDED, PACKAGES));
        let built = sandbox.run(&["build", "--json"]).ends(0);
        assert_eq!(statuses(&built), ["foreign built", "own built"], "{nix:?}");
        assert!(fleet::noted(&sandbox.path("calls")) > 0, "{nix:?}: the remote was not called");
        let [foreign, own] = ["foreign", "own"].map(|name| out_path(&built, name));
        assert!(foreign.exists() && remote.has(&foreign), "{nix:?}: built there and copied back");
        assert!(own.exists() && !remote.has(&own), "{nix:?}: built here");
        assert_eq!(statuses(&sandbox.run(&["build", "--json"]).ends(0)), ["foreign present", "own present"], "{nix:?}");
    }
}

#[test]
fn all_is_built_elsewhere_where_this_machine_builds_nothing() {
    for nix in TestNix::ALL {
        let mut remote = Remote::new(nix, "x86_64-linux,aarch64-linux");
        let sandbox = &remote.sandbox;
        let conf = fs::read_to_string(sandbox.path("nix-conf/nix.conf")).unwrap();
        sandbox.write_nix_conf(&format!("{conf}max-jobs = 0\n"));
        sandbox.write("flake.nix", &flake(NEEDED, PACKAGES));
        let built = sandbox.run(&["build", "--json"]).ends(0);
        assert_eq!(statuses(&built), ["foreign built", "own built"], "{nix:?}");
        for path in ["foreign", "own"].map(|name| out_path(&built, name)) {
            assert!(path.exists() && remote.has(&path), "{nix:?}: {}", path.display());
        }
        // This machine does not step in.
        remote.stop();
        remote.sandbox.write("flake.nix", &flake("", r#"own = drv "own" "echo new > $out";"#));
        let failed = remote.sandbox.run(&["build", "--json"]).ends(1).says(&["Connection refused"]);
        assert_eq!(statuses(&failed), ["own build-failed"], "{nix:?}");
    }
}

#[test]
fn a_failure_elsewhere_is_told_like_one_here() {
    for nix in TestNix::ALL {
        let remote = Remote::new(nix, "aarch64-linux");
        // Nix hears the end of a build elsewhere and its log on two ways, of which it does not wait for the second one.
        let script = "PATH=/bin:/usr/bin; echo no such luck; sleep 1; exit 3";
        let packages = format!(r#"foreign = drvOf {{ system = "aarch64-linux"; }} "foreign" "{script}";"#);
        remote.sandbox.write("flake.nix", &flake("", &packages));
        let failed = remote.sandbox.run(&["build", "--json"]).ends(1);
        let tail = results(&failed)["foreign"]["log_tail"].to_string();
        assert!(tail.contains("no such luck"), "{nix:?}: {tail}");
        failed.says(&["foreign: build failed", "exit code 3"]);
    }
}

#[test]
fn a_builder_that_is_down_builds_nothing_and_that_is_said() {
    for nix in TestNix::ALL {
        let mut remote = Remote::new(nix, "aarch64-linux");
        remote.stop();
        let sandbox = &remote.sandbox;
        sandbox.write("flake.nix", &flake(NEEDED, PACKAGES));
        let failed = sandbox.run(&["build", "--json"]).ends(1);
        assert_eq!(statuses(&failed), ["foreign dependency-failed", "own built"], "{nix:?}");
        failed.says(&["`needed`, which it needs\n    cannot build on 'ssh://", "Connection refused"]);
    }
}
