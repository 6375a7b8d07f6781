//! The invariants of `ARCHITECTURE.md` that a program can check, each with a case that it must reject.

// What goes wrong here fails the test.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// The longest a Rust file may be.
const LONGEST: usize = 300;
/// The longest the table of contents may be.
const LONGEST_MAIN: usize = 60;
/// The folders that decide by what they are handed.
const PURE: [&str; 5] = ["src/rules/", "src/ci/", "src/diff/", "src/fleet/", "src/push_policy/"];
/// What the pure folders do not touch.
const IMPURE: [&str; 19] = [
    "std::fs",
    "std::process",
    "std::env",
    "std::net",
    "crate::age",
    "crate::bootstrap",
    "crate::commands",
    "crate::context",
    "crate::debian",
    "crate::files",
    "crate::github",
    "crate::git",
    "crate::network",
    "crate::nix",
    "crate::process",
    "crate::recipes",
    "crate::sops",
    "crate::standin",
    "crate::wheel",
];
/// Nix's programs, where they are called; `"nix"` alone is also the name of a step and the end of a file name.
const NIX_PROGRAMS: [&str; 9] = [
    "Command::new(\"nix",
    "which(\"nix",
    "\"nix-build\"",
    "\"nix-channel\"",
    "\"nix-collect-garbage\"",
    "\"nix-env\"",
    "\"nix-instantiate\"",
    "\"nix-shell\"",
    "\"nix-store\"",
];

/// Everything wrong with the Rust file at `path` (relative to `xtask/`) that holds `text`.
fn faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |line: usize, what: &str| faults.push(format!("{path}:{line}: {what}"));
    let lines = text.lines().count();
    let longest = if path == "src/main.rs" { LONGEST_MAIN } else { LONGEST };
    if lines > longest {
        fault(lines, &format!("longer than {longest} lines: split it along a seam that has a name"));
    }
    if !text.starts_with("//! ") {
        fault(1, "does not open with what it alone is responsible for (`//! …`)");
    }
    let is_source = path.starts_with("src/");
    let is_pure = PURE.iter().any(|folder| path.starts_with(folder));
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        if line.starts_with("#[ignore") && path != "tests/tidy.rs" {
            fault(number, "an ignored test proves nothing");
        }
        let in_client = path.starts_with("binary-cache/src/") && !line.starts_with("//");
        if in_client && !path.starts_with("binary-cache/src/store/") && line.contains(".command(\"nix") {
            fault(number, "only `store/` of the client spells a Nix command");
        }
        if in_client && is_impure_in_the_client(path, line) {
            fault(number, "what a push would do is decided from facts alone");
        }
        if !is_source || line.starts_with("//") {
            continue;
        }
        if is_pure && let Some(impure) = IMPURE.iter().find(|impure| line.contains(**impure)) {
            fault(number, &format!("`{impure}` in a pure folder"));
        }
        if !path.starts_with("src/nix/") && NIX_PROGRAMS.iter().any(|program| line.contains(program)) {
            fault(number, "only `nix/` spells a Nix command");
        }
        let prints = ["io::stdout", "io::stderr", "anstream::std", "anstream::eprint", "println!"];
        let redirects = line.contains(".stdout(") || line.contains(".stderr(");
        if !path.starts_with("src/report/") && !redirects && prints.iter().any(|print| line.contains(print)) {
            fault(number, "only `report/` prints");
        }
        if line.contains("process::exit") || line.contains("process::abort") {
            fault(number, "only `main` ends the process, by returning");
        }
    }
    faults
}

/// Whether `line` of the client's pure folders does something.
fn is_impure_in_the_client(path: &str, line: &str) -> bool {
    let is_pure =
        ["binary-cache/src/plan/", "binary-cache/src/upload/schedule/"].iter().any(|pure| path.starts_with(pure));
    is_pure
        && ["std::fs", "std::process", "std::env", "crate::backend", "crate::transport"]
            .iter()
            .any(|it| line.contains(it))
}

/// Everything wrong with a subcommand: its file must open with the sentence that is its help.
fn command_faults(path: &str, text: &str) -> Vec<String> {
    let Some(sentence) = text.lines().next().and_then(|line| line.strip_prefix("//! ")) else { return Vec::new() };
    let help = format!("/// {sentence}\n#[derive(Debug, clap::Args)]\n");
    let said = text.contains(&help);
    if said { Vec::new() } else { vec![format!("{path}:1: `Args` is not documented with the file's own sentence")] }
}

/// Every dependency in a Cargo.toml without a line that says what it is for.
fn dependency_faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut in_dependencies, mut before) = (false, "");
    for line in text.lines() {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
        } else if in_dependencies && !line.is_empty() && !line.starts_with('#') && !before.starts_with('#') {
            let name = line.split([' ', '=']).next().unwrap_or_default();
            faults.push(format!("Cargo.toml: nothing says what `{name}` is for"));
        }
        before = line;
    }
    faults
}

fn xtask() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Path relative to `xtask/`, and text, of every Rust file.
fn rust_files() -> Vec<(String, String)> {
    let folders = ["src", "tests", "benches", "binary-cache", "cache-protocol", "secret-patterns"]
        .map(|folder| xtask().join(folder));
    let files = folders.iter().flat_map(walkdir::WalkDir::new).map(Result::unwrap);
    let rust = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "rs"));
    rust.map(|file| {
        let path = file.path().strip_prefix(xtask()).unwrap().display().to_string();
        (path, fs::read_to_string(file.path()).unwrap())
    })
    .collect()
}

/// The words of the subcommands: the files and folders of `commands`.
fn subcommands() -> Vec<(String, String)> {
    let entries = fs::read_dir(xtask().join("src/commands")).unwrap().map(|entry| entry.unwrap().path());
    let mut commands: Vec<(String, String)> = entries
        .filter(|path| path.file_name().is_some_and(|name| name != "mod.rs"))
        .map(|path| {
            let file = if path.is_dir() { path.join("mod.rs") } else { path.clone() };
            (path.file_stem().unwrap().display().to_string().replace('_', "-"), fs::read_to_string(file).unwrap())
        })
        .collect();
    commands.sort();
    commands
}

#[test]
fn the_tree_is_tidy() {
    let mut found: Vec<String> = rust_files().iter().flat_map(|(path, text)| faults(path, text)).collect();
    let commands = subcommands();
    found.extend(commands.iter().flat_map(|(word, text)| command_faults(&format!("src/commands/{word}"), text)));
    for crate_folder in [".", "binary-cache", "cache-protocol", "secret-patterns"] {
        let manifest = format!("{crate_folder}/Cargo.toml");
        found.extend(dependency_faults(&fs::read_to_string(xtask().join(manifest)).unwrap()));
    }
    let readme = fs::read_to_string(xtask().join("../README.md")).unwrap();
    let unnamed = commands.iter().filter(|(word, _)| !readme.contains(&format!("cargo xtask {word}")));
    found.extend(unnamed.map(|(word, _)| format!("README.md: `cargo xtask {word}` is not mentioned")));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn each_invariant_can_be_broken() {
    let check = |path: &str, text: &str, expected: &[&str]| {
        let found = faults(path, text);
        let found: Vec<&str> = found.iter().map(|fault| fault.split(": ").nth(1).unwrap()).collect();
        assert_eq!(found, expected, "{path}");
    };
    let long = format!("//! A.\n{}", "\n".repeat(LONGEST));
    check("src/a.rs", &long, &["longer than 300 lines"]);
    check("src/main.rs", &long, &["longer than 60 lines"]);
    check("src/a.rs", "use a;\n", &["does not open with what it alone is responsible for (`//! …`)"]);
    check("tests/a.rs", "//! A.\n#[ignore = \"slow\"]\n", &["an ignored test proves nothing"]);
    check("src/rules/a.rs", "//! A.\nuse std::fs;\nuse crate::fleet::Place;\n", &["`std::fs` in a pure folder"]);
    check("src/diff/a.rs", "//! A.\nuse crate::git::Checkout;\n", &["`crate::git` in a pure folder"]);
    check("src/ci/a.rs", "//! A.\nuse crate::nix::Nix;\n", &["`crate::nix` in a pure folder"]);
    check("src/push_policy/a.rs", "//! A.\nuse crate::github;\n", &["`crate::github` in a pure folder"]);
    check("src/push_policy/a.rs", "//! A.\nstd::env::var(\"CI\");\n", &["`std::env` in a pure folder"]);
    check("src/a.rs", "//! A.\nCommand::new(\"nix-store\");\n", &["only `nix/` spells a Nix command"]);
    check("src/nix/a.rs", "//! A.\nCommand::new(\"nix-store\");\n", &[]);
    check("src/a.rs", "//! A.\nstd::io::stdout();\n", &["only `report/` prints"]);
    check("src/report/a.rs", "//! A.\nanstream::stdout();\n", &[]);
    check(
        "binary-cache/src/a.rs",
        "//! A.\nself.command(\"nix\");\n",
        &["only `store/` of the client spells a Nix command"],
    );
    check("binary-cache/src/store/a.rs", "//! A.\nself.command(\"nix\");\n", &[]);
    check(
        "binary-cache/src/plan/a.rs",
        "//! A.\nuse crate::backend::Backend;\n",
        &["what a push would do is decided from facts alone"],
    );
    check("binary-cache/src/plan/a.rs", "//! A.\nuse crate::store_path;\n", &[]);
    check("src/a.rs", "//! A.\nstd::process::exit(1);\n", &["only `main` ends the process, by returning"]);
    let args = "#[derive(Debug, clap::Args)]\npub struct Args {";
    assert_eq!(command_faults("c", &format!("//! Do it\n/// Do it\n{args}")).len(), 0);
    assert_eq!(command_faults("c", &format!("//! Do it\n/// Do that\n{args}")).len(), 1);
    assert_eq!(dependency_faults("[dependencies]\n# why\na = \"1\"\nb = \"1\"\n").len(), 1);
}
