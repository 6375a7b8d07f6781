//! What a machine needs for a flake's caches, by who made its Nix, who the user is, and what is there already.

use super::*;

fn wanted() -> Wanted {
    let (cache, key) = ("https://a.cachix.org".to_owned(), "a.cachix.org-1:AAAA".to_owned());
    Wanted { substituters: vec![cache], keys: vec![key], logins: Vec::new() }
}

fn situation(root: &Path) -> Situation {
    let settings = Settings { substituters: vec!["https://cache.nixos.org/".into()], ..Settings::default() };
    Situation { machine: Machine::example(root), flavour: Flavour::Nix, settings, trust: Trust::OwnStore }
}

fn login() -> Login {
    Login::new("a.cachix.org", "CACHIX_AUTH_TOKEN", "hunter2").unwrap()
}

#[track_caller]
fn changes(situation: &Situation, wanted: &Wanted) -> Vec<Change> {
    match plan(situation, wanted).unwrap() {
        Setup::Write { changes, .. } => changes,
        other => panic!("{other:?}"),
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const BLOCK: &str = "extra-substituters = https://a.cachix.org\nextra-trusted-public-keys = a.cachix.org-1:AAAA\n";

#[test]
fn each_nix_has_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let check = |situation: &Situation, expected: PathBuf| {
        let changes = changes(situation, &wanted());
        assert_eq!(changes.iter().map(|change| change.path.clone()).collect::<Vec<_>>(), [expected]);
        assert!(changes[0].after.as_ref().unwrap().contains(BLOCK));
    };
    let root = situation(folder.path());
    check(&root, at("etc/nix/nix.conf"));
    check(&Situation { flavour: Flavour::Determinate, ..root.clone() }, at("etc/nix/nix.custom.conf"));
    check(&Situation { flavour: Flavour::Lix, ..root.clone() }, at("etc/nix/nix.conf"));
    let user = Machine { uid: 1000, ..root.machine.clone() };
    check(&Situation { machine: user, trust: Trust::Heeded, ..root }, at("root/.config/nix/nix.conf"));
}

#[test]
fn what_is_in_force_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut known = situation(folder.path());
    known.settings.substituters.push("https://a.cachix.org/".into());
    known.settings.all.insert("trusted-public-keys".into(), "x-1:B a.cachix.org-1:AAAA".into());
    assert_eq!(plan(&known, &wanted()).unwrap(), Setup::InForce);
    // Even what generates the file, or a daemon that heeds nobody, is in nobody's way.
    known.trust = Trust::Ignored;
    assert_eq!(plan(&known, &wanted()).unwrap(), Setup::InForce);
    known.trust = Trust::OwnStore;
    let check = |situation: &Situation, wanted: &Wanted| assert!(!changes(situation, wanted).is_empty());
    check(&known, &Wanted { logins: vec![login()], ..wanted() });
    check(&known, &Wanted { keys: vec!["a.cachix.org-1:BBBB".into()], ..wanted() });
    check(&known, &Wanted { substituters: vec!["https://b.cachix.org".into()], ..wanted() });
    // What a variable says is gone with the shell.
    let machine = Machine { nix_config: "extra-substituters = https://a.cachix.org".into(), ..known.machine.clone() };
    check(&Situation { machine, ..known }, &wanted());
}

#[test]
fn a_generated_file_has_a_snippet_and_an_ignored_user_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut here = situation(folder.path());
    here.trust = Trust::Ignored;
    assert_eq!(plan(&here, &wanted()).unwrap(), Setup::Untrusted);
    write(&folder.path().join("etc/NIXOS"), "");
    let expected = "nix.settings = {\n  extra-substituters = [\n    \"https://a.cachix.org\"\n  ];\n  \
        extra-trusted-public-keys = [\n    \"a.cachix.org-1:AAAA\"\n  ];\n};";
    let Setup::Declared { owner: "NixOS", snippet, .. } = plan(&here, &wanted()).unwrap() else { panic!() };
    assert_eq!(snippet, expected);
}

#[test]
fn a_password_goes_into_the_netrc_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let private = Wanted { logins: vec![login()], ..wanted() };
    let root = situation(folder.path());
    let user = Situation { machine: Machine { uid: 1000, ..root.machine.clone() }, ..root.clone() };
    let at = |path: &str| folder.path().join(path).display().to_string();
    let check = |situation: &Situation, setting: &str, file: &str, named: bool| {
        let mut situation = situation.clone();
        situation.settings.all.insert("netrc-file".into(), at(setting));
        let changes = changes(&situation, &private);
        assert_eq!((changes[0].path.display().to_string(), changes[0].secret), (at(file), true));
        assert!(changes[0].after.as_ref().unwrap().contains("machine a.cachix.org password hunter2\n"));
        let line = format!("netrc-file = {}\n", at(file));
        assert_eq!(changes[1].after.as_ref().unwrap().contains(&line), named, "{changes:?}");
        assert!(!format!("{changes:?}").contains("hunter2"));
    };
    check(&root, "etc/nix/netrc", "etc/nix/netrc", false);
    check(&root, "else/netrc", "else/netrc", false);
    check(&user, "etc/nix/netrc", "root/.config/nix/netrc", true);
    check(&user, "root/.config/nix/netrc", "root/.config/nix/netrc", true);
    check(&user, "root/.netrc", "root/.netrc", false);
}

#[test]
fn written_once_and_undone_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let root = situation(folder.path());
    let machine = Machine { uid: 1000, ..root.machine.clone() };
    for here in [root.clone(), Situation { machine, ..root }] {
        let conf = nix_conf::target(&here.machine, None);
        let netrc = conf.parent().unwrap().join("netrc");
        let private = Wanted { logins: vec![login()], ..wanted() };
        for (text, passwords) in [(None, None), (Some("max-jobs = 1"), Some("machine b password c"))] {
            for (path, text) in [(&conf, text), (&netrc, passwords)] {
                text.iter().for_each(|text| write(path, text));
            }
            let planned = changes(&here, &private);
            assert_eq!(planned.len(), 2);
            planned.iter().for_each(|change| apply(change).unwrap());
            assert!(action::is_private(&netrc));
            assert_eq!(changes(&here, &private), [], "a second run changes nothing");
            assert_eq!(changes(&here, &wanted()), [], "without the token, what is there stays");
            std::fs::set_permissions(&netrc, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
            assert_eq!(changes(&here, &private).len(), 1, "a netrc for everybody is made its owner's");
            undo(&here).unwrap().iter().for_each(|change| apply(change).unwrap());
            assert_eq!(undo(&here).unwrap(), []);
            let now = [&conf, &netrc].map(|path| std::fs::read_to_string(path).ok());
            assert_eq!(now, [text, passwords].map(|text| text.map(str::to_owned)));
            let left = std::fs::read_dir(conf.parent().unwrap()).unwrap().count();
            assert_eq!(left, usize::from(text.is_some()) + usize::from(passwords.is_some()), "nothing else is left");
        }
    }
}

#[test]
fn a_netrc_that_no_longer_counts_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut here = situation(folder.path());
    here.machine.uid = 1000;
    let left = folder.path().join("etc/nix/netrc");
    write(&left, "machine b password c");
    here.settings.all.insert("netrc-file".into(), left.display().to_string());
    let check = |logins: Vec<Login>, expected: Option<&PathBuf>| {
        let Setup::Write { netrc_left, .. } = plan(&here, &Wanted { logins, ..wanted() }).unwrap() else { panic!() };
        assert_eq!(netrc_left.as_ref(), expected);
    };
    check(vec![login()], Some(&left));
    check(Vec::new(), None);
}

#[test]
fn only_lists_that_are_set_anew_discard_what_was_added() {
    let check = |below: &str, expected: bool| assert_eq!(tolerates(below), expected, "{below}");
    check("", true);
    check("extra-substituters = a\nmax-jobs = 1\n", true);
    check("# substituters = a\n", true);
    check("substituters = a\n", false);
    check("  trusted-public-keys=a\n", false);
    check("binary-caches =\n", false);
}
