//! Code of strangers where secrets are, and what is like it and none.

use super::{COMMIT, WORKFLOW, check, told, workflow};

#[test]
fn code_of_strangers() {
    let step = |on: &str, step: &str| workflow(on, &format!("    steps:\n      - {step}"));
    let head = format!(
        "uses: actions/checkout@{COMMIT} # v5\n        with:\n          ref: ${{{{ github.event.pull_request.head.sha }}}}"
    );
    let fault = "runs with the repository's secrets";
    check(WORKFLOW, &step("pull_request_target", &head), &[(9, fault)]);
    check(WORKFLOW, &step("[pull_request_target]", &head), &[(9, fault)]);
    check(WORKFLOW, &step("pull_request", &head), &[]);
    check(WORKFLOW, &step("pull_request_target", &format!("uses: actions/checkout@{COMMIT} # v5")), &[]);
    check(WORKFLOW, &step("workflow_run", "run: gh pr checkout \"$NUMBER\""), &[(7, fault)]);
    check(WORKFLOW, &step("pull_request", "run: gh pr checkout \"$NUMBER\""), &[]);
    // The folder, by way of git: a pull request by its number, a commit by a variable, or written into the script.
    let git = |script: &str| {
        step(
            "pull_request_target",
            &format!("env: {{A: '${{{{ github.head_ref }}}}'}}\n        run: |\n          {script}"),
        )
    };
    for script in [
        "git fetch origin pull/1/head:x && git checkout x",
        "git fetch origin \"pull/$NUMBER/merge\"; git -C . switch --detach FETCH_HEAD",
        "git checkout \"$A\"",
        "git pull origin refs/pull/1/merge",
    ] {
        check(WORKFLOW, &git(script), &[(9, fault)]);
    }
    let inline = told(WORKFLOW, &git("git reset --hard ${{ github.event.pull_request.head.sha }}"), &[]);
    assert!(inline.iter().any(|told| told.starts_with("9: ") && told.contains(fault)), "{inline:?}");
    for script in
        ["git fetch origin pull/1/head && git diff HEAD FETCH_HEAD", "git log $A", "git checkout main; echo $A"]
    {
        check(WORKFLOW, &git(script), &[]);
    }
    let indirect = format!(
        "env: {{A: '${{{{ github.head_ref }}}}'}}\n        uses: actions/checkout@{COMMIT} # v5\n        with:\n          ref: ${{{{ env.A }}}}"
    );
    check(WORKFLOW, &step("workflow_run", &indirect), &[(10, fault)]);
    // Only what is the repository's own.
    let own = |condition: &str| workflow("workflow_run", &format!("    if: {condition}\n    steps:\n      - {head}"));
    for condition in [
        "github.event.workflow_run.event == 'push'",
        "${{ github.event.workflow_run.head_repository.full_name == github.repository && success() }}",
        "github.event.pull_request.head.repo.full_name == github.repository",
        "github.event_name == 'push'",
    ] {
        check(WORKFLOW, &own(condition), &[]);
    }
    for condition in [
        "github.event.workflow_run.head_branch == 'main'",
        "github.event.workflow_run.event == 'push' || true",
        "contains(github.event.pull_request.labels.*.name, 'safe')",
    ] {
        check(WORKFLOW, &own(condition), &[(10, fault)]);
    }
    let both = |condition: &str| own(condition).replace("on: workflow_run", "on: [workflow_run, pull_request_target]");
    for condition in [
        "${{ !(github.event_name == 'push') }}",
        "${{ !github.event.pull_request.head.repo.fork }}",
        "github.event.pull_request.head.repo.fork == false",
        "github.event_name != 'pull_request_target'",
    ] {
        check(WORKFLOW, &both(condition), &[(10, fault)]);
    }
    check(WORKFLOW, &own("${{ !(github.event_name == 'push') }}"), &[(10, fault)]);
    check(WORKFLOW, &both("github.event_name != 'pull_request_target' && github.event_name != 'workflow_run'"), &[]);
    check(WORKFLOW, &both("github.event_name == 'push'"), &[]);
    let target = |condition: &str| own(condition).replace("on: workflow_run", "on: [push, pull_request_target]");
    check(WORKFLOW, &target("github.event_name != 'pull_request_target'"), &[]);
    check(WORKFLOW, &target("${{ !github.event.pull_request.head.repo.fork }}"), &[]);
    let of_the_step = format!("if: github.event.workflow_run.event == 'push'\n        {head}");
    check(WORKFLOW, &step("workflow_run", &of_the_step), &[]);
}

#[test]
fn every_spelling_of_a_strangers_commit() {
    let fault = "runs with the repository's secrets";
    let checked_out = |on: &str, action: &str, reference: &str| {
        let with = format!("uses: {action}@{COMMIT} # v5\n        with:\n          ref: {reference}");
        workflow(on, &format!("    steps:\n      - {with}"))
    };
    let target = |action: &str, reference: &str| checked_out("pull_request_target", action, reference);
    let checkout = "actions/checkout";
    for reference in [
        "${{ github.event.pull_request.merge_commit_sha }}",
        "pull/${{ github.event.number }}/merge",
        "refs/pull/${{ github.event.number }}/merge",
        "${{ github.event.pull_request['head']['sha'] }}",
        "${{ github.event.pull_request[ 'head' ].sha }}",
        "${{ github.event.pull_request.HEAD.SHA }}",
    ] {
        check(WORKFLOW, &target(checkout, reference), &[(9, fault)]);
    }
    check(WORKFLOW, &target("Actions/Checkout", "${{ github.head_ref }}"), &[(9, fault)]);
    for reference in ["main", "${{ github.event.pull_request.base.sha }}", "pull/main", "${{ github.event['after'] }}"]
    {
        check(WORKFLOW, &target(checkout, reference), &[]);
    }
    // A comment, by whoever writes one.
    let comment = "`issue_comment` runs with the repository's secrets";
    let issue = "refs/pull/${{ github.event.issue.number }}/head";
    check(WORKFLOW, &checked_out("issue_comment", checkout, issue), &[(9, comment)]);
    check(WORKFLOW, &checked_out("issues", checkout, issue), &[]);
    check(WORKFLOW, &workflow("issue_comment", "    steps:\n      - run: gh pr checkout 5"), &[(7, comment)]);
    let given =
        "    steps:\n      - run: gh pr checkout 5\n      - env: {X: '${{ secrets.DEPLOY }}'}\n        run: ./build.sh";
    check(WORKFLOW, &workflow("issue_comment", given), &[(7, comment), (8, "`a` is given the secret `DEPLOY`")]);
    // What a comment does otherwise is the repository's own.
    let answers = "    steps:\n      - env: {X: '${{ secrets.DEPLOY }}'}\n        run: gh pr view 5";
    check(WORKFLOW, &workflow("issue_comment", answers), &[]);
    let called =
        "on: issue_comment\npermissions: {}\njobs:\n  a:\n    uses: ./.github/workflows/b.yaml\n    secrets: inherit\n";
    check(WORKFLOW, called, &[]);
    let handed = format!("{called}    with: {{ref: 'refs/pull/${{{{ github.event.issue.number }}}}/head'}}\n");
    check(WORKFLOW, &handed, &[(7, "is handed the code of a pull request, and secrets, under `issue_comment`")]);
}

#[test]
fn secrets_beside_code_of_strangers() {
    let head = format!(
        "uses: actions/checkout@{COMMIT} # v5\n        with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}"
    );
    let job = |on: &str, env: &str, more: &str| workflow(on, &format!("{env}    steps:\n      - {head}\n{more}"));
    let (code, target) = ("this checks out the code", "pull_request_target");
    let given = |secret: &str| {
        format!("`a` is given {secret}, and runs the code of a pull request under `pull_request_target`")
    };
    let a = given("the secret `A_KEY`");
    let env = "      - env:\n          X: ${{ secrets.A_KEY }}\n        run: make";
    check(WORKFLOW, &job(target, "", env), &[(8, code), (10, &a)]);
    check(WORKFLOW, &job("pull_request", "", env), &[]);
    let with = format!("      - uses: a/b@{COMMIT} # v1\n        with:\n          token: ${{{{ secrets['A_KEY'] }}}}");
    check(WORKFLOW, &job(target, "", &with), &[(8, code), (11, &a)]);
    let of_job = "    env:\n      X: ${{ github.ref && secrets.A_KEY }}\n      Y: ${{ secrets.A_KEY }}\n";
    check(WORKFLOW, &job(target, of_job, ""), &[(11, code), (7, &a)]);
    let of_all = job(target, "", "").replace("jobs:", "env: {X: '${{ toJSON(secrets) }}'}\njobs:");
    check(WORKFLOW, &of_all, &[(9, code), (3, &given("every secret"))]);
    // Its token every job has, and a word is no secret.
    let token = "      - env: {X: '${{ secrets.GITHUB_TOKEN }}', Y: secrets.A_KEY, Z: '${{ vars.secrets }}'}\n        run: make";
    check(WORKFLOW, &job(target, "", token), &[(8, code)]);
    // Without that code, or in another job, it is its own.
    check(WORKFLOW, &workflow(target, &format!("    steps:\n{env}")), &[]);
    let apart = job(target, "", &format!("  b:\n    timeout-minutes: 5\n    steps:\n{env}"));
    check(WORKFLOW, &apart, &[(8, code)]);
    let called = |on: &str, condition: &str, said: &str| {
        format!(
            "on: {on}\npermissions: {{}}\njobs:\n  a:\n    uses: ./.github/workflows/b.yaml\n{condition}    {said}\n"
        )
    };
    let every = "`./.github/workflows/b.yaml` is handed every secret of the repository under `workflow_run`";
    check(WORKFLOW, &called("workflow_run", "", "secrets: inherit"), &[(6, every)]);
    check(WORKFLOW, &called("push", "", "secrets: inherit"), &[]);
    let pushed = "    if: github.event.workflow_run.event == 'push'\n";
    check(WORKFLOW, &called("workflow_run", pushed, "secrets: inherit"), &[]);
    let named = "secrets: {K: '${{ secrets.K }}'}\n    with: {";
    let handed = format!("{named}ref: '${{{{ github.event.workflow_run.head_sha }}}}'}}");
    check(WORKFLOW, &called("workflow_run", "", &handed), &[(7, "is handed the code of a pull request, and secrets")]);
    check(WORKFLOW, &called("workflow_run", "", &format!("{named}a: b}}")), &[]);
}
