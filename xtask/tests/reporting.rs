//! What `cargo xtask ci` leaves and says for people: the page, the trace, the history, and what GitHub's runner reads.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;

use sandbox::{Ran, Sandbox, TestNix};
use serde_json::Value;

const TOKEN: &str = "ghs_0123456789abcdef";

/// A flake of two packages, of which one fails after its log has said what would be commands of GitHub's runner.
fn fleet(fails: bool) -> Sandbox {
    let sandbox = Sandbox::new(TestNix::Modern);
    let says = "echo ::add-mask::borea; echo '  ::set-output name=a::b'; echo 'x ##[error]c'; echo '::endgroup::'";
    let script = if fails { format!("{says}; exit 3") } else { format!("{says}; echo > $out") };
    let package = |name: &str, script: &str| {
        format!(
            "{name} = derivation {{ name = \"{name}\"; system = \"x86_64-linux\"; builder = \"/bin/sh\"; \
             args = [ \"-c\" \"{script}\" ]; }};"
        )
    };
    let packages = [package("atlas", "echo > $out"), package("borea", &script)].concat();
    sandbox
        .write("flake.nix", &format!("{{ outputs = {{ self }}: {{ packages.x86_64-linux = {{ {packages} }}; }}; }}"));
    sandbox
}

fn ci(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.run(&[&["ci", "build"], arguments].concat())
}

fn text(sandbox: &Sandbox, path: &str) -> String {
    fs::read_to_string(sandbox.path(path)).unwrap()
}

/// The complete events of a trace, as `category name`, and what else must hold of them.
fn events(trace: &str) -> Vec<String> {
    let trace: Value = serde_json::from_str(trace).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let complete: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
    let end = |event: &Value| event["ts"].as_u64().unwrap() + event["dur"].as_u64().unwrap();
    for (at, event) in complete.iter().enumerate() {
        // On one thread nothing overlaps, and each thread has a name.
        let same = |other: &&&Value| other["pid"] == event["pid"] && other["tid"] == event["tid"];
        let later = complete[at + 1..].iter().filter(same);
        assert!(later.clone().all(|later| later["ts"].as_u64().unwrap() >= end(event)), "{trace}");
        let named = |other: &Value| other["name"] == "thread_name" && same(&&other);
        assert!(events.iter().any(named), "{trace}");
    }
    let mut names: Vec<String> = complete
        .iter()
        .map(|event| format!("{} {}", event["cat"].as_str().unwrap(), event["name"].as_str().unwrap()))
        .collect();
    names.sort();
    names
}

#[test]
fn a_trace_holds_everything_that_was_at_work() {
    let sandbox = fleet(false);
    ci(&sandbox, &["--trace", "made/out.json"]).ends(0);
    let expected = [
        "build atlas",
        "build borea",
        "discovery names of outputs",
        "evaluation package:atlas (x86_64-linux)",
        "evaluation package:borea (x86_64-linux)",
        "job bootstrap",
        "job build",
    ];
    assert_eq!(events(&fs::read_to_string(sandbox.repository().join("made/out.json")).unwrap()), expected);
    sandbox.run(&["build", "--fresh", "--trace", "made/out.json"]).ends(0);
    assert_eq!(events(&fs::read_to_string(sandbox.repository().join("made/out.json")).unwrap()), expected[2..5]);
    sandbox
        .run(&["build", "--trace", "/dev/null/out.json"])
        .ends(2)
        .says(&["write the trace: write `/dev/null/out.json`"]);
}

#[test]
fn a_trace_shows_jobs_that_run_side_by_side_on_threads_of_their_own() {
    let sandbox = fleet(false);
    // They begin when they can, and take longer than it takes to begin them all.
    let job = |name: &str| format!("[ci.jobs.{name}]\ncommand = [\"sleep\", \"2\"]\n");
    sandbox.write("xtask.toml", &format!("{}{}", job("one"), job("other")));
    sandbox.run(&["ci", "one", "other", "--trace", "made/out.json"]).ends(0);
    let trace = fs::read_to_string(sandbox.repository().join("made/out.json")).unwrap();
    let jobs = events(&trace);
    assert!(["job one", "job other"].iter().all(|name| jobs.iter().any(|job| job == name)), "{jobs:?}");
    let trace: Value = serde_json::from_str(&trace).unwrap();
    let time = |name: &str| {
        let event = trace["traceEvents"].as_array().unwrap().iter().find(|event| event["name"] == name).unwrap();
        let begins = event["ts"].as_u64().unwrap();
        (begins, begins + event["dur"].as_u64().unwrap())
    };
    let ((one, one_ends), (other, other_ends)) = (time("one"), time("other"));
    assert!(one < other_ends && other < one_ends, "{trace}");
    assert!(fs::read_to_string(sandbox.path("state/report/report.html")).unwrap().contains("other"));
}

#[test]
fn past_runs_tell_how_long_it_takes_and_what_has_changed() {
    let sandbox = fleet(false);
    assert!(!ci(&sandbox, &["--plan"]).ends(0).stdout.contains("usually"));
    ci(&sandbox, &[]).ends(0);
    let plan = ci(&sandbox, &["--plan"]).ends(0).stdout;
    let usual = |word: &str| plan.lines().any(|line| line.starts_with(word) && line.contains("  usually "));
    assert!(usual("build") && usual("bootstrap") && !usual("lock"), "{plan}");
    let plan: Value = serde_json::from_str(&ci(&sandbox, &["--plan", "--json"]).ends(0).stdout).unwrap();
    let jobs = plan["jobs"].as_array().unwrap();
    let build = jobs.iter().find(|job| job["name"] == "build").unwrap();
    assert!(build["usual_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{build}");
    // Of another part of the fleet nothing is known yet.
    assert!(!ci(&sandbox, &["--plan", "--only", "package:atlas"]).ends(0).stdout.contains("usually"));

    let flake = fs::read_to_string(sandbox.repository().join("flake.nix")).unwrap();
    sandbox.write("flake.nix", &flake.replacen("echo > $out", "echo much larger than it was > $out", 1));
    ci(&sandbox, &[]).ends(0);
    assert_eq!(text(&sandbox, "state/history.jsonl").lines().count(), 2);
    let summary = text(&sandbox, "state/report/summary.md");
    assert!(summary.lines().any(|line| line.contains("atlas") && line.contains("| +")), "{summary}");
    let page = text(&sandbox, "state/report/report.html");
    for expected in ["<h1>Everything is in order</h1>", "Timeline", "<h2>Past runs</h2>", "evaluation package:atlas"] {
        assert!(page.contains(expected), "{expected}");
    }
    // A history that cannot be kept costs a warning.
    fs::remove_file(sandbox.path("state/history.jsonl")).unwrap();
    fs::create_dir(sandbox.path("state/history.jsonl")).unwrap();
    ci(&sandbox, &[]).ends(0).says(&["! keep what this run took: write `"]);
}

#[test]
fn a_log_commands_no_runner_and_what_failed_is_not_folded() {
    let mut sandbox = fleet(true);
    let summary = sandbox.path("summary.md");
    fs::write(&summary, "earlier\n").unwrap();
    sandbox.set("GITHUB_STEP_SUMMARY", summary.to_str().unwrap());
    sandbox.set("GITHUB_ACTIONS", "true");
    sandbox.set("GITHUB_TOKEN", TOKEN);
    let flake = fs::read_to_string(sandbox.repository().join("flake.nix")).unwrap();
    let thrown = "cirrus = throw \"gone\\n::add-mask::borea\\n  ::set-output name=a::b\"; borea";
    sandbox.write("flake.nix", &flake.replacen("borea", thrown, 1));
    let ran = sandbox.run(&["--verbose", "ci", "build"]).ends(1);
    let lines: Vec<&str> = ran.stderr.split(['\n', '\r']).collect();
    let commands: Vec<&str> = lines.iter().copied().filter(|line| line.trim_start().starts_with("::")).collect();
    // The mask comes before everything else, and the token is in no other line.
    assert_eq!(lines[0], format!("::add-mask::{TOKEN}"));
    let word = |command: &&str| command.trim_start_matches(':').split([':', ' ']).next().unwrap().to_owned();
    let words: Vec<String> = commands.iter().map(word).collect();
    assert_eq!(words.iter().filter(|word| *word == "add-mask").count(), 1, "{commands:#?}");
    let known = ["add-mask", "group", "endgroup", "error"];
    assert!(words.iter().all(|word| known.contains(&word.as_str())), "{commands:#?}");
    for said in [": :add-mask::borea", ": :set-output name=a::b", "x ## [error]c", "> ::endgroup::"] {
        assert!(lines.iter().any(|line| line.contains(said)), "{said}: {}", ran.stderr);
    }
    let mut open = false;
    for line in &lines {
        match *line {
            line if line.starts_with("::group::") => {
                assert!(!std::mem::replace(&mut open, true), "nested: {}", ran.stderr)
            }
            "::endgroup::" => assert!(std::mem::replace(&mut open, false), "not open: {}", ran.stderr),
            line if line.starts_with('✗') => assert!(!open, "folded: {line}"),
            _ => {}
        }
    }
    assert!(!open && words.iter().any(|word| word == "group"), "{}", ran.stderr);

    let summary = fs::read_to_string(summary).unwrap();
    let (before, after) = summary.split_once("## ❌ build failed").unwrap();
    assert_eq!(before, "earlier\n");
    let at = |text: &str| after.find(text).unwrap_or_else(|| panic!("{text}: {after}"));
    assert!(at("### Failed") < at("| job | result |") && at("| job | result |") < at("| output | kind |"));
    assert!(at("linux.borea</code> | package") < at("linux.atlas</code> | package"));
}

#[test]
fn a_summary_that_github_would_not_take_is_cut_to_its_verdict() {
    let mut sandbox = fleet(false);
    let summary = sandbox.path("summary.md");
    fs::write(&summary, "x".repeat(1 << 20)).unwrap();
    sandbox.set("GITHUB_STEP_SUMMARY", summary.to_str().unwrap());
    ci(&sandbox, &[]).ends(0);
    let added = fs::read_to_string(summary).unwrap().split_off(1 << 20);
    assert!(added.starts_with("## ✅ ") && added.contains("The rest is in the report."), "{added}");
    sandbox.set("GITHUB_STEP_SUMMARY", "/dev/null/summary");
    ci(&sandbox, &[]).ends(2).says(&["write the summary to `/dev/null/summary`, which $GITHUB_STEP_SUMMARY names"]);
}

#[test]
fn a_token_is_in_no_log_no_report_and_no_file_of_a_log() {
    let mut sandbox = fleet(true);
    let flake = fs::read_to_string(sandbox.repository().join("flake.nix")).unwrap();
    sandbox.write("flake.nix", &flake.replace("exit 3", &format!("echo leaked {TOKEN}; exit 3")));
    sandbox.set("MY_CACHE_TOKEN", TOKEN);
    let shown = |sandbox: &Sandbox| {
        let ran = sandbox.run(&["--verbose", "ci", "build", "--json"]).ends(1);
        assert!(ran.stderr.contains("leaked ***"), "{}", ran.stderr);
        ran
    };
    let ran = shown(&sandbox);
    assert!(!ran.stderr.contains(TOKEN) && !ran.stdout.contains(TOKEN), "{ran:?}");
    for name in ["report.json", "junit.xml", "summary.md", "report.html"] {
        let report = text(&sandbox, &format!("state/report/{name}"));
        assert!(report.contains("leaked ***") && !report.contains(TOKEN), "{name}");
    }
    // On GitHub it is named once, to the runner; and not at all where a file takes the place of the runner.
    sandbox.set("GITHUB_ACTIONS", "true");
    assert_eq!(shown(&sandbox).stderr.matches(TOKEN).count(), 1);
    let log = sandbox.path("log");
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_xtask"));
    command.args(["ci", "build"]).stderr(fs::File::create(&log).unwrap());
    assert_eq!(command.status().unwrap().code(), Some(1));
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("leaked ***") && !log.contains(TOKEN), "{log}");
}
