//! Which nix.conf is written, what into it, and what is left alone.

use super::*;

const BASE: &str = "# Written by `cargo xtask bootstrap`; included by the last line of the file beside it.\n\
    extra-experimental-features = nix-command flakes\nconnect-timeout = 5\n";

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Applies what the step wants written, by plain writes.
fn apply(state: &State) -> usize {
    let State::Missing(actions) = state else { return 0 };
    for action in actions {
        let Action::Write { path, text } = action else { panic!("{action:?}") };
        write(path, text);
    }
    actions.len()
}

#[test]
fn the_include_comes_last_and_nothing_else_changes() {
    let check = |before: &str, after: Option<&str>| {
        let result = with_include(before);
        assert_eq!(result.as_deref(), after, "{before:?}");
        if let Some(text) = result {
            assert!(text.starts_with(before));
            assert_eq!(with_include(&text), None, "a second run changes nothing");
        }
    };
    check("", Some("!include xtask.conf\n"));
    check("sandbox = true\n", Some("sandbox = true\n!include xtask.conf\n"));
    check("sandbox = true", Some("sandbox = true\n!include xtask.conf\n"));
    check("!include xtask.conf\n", None);
    check("a = b\n!include xtask.conf\n\n# end\n", None);
    // Somebody added a line below: it would discard ours.
    let after = "!include xtask.conf\nexperimental-features = flakes\n";
    check(after, Some(&format!("{after}!include xtask.conf\n")));
}

#[test]
fn our_file_says_what_this_machine_needs() {
    let root = Machine::example(Path::new("/nowhere"));
    let user = Machine { uid: 1000, ..root.clone() };
    let grouped = Machine { groups: vec!["nixbld".into()], ..root.clone() };
    let check = |machine: &Machine, main: &str, ours: Option<&str>, no_sandbox: bool, added: &str| {
        let files = Files { main: Some(main.into()), ours: ours.map(str::to_owned) };
        assert_eq!(wanted(machine, &files, no_sandbox), format!("{BASE}{added}"), "{main:?} {ours:?}");
    };
    check(&root, "", None, false, "build-users-group =\n");
    check(&root, "", None, true, "build-users-group =\nsandbox = false\n");
    check(&root, "build-users-group =\n", None, false, "");
    check(&root, "build-users-group = builders # ours\n", None, false, "build-users-group =\n");
    check(&root, "build-users-group = root\n", None, false, "");
    check(&grouped, "", None, false, "");
    check(&grouped, "", None, true, "sandbox = false\n");
    check(&user, "", None, false, "");
    // What a probe build once found out is kept.
    check(&user, "", Some("sandbox = false\n"), false, "sandbox = false\n");
    check(&user, "", Some("# sandbox = false\n"), false, "");
}

#[test]
fn each_nix_has_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = Machine::example(folder.path());
    let user = Machine { uid: 1000, ..root.clone() };
    let check = |machine: &Machine, flavour: Flavour, expected: PathBuf| {
        assert_eq!(target(machine, Some(flavour)), expected);
    };
    check(&root, Flavour::Nix, folder.path().join("etc/nix/nix.conf"));
    check(&root, Flavour::Determinate, folder.path().join("etc/nix/nix.custom.conf"));
    check(&user, Flavour::Determinate, folder.path().join("root/.config/nix/nix.conf"));
    check(&Machine { nix_conf_dir: Some("/conf".into()), ..root.clone() }, Flavour::Lix, "/conf/nix.conf".into());
    check(&Machine { nix_user_conf: Some("/mine.conf".into()), ..user }, Flavour::Nix, "/mine.conf".into());
    write(&folder.path().join("usr/local/bin/determinate-nixd"), "");
    check(&root, Flavour::Nix, folder.path().join("etc/nix/nix.custom.conf"));
}

#[test]
fn written_once_then_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::example(folder.path());
    let conf = folder.path().join("etc/nix/nix.conf");
    write(&conf, "experimental-features =");
    assert_eq!(apply(&state(&machine, None, false).unwrap()), 2);
    assert_eq!(std::fs::read_to_string(&conf).unwrap(), "experimental-features =\n!include xtask.conf\n");
    assert!(matches!(state(&machine, None, false).unwrap(), State::Satisfied(_)));
    assert_eq!(apply(&state(&machine, None, true).unwrap()), 1, "the sandbox is turned off in our own file alone");
    assert!(matches!(state(&machine, None, true).unwrap(), State::Satisfied(_)));
    assert!(matches!(state(&machine, None, false).unwrap(), State::Satisfied(_)));
}

#[test]
fn a_generated_nix_conf_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::example(folder.path());
    let blocked = |expected: &str| {
        let state = state(&machine, None, false).unwrap();
        let State::Blocked { reason, remedy } = state else { panic!("{state:?}") };
        assert!(reason.contains(expected), "{reason}");
        assert!(remedy.contains("nix.settings = { extra-experimental-features = \"nix-command flakes\"; connect-timeout = 5; build-users-group = \"\"; };"), "{remedy}");
    };
    std::fs::create_dir_all(folder.path().join("etc/nix")).unwrap();
    std::os::unix::fs::symlink("/etc/static/nix/nix.conf", folder.path().join("etc/nix/nix.conf")).unwrap();
    blocked("nix-darwin");
    write(&folder.path().join("etc/NIXOS"), "");
    blocked("NixOS");
}

#[test]
fn settings_that_are_in_order_need_no_file() {
    let root = Machine::example(Path::new("/nowhere"));
    let user = Machine { uid: 1000, ..root.clone() };
    let check = |machine: &Machine, features: &str, group: &str, expected: bool| {
        let settings = [("experimental-features", features), ("build-users-group", group)];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(in_order(&settings, machine), expected, "{features:?} {group:?}");
    };
    check(&root, "nix-command flakes", "", true);
    check(&root, "fetch-tree nix-command flakes", "root", true);
    check(&root, "nix-command flakes", "nixbld", false);
    check(&user, "nix-command flakes", "nixbld", true);
    check(&user, "nix-command", "", false);
    check(&user, "flakes", "", false);
    assert!(!in_order(&BTreeMap::new(), &user));
}
