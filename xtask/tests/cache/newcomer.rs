//! A cache from nothing to a machine that uses it: provisioned, set up, looked at by the doctor, pushed to and read.

use std::fs;
use std::path::Path;

use crate::nginx::Nginx;
use crate::place::{chain, commit, fetch, path, place};
use crate::sandbox::{Sandbox, TestNix, ran};

/// A key of its own for the place, in a file: its public half.
fn key(sandbox: &Sandbox) -> String {
    let (secret, public) = (sandbox.path("secret"), sandbox.path("public"));
    let mut generate = sandbox.command("nix-store");
    ran(generate.args(["--generate-binary-cache-key", "fleet-1"]).args([&secret, &public])).ends(0);
    fs::read_to_string(public).unwrap().trim().to_owned()
}

#[test]
fn a_folder_becomes_a_cache_that_others_use() {
    for nix in TestNix::ALL {
        let mut sandbox = place(nix);
        sandbox.unset("XTASK_OFFLINE");
        let (folder, key) = (sandbox.path("shared/cache"), key(&sandbox));
        let url = format!("file://{}", folder.display());
        // Who signs by a key of one's own says which when the cache is written down.
        sandbox.write("xtask.toml", &format!("[cache]\nkeys = {{ \"{url}\" = \"fleet-1\" }}\n"));
        sandbox.run(&["cache", "provision", &url]).ends(0).says(&["flake.nix has gained:", &url]);
        assert!(folder.join("nix-cache-info").is_file());
        sandbox.run(&["cache", "provision", &url, "--key", &key]).ends(0).says(&["flake.nix has gained:", &key]);
        sandbox.run(&["cache", "provision", &url]).ends(0);

        sandbox.run(&["cache", "setup"]).ends(0).says(&[&url]);
        sandbox.run(&["cache", "doctor"]).ends(0).says(&[&format!("✓ substituter {url}: Nix asks it")]);
        let secret = sandbox.path("secret").display().to_string();
        sandbox.write(
            "xtask.toml",
            &format!(
                "[cache]\nurl = \"{url}\"\nsigning_key_file = \"{secret}\"\nkeys = {{ \"{url}\" = \"fleet-1\" }}\n"
            ),
        );
        let flake = fs::read_to_string(sandbox.repository().join("flake.nix")).unwrap();
        commit(&sandbox, &flake);
        sandbox.run(&["build"]).ends(0);
        sandbox.run(&["cache", "push"]).ends(0).says(&["✓ cache push: 3 paths pushed"]);
        sandbox.run(&["cache", "verify"]).ends(0);
        fetch(&sandbox, &url, &key, &path(&sandbox, "upper")).ends(0);
        sandbox.run(&["cache", "doctor"]).ends(0);
    }
}

#[test]
fn a_cache_that_does_not_sign_gets_a_key_to_sign_with() {
    for nix in TestNix::ALL {
        let sandbox = place(nix);
        let folder = sandbox.path("shared/fleet");
        let (url, key) = (format!("file://{}", folder.display()), sandbox.path("keys/fleet").display().to_string());
        sandbox.run(&["cache", "provision", &url]).ends(0).says(&["nothing is known to sign", "--new-key DIR"]);
        let inside = sandbox.repository().join("keys").display().to_string();
        let refused = sandbox.run(&["cache", "provision", &url, "--new-key", &inside]).ends(2);
        refused.says(&["is in the repository, where a secret key would be read by everybody"]);
        let foreign = ["cache", "provision", "cachix://fleet", "--new-key", &key];
        sandbox.run(&foreign).ends(2).says(&["`cachix://fleet` signs with a key of its own: leave out --new-key"]);
        assert!(!Path::new(&key).exists());

        let provision = ["cache", "provision", &url, "--new-key", &key];
        let said = sandbox.run(&provision).ends(0);
        let public = fs::read_to_string(format!("{key}/public")).unwrap();
        assert!(public.starts_with("fleet-1:"), "{public}");
        let secret = fs::read_to_string(format!("{key}/secret")).unwrap();
        assert!(!said.stdout.contains(&secret) && !said.stderr.contains(&secret));
        said.says(&[
            "flake.nix has gained:",
            &public,
            &format!("signing_key_file = \"{key}/secret\""),
            "gh secret set",
        ]);
        sandbox.run(&provision).ends(0).says(&["and its key already"]);
        assert_eq!(fs::read_to_string(format!("{key}/public")).unwrap(), public);

        // And it is what signs, and what others trust.
        sandbox.write("xtask.toml", &format!("[cache]\nurl = \"{url}\"\nsigning_key_file = \"{key}/secret\"\n"));
        commit(&sandbox, &fs::read_to_string(sandbox.repository().join("flake.nix")).unwrap());
        sandbox.run(&["cache", "provision", &url]).ends(0).says(&["and its key already"]);
        sandbox.run(&["build"]).ends(0);
        sandbox.run(&["cache", "push"]).ends(0);
        fetch(&sandbox, &url, public.trim(), &path(&sandbox, "upper")).ends(0);

        // A second cache may be signed by it, by whatever name.
        let second = format!("{url}-2");
        let said = sandbox.run(&["cache", "provision", &second, "--new-key", &key]).ends(0);
        said.says(&["uses the key `fleet-1` that is there", "flake.nix has gained:", &second]);
    }
}

#[test]
fn the_doctor_tells_a_cache_that_answers_from_one_that_is_not_there() {
    let (mut sandbox, nginx) = (place(TestNix::Modern), Nginx::start());
    sandbox.unset("XTASK_OFFLINE");
    let key = key(&sandbox);
    let url = nginx.url("/open/fleet");
    let name = |sandbox: &Sandbox, url: &str| {
        sandbox.write("xtask.toml", &format!("[cache]\nkeys = {{ \"{url}\" = \"fleet-1\" }}\n"));
        let config = format!("extra-substituters = [ \"{url}\" ]; extra-trusted-public-keys = [ \"{key}\" ];");
        commit(sandbox, &chain(&format!("nixConfig = {{ {config} }};"), ""));
    };
    name(&sandbox, &url);
    sandbox.run(&["cache", "setup"]).ends(0);
    sandbox.run(&["cache", "doctor"]).ends(1).says(&[&format!("there is no cache at {url} yet")]);
    sandbox.run(&["cache", "provision", &url]).ends(0);
    sandbox.run(&["cache", "doctor"]).says(&[&format!("✓ cache {url}: ")]);
    // Where a connection goes out, nobody listens, and nobody else is let to.
    let server = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap();
    let outgoing = std::net::TcpStream::connect(server).unwrap();
    let gone = outgoing.local_addr().unwrap();
    name(&sandbox, &format!("http://{gone}/fleet"));
    sandbox.run(&["cache", "setup"]).ends(0);
    sandbox.run(&["cache", "doctor"]).ends(1).says(&["Connection refused"]);
}
