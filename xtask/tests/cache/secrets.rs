//! The values of the repository's encrypted files stay here, whatever they are packed in, as far as somebody here can open them.

use std::fs;
use std::path::Path;

use crate::place::{chain, commit, embedded, names, path};
use crate::secrets_fleet::{Fleet, VALUE};

/// `printf 'xcorrect horse battery staple' | base64`.
const IN_BASE64: &str = "eGNvcnJlY3QgaG9yc2UgYmF0dGVyeSBzdGFwbGU=";

/// A place with everything built, and with `others`.
fn fleet(others: &[&str]) -> Fleet {
    let mut fleet = Fleet::new();
    fleet.sandbox = fleet.sandbox.with_client();
    let more = format!(r#"plain = make "plain" "as it is: {VALUE}"; packed = make "packed" "{IN_BASE64}"; "#);
    let others = others.iter().map(|name| format!(r#"{name} = make "{name}" "a horse"; "#));
    let more: String = std::iter::once(more).chain(others).collect();
    commit(&fleet.sandbox, &chain("", &more));
    fleet.sandbox.run(&["build"]).ends(0);
    fleet
}

#[test]
fn a_value_of_an_encrypted_file_stays_here_in_every_form() {
    let fleet = fleet(&["other"]);
    let sandbox = &fleet.sandbox;
    let refused = sandbox.run(&["cache", "push", "--json"]).ends(1);
    for secret in [VALUE, IN_BASE64, "correct horse", "first one"] {
        assert!(!refused.stdout.contains(secret) && !refused.stderr.contains(secret), "{refused:?}");
    }
    let holds = |name: &str, form: &str| {
        format!("{0}: `{0}` holds the value of `token` in `secrets/web.yaml` {form}, ", path(sandbox, name))
    };
    refused.says(&[
        &holds("plain", "in plain text"),
        &holds("packed", "in base64"),
        "2 paths not pushed, 4 paths pushed",
    ]);
    let there = ["lower", "middle", "other", "upper"].map(str::to_owned);
    assert_eq!(names(&embedded(sandbox)), there.into());
    // Nor is it in anything that is kept.
    for entry in walkdir::WalkDir::new(sandbox.path("state")).into_iter().map(Result::unwrap) {
        let content = if entry.file_type().is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
        let found = content.windows(VALUE.len()).any(|window| window == VALUE.as_bytes());
        assert!(!found, "{}", entry.path().display());
    }
}

#[test]
fn what_was_not_looked_for_is_said_with_its_reason_and_what_mends_it() {
    let mut fleet = fleet(&["own", "stranger", "unread", "late", "without", "changed"]);
    fleet.encrypt("secrets/home.yaml", "password: hunter2hunter2\n");
    fleet.sandbox.git(&fleet.sandbox.repository(), &["add", "--all"]);
    let push = |fleet: &Fleet, name: &str, said: &[&str]| {
        let ran = fleet.sandbox.run(&["cache", "push", &format!("packages.x86_64-linux.{name}")]).ends(0);
        let lines = ran.stderr.lines().filter(|line| line.contains("not looked for in what is pushed: ")).count();
        assert_eq!(lines, said.len(), "{ran:?}");
        assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
        ran.says(&[&["1 path pushed"], said].concat());
    };
    let both = "not looked for in what is pushed: the values in 2 files (`secrets/home.yaml`, `secrets/web.yaml`), ";
    push(&fleet, "own", &[]);
    fleet.be("bob");
    let no_key = format!("{both}which no key on this machine opens: name one that does in SOPS_AGE_KEY_FILE");
    push(&fleet, "stranger", &[&no_key]);
    let again = fleet.sandbox.run(&["cache", "push", "packages.x86_64-linux.stranger"]).ends(0);
    assert!(!again.stderr.contains("not looked for"), "nothing leaves: {again:?}");
    fleet.sandbox.set("SOPS_AGE_KEY_FILE", "/nowhere");
    let unread = "which do not open (failed to open SOPS_AGE_KEY_FILE file: open /nowhere: no such file or directory)";
    push(&fleet, "unread", &[&format!("{both}{unread}")]);
    fleet.be("ada");
    // A key that waits for somebody; what it is waited for is given up with its family.
    fleet.sandbox.set("SOPS_AGE_KEY_CMD", "sleep 1000");
    push(&fleet, "late", &[&format!("{both}which did not open in time")]);
    fleet.sandbox.unset("SOPS_AGE_KEY_CMD");
    let path = fleet.sandbox.variable("PATH").to_owned();
    let without: Vec<&str> = path.split(':').filter(|folder| !Path::new(folder).join("sops").exists()).collect();
    fleet.sandbox.set("PATH", &without.join(":"));
    push(&fleet, "without", &[&format!("{both}for want of sops: run `cargo xtask bootstrap --only sops`")]);
    fleet.sandbox.set("PATH", &path);
    // One file of another is no fault of the other.
    fleet.change("secrets/web.yaml", "list:\n", "list:\n    - hunter2hunter2\n");
    let text = fleet.text("secrets/home.yaml").replace("lastmodified: ", "lastmodified: hunter2hunter2 ");
    fleet.sandbox.write("secrets/home.yaml", &text);
    let home =
        "not looked for in what is pushed: the values in `secrets/home.yaml`, which do not open (parsing time … as …";
    let web =
        "not looked for in what is pushed: the values in `secrets/web.yaml`, in which something was changed since";
    push(&fleet, "changed", &[home, web]);
}
