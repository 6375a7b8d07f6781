//! Every spelling of a call, and what is like one and none.

use super::*;

/// What this program gets from each call in `script`.
fn told(script: &str) -> Vec<String> {
    let text = "[alias]\nxtask = \"run --quiet --package xtask --\"\nx = ['xtask', '--quiet']\nb = 'build'\nloop = 'pool'\n\
                pool = 'loop'\nci = 'run -q -p xtask -- ci'\n";
    let aliases = aliases(text).unwrap();
    calls(script, &aliases, DEEPEST).into_iter().map(|call| call.words.join(" ").replace(UNKNOWN, "~")).collect()
}

#[test]
fn every_spelling_of_a_call_is_one() {
    let check = |script: &str, expected: &[&str]| assert_eq!(told(script), expected, "{script}");
    check("cargo xtask ci lock", &["ci lock"]);
    check("cargo +stable --locked --color never xtask ci lock", &["ci lock"]);
    check("CI=1 sudo /opt/bin/cargo xtask ci \"$JOB\" --plan", &["ci ~ --plan"]);
    check("cargo run -p xtask -- ci lock", &["ci lock"]);
    check("cargo run --package xtask --release ci lock", &["ci lock"]);
    check("cargo r --quiet --package=xtask -- ci lock", &["ci lock"]);
    check("cargo run -pxtask --profile dev -- --quiet ci", &["--quiet ci"]);
    check("cargo run --bin xtask -- ci", &["ci"]);
    check("cargo run --manifest-path ./xtask/Cargo.toml -- ci", &["ci"]);
    check("cargo run --package path+file:///work/xtask -- ci", &["ci"]);
    check("cargo x ci lock", &["--quiet ci lock"]);
    check("cargo ci lock && cargo b", &["ci lock"]);
    check("target/release/xtask ci; ./target/debug/xtask lock", &["ci", "lock"]);
    check("sudo -E env A=1 target/release/xtask ci", &["ci"]);
    check("sudo -u root target/release/xtask ci", &["ci"]);
    check("timeout --kill-after 5 20m target/release/xtask ci; time target/release/xtask lock", &["ci", "lock"]);
    check("nix run .#xtask -- ci lock", &["ci lock"]);
    check("nix --offline run --impure '.#packages.x86_64-linux.xtask' -- ci", &["ci"]);
    check("nix develop --command cargo xtask lock", &["lock"]);
    check("bash -euc 'cd a\ncargo xtask lock'", &["lock"]);
    check("if cargo xtask lock; then cargo x ci; fi", &["lock", "--quiet ci"]);
    check("cargo xtask \\\n  ci lock > log 2>&1", &["ci lock"]);
    check("cargo xtask", &[""]);
}

#[test]
fn what_only_the_shell_knows_hides_what_is_behind_it() {
    let check = |script: &str, expected: &[&str]| {
        let found = calls(script, &aliases("").unwrap(), DEEPEST);
        let told: Vec<String> = found.iter().map(|call| call.known().join(" ")).collect();
        assert_eq!(told, expected, "{script}");
    };
    check("cargo xtask ${{ matrix.command }} check", &[""]);
    check("cargo xtask \"$COMMAND\" --json", &[""]);
    check("cargo xtask ci --inputs \"$INPUTS\" lock", &["ci --inputs"]);
    check("cargo xtask ci --inputs=\"$INPUTS\" lock", &["ci"]);
    check("nix run .#xtask -- \"$X\" roundtrip", &[""]);
    check("cargo xtask lok \"$X\"", &["lok"]);
}

#[test]
fn what_only_looks_like_a_call_is_none() {
    let check = |script: &str| assert_eq!(told(script), [""; 0], "{script}");
    check("cargo run -p tool -- xtask ci");
    check("cargo run -- ci lok");
    check("cargo run --example xtask-like -- ci lok");
    check("cargo test -p xtask lok");
    check("cargo build --package xtask");
    check("cargo loop ci lok");
    check("cargo --version");
    check("cargo");
    check("cp target/release/xtask dist/");
    check("install -m 755 target/release/xtask /usr/local/bin/xtask");
    check("sudo install -m 755 target/release/xtask /usr/local/bin/xtask");
    check("sudo -E cp target/release/xtask dist/");
    check("sha256sum target/release/xtask LICENSE-MIT");
    check("strip target/release/xtask -o xtask");
    check("nix run ./other -- lok");
    check("ls .cargo xtask lok");
    check("ls xtask lok");
    check("echo cargo xtask lok");
    check("printf '%s' 'cargo xtask lok'");
    check("# cargo xtask lok");
    check("cat <<EOF\ncargo xtask lok\nEOF");
    check("nix run github:a/b#xtask -- lok");
    check("nix run .#tool -- xtask lok");
    check("nix run .#xtask");
}

#[test]
fn an_alias_that_leads_elsewhere_is_another_program() {
    let told = |text: &str| calls("cargo xtask lok", &aliases(text).unwrap(), DEEPEST).len();
    assert_eq!(told("[alias]\nxtask = 'run --package tool --'\n"), 0);
    assert_eq!(told("[build]\njobs = 1\n"), 1);
    assert_eq!(told(""), 1);
    assert!(aliases("[alias]\nxtask = 1\n").is_err());
}
