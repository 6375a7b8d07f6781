//! Logs of builds that are long, broken or hostile, on real Nix.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fleet;
mod sandbox;

use fleet::{flake, results};
use sandbox::{Sandbox, TestNix};

#[test]
fn a_log_of_a_hundred_thousand_lines() {
    for nix in TestNix::ALL {
        let sandbox = Sandbox::new(nix);
        let packages = r#"
            good = drv "good" "seq 1 100000; echo > $out";
            bad = drv "bad" "seq 1 100000; exit 1";"#;
        sandbox.write("flake.nix", &flake("", packages));
        let failed = sandbox.run(&["build", "--json"]).ends(1);
        let tail: Vec<String> = (99_976..=100_000).map(|number| number.to_string()).collect();
        assert_eq!(results(&failed)["bad"]["log_tail"], serde_json::json!(tail), "{nix:?}");
        assert_eq!(results(&failed)["good"]["status"], "built", "{nix:?}");
        assert!(failed.stderr.lines().count() < 100, "{nix:?}: {}", failed.stderr);
    }
}

/// Everything in it must neither end the run, nor reach a terminal or a GitHub runner as what it pretends to be.
const HOSTILE: &str = r#"
    bad = drv "bad" ''
      printf 'not UTF-8: \377\376.\n'
      printf '::error::forged\n'
      printf '  \t ::set-output name=a::forged\n'
      printf '##[error]forged\n'
      printf 'before ##[add-mask]forged\n'
      printf '\033[31mred\033[0m \033]0;title\007 bell\007\n'
      printf 'one\rtwo\n'
      printf 'start\r::error::forged\n'
      printf '\302\205::error::next line\n'
      exit 1
    '';
"#;

/// Fails the test if a GitHub runner would take a line of `text` for a command: one that begins with `::` after any white
/// space, or has a `##[` anywhere, whatever ends a line for it.
#[track_caller]
fn check_harmless(text: &str) {
    for line in text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "a command: {line:?}\nin\n{text}");
    }
    let control = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(control, None, "a control character in {text:?}");
}

#[test]
fn what_a_log_holds_commands_nobody() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        sandbox.set("GITHUB_ACTIONS", "true");
        sandbox.write("flake.nix", &flake("", HOSTILE));
        for arguments in [["build", "--json"], ["build", "--verbose"]] {
            let failed = sandbox.run(&arguments).ends(1);
            check_harmless(&failed.stderr);
            let failed = failed.says(&[
                "│ ## [error]forged",
                "not UTF-8: \u{fffd}\u{fffd}.",
                "::error::forged",
                "red  bell",
                "│ two",
            ]);
            if arguments[1] == "--verbose" {
                failed.says(&["bad> ::error::forged"]);
            } else {
                let tail = results(&failed)["bad"]["log_tail"].clone();
                assert_eq!(tail.as_array().unwrap().len(), 9, "{nix:?}");
                tail.as_array().unwrap().iter().for_each(|line| assert!(!line.as_str().unwrap().contains('\u{1b}')));
            }
        }
    }
}

#[test]
fn what_an_evaluation_says_commands_nobody() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        sandbox.set("GITHUB_ACTIONS", "true");
        let said = r#"first\n::error::forged\n  ::add-mask::forged\n##[add-mask]forged"#;
        let packages =
            format!(r#"throws = throw "{said}"; traces = builtins.trace "{said}" (drv "traces" "echo > $out");"#);
        sandbox.write("flake.nix", &flake("", &packages));
        for arguments in [["build", "--fresh"], ["build", "--verbose"]] {
            let failed = sandbox
                .run(&arguments)
                .ends(1)
                .says(&["throws: evaluation failed\n    at flake.nix:15\n    first\n", ": :error::forged"]);
            check_harmless(&failed.stderr);
        }
    }
}
