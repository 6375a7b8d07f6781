//! Outputs of two revisions, as short as they can be written, and what is said of them.

use std::collections::BTreeMap;

use super::*;
use crate::diff::FileStatus;
use crate::fleet::{Evaluated, built_in_kinds};

/// `kind attr drv`, where `!` for a derivation is an output that does not evaluate, `?` one that was skipped, and `-` one that has
/// nothing to build.
fn result(text: &str) -> OutputResult {
    let [kind, attr, told] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("{text}") };
    let output = Output { attr: AttrPath::parse(attr).unwrap(), kind: kind.to_owned(), system: None };
    let status = match told {
        "!" => Status::EvaluationFailed,
        "?" => Status::Skipped,
        _ => Status::Evaluated,
    };
    let mut result = OutputResult::new(output, status);
    if status == Status::Evaluated {
        result.evaluated = Some(Evaluated {
            system: String::new(),
            drv: (told != "-").then(|| told.to_owned()),
            facts: BTreeMap::new(),
            facts_error: None,
            warnings: Vec::new(),
            seconds: 0.0,
            memory_mib: 0,
        });
    } else {
        result.reason = Some(format!("{kind} says no"));
    }
    result
}

fn said(compared: &Compared) -> String {
    let was = compared.was.as_ref().map(|was| format!(" was {was}")).unwrap_or_default();
    let reasons = [&compared.base_reason, &compared.head_reason];
    let reasons: String = reasons.into_iter().flatten().map(|reason| format!(": {reason}")).collect();
    format!("{} {:?}{was}{reasons}", compared.output.attr, compared.change)
}

fn check_files(base: &[&str], head: &[&str], renamed: &[(&str, &str)], expected: &[&str]) {
    let results = |texts: &[&str]| texts.iter().map(|text| result(text)).collect::<Vec<_>>();
    let change = |(was, path): &(&str, &str)| FileChange {
        status: FileStatus::Renamed,
        path: path.into(),
        was: Some(was.into()),
        submodule: false,
    };
    let files: Vec<_> = renamed.iter().map(change).collect();
    let found = compare(&results(base), &results(head), &files, &built_in_kinds());
    assert_eq!(found.iter().map(said).collect::<Vec<_>>(), expected, "{base:?} {head:?}");
}

fn check(base: &[&str], head: &[&str], expected: &[&str]) {
    check_files(base, head, &[], expected);
}

#[test]
fn outputs_that_evaluate() {
    check(&["nixos a.x 1"], &["nixos a.x 1"], &["a.x Unchanged"]);
    check(&["nixos a.x 1"], &["nixos a.x 2"], &["a.x Changed"]);
    check(&[], &["nixos a.x 1"], &["a.x Added"]);
    check(&["nixos a.x 1"], &[], &["a.x Removed"]);
    check(&["app a.x -"], &["app a.x -"], &["a.x Unchanged"]);
    check(&["app a.x -"], &["app a.x 1"], &["a.x Changed"]);
    // Two kinds may have outputs at one place.
    check(&["home a.x 1"], &["package a.x 1"], &["a.x Added", "a.x Removed"]);
    check(&["nixos a.x ?"], &["nixos a.x ?"], &[]);
}

#[test]
fn outputs_that_do_not() {
    check(&["nixos a.x !"], &["nixos a.x 1"], &["a.x BaseDoesNotEvaluate: nixos says no"]);
    check(&["nixos a.x 1"], &["nixos a.x !"], &["a.x Broken: nixos says no"]);
    check(&["nixos a.x !"], &["nixos a.x !"], &["a.x NeitherEvaluates: nixos says no: nixos says no"]);
    check(&[], &["nixos a.x !"], &["a.x Broken: nixos says no"]);
    check(&["nixos a.x !"], &[], &["a.x BaseDoesNotEvaluate: nixos says no"]);
}

#[test]
fn sets_that_cannot_be_looked_into() {
    check(
        &["set a !", "nixos b.y 1"],
        &["nixos a.x 1", "nixos b.y 1"],
        &["a.x BaseDoesNotEvaluate: set says no", "b.y Unchanged", "a BaseDoesNotEvaluate: set says no"],
    );
    check(&["nixos a.x 1"], &["set a !"], &["a.x Broken: set says no", "a Broken: set says no"]);
    let all = &["a.x BaseDoesNotEvaluate: flake says no", "outputs BaseDoesNotEvaluate: flake says no"];
    check(&["flake outputs !"], &["nixos a.x 1"], all);
    check(&["set a !"], &["set a !"], &["a NeitherEvaluates: set says no: set says no"]);
}

#[test]
fn outputs_with_another_name() {
    check(&["nixos a.x 1"], &["nixos a.y 1"], &["a.y Unchanged was a.x"]);
    check(&["nixos a.x 1"], &["home a.y 1"], &["a.y Added", "a.x Removed"]);
    check(&["nixos a.x 1"], &["nixos b.y 1"], &["b.y Added", "a.x Removed"]);
    let renamed = |was: &str, path: &str, expected: &[&str]| {
        check_files(&["nixos a.x 1"], &["nixos a.y 2"], &[(was, path)], expected);
    };
    renamed("hosts/x.nix", "hosts/y.nix", &["a.y Changed was a.x"]);
    renamed("hosts/x/default.nix", "hosts/y/default.nix", &["a.y Changed was a.x"]);
    renamed("hosts/x/disk.nix", "hosts/x/y.nix", &["a.y Added", "a.x Removed"]);
    renamed("hosts/z.nix", "hosts/y.nix", &["a.y Added", "a.x Removed"]);
    renamed("hosts/x.nix", "hosts/z.nix", &["a.y Added", "a.x Removed"]);
}
