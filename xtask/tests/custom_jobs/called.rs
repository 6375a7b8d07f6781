//! Which jobs can be called by their names, and which are left out.

use crate::sandbox::TestNix;
use crate::{GREEN, ci, place};

#[test]
fn only_jobs_that_are_there_can_be_called_or_left_out() {
    let sandbox = place(TestNix::Modern, &format!("{GREEN}[ci.jobs.lock]\nenabled = false\n"));
    let unknown = "error: no job is called `deplyo`: did you mean `deploy`? There are bootstrap, cache-policy, ";
    for arguments in [&["deplyo"][..], &["--skip", "deplyo"], &["--plan", "deplyo"]] {
        ci(&sandbox, arguments).ends(2).says(&[unknown]);
    }
    ci(&sandbox, &["lock"]).ends(2).says(&["the job `lock` is switched off: xtask.toml:15 says `enabled = false`"]);
    let plan = ci(&sandbox, &["--plan", "--skip", "lock,other"]).ends(0).stdout;
    let plan: Vec<String> = plan.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in ["lock check once (switched off by xtask.toml:15)", "other check once (skipped as asked)"] {
        assert!(plan.iter().any(|other| other == line), "{plan:?}");
    }
    assert_eq!(plan.last().unwrap(), "deploy publish once the app `deploy` of the flake succeeds");
    ci(&sandbox, &["read"]).ends(0).says(&["- lock: skipped: switched off by xtask.toml:15"]);
    sandbox.write("xtask.toml", "[ci.jobs.a]\ncommand = ['x']\nneeds = ['b']\n");
    ci(&sandbox, &[]).ends(2).says(&["error: xtask.toml:3:10: no job is called `b`"]);
    assert!(!sandbox.path("state/report/report.json").exists());
}
