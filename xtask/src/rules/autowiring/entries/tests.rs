//! Files and attributes, each with what is wrong with them.

use std::path::PathBuf;

use super::super::problems;
use super::*;
use crate::fleet::AttrPath;
use crate::fleet::layout::{Preset, SeenFile, SeenKind};

/// What is found of files (`path`, or `path -> target` for a link) and attributes, each as `place: fault`, and its fix.
#[track_caller]
fn check(layout: &Layout, files: &[&str], declared: &[&str], expected: &[(&str, &str)]) {
    let seen = |file: &&str| {
        let (path, kind) = match file.split_once(" -> ") {
            Some((path, target)) => (path, SeenKind::Link(target.into())),
            None => (*file, SeenKind::Regular),
        };
        SeenFile { path: path.into(), kind, tracked: true }
    };
    let found = problems(&Facts {
        layout: Some(layout),
        files: &files.iter().map(seen).collect::<Vec<_>>(),
        texts: &BTreeMap::from([(PathBuf::from("flake.nix"), "./parts/common/a.nix".to_owned())]),
        declared: &declared.iter().map(|attr| AttrPath::parse(attr).unwrap()).collect::<Vec<_>>(),
        unknown: &[],
        expected: &[],
        unexpected: &[],
        config_text: "",
    });
    let place = |problem: &Problem| problem.place.as_ref().map(ToString::to_string).unwrap_or_default();
    let found: Vec<_> = found.iter().map(|one| (format!("{}: {}", place(one), one.fault), one.fix.clone())).collect();
    let expected: Vec<_> = expected.iter().map(|(fault, fix)| ((*fault).to_owned(), (*fix).to_owned())).collect();
    assert_eq!(found, expected, "{files:?} {declared:?}");
}

fn nixos(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("configurations/nixos/{name}")).collect()
}

#[track_caller]
fn check_hosts(names: &[&str], declared: &[&str], expected: &[(&str, &str)]) {
    let files = nixos(names);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    check(&Preset::Configurations.layout(""), &files, declared, expected);
}

#[test]
fn names_that_differ_are_one_problem_of_one_folder() {
    let place = "configurations/nixos/stibnite.nix:1: ";
    let one_name = "give the file and the attribute one name";
    let differ =
        format!("{place}`configurations/nixos/stibnite.nix` and `nixosConfigurations.stibnit` differ in their names");
    check_hosts(&["stibnite.nix"], &["nixosConfigurations.stibnit"], &[(&differ, one_name)]);
    let wired = |name: &str| {
        format!(
            "configurations/nixos/{name}.nix:1: `configurations/nixos/{name}.nix` is wired to nothing: the flake has no `nixosConfigurations.{name}`"
        )
    };
    let declare =
        |name: &str| format!("declare `nixosConfigurations.{name}`, or move the file out of `configurations/nixos`");
    let file = |kind: &str, name: &str| {
        (
            format!(": `{kind}Configurations.{name}` has no file: there is no `{name}` in `configurations/{kind}`"),
            format!("move what it is made of to `configurations/{kind}/{name}.nix`, or drop the attribute"),
        )
    };
    // Only one of two files can be the one that is meant.
    let first = differ.replace("stibnite.nix", "stibnite1.nix").replace("stibnit`", "stibnite`");
    check_hosts(
        &["stibnite1.nix", "stibnite2.nix"],
        &["nixosConfigurations.stibnite"],
        &[(&first, one_name), (&wired("stibnite2"), &declare("stibnite2"))],
    );
    for attr in ["darwinConfigurations.stibnit", "nixosConfigurations.web"] {
        let (kind, name) = attr.split_once("Configurations.").unwrap();
        let (fault, fix) = file(kind, name);
        let expected = [(wired("stibnite"), declare("stibnite")), (fault, fix)];
        let expected: Vec<_> = expected.iter().map(|(fault, fix)| (fault.as_str(), fix.as_str())).collect();
        check_hosts(&["stibnite.nix"], &[attr], &expected);
    }
}

#[test]
fn two_folders_may_fill_one_set() {
    let table = ["a", "b"].map(|folder| (folder.to_owned(), "nixosConfigurations".to_owned()));
    let layout = Layout::from_table("", &BTreeMap::from(table)).unwrap();
    let files = ["a/web.nix", "b/db.nix"];
    check(&layout, &files, &["nixosConfigurations.web", "nixosConfigurations.db"], &[]);
    let lost = |folder: &str| {
        (
            format!(": `nixosConfigurations.lost` has no file: there is no `lost` in `{folder}`"),
            format!("move what it is made of to `{folder}/lost.nix`, or drop the attribute"),
        )
    };
    let lost = ["a", "b"].map(lost);
    let lost = lost.each_ref().map(|(fault, fix)| (fault.as_str(), fix.as_str()));
    let declared = ["nixosConfigurations.web", "nixosConfigurations.db", "nixosConfigurations.lost"];
    check(&layout, &files, &declared, &lost);
    // A file of that name in a folder that fills another set is another.
    let lost = (
        ": `nixosConfigurations.web` has no file: there is no `web` in `configurations/nixos`",
        "move what it is made of to `configurations/nixos/web.nix`, or drop the attribute",
    );
    let (file, declared) = ("configurations/darwin/web.nix", ["darwinConfigurations.web", "nixosConfigurations.web"]);
    check(&Preset::Configurations.layout(""), &[file], &declared, &[lost]);
}

#[test]
fn a_missing_file_is_named_as_the_layout_names_it() {
    let check = |preset: Preset, attr: &str, file: &str| {
        let (layout, attrs) = (preset.layout(""), [AttrPath::parse(attr).unwrap()]);
        let wiring = layout.wirings.iter().find(|wiring| wiring.name_of(&attrs[0]).is_some()).unwrap();
        assert_eq!(file_text(wiring, attrs[0].name()), file, "{attr}");
    };
    check(Preset::Configurations, "nixosConfigurations.web", "web.nix");
    check(Preset::Configurations, "homeConfigurations.\"ada@web\"", "ada@web.nix");
    check(Preset::SnowfallLib, "homeConfigurations.\"ada@web\"", "ada@web/default.nix");
    check(Preset::Blueprint, "legacyPackages.x86_64-linux.homeConfigurations.\"ada@web\"", "ada.nix");
    check(Preset::EzConfigs, "homeConfigurations.\"ada@web\"", "ada.nix");
}

#[test]
fn a_file_that_is_wrong_by_itself() {
    let at = |name: &str, fault: &str| format!("configurations/nixos/{name}:1: `configurations/nixos/{name}` {fault}");
    let web = "nixosConfigurations.web";
    let rename = "rename it without the dot, or remove it";
    check_hosts(&[".web.nix"], &[], &[(&at(".web.nix", "is hidden, and not wired"), rename)]);
    let hidden = at(".web.nix", "is hidden, and wired as `nixosConfigurations.\".web\"`");
    check_hosts(&[".web.nix"], &["nixosConfigurations.\".web\""], &[(&hidden, rename)]);
    let link = at("web.nix", "is a symbolic link, which is not wired: the flake has no `nixosConfigurations.web`");
    let put = "put a file in its place that imports what the link leads to";
    check_hosts(&["web.nix -> ../web.nix"], &[], &[(&link, put)]);
    check_hosts(&["web.nix -> ../web.nix"], &[web], &[]);
    let folder = "configurations/nixos/web/a.nix:1: the folder `configurations/nixos/web` has no `default.nix`, so it is not wired";
    let add = "add `configurations/nixos/web/default.nix`, or move the folder out of `configurations/nixos`";
    check_hosts(&["web/a.nix"], &[], &[(folder, add)]);
    // What somebody imports from is a folder of parts.
    check_hosts(&["common/a.nix"], &[], &[]);
    let twice = at("web.nix", "");
    let twice = twice.replace(": `", ": `configurations/nixos/web` stands beside `").trim_end().to_owned();
    let twice = format!("{twice}: only one of them is wired");
    check_hosts(&["web.nix", "web/default.nix"], &[web], &[(&twice, "keep one of them")]);
    let case = "configurations/nixos/web.nix:1: `configurations/nixos/WEB.nix` and `configurations/nixos/web.nix` differ only in case, and are one file on some systems";
    check_hosts(&["WEB.nix", "db.nix", "web.nix"], &[web, "nixosConfigurations.db"], &[(case, "rename one of them")]);
}
