//! The stand-in's own tests, `xtask/standin/tests`, on real Nix: every case that must be equal, and every case that must throw.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sandbox::{Ran, Sandbox, TestNix, ran};
use serde::Deserialize;

/// What the stand-in promises, each with the subject and a case that shows it.
const PROMISED: [(&str, &str, &str); 14] = [
    ("imports", "imports", "nested"),
    ("mkIf", "properties", "if-false-is-no-definition"),
    ("mkMerge", "properties", "merge"),
    ("mkForce", "properties", "force-beats-plain"),
    ("mkDefault", "properties", "plain-beats-default"),
    ("mkBefore and mkAfter", "properties", "before-and-after"),
    ("submodules", "submodules", "merged-from-two-modules"),
    ("types", "types", "str-is-no-int"),
    ("assertions", "assertions", "failed-assertions"),
    ("warnings", "assertions", "warnings-are-readable"),
    ("free-form configuration", "free-form", "declared-beside-undeclared"),
    ("conflicts that name both files", "conflicts", "conflict-names-both-files"),
    ("the same of undeclared options", "conflicts", "conflict-of-undeclared-names-both-files"),
    ("the same of a whole host", "hosts", "conflict-reaches-toplevel"),
];

/// Fewer cases than this were not all found; there are more by now.
const AT_LEAST: (usize, usize) = (200, 50);

/// Says of each case of `equal` what it came to; one that throws costs only itself.
const EQUAL: &str = r#"builtins.mapAttrs (_: case:
  let
    equal = builtins.tryEval (case.expr == case.expected);
    shown = value: let json = builtins.tryEval (builtins.toJSON value); in if json.success then json.value else "an error";
  in
  if equal.success && equal.value then null
  else { actual = shown case.expr; expected = shown case.expected; })"#;

#[derive(Deserialize)]
struct Differs {
    actual: String,
    expected: String,
}

/// One Nix and the tests.
struct Tests {
    sandbox: Sandbox,
    nix: PathBuf,
}

impl Tests {
    fn new(nix: TestNix) -> Self {
        Self { sandbox: Sandbox::new(nix), nix: nix.bin().join("nix") }
    }

    fn eval(&self, attribute: &str, apply: Option<&str>) -> Ran {
        let mut nix = self.sandbox.command(&self.nix);
        nix.args(["eval", "--json", "--file"]).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("standin/tests"));
        nix.args(apply.into_iter().flat_map(|apply| ["--apply", apply])).arg(attribute);
        ran(&mut nix)
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, attribute: &str, apply: Option<&str>) -> BTreeMap<String, T> {
        serde_json::from_str(&self.eval(attribute, apply).ends(0).stdout).unwrap()
    }
}

fn check(nix: TestNix) {
    let tests = Tests::new(nix);
    let names: BTreeMap<String, Vec<String>> = tests.read("names", None);
    let missing = PROMISED
        .iter()
        .filter(|(_, subject, case)| !names.get(*subject).is_some_and(|cases| cases.iter().any(|name| name == case)));
    let missing: Vec<_> = missing.map(|(promise, ..)| *promise).collect();
    assert!(missing.is_empty(), "no case shows {}", missing.join(", "));
    let empty: Vec<_> = names.iter().filter(|(_, cases)| cases.is_empty()).map(|(subject, _)| subject).collect();
    assert!(empty.is_empty(), "subjects without a case: {empty:?}");

    let equal: BTreeMap<String, Option<Differs>> = tests.read("equal", Some(EQUAL));
    let throws: BTreeMap<String, String> = tests.read("throws", Some("builtins.mapAttrs (_: case: case.message)"));
    let found = (equal.len(), throws.len());
    assert_eq!(found.0 + found.1, names.values().map(Vec::len).sum::<usize>(), "some cases were not read");
    assert!(found.0 >= AT_LEAST.0 && found.1 >= AT_LEAST.1, "suspiciously few cases: {found:?}");

    let mut failed = String::new();
    for (name, differs) in equal {
        if let Some(Differs { actual, expected }) = differs {
            write!(failed, "\n{name}:\n  expected {expected}\n  actual   {actual}").unwrap();
        }
    }
    failed.push_str(&wrongly_thrown(&tests, throws));
    assert!(failed.is_empty(), "{nix:?}:{failed}");
}

/// What is wrong with the cases that must throw: each costs a process, and two run at once.
fn wrongly_thrown(tests: &Tests, throws: BTreeMap<String, String>) -> String {
    let failed = Mutex::new(String::new());
    let cases = Mutex::new(throws.into_iter());
    let work = || {
        let next = || cases.lock().unwrap().next();
        while let Some((name, message)) = next() {
            let Ran { status, stdout, stderr } = tests.eval(&format!("throws.{name}.expr"), None);
            // Nix indents what follows the first line.
            let said: Vec<&str> = stderr.lines().map(str::trim).collect();
            let expected: Vec<&str> = message.lines().map(str::trim).collect();
            // An error of any kind would fit no words at all.
            let fits = !message.is_empty() && said.join("\n").contains(&expected.join("\n"));
            if status == 0 || !fits {
                let actual = if status == 0 { format!("no error but {stdout}") } else { stderr };
                write!(failed.lock().unwrap(), "\n{name}:\n  expected {message}\n  actual   {actual}").unwrap();
            }
        }
    };
    std::thread::scope(|scope| [scope.spawn(work), scope.spawn(work)].map(|worker| worker.join().unwrap()));
    failed.into_inner().unwrap()
}

#[test]
fn every_case_holds_on_the_distributions_nix() {
    check(TestNix::Distribution);
}

#[test]
fn every_case_holds_on_a_modern_nix() {
    check(TestNix::Modern);
}
