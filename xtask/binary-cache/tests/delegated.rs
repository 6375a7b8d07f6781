//! `push` to a store that Nix speaks to: a real sshd on this machine, and a second store behind it.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cache_protocol::{Answer, Decision, FaultKind, KeySource, Request, Scan};
use sandbox::{Said, Sandbox, TestNix, succeeded};

/// sshd, ended with the test.
struct Sshd(Child);

impl Drop for Sshd {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts sshd, where whoever comes reaches the program `serve`; the port it listens on.
fn sshd(sandbox: &Sandbox) -> (Sshd, u16) {
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
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n\
         PasswordAuthentication no\n",
        at("ssh/host"),
        at("ssh/user.pub"),
    );
    fs::write(sandbox.path("ssh/config"), config).unwrap();
    let log = fs::File::create(sandbox.path("ssh/log")).unwrap();
    let mut command = Command::new(program);
    let command = command.args(["-D", "-e", "-f", &at("ssh/config")]).stdin(Stdio::null()).stdout(Stdio::null());
    let child = Sshd(command.stderr(log).spawn().unwrap());
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    (child, port)
}

/// What the remote end runs: a Nix whose store has the same name, and is elsewhere on disk.
fn write_serve(sandbox: &Sandbox, nix: TestNix) -> String {
    let at = |name: &str| sandbox.path(name).display().to_string();
    fs::create_dir_all(sandbox.path("remote")).unwrap();
    let script = format!(
        "#!/bin/sh\nexport NIX_CONF_DIR='{conf}' NIX_STORE_DIR='{nix}/store' NIX_STATE_DIR='{nix}/var' HOME='{home}'\n\
         exec unshare --mount --map-root-user sh -c \"mount --bind '{remote}' '{nix}' && exec '{program}' --stdio\"\n",
        conf = at("nix-conf"),
        nix = at("nix"),
        home = at("home"),
        remote = at("remote"),
        program = nix.bin().join("nix-daemon").display(),
    );
    let serve = at("serve");
    fs::write(&serve, script).unwrap();
    fs::set_permissions(&serve, fs::Permissions::from_mode(0o755)).unwrap();
    serve
}

/// A store behind sshd, and how it is reached.
struct Remote {
    sshd: Sshd,
    login: String,
    url: String,
}

fn remote(sandbox: &mut Sandbox, nix: TestNix) -> Remote {
    let (sshd, port) = sshd(sandbox);
    let serve = write_serve(sandbox, nix);
    let options = format!(
        "-p {port} -i {} -o StrictHostKeyChecking=no -o UserKnownHostsFile={} -o ConnectTimeout=5",
        sandbox.path("ssh/user").display(),
        sandbox.path("ssh/known").display()
    );
    sandbox.set("NIX_SSHOPTS", &options);
    let user = succeeded(Command::new("id").args(["--user", "--name"]).output().unwrap()).stdout;
    let login = format!("ssh-ng://{}@127.0.0.1", String::from_utf8(user).unwrap().trim());
    let url = format!("{login}?remote-program={serve}");
    Remote { sshd, login, url }
}

/// Where a store path is on the disk behind sshd.
fn behind(sandbox: &Sandbox, path: &str) -> PathBuf {
    sandbox.path("remote").join(Path::new(path).strip_prefix(sandbox.path("nix")).unwrap())
}

#[test]
fn what_must_not_leave_is_not_copied_and_what_is_copied_is_signed() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        let remote = remote(&mut sandbox, nix);
        let age = succeeded(Command::new("age-keygen").output().unwrap()).stdout;
        fs::write(sandbox.path("age-key"), age).unwrap();
        let expression = format!(
            r#"let key = builtins.path {{ path = {key}; name = "age-key"; }}; in map toString [
                 (builtins.toFile "clean" "clean") key (builtins.toFile "app" "runs ${{key}}") (builtins.toFile "altered" "before")
               ]"#,
            key = sandbox.path("age-key").display()
        );
        let [clean, key, app, altered] = <[String; 4]>::try_from(sandbox.evaluate(&expression)).unwrap();
        fs::set_permissions(&altered, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&altered, "behind").unwrap();
        let mut request = sandbox.push_request(&[&clean, &app, &altered]);
        request.plan.cache.url.clone_from(&remote.url);
        request.scan = Scan { patterns: true, ..Scan::default() };
        if nix == TestNix::Modern {
            // A key in a variable is as good as one in a file.
            sandbox.set("FLEET_KEY", &fs::read_to_string(sandbox.path("key")).unwrap());
            request.plan.cache.signing_key = Some(KeySource::Variable("FLEET_KEY".to_owned()));
        }
        let pushed = sandbox.push(&request);
        let there: Vec<&str> = pushed.pushed.iter().map(|pushed| pushed.path.as_str()).collect();
        assert_eq!(there, [clean.as_str()], "{nix:?}: {:?}", pushed.not_pushed);
        let mut not_pushed: Vec<_> =
            pushed.not_pushed.iter().map(|it| (it.path.as_str(), it.fault.kind, it.because_of.as_deref())).collect();
        let mut expected = [
            (key.as_str(), FaultKind::Secret, None),
            (app.as_str(), FaultKind::Secret, Some(key.as_str())),
            (altered.as_str(), FaultKind::Local, None),
        ];
        not_pushed.sort_unstable_by_key(|it| it.0);
        expected.sort_unstable_by_key(|it| it.0);
        assert_eq!(not_pushed, expected, "{nix:?}");
        for path in [&key, &app, &altered] {
            assert!(!behind(&sandbox, path).exists(), "{nix:?}: {path} left");
        }
        // What the store behind sshd knows: who signed it.
        let signed = sandbox.nix(&["nix", "path-info", "--sigs", "--store", &remote.url, &clean]);
        assert!(signed.contains(" fleet-1:"), "{nix:?}: {signed}");
        // Without any key it goes as it is.
        request.plan.cache.signing_key = None;
        request.plan.roots[0].paths = sandbox.evaluate(r#"[ (builtins.toFile "unsigned" "unsigned") ]"#);
        assert_eq!(sandbox.push(&request).pushed.len(), 1, "{nix:?}");
    }
}

#[test]
fn a_store_behind_ssh_is_pushed_to_and_asked_what_it_has() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        let all = sandbox.small_paths(64, 200);
        let remote = remote(&mut sandbox, nix);
        let mut request = sandbox.push_request(&[&all]);
        request.plan.cache.url.clone_from(&remote.url);
        let planned = |request: &cache_protocol::PushRequest, wanted: &Decision| {
            let Answer::Plan(plan) = sandbox.ask(&Request::Plan(request.plan.clone())).answer() else { unreachable!() };
            assert_eq!(plan.fault, None);
            assert_eq!(plan.cache, remote.login);
            plan.paths.iter().filter(|path| path.decision == *wanted).count()
        };
        assert_eq!(planned(&request, &Decision::Push), 63, "{nix:?}");
        let pushed = sandbox.push(&request);
        assert_eq!((pushed.pushed.len(), pushed.not_pushed.len()), (63, 0), "{nix:?}: {:?}", pushed.not_pushed);
        assert!(behind(&sandbox, &all).exists(), "{nix:?}: it is there");
        assert_eq!(planned(&request, &Decision::Present), 63, "{nix:?}");
        assert_eq!(sandbox.push(&request).pushed, []);
        // Nobody answers any more.
        drop(remote.sshd);
        let Answer::Plan(plan) = sandbox.ask(&Request::Plan(request.plan.clone())).answer() else { unreachable!() };
        assert!(plan.fault.unwrap().what.contains("Connection refused"), "{nix:?}");
        let output = sandbox.client(&Request::Push(request)).wait_with_output().unwrap();
        assert_eq!(Said::new(&output).fault().kind, FaultKind::Unreachable, "{nix:?}");
    }
}
