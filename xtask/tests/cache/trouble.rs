//! What is damaged in a cache is named and mended, and what must not leave this machine stays.

use std::fs;

use crate::place::{built, chain, commit, embedded, fetch, file, hash, names, path};
use crate::sandbox::{Ran, Sandbox, TestNix, program, ran};

fn verify(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.run(&[&["cache", "verify"], arguments].concat())
}

#[test]
fn a_dependency_that_is_gone_is_named_and_a_push_mends_it() {
    let sandbox = built(TestNix::Distribution);
    sandbox.run(&["cache", "push"]).ends(0);
    verify(&sandbox, &[]).ends(0);
    let (lower, middle) = (path(&sandbox, "lower"), path(&sandbox, "middle"));
    fs::remove_file(embedded(&sandbox).join(format!("{}.narinfo", hash(&lower)))).unwrap();
    verify(&sandbox, &[]).ends(1).says(&[
        &format!("packages.x86_64-linux.upper: {lower}, needed by {middle} is in no cache"),
        "fix: cargo xtask cache push\n",
    ]);
    sandbox.run(&["cache", "push"]).ends(0).says(&["✓ cache push: 1 path pushed, "]);
    verify(&sandbox, &[]).ends(0);
}

#[test]
fn a_damaged_file_is_named_and_repaired() {
    let sandbox = built(TestNix::Modern);
    sandbox.run(&["cache", "push"]).ends(0);
    let middle = path(&sandbox, "middle");
    let file = file(&embedded(&sandbox), &middle);
    let whole = fs::read(&file).unwrap();
    let mut turned = whole.clone();
    *turned.last_mut().unwrap() ^= 1;
    let check = |content: Option<&[u8]>, arguments: &[&str], expected: &str| {
        match content {
            Some(content) => fs::write(&file, content).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        verify(&sandbox, arguments).ends(1).says(&[&middle, expected, "fix: cargo xtask cache push --repair"]);
        // The narinfo is there, so that a push alone changes nothing.
        sandbox.run(&["cache", "push"]).ends(0).says(&["nothing to push"]);
        verify(&sandbox, arguments).ends(1);
        sandbox.run(&["cache", "push", "--repair"]).ends(0).says(&["✓ cache push: 1 path pushed, "]);
        verify(&sandbox, &["--deep"]).ends(0);
    };
    check(None, &[], "is described in the cache, and its file `nar/");
    check(Some(&whole[..whole.len() - 1]), &[], &format!("has a file of {} bytes", whole.len() - 1));
    check(Some(&turned), &["--deep"], "has another content in the cache");
    // Without --deep nobody looks into files.
    fs::write(&file, &turned).unwrap();
    verify(&sandbox, &[]).ends(0);
}

#[test]
fn verify_mends_what_it_finds_as_far_as_it_can() {
    let sandbox = built(TestNix::Modern);
    let repair = |arguments: &[&str]| verify(&sandbox, &[&["--repair"], arguments].concat());
    let narinfo = |name: &str| embedded(&sandbox).join(format!("{}.narinfo", hash(&path(&sandbox, name))));
    // Nothing is there yet.
    repair(&[]).ends(0).says(&["✓ cache push: 3 paths pushed, ", "✓ cache verify: 3 paths in file://"]);
    let again = repair(&[]).ends(0);
    assert!(!again.stderr.contains("cache push"), "nothing was to be mended: {again:?}");
    fs::remove_file(file(&embedded(&sandbox), &path(&sandbox, "middle"))).unwrap();
    fs::remove_file(narinfo("lower")).unwrap();
    repair(&[]).ends(0).says(&["✓ cache push: 2 paths pushed, ", "✓ cache verify: 3 paths in file://"]);
    let upper = file(&embedded(&sandbox), &path(&sandbox, "upper"));
    let mut content = fs::read(&upper).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(&upper, content).unwrap();
    // What nobody looks at is not mended.
    repair(&[]).ends(0);
    verify(&sandbox, &["--deep"]).ends(1);
    repair(&["--deep"]).ends(0).says(&["✓ cache push: 1 path pushed, "]);
    verify(&sandbox, &["--deep"]).ends(0);
    // Nor is what the policy keeps here.
    sandbox.write("xtask.toml", "[[cache.rule]]\nevent = [\"local\"]\naction = \"skip\"\n");
    fs::remove_file(narinfo("upper")).unwrap();
    repair(&[]).ends(1).says(&["cache push: ", "is in no cache", "cache verify: 1 problem"]);
}

#[test]
fn a_key_in_a_package_stays_with_all_that_refers_to_it() {
    let sandbox = built(TestNix::Distribution);
    let made = ran(&mut sandbox.command(program("age-keygen", "apt-get install age"))).ends(0).stdout;
    let key = made.lines().find(|line| line.starts_with("AGE-SECRET-")).unwrap();
    let more =
        format!("leaky = make \"leaky\" \"key: {key}\"; user = make \"user\" \"${{make \"leaky\" \"key: {key}\"}}\";");
    commit(&sandbox, &chain("", &more));
    sandbox.run(&["build"]).ends(0);
    let (leaky, user) = (path(&sandbox, "leaky"), path(&sandbox, "user"));
    let refused = sandbox.run(&["cache", "push"]).ends(1);
    assert!(!format!("{refused:?}").contains(&key[20..]), "the key is said: {refused:?}");
    refused.says(&[
        &format!("✗ not pushed: {leaky}: "),
        &format!("✗ not pushed: {user}, which refers to {leaky}: "),
        "✗ cache push: 2 paths not pushed, 3 paths pushed",
    ]);
    assert_eq!(names(&embedded(&sandbox)), ["lower", "middle", "upper"].map(str::to_owned).into());
    let walk = walkdir::WalkDir::new(embedded(&sandbox)).into_iter().map(Result::unwrap);
    assert_eq!(walk.filter(|entry| entry.path().extension().is_some_and(|end| end == "zst")).count(), 3);
    // `warn` is for caches that do not answer, not for secrets.
    sandbox.write("xtask.toml", "[cache]\non_failure = \"warn\"\n");
    sandbox.run(&["cache", "push"]).ends(1);
    let url = format!("file://{}", embedded(&sandbox).display());
    let public = fs::read_to_string(sandbox.path("state/binary-cache.key/public")).unwrap();
    assert_ne!(fetch(&sandbox, &url, public.trim(), &user).status, 0);
}
