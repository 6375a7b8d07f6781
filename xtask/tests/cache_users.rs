//! `cache setup`: who may use a cache: passwords of private ones, and users whom the daemon ignores.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cached_fleet;
mod sandbox;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use cached_fleet::{CACHE, KEY, fleet, name_cache, nix_conf, setting};
use sandbox::{Sandbox, TestNix, WORKING_NIX_CONF, ran};

/// What setup may change.
const CHANGEABLE: [&str; 2] = ["home", "nix-conf"];

#[test]
fn a_private_cache_has_its_password_in_a_netrc_of_its_own() {
    let mut sandbox = fleet(TestNix::Modern);
    let netrc = nix_conf(&sandbox).with_file_name("netrc");
    fs::create_dir_all(netrc.parent().unwrap()).unwrap();
    fs::write(&netrc, "machine theirs.example.org password theirs-secret\n").unwrap();
    sandbox.set("FLEET_TOKEN", "hunter2");
    let before = sandbox.fingerprint(&CHANGEABLE);
    let arguments = ["cache", "setup", "--token", "fleet.cachix.org=FLEET_TOKEN"];
    for arguments in [&[&arguments[..], &["--dry-run"]].concat()[..], &arguments] {
        let said = sandbox.run(arguments);
        said.never_says(&["hunter2", "theirs-secret"]).says(&["+ machine fleet.cachix.org password …"]);
    }
    let text = fs::read_to_string(&netrc).unwrap();
    assert!(text.contains("machine fleet.cachix.org password hunter2\n"), "{text}");
    assert!(text.ends_with("machine theirs.example.org password theirs-secret\n"), "{text}");
    assert_eq!(netrc.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(setting(&sandbox, "netrc-file"), [netrc.display().to_string()]);
    let after = sandbox.fingerprint(&CHANGEABLE);
    sandbox.run(&arguments).ends(0).says(&["nothing to do"]);
    assert_eq!(sandbox.fingerprint(&CHANGEABLE), after);
    sandbox.set("FLEET_TOKEN", "other");
    sandbox.run(&arguments).ends(0).says(&["its passwords"]).never_says(&["other"]);
    assert!(fs::read_to_string(&netrc).unwrap().contains("password other\n"));
    sandbox.run(&["cache", "setup", "--undo"]).ends(0);
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(sandbox.fingerprint(&CHANGEABLE), before);
    sandbox.run(&["cache", "setup", "--token", "fleet.cachix.org=NOT_SET"]).ends(2).says(&["from `NOT_SET`"]);
    sandbox.run(&["cache", "setup", "--token", "fleet.cachix.org"]).ends(2).says(&["HOST=VARIABLE"]);
}

/// A cache that answers only who comes with the password `hunter2`, until the test ends; its address.
fn private_cache(store: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let body = format!("StoreDir: {store}\n");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            // No name, then the password, as RFC 7617 has it.
            let known = head.iter().any(|line| line.eq_ignore_ascii_case("authorization: basic Omh1bnRlcjI="));
            let (status, body) = if known { ("200 OK", body.as_str()) } else { ("401 Unauthorized", "") };
            let length = body.len();
            // Who asked may have gone meanwhile.
            write!(stream, "HTTP/1.1 {status}\r\nWWW-Authenticate: Basic\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").ok();
        }
    });
    address
}

#[test]
fn a_real_nix_opens_a_private_cache_with_the_password() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        let address = private_cache(sandbox.path("nix/store").to_str().unwrap());
        name_cache(&sandbox, &address, KEY);
        sandbox.set("FLEET_TOKEN", "hunter2");
        let ping = || ran(sandbox.command("nix").args(["store", "ping", "--store", &address]));
        assert_ne!(ping().status, 0, "{nix:?}: the cache is private");
        sandbox.run(&["cache", "setup", "--token", "127.0.0.1=FLEET_TOKEN"]).ends(0);
        ping().ends(0);
    }
}

/// A daemon for a sandbox, ended with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_user_whom_the_daemon_ignores_is_told_what_root_runs() {
    for nix in TestNix::ALL {
        let mut sandbox = fleet(nix);
        sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}trusted-users = somebody-else\n"));
        let socket = sandbox.path("socket");
        sandbox.set("NIX_DAEMON_SOCKET_PATH", socket.to_str().unwrap());
        let mut daemon = sandbox.command(nix.bin().join("nix-daemon"));
        let _daemon = Daemon(daemon.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        while !socket.exists() {
            std::thread::sleep(Duration::from_millis(10));
        }
        sandbox.set("NIX_REMOTE", "daemon");
        let before = sandbox.fingerprint(&CHANGEABLE);
        let said = sandbox.run(&["cache", "setup"]).ends(1);
        said.says(&[
            "is not among the `trusted-users` of Nix's daemon",
            "is ignored; nothing was written",
            "fix: sudo ",
        ]);
        assert_eq!(sandbox.fingerprint(&CHANGEABLE), before, "{nix:?}");
        // What the user's own file says is what nobody heeds.
        let lines = format!("extra-substituters = {CACHE}\nextra-trusted-public-keys = {KEY}\n");
        let own = sandbox.home().join(".config/nix/nix.conf");
        fs::create_dir_all(own.parent().unwrap()).unwrap();
        fs::write(&own, &lines).unwrap();
        sandbox.run(&["cache", "setup"]).ends(1).says(&["is ignored; nothing was written"]);
        fs::remove_file(&own).unwrap();
        // Once the machine's own nix.conf has it, everybody has.
        sandbox.write_nix_conf(&format!("{WORKING_NIX_CONF}trusted-users = somebody-else\n{lines}"));
        sandbox.run(&["cache", "setup"]).ends(0).says(&["nothing to do"]);
    }
}

#[test]
fn a_token_of_a_cache_that_could_not_be_asked_is_not_written_anywhere() {
    let mut sandbox = fleet(TestNix::Modern);
    sandbox.set("CACHIX_AUTH_TOKEN", "hunter2");
    let said = sandbox.run(&["cache", "setup"]).ends(0);
    said.never_says(&["hunter2"]).says(&[
        "could not find out whether `fleet.cachix.org` is private (not asked: --offline)",
        "add `--token fleet.cachix.org=CACHIX_AUTH_TOKEN`",
    ]);
    assert!(!nix_conf(&sandbox).with_file_name("netrc").exists());
}
