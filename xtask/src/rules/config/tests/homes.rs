//! Tables of homes and hosts.

use super::*;

#[test]
fn hosts_of_homes() {
    let ada = |name: &str| home(name, "x86_64-linux", "ada", "/home/ada");
    let none = ["`homeConfigurations.\"ada@webb\"`: there is no host `webb` (did you mean `web`?)"];
    check("", &[nixos("web", ADA), ada("ada@webb")], &none);
    check("[config]\naliases = { wbe = \"web\" }", &[nixos("web", ADA), ada("ada@wbe")], &[]);
    let unknown = ["xtask.toml:2: `config.aliases` names the host `db`, and there is none"];
    check("[config]\naliases = { x = \"db\" }", &[nixos("web", ADA)], &unknown);
    check("", &[nixos("web-nixos", ADA), ada("ada@web")], &[]);
    let not_of_its_kind = ["`homeConfigurations.\"ada@web\"`: there is no host `web` (did you mean `web-darwin`?)"];
    check("", &[nixos("web-darwin", ADA), ada("ada@web")], &not_of_its_kind);
    let zzz = ["`homeConfigurations.\"ada@zzz\"`: there is no host `zzz`"];
    check("", &[nixos("web", ADA), ada("ada@zzz")], &zzz);
    check(
        "[config]\nhost_names = { web = \"www\" }",
        &[
            evaluated(
                "nixos",
                &["nixosConfigurations", "web"],
                "x86_64-linux",
                &format!(r#"{{"hostName": "www", "stateVersion": "1", {ADA}}}"#),
            ),
            ada("ada@www"),
        ],
        &[],
    );
    // What failed is there, and says nothing of its users.
    check("", &[failed("nixos", &["nixosConfigurations", "web"], "no"), ada("ada@web")], &[]);
    check("", &[failed("set", &["nixosConfigurations"], "no"), ada("ada@web")], &[]);
}

#[test]
fn users_of_homes() {
    let other = ["`homeConfigurations.\"bob@web\"`: its user is `ada`, and not `bob` as its name says"];
    check("", &[nixos("web", ADA), home("bob@web", "x86_64-linux", "ada", "/home/ada")], &other);
    let bob = home("bob@web", "x86_64-linux", "bob", "/home/bob");
    let no_user = ["`homeConfigurations.\"bob@web\"`: `bob` is no user of `nixosConfigurations.web`"];
    check("", &[nixos("web", ADA), bob.clone()], &no_user);
    // The NixOS of a Mac is asked for a home on Linux, and the Mac alone where there is none.
    let mac = darwin("web", r#""users": {"bob": {}}"#);
    let no_user = ["`homeConfigurations.\"bob@web\"`: `bob` is no user of `nixosConfigurations.web-nixos`"];
    check("", &[nixos("web-nixos", ADA), mac.clone(), bob.clone()], &no_user);
    check("", &[mac, bob], &[]);
}

#[test]
fn folders_of_homes() {
    let fault = |folder: &str, wanted: &str| {
        format!(
            "`homeConfigurations.\"ada@web\"`: its folder is `{folder}`, and that of `ada` on such a host is `{wanted}`"
        )
    };
    let on_linux = |folder: &str| home("ada@web", "x86_64-linux", "ada", folder);
    check("", &[nixos("web", ADA), on_linux("/Users/ada")], &[&fault("/Users/ada", "/home/ada")]);
    let elsewhere = nixos("web", r#""users": {"ada": {"home": "/srv/ada"}}"#);
    check("", &[elsewhere.clone(), on_linux("/srv/ada")], &[]);
    check("", &[elsewhere, on_linux("/home/ada")], &[&fault("/home/ada", "/srv/ada")]);
    // The Mac says nothing of a folder on Linux.
    let mac = darwin("web", r#""users": {"ada": {"home": "/Users/ada"}}"#);
    check("", &[mac.clone(), on_linux("/home/ada")], &[]);
    check("", &[mac, on_linux("/Users/ada")], &[&fault("/Users/ada", "/home/ada")]);
    let silent = darwin("web", r#""users": {"ada": {"home": ""}}"#);
    let on_mac = |folder: &str| home("ada@web", "aarch64-darwin", "ada", folder);
    check("", &[silent.clone(), on_mac("/Users/ada")], &[]);
    check("", &[silent, on_mac("/home/ada")], &[&fault("/home/ada", "/Users/ada")]);
    let root = |folder: &str| home("root@web", "x86_64-linux", "root", folder);
    let expected =
        "`homeConfigurations.\"root@web\"`: its folder is `/home/root`, and that of `root` on such a host is `/root`";
    check("", &[nixos("web", ADA), root("/home/root")], &[expected]);
    let mac_root = home("root@web", "aarch64-darwin", "root", "/var/root");
    check("", &[darwin("web", ""), mac_root], &[]);
}
