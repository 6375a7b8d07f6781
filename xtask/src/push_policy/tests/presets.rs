//! What each preset pushes, against what its document says; and nothing else.

use std::fmt::Write as _;

use super::*;

const PRESETS: [Preset; 5] =
    [Preset::DarwinBuildClosure, Preset::BuiltOnBranch, Preset::TargetsOnMain, Preset::MainAndTags, Preset::PrsNoForks];

#[test]
fn each_preset_pushes_what_its_document_says() {
    let mut table = format!("{:<60}", "");
    PRESETS.iter().for_each(|preset| write!(table, "{:<21}", preset.name()).unwrap());
    for (event, reference) in runs() {
        table.truncate(table.trim_end().len());
        write!(table, "\n{:<18} {reference:<41}", word(&event)).unwrap();
        for preset in PRESETS {
            let rules = Rules { preset, ..Rules::default() };
            let systems = match decide(&facts(run(&event, reference, &Origin::Own)), &rules) {
                Decision::Push { systems, .. } => systems.join(" "),
                Decision::Skip(_) => "-".to_owned(),
                Decision::Deny(_) => "denied".to_owned(),
                Decision::Error(reason) => reason,
            };
            let systems = systems.replace("x86_64-linux", "linux").replace("aarch64-darwin", "darwin");
            write!(table, "{systems:<21}").unwrap();
        }
    }
    let table = table.trim_end().to_owned() + "\n";
    expect_test::expect_file!["presets.txt"].assert_eq(&table);
}

#[test]
fn the_default_branch_is_what_the_event_says() {
    let check = |default_branch: Option<&str>, reference: &str, expected: bool| {
        let mut facts = facts(run(&Event::Push, reference, &Origin::Own));
        facts.trigger.default_branch = default_branch.map(str::to_owned);
        let pushed = matches!(decide(&facts, &Rules::default()), Decision::Push { .. });
        assert_eq!(pushed, expected, "{default_branch:?} {reference}");
    };
    check(Some("trunk"), "refs/heads/trunk", true);
    check(Some("trunk"), "refs/heads/main", false);
    check(Some("main"), "refs/tags/main", false);
    check(None, "refs/heads/main", true);
    check(None, "refs/heads/master", true);
    check(None, "refs/heads/trunk", false);
}

#[test]
fn each_preset_is_written_as_it_is_named() {
    for preset in PRESETS {
        let text = format!("[cache]\npreset = \"{}\"\n", preset.name());
        assert_eq!(crate::config::Config::parse(&text).unwrap().cache.preset, preset);
    }
}
