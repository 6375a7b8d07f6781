//! Tests of what configurations declare: what the rule finds, told as text.

use std::path::PathBuf;

use super::super::*;
use super::{POLICY, encrypted_for, file, found, value};

fn declaration(names: &[&str], key: &str, format: &str, path: &str) -> Declaration {
    Declaration {
        by: format!("nixosConfigurations.{}", names[0]),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        secret: "token".to_owned(),
        key: key.to_owned(),
        format: format.to_owned(),
        file: SopsFile::Here(PathBuf::from(path)),
    }
}

#[test]
fn what_is_declared_and_cannot_work() {
    let body = format!(
        "token: {}\nnumber: {}\nnested:\n    a: {}\n    list: [\"{}\"]\n",
        value("str"),
        value("int"),
        value("str"),
        value("str")
    );
    let files = [
        file(".sops.yaml", &POLICY.replace("creation", "  - &mail age1mmm\n  - &spare age1www\ncreation")),
        file("secrets/web.yaml", &encrypted_for(&body, &["age1aaa", "age1www"])),
        file("m.nix", "{\n  secrets.token = { };\n}\n"),
    ];
    let check = |declarations: &[Declaration], expected: &[&str]| {
        let found = found(&files, declarations, &[]);
        let rest: Vec<&str> =
            found.iter().map(String::as_str).filter(|found| !found.contains("the key `mail`\u{0}")).collect();
        let idle = "! .sops.yaml:4: no rule names the key `mail`";
        assert_eq!(rest.into_iter().filter(|found| *found != idle).collect::<Vec<_>>(), expected);
    };
    let at = "m.nix:2: `sops.secrets.token`";
    let by = "declared by `nixosConfigurations.web`";
    check(&[declaration(&["web"], "token", "yaml", "secrets/web.yaml")], &[]);
    check(&[declaration(&["web"], "nested/a", "yaml", "secrets/web.yaml")], &[]);
    check(&[declaration(&["web"], "", "yaml", "secrets/web.yaml")], &[]);
    check(
        &[
            declaration(&["web"], "gone", "yaml", "secrets/web.yaml"),
            declaration(&["nobody"], "gone", "yaml", "secrets/web.yaml"),
        ],
        &[&format!("{at} is `gone` of `secrets/web.yaml`, which has no such key: {by}, `nixosConfigurations.nobody`")],
    );
    check(
        &[declaration(&["web"], "number", "yaml", "secrets/web.yaml")],
        &[&format!("{at} is `number` of `secrets/web.yaml`, which is no text but int: {by}")],
    );
    for key in ["nested", "nested/list"] {
        let expected = format!("{at} is `{key}` of `secrets/web.yaml`, which is no text: {by}");
        check(&[declaration(&["web"], key, "yaml", "secrets/web.yaml")], &[&expected]);
    }
    check(
        &[declaration(&["web"], "token", "json", "secrets/web.yaml")],
        &[&format!("{at} reads `secrets/web.yaml` as json, and sops takes it for yaml: {by}")],
    );
    // What is read in another format cannot be looked into.
    check(
        &[declaration(&["web"], "gone", "json", "secrets/web.yaml")],
        &[&format!("{at} reads `secrets/web.yaml` as json, and sops takes it for yaml: {by}")],
    );
    check(
        &[declaration(&["web"], "token", "yaml", "secrets/gone.yaml")],
        &[&format!("{at} is in `secrets/gone.yaml`, which does not exist: {by}")],
    );
    check(
        &[declaration(&["x", "mail"], "token", "yaml", "secrets/web.yaml")],
        &[
            ".sops.yaml:7: `sops.secrets.token` is in `secrets/web.yaml`, which the key `mail` does not open: declared by `nixosConfigurations.x`",
        ],
    );
    let outside =
        Declaration { file: SopsFile::Elsewhere("/s/x".to_owned()), ..declaration(&["web"], "token", "yaml", "") };
    check(&[outside], &[&format!("! {at} is in `/s/x`, outside of this repository, and was not looked for: {by}")]);
}

#[test]
fn private_keys_in_the_store() {
    let key = |path: &str| KeyPath { by: "a".to_owned(), option: "sops.age.keyFile".to_owned(), path: path.to_owned() };
    let files = [file("m.nix", "{\n  sops.age.keyFile = ./key;\n}\n")];
    let expected = ["m.nix:2: `sops.age.keyFile` is in the Nix store, where everybody can read it: declared by `a`"];
    assert_eq!(found(&files, &[], &[key("/nix/store/x-source/key"), key("/etc/key")]), expected);
}

#[test]
fn a_binary_file_is_one_secret() {
    let text = format!(
        "{{\"data\": \"{}\", \"sops\": {{\"mac\": \"m\", \"version\": \"3\", \"lastmodified\": \"t\"}}}}",
        value("str")
    );
    let files = [file("secrets/web.bin", &text), file("m.nix", "secrets.token")];
    let found = found(&files, &[declaration(&["web"], "token", "binary", "secrets/web.bin")], &[]);
    assert_eq!(found.iter().filter(|found| found.contains("sops.secrets")).collect::<Vec<_>>(), [] as [&String; 0]);
}

#[test]
fn what_is_declared_is_placed_where_a_file_says_it() {
    let check = |files: &[(&str, &str)], expected: &str| {
        let files: Vec<File> = files.iter().map(|(path, text)| file(path, text)).collect();
        let found = found(&files, &[declaration(&["web"], "a", "yaml", "gone.yaml")], &[]);
        let fault =
            "`sops.secrets.token` is in `gone.yaml`, which does not exist: declared by `nixosConfigurations.web`";
        assert_eq!(found, [format!("{expected}: {fault}")]);
    };
    check(&[("a.nix", "\ntoken = { };")], "a.nix:2");
    check(&[("a.nix", "x = token;"), ("b.nix", "\nsops.secrets.token = { };")], "b.nix:2");
    check(&[("a.nix", "x = token;\nage.token = x;\n")], "a.nix:2");
    check(&[("a.nix", "x = token;\ntoken.sopsFile = ./a.yaml;\n")], "a.nix:2");
    check(&[("a.nix", "secrets.token = x;"), ("b.nix", "secrets.token = ./x;")], "b.nix:1");
    // Where several say it and none more than the others, nobody can tell which it is.
    check(&[("a.nix", "x = token;\ny = token;\n")], "");
    check(&[("README.md", "token"), ("nix", "token")], "");
}
