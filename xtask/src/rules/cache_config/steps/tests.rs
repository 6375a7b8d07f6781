//! Workflows and actions as a table: who pushes otherwise than the others.

use super::*;
use crate::rules::yaml;

const ACTION: &str = "cachix/cachix-action@v15";

fn check(files: &[(&str, String)], expected: &[&str]) {
    let documents =
        files.iter().map(|(file, text)| (PathBuf::from(file), yaml::parse(text).unwrap().documents.remove(0)));
    let documents: Vec<(PathBuf, Node)> = documents.collect();
    let found = problems(&pushes(&documents));
    let show = |problem: &Problem| {
        format!("{}: {}", problem.place.as_ref().map(ToString::to_string).unwrap_or_default(), problem.fault)
    };
    assert_eq!(found.iter().map(show).collect::<Vec<_>>(), expected, "{files:?}");
}

/// A workflow with one job for each text of steps.
fn workflow(jobs: &[&str]) -> String {
    let jobs = (1..).zip(jobs).map(|(number, steps)| format!("  j{number}:\n    steps: [{steps}]\n"));
    format!("jobs:\n{}", jobs.collect::<String>())
}

fn step(with: &str) -> String {
    format!("{{ uses: {ACTION}, with: {{ name: a, {with} }} }}")
}

#[test]
fn the_filter_is_the_same() {
    let (source, other, none) = (step("pushFilter: s$"), step("pushFilter: t$"), step("x: y"));
    check(&[("w", workflow(&[&source, &source]))], &[]);
    check(&[("w", workflow(&[&none, &none]))], &[]);
    let fault = "the filter of what is pushed is not the same in every step";
    let differs = format!("w:3: {fault}: `pushFilter: t$` here, `pushFilter: s$` in `w:5`");
    check(&[("w", workflow(&[&other, &source, &source]))], &[&differs]);
    let lacks = format!("w:5: {fault}: no `pushFilter` here, `pushFilter: s$` in `w:3`");
    check(&[("w", workflow(&[&source, &none]))], &[&lacks]);
    let reader = step("skipPush: true");
    check(&[("w", workflow(&[&source, &reader]))], &[]);
}

#[test]
fn the_secret_is_the_same_within_a_cache() {
    let with = |secret: &str| step(&format!("authToken: '${{{{ secrets.{secret} }}}}'"));
    let (one, two) = (with("ONE"), with("TWO"));
    check(&[("w", workflow(&[&one, &one]))], &[]);
    let fault = "the secret is not the same in every step";
    let differs =
        format!("v:3: {fault}: `authToken` from the secret `TWO` here, `authToken` from the secret `ONE` in `w:3`");
    check(&[("w", workflow(&[&one])), ("v", workflow(&[&two]))], &[&differs]);
    let lacks = format!("w:5: {fault}: no `authToken` here, `authToken` from the secret `ONE` in `w:3`");
    check(&[("w", workflow(&[&one, &step("x: y")]))], &[&lacks]);
    let written = format!("w:5: {fault}: `authToken` written out here, `authToken` from the secret `ONE` in `w:3`");
    check(&[("w", workflow(&[&one, &step("authToken: hunter2")]))], &[&written]);
    let computed =
        format!("w:5: {fault}: `authToken` from `${{{{ env.A }}}}` here, `authToken` from the secret `ONE` in `w:3`");
    check(&[("w", workflow(&[&one, &step("authToken: '${{ env.A }}'")]))], &[&computed]);
    check(&[("w", workflow(&[&one, &two.replace("name: a", "name: b")]))], &[]);
    let script = "{ run: cachix push a x, env: { CACHIX_AUTH_TOKEN: '${{ secrets.TWO }}' } }";
    let scripts =
        format!("w:5: {fault}: `authToken` from the secret `TWO` here, `authToken` from the secret `ONE` in `w:3`");
    check(&[("w", workflow(&[&one, script]))], &[&scripts]);
    // To which of several caches a script pushes, nobody can tell.
    check(&[("w", workflow(&[&one, &one.replace("name: a", "name: b"), script]))], &[]);
    // Without a cache that is named, scripts are held against each other.
    let other = script.replace("TWO", "ONE");
    let alone =
        format!("w:5: {fault}: `authToken` from the secret `ONE` here, `authToken` from the secret `TWO` in `w:3`");
    check(&[("w", workflow(&[script, &other]))], &[&alone]);
    let signing = step("authToken: '${{ secrets.ONE }}', signingKey: '${{ secrets.KEY }}'");
    let signs = format!("w:5: {fault}: `signingKey` from the secret `KEY` here, no `signingKey` in `w:3`");
    check(&[("w", workflow(&[&one, &signing]))], &[&signs]);
}

#[test]
fn the_rule_for_forks_is_the_same() {
    let skip = |condition: &str| step(&format!("skipPush: '{condition}'"));
    let (bare, spaced) = (skip("${{ github.event.head.repo.fork }}"), skip("${{  github.event.head.repo.fork }}"));
    check(&[("w", workflow(&[&bare, &spaced]))], &[]);
    let never = step("skipPush: false");
    let fault = "the rule for forks is not the same in every step";
    let lacks = format!("w:5: {fault}: none here, `skipPush: github.event.head.repo.fork` in `w:3`");
    check(&[("w", workflow(&[&bare, &never]))], &[&lacks]);
    let on = |condition: &str| never.replace("{ uses", &format!("{{ if: \"{condition}\", uses"));
    check(&[("w", workflow(&[&never, &on("matrix.system == 'a'")]))], &[]);
    let differs = format!("w:5: {fault}: `if: github.event_name == 'push'` here, none in `w:3`");
    check(&[("w", workflow(&[&never, &on("github.event_name == 'push'")]))], &[&differs]);
    // A condition of an action's own is mended in the action, one of its caller's where it is called.
    let action = |own: &str| (".github/actions/a/action.yml", format!("runs:\n  steps:\n    - {own}\n"));
    let call = "{ if: github.event_name == 'push', uses: ./.github/actions/a }";
    let at = |place: &str| format!("{place}: {fault}: `if: github.event_name == 'push'` here, none in `w:3`");
    let own = action(&on("github.event_name == 'push'"));
    let uncalled = call.replace("if: github.event_name == 'push', ", "");
    let steps = |call: &str| ("w", workflow(&[&never, &never, call]));
    check(&[own, steps(&uncalled)], &[&at(".github/actions/a/action.yml:3")]);
    check(&[action(&never), steps(call)], &[&at("w:7")]);
    // The same condition may stand at the job.
    let at_job = workflow(&[&on("github.event_name == 'push'"), &never])
        .replace("  j2:\n", "  j2:\n    if: ${{ github.event_name == 'push' }}\n");
    check(&[("w", at_job)], &[]);
}

#[test]
fn an_action_is_what_its_callers_hand_it() {
    let inputs = "inputs:\n  token: { required: true }\n  filter: { default: s$ }\nruns:\n  steps:\n    - ";
    let own = step("authToken: '${{ inputs.token }}', pushFilter: '${{inputs.filter}}'");
    let action = (".github/actions/a/action.yml", format!("{inputs}{own}\n"));
    let call = |with: &str| format!("{{ uses: ./.github/actions/a, with: {{ {with} }} }}");
    let (one, two) = (call("token: '${{ secrets.ONE }}'"), call("token: '${{ secrets.TWO }}'"));
    check(&[action.clone(), ("w", workflow(&[&one, &one]))], &[]);
    let fault = "w:5: the secret is not the same in every step: `authToken` from the secret `TWO` here, \
                 `authToken` from the secret `ONE` in `w:3`";
    check(&[action.clone(), ("w", workflow(&[&one, &two]))], &[fault]);
    let direct = step("authToken: '${{ secrets.ONE }}', pushFilter: t$");
    let fault = "w:5: the filter of what is pushed is not the same in every step: `pushFilter: t$` here, \
                 `pushFilter: s$` in `w:3`";
    check(&[action.clone(), ("w", workflow(&[&one, &direct]))], &[fault]);
    // One step that many call is one.
    let plain = (".github/actions/a/action.yml", format!("runs:\n  steps:\n    - {}\n", step("pushFilter: s$")));
    let fault = ".github/actions/a/action.yml:3: the filter of what is pushed is not the same in every step: \
                 `pushFilter: s$` here, `pushFilter: t$` in `v:3`";
    let others = step("pushFilter: t$");
    let callers = workflow(&[&call(""), &call(""), &call("")]);
    check(&[("v", workflow(&[&others, &others])), plain.clone(), ("w", callers)], &[fault]);
    // An action that nobody calls is looked at all the same.
    check(&[("v", workflow(&[&others, &others])), plain], &[fault]);
}

#[test]
fn actions_call_each_other_as_deep_as_github_lets_them() {
    let action = |number: usize, step: &str| {
        let file = format!(".github/actions/a{number}/action.yml");
        (file, format!("runs:\n  steps:\n    - {step}\n"))
    };
    let call = |number: usize| format!("{{ uses: ./.github/actions/a{number} }}");
    let usual = step("pushFilter: s$");
    let check = |actions: Vec<(String, String)>, expected: &[&str]| {
        let mut files: Vec<(&str, String)> = vec![("w", workflow(&[&usual, &usual, &call(1)]))];
        files.extend(actions.iter().map(|(file, text)| (file.as_str(), text.clone())));
        super::tests::check(&files, expected);
    };
    let chain = |length: usize| {
        let own = |number: usize| if number < length { call(number + 1) } else { step("pushFilter: t$") };
        (1..=length).map(|number| action(number, &own(number))).collect::<Vec<_>>()
    };
    let fault =
        "the filter of what is pushed is not the same in every step: `pushFilter: t$` here, `pushFilter: s$` in `w:3`";
    check(chain(DEEPEST), &[&format!(".github/actions/a{DEEPEST}/action.yml:3: {fault}")]);
    check(chain(DEEPEST + 1), &[]);
    let own = format!("{}\n    - {}", step("pushFilter: t$"), call(1));
    check(vec![action(1, &own)], &[&format!(".github/actions/a1/action.yml:3: {fault}")]);
}
