//! The values of the repository's encrypted files stay here, whatever they are packed in, as far as somebody here can open them.

use std::fs;

use crate::place::{chain, commit, embedded, names, path};
use crate::secrets_fleet::{Fleet, VALUE};

/// `printf 'xcorrect horse battery staple' | base64`.
const IN_BASE64: &str = "eGNvcnJlY3QgaG9yc2UgYmF0dGVyeSBzdGFwbGU=";

fn fleet() -> Fleet {
    let mut fleet = Fleet::new();
    fleet.sandbox = fleet.sandbox.with_client();
    let more = format!(
        r#"plain = make "plain" "as it is: {VALUE}"; packed = make "packed" "{IN_BASE64}"; other = make "other" "a horse";"#
    );
    commit(&fleet.sandbox, &chain("", &more));
    fleet.sandbox.run(&["build"]).ends(0);
    fleet
}

#[test]
fn a_value_of_an_encrypted_file_stays_here_in_every_form() {
    let fleet = fleet();
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
fn whoever_opens_nothing_is_told_what_was_not_looked_for() {
    let mut fleet = fleet();
    let said = "not looked for in what is pushed: the values in `secrets/web.yaml`, which no key on this machine opens";
    fleet.be("bob");
    fleet.sandbox.run(&["cache", "push", "packages.x86_64-linux.upper"]).ends(0).says(&[said, "3 paths pushed"]);
    let again = fleet.sandbox.run(&["cache", "push", "packages.x86_64-linux.upper"]).ends(0);
    assert!(!again.stderr.contains("not looked for"), "nothing leaves: {again:?}");
    // Whose key is not one of the file's says nothing of the next file.
    fleet.sandbox.set("SOPS_AGE_KEY_FILE", "/nowhere");
    fleet.sandbox.run(&["cache", "push", "packages.x86_64-linux.other"]).ends(0).says(&[said, "1 path pushed"]);
}
