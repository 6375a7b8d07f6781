//! Jobs that keep the push back where one machine has everything, and come behind it on GitHub.

use std::fs;

use super::place;
use super::sandbox::{Sandbox, TestNix};

fn workflow(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.repository().join(".github/workflows/ci.yaml")).unwrap()
}

#[test]
fn what_fails_behind_the_push_on_github_is_told() {
    let job = |rest: &str| format!("[ci.jobs.smoke]\nphase = 'verify'\nneeds = ['build']\ncommand = ['x']\n{rest}");
    let said = "`smoke` needs what machines of each system do, and runs on one machine for all.";
    let sandbox = place(TestNix::Modern, &job(""));
    sandbox.run(&["workflow", "generate"]).ends(0).says(&[said, "With `per_system = true` it runs on them"]);
    let comment = "  # Phase `verify`: `x` succeeds. The build has pushed by then: what fails here keeps nothing back.\n  smoke:\n";
    assert!(workflow(&sandbox).contains(comment));
    let plan = |sandbox: &Sandbox| sandbox.run(&["ci", "--plan"]).ends(0).stdout;
    assert!(plan(&sandbox).contains(said));
    let json = sandbox.run(&["ci", "--plan", "--json"]).ends(0).stdout;
    assert_eq!(json.matches("\"after_push_on_github\": true").count(), 1);
    assert!(!sandbox.run(&["ci", "lock", "--plan"]).ends(0).stdout.contains(said));
    let on_github = "on GitHub  on one machine, after what it needs is pushed";
    assert!(sandbox.run(&["ci", "--explain", "smoke"]).ends(0).stdout.contains(on_github));
    sandbox.write("xtask.toml", &job("per_system = true\n"));
    let ran = sandbox.run(&["workflow", "generate"]).ends(0);
    assert!(!ran.stderr.contains(said) && !plan(&sandbox).contains(said), "{}", ran.stderr);
    let text = workflow(&sandbox);
    let at = |step: &str| text.find(&format!("      - name: Run `{step}`\n")).unwrap();
    assert!(at("build") < at("smoke") && at("smoke") < at("cache-push") && !text.contains("\n  smoke:\n"));
    let step = "- name: Run `smoke`\n        if: ${{ matrix.first && (!inputs.job || inputs.job == 'all' || inputs.job == 'smoke') }}\n";
    assert!(text.contains(step), "{text}");
}
