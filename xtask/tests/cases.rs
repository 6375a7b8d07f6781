//! The cases of every rule: `cases/RULE/CASE/` is laid over a copy of this repository's fleet, and `cargo xtask RULE` must find what
//! its `expected` says, word for word, and nothing else.
//!
//! A case is a folder: `expected` (what is found; empty for a clean case), and any of `tree/` (files that replace or add to the
//! fleet's), `removed` (files of the fleet that are not there, one a line), `untracked` (files that git is not told of, one a line)
//! and `arguments` (the whole command line, one argument a line).
//! `UPDATE_EXPECT=1 cargo test --test cases` writes every `expected`.

// What goes wrong in a helper fails the test.
#![allow(clippy::panic, clippy::unwrap_used)]

mod sandbox;

use std::fs;
use std::path::{Path, PathBuf};

use sandbox::{Sandbox, TestNix};

/// The parts of this repository that are its fleet.
const FLEET: [&str; 13] = [
    ".envrc",
    ".github",
    ".sops.yaml",
    "configurations",
    "flake.lock",
    "flake.nix",
    "justfile",
    "modules",
    "nix",
    "overlays",
    "packages",
    "secrets",
    "xtask.toml",
];

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn folder() -> PathBuf {
    workspace().join("xtask/tests/cases")
}

/// The lines of a case's file of that name; none if it has no such file.
fn lines(case: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(case.join(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Copies what is below `from` (a file or a folder) to `to`, without what `removed` names; symbolic links stay what they are.
fn lay(from: &Path, to: &Path, removed: &[PathBuf]) {
    let entries = walkdir::WalkDir::new(from).into_iter().map(Result::unwrap);
    for entry in entries.filter(|entry| !entry.file_type().is_dir()) {
        let below = entry.path().strip_prefix(from).unwrap();
        let target = if below.as_os_str().is_empty() { to.to_owned() } else { to.join(below) };
        if removed.contains(&target) {
            continue;
        }
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::remove_file(&target).ok();
        if entry.file_type().is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), &target).unwrap();
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The lock file as if what it pins had changed today, so that no case ages; what was old before there was a fleet stays old.
fn as_new(lock: &str) -> String {
    const KEY: &str = "\"lastModified\": ";
    const OLD: u64 = 1_700_000_000;
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let renewed = |line: &str| {
        let (before, modified) = line.split_once(KEY)?;
        let modified: u64 = modified.trim_end_matches(',').parse().unwrap();
        (modified > OLD).then(|| format!("{before}{KEY}{now}{}", if line.ends_with(',') { "," } else { "" }))
    };
    lock.lines().map(|line| renewed(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

/// `line` without the number of days that something is old.
fn ageless(line: &str) -> String {
    let Some((before, after)) = line.split_once(" days old") else { return line.to_owned() };
    format!("{}N days old{after}", before.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// What the command finds in a case, and how it ends.
fn found(rule: &str, case: &Path) -> String {
    let mut sandbox = Sandbox::new(TestNix::Modern);
    sandbox.set("XTASK_INPUTS", "standin");
    let repository = sandbox.repository();
    let removed: Vec<PathBuf> = lines(case, "removed").iter().map(|path| repository.join(path)).collect();
    for part in FLEET {
        lay(&workspace().join(part), &repository.join(part), &removed);
    }
    if case.join("tree").is_dir() {
        lay(&case.join("tree"), &repository, &[]);
    }
    if let Ok(lock) = fs::read_to_string(repository.join("flake.lock")) {
        fs::write(repository.join("flake.lock"), as_new(&lock)).unwrap();
    }
    sandbox.git(&repository, &["add", "--all", "--force"]);
    for path in lines(case, "untracked") {
        sandbox.git(&repository, &["rm", "--quiet", "--cached", "--", &path]);
    }
    let arguments = lines(case, "arguments");
    let ran = match arguments.is_empty() {
        true => sandbox.run(&[rule]),
        false => sandbox.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()),
    };
    let finding = |line: &&str| ["✗ ", "! ", "    ", "error: "].iter().any(|start| line.starts_with(start));
    // Verdicts hold times.
    let verdicts = [format!("✗ {rule}: "), "✗ ci: ".to_owned()];
    let verdict = |line: &&str| verdicts.iter().any(|verdict| line.starts_with(verdict));
    let told: Vec<&str> = ran.stderr.lines().filter(finding).filter(|line| !verdict(line)).collect();
    let root = repository.display().to_string();
    let told: String = told.iter().map(|line| format!("{}\n", ageless(&line.replace(&root, "REPOSITORY")))).collect();
    let failed = told.lines().any(|line| line.starts_with('✗'));
    let as_told = ran.status == i32::from(failed);
    if as_told { told } else { format!("{told}exit status: {}\n", ran.status) }
}

/// Every case of `rule`; at least one must be clean and one must not.
fn cases(rule: &str) {
    let mut cases: Vec<PathBuf> =
        fs::read_dir(folder().join(rule)).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let mut wrong = Vec::new();
    let (mut clean, mut faulty) = (0, 0);
    for case in &cases {
        let found = found(rule, case);
        let file = case.join("expected");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&file, &found).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if expected.is_empty() {
            clean += 1
        } else {
            faulty += 1
        }
        if found != expected {
            wrong.push(format!("{}\nexpected:\n{expected}found:\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(clean > 0 && faulty > 0, "{rule}: {clean} clean cases and {faulty} others prove nothing");
}

#[test]
fn activation() {
    cases("activation");
}

#[test]
fn cache_config() {
    cases("cache-config");
}

#[test]
fn config() {
    cases("config");
}

#[test]
fn secrets() {
    cases("secrets");
}

#[test]
fn lock() {
    cases("lock");
}

#[test]
fn autowiring() {
    cases("autowiring");
}

#[test]
fn independence() {
    cases("independence");
}
