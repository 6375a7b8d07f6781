//! A store behind a real sshd on this machine: of the same name, and elsewhere on disk.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::quiet::quiet;
use crate::sandbox::{Sandbox, TestNix, succeeded};

/// sshd, ended with the test.
pub struct Sshd(Child);

impl Drop for Sshd {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts sshd, where whoever comes reaches the program `serve`; where it listens.
fn sshd(sandbox: &Sandbox) -> (Sshd, SocketAddr) {
    let at = |name: &str| sandbox.path(name).display().to_string();
    fs::create_dir(sandbox.path("ssh")).unwrap();
    for key in ["host", "user"] {
        let keygen = sandbox
            .command("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f", &at(&format!("ssh/{key}"))])
            .output();
        succeeded(keygen.unwrap());
    }
    let program = Path::new("/usr/sbin/sshd");
    assert!(program.exists(), "`{}` is missing: run `apt-get install openssh-server`", program.display());
    let is_root = succeeded(Command::new("id").arg("--user").output().unwrap()).stdout == b"0\n";
    // Where sshd separates its privileges; the package makes it at boot, which a container has not.
    if is_root {
        fs::create_dir_all("/run/sshd").unwrap();
    }
    // Another test may be given the same port between here and sshd; then sshd ends, and another is tried.
    for _ in 0..10 {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n\
             PasswordAuthentication no\n",
            address.port(),
            at("ssh/host"),
            at("ssh/user.pub"),
        );
        fs::write(sandbox.path("ssh/config"), config).unwrap();
        let log = fs::File::create(sandbox.path("ssh/log")).unwrap();
        let mut command = Command::new(program);
        let command = command.args(["-D", "-e", "-f", &at("ssh/config")]).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = Sshd(command.stderr(log).spawn().unwrap());
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) && child.0.try_wait().unwrap().is_none() {
            // Who answers at the port may be another: what sshd says of itself is asked.
            if fs::read_to_string(sandbox.path("ssh/log")).unwrap().contains("Server listening on") {
                return (child, address);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    panic!("sshd does not start: {}", fs::read_to_string(sandbox.path("ssh/log")).unwrap());
}

/// How commands are run behind sshd, where the store has the same name and is elsewhere on disk.
fn write_inside(sandbox: &Sandbox) -> String {
    let at = |name: &str| sandbox.path(name).display().to_string();
    let script = format!(
        "#!/bin/sh\nexport NIX_CONF_DIR='{conf}' NIX_STORE_DIR='{nix}/store' NIX_STATE_DIR='{nix}/var' HOME='{home}'\n\
         room=$(cat '{room}' 2>/dev/null)\n\
         exec unshare --mount --map-root-user sh -c 'mount $0 && exec \"$@\"' \"${{room:---bind {remote}}} {nix}\" \"$@\"\n",
        room = at("room"),
        conf = at("nix-conf"),
        nix = at("nix"),
        home = at("home"),
        remote = at("remote"),
    );
    write_program(&at("inside"), &script)
}

/// What the remote end runs. It holds a lock until all of it has ended.
fn write_serve(sandbox: &Sandbox, nix: TestNix) -> String {
    let (inside, lock) = (write_inside(sandbox), sandbox.path("serving").display().to_string());
    let daemon = nix.bin().join("nix-daemon").display().to_string();
    let script = format!("#!/bin/sh\nexec flock --shared '{lock}' '{inside}' '{daemon}' --stdio\n");
    write_program(&sandbox.path("serve").display().to_string(), &script)
}

fn write_program(file: &str, script: &str) -> String {
    fs::write(file, script).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    file.to_owned()
}

/// A store behind sshd, and how it is reached.
pub struct Remote {
    pub sshd: Sshd,
    pub login: String,
    pub url: String,
    pub address: SocketAddr,
    nix: TestNix,
}

impl Remote {
    pub fn start(sandbox: &mut Sandbox, nix: TestNix) -> Self {
        let (sshd, address) = sshd(sandbox);
        let serve = write_serve(sandbox, nix);
        let user = succeeded(Command::new("id").args(["--user", "--name"]).output().unwrap()).stdout;
        let login = format!("ssh-ng://{}@127.0.0.1", String::from_utf8(user).unwrap().trim());
        let url = format!("{login}?remote-program={serve}");
        let remote = Self { sshd, login, url, address, nix };
        remote.is_emptied(sandbox, "remote-0");
        remote.reach(sandbox, address);
        remote
    }

    /// From now on it is reached at `address`.
    pub fn reach(&self, sandbox: &mut Sandbox, address: SocketAddr) {
        let options = format!(
            "-p {} -i {} -o StrictHostKeyChecking=no -o UserKnownHostsFile={} -o ConnectTimeout=5",
            address.port(),
            sandbox.path("ssh/user").display(),
            sandbox.path("ssh/known").display()
        );
        sandbox.set("NIX_SSHOPTS", &options);
    }

    /// From now on every connection finds a store of its own with so much room; or again the one that there was.
    pub fn has_room(&self, sandbox: &Sandbox, room: Option<&str>) {
        match room {
            Some(room) => fs::write(sandbox.path("room"), format!("-t tmpfs -o size={room} small")).unwrap(),
            None => fs::remove_file(sandbox.path("room")).unwrap(),
        }
    }

    /// From now on there is a new, empty store behind sshd, in the folder `name`.
    pub fn is_emptied(&self, sandbox: &Sandbox, name: &str) {
        fs::create_dir_all(sandbox.path(name)).unwrap();
        // The old one may not be there yet.
        fs::remove_file(sandbox.path("remote")).ok();
        symlink(name, sandbox.path("remote")).unwrap();
    }

    /// Waits until all has ended that began behind sshd.
    pub fn quiet(&self, sandbox: &Sandbox) {
        quiet(self.address);
        let lock = fs::File::create(sandbox.path("serving")).unwrap();
        flock(&lock, FlockOperation::LockExclusive).unwrap();
    }

    /// How many paths the store behind sshd has. Fails the test unless each is what was registered, with all that it refers to.
    #[track_caller]
    pub fn whole(&self, sandbox: &Sandbox) -> usize {
        let inside = |program: &str, arguments: &[&str]| {
            let mut command = sandbox.command(sandbox.path("inside"));
            let output = command.arg(self.nix.bin().join(program)).args(arguments).output().unwrap();
            String::from_utf8(succeeded(output).stdout).unwrap().lines().count()
        };
        inside("nix-store", &["--verify", "--check-contents"]);
        inside("nix", &["path-info", "--all", "--recursive"])
    }
}

/// Where a store path is on the disk behind sshd.
pub fn behind(sandbox: &Sandbox, path: &str) -> PathBuf {
    sandbox.path("remote").join(Path::new(path).strip_prefix(sandbox.path("nix")).unwrap())
}
