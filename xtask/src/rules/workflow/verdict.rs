//! Which jobs are gates: those that look at the results of others, and those that stand for others without looking.
//!
//! A job that stands for others is told by its name, where it does no work or runs whatever happens, or by what it does: it needs
//! several jobs, and all that it does is talk. What it could learn of them elsewhere, such as from GitHub's interface, is not known here, and such a job is taken for none.

use super::document::texts;
use super::results::{asks, decides, is_teller, only_talks, reads_results, refuses};
use crate::rules::yaml::Node;

/// Words in the name of a job whose success stands for that of others.
const NAMES: [&str; 11] = [
    "conclusion",
    "gate",
    "gatekeeper",
    "green",
    "ok",
    "passed",
    "required",
    "succeeded",
    "success",
    "successful",
    "verdict",
];
/// The same as a whole name.
const WHOLE_NAMES: [&str; 3] = ["all", "ci", "done"];
/// What brings something from elsewhere, or is needed for it: the results may be among it.
const ELSEWHERE: [&str; 8] =
    ["api.github.com", "curl", "gh", "github.run_id", "github.token", "github_run_id", "github_token", "wget"];

/// How a gate comes to its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// By the results of the jobs that it needs.
    Reads,
    /// Without them.
    Blind,
}

/// Whether the job that is called `name` is a gate, and which.
pub fn gate(name: &str, job: &Node) -> Option<Gate> {
    let (needs, condition) = (job.get("needs")?, job.text_at("if").unwrap_or_default());
    // What runs after a failure alone tells of it, and is no verdict.
    let tells = condition.contains("failure()") && !runs_after_failure(condition);
    let steps = job.get("steps").filter(|_| !tells)?;
    let talks = only_talk(steps);
    // A job that runs where another one failed, to fail itself.
    let refuses = asks(condition) && talks && scripts(steps).any(refuses);
    if refuses || decides(job.get("env"), steps) {
        return Some(Gate::Reads);
    }
    let shown = job.text_at("name").unwrap_or_default();
    let stands_for_others = if is_name(name) || is_name(shown) {
        // A name alone says little: `success` is also what somebody is told, and what is required may be packages.
        let told = is_teller(name) || is_teller(shown);
        (talks || condition.contains("always()")) && !told && !asks_elsewhere(steps)
    } else {
        let meant = condition.is_empty() || runs_after_failure(condition);
        // Who reads results without failing by them tells of them.
        let tells = [job.get("env"), Some(steps)].into_iter().flatten().any(reads_results);
        needs.items().len() > 1 && meant && talks && !tells && job.get("outputs").is_none()
    };
    stands_for_others.then_some(Gate::Blind)
}

/// Whether a job with this condition runs although one that it needs has failed.
pub fn runs_after_failure(condition: &str) -> bool {
    let either = condition.contains("success()") && condition.contains("failure()");
    condition.contains("always()") || condition.contains("cancelled()") || either
}

fn is_name(name: &str) -> bool {
    let name = name.to_lowercase();
    WHOLE_NAMES.contains(&name.as_str()) || name.split(|c: char| !c.is_alphanumeric()).any(|word| NAMES.contains(&word))
}

fn scripts(steps: &Node) -> impl Iterator<Item = &str> {
    steps.items().iter().filter_map(|step| step.text_at("run"))
}

fn is_checkout(step: &Node) -> bool {
    step.text_at("uses").is_some_and(|uses| uses.to_lowercase().starts_with("actions/checkout@"))
}

/// Whether the steps use an action, or ask for something, that may know what became of other jobs.
fn asks_elsewhere(steps: &Node) -> bool {
    let acts = steps.items().iter().any(|step| step.get("uses").is_some() && !is_checkout(step));
    let mut said = Vec::new();
    texts(steps, &mut said);
    let part_of_word = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let asks = |text: &str| text.to_lowercase().split(|c| !part_of_word(c)).any(|word| ELSEWHERE.contains(&word));
    acts || said.iter().filter_map(|node| node.text()).any(asks)
}

/// Whether the steps do nothing that anybody would miss.
fn only_talk(steps: &Node) -> bool {
    let idle = |step: &Node| step.text_at("run").map_or_else(|| is_checkout(step), only_talks);
    !steps.items().is_empty() && steps.items().iter().all(idle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::yaml::parse;

    /// What the job called `name` is, with `said` in it.
    #[track_caller]
    fn check(name: &str, said: &str, expected: Option<Gate>) {
        let job = parse(said).unwrap().documents.remove(0);
        assert_eq!(gate(name, &job), expected, "{name}: {said}");
    }

    #[test]
    fn who_reads_results_is_a_gate() {
        let reads = |said: &str| check("a", &format!("needs: b\nsteps:\n  - run: {said}\n"), Some(Gate::Reads));
        reads("test ${{ needs.b.result }} = success");
        reads("test ${{ needs.b-c_d.result == 'success' }}");
        reads("test ${{ needs['b'].result }} = success");
        reads("test ${{ needs['b']['result'] }} = success");
        reads("test ${{ contains(needs.*.result, 'failure') }} = false");
        reads("jq -e 'all(.[]; .result == \"success\")' <<< '${{ toJSON( needs ) }}'");
        reads("echo ${{ needs.b.result }}; if [ ${{ needs.b.result }} != success ]; then exit 1; fi");
        reads("case ${{ needs.b.result }} in success) ;; *) exit 1 ;; esac");
        let with = "needs: [b]\nsteps:\n  - uses: x/alls-green@v1\n    with: {jobs: '${{ toJSON(needs) }}'}\n";
        check("a", with, Some(Gate::Reads));
        check("a", "needs: b\nenv: {N: '${{ toJSON(needs) }}'}\nsteps:\n  - run: ./verdict\n", Some(Gate::Reads));
        let refuses = "needs: b\nif: always() && contains(needs.*.result, 'failure')\nsteps:\n  - run: exit 1\n";
        check("a", refuses, Some(Gate::Reads));
        let refuses =
            "needs: b\nif: always()\nsteps:\n  - if: contains(needs.*.result, 'failure')\n    run: echo no; exit 1\n";
        check("a", refuses, Some(Gate::Reads));
        let script = "uses: actions/github-script@v8\n    with: {script: \"if ('${{ needs.b.result }}' != 'success') core.setFailed('no')\"}";
        check("a", &format!("needs: b\nsteps:\n  - {script}\n"), Some(Gate::Reads));
        // What it does is no verdict.
        check("a", "needs: b\nif: always() && needs.b.result == 'success'\nsteps:\n  - run: ./deploy\n", None);
        check("a", "needs: b\nif: failure()\nsteps:\n  - run: echo ${{ needs.b.result }}\n", None);
        let other = "needs: b\nsteps:\n  - run: echo ${{ needs.b.outputs.result }} ${{ needs.b.results }}\n";
        check("a", other, None);
    }

    #[test]
    fn who_works_or_tells_by_results_is_no_gate() {
        let none = |name: &str, said: &str| check(name, said, None);
        let deploys = "needs: build\nif: ${{ !cancelled() && needs.build.result == 'success' }}\nsteps:\n  - run: ./deploy || exit 1\n";
        none("deploy", deploys);
        none("deploy", "needs: b\nsteps:\n  - if: needs.b.result == 'success'\n    run: ./deploy || exit 1\n");
        let told = |script: &str| {
            format!(
                "needs: b\nif: '!cancelled()'\nsteps:\n  - env: {{R: '${{{{ needs.b.result }}}}'}}\n    run: {script}\n"
            )
        };
        for script in [
            "curl -d \"$R\" https://x",
            "curl -d \"$R\" https://x || exit 1",
            "gh issue comment 1 --body \"$R\"",
            "./deploy \"$R\"",
            "echo \"$R\" >> \"$GITHUB_STEP_SUMMARY\"",
        ] {
            none("notify", &told(script));
        }
        let whole = |script: &str| told(script).replace("needs.b.result", "toJSON(needs)");
        for script in ["./notify.sh \"$R\"", "curl -d \"$R\" https://x", "echo \"$R\""] {
            none("a", &whole(script));
        }
        check("a", &whole("./verdict \"$R\""), Some(Gate::Reads));
        let failed = "needs: [b, c]\nif: always()\nsteps:\n  - if: contains(needs.*.result, 'failure')\n    run: curl https://x\n";
        none("slack", failed);
        let action = "needs: b\nif: '!cancelled()'\nsteps:\n  - uses: x/slack-notify@v1\n    with: {status: '${{ toJSON(needs) }}'}\n";
        none("a", action);
        none("a", &action.replace("x/slack-notify", "x/y").replace("toJSON(needs)", "needs.b.result"));
        none("a", "needs: [b, c]\nif: '!cancelled()'\nsteps:\n  - run: echo ${{ needs.b.result }} >> log\n");
    }

    #[test]
    fn who_stands_for_others_is_a_gate_that_sees_nothing() {
        let blind = |name: &str, said: &str| check(name, said, Some(Gate::Blind));
        let none = |name: &str, said: &str| check(name, said, None);
        let two = |script: &str| format!("needs: [b, c]\nsteps:\n  - run: |\n      {script}\n");
        blind("a", &two("echo done"));
        blind("a", &two("# fine\n      set -e; echo \"went through\" && exit 0"));
        blind("a", "needs: [b, c]\nsteps:\n  - uses: actions/checkout@v5\n  - if: failure()\n    run: exit 1\n");
        for name in ["ci", "CI", "ci-ok", "all_green", "tests-passed", "gate"] {
            blind(name, "needs: b\nif: always()\nsteps:\n  - run: ./verdict | tee -a $GITHUB_STEP_SUMMARY\n");
            blind(name, "needs: b\nsteps:\n  - run: echo fine\n");
        }
        blind("x", "name: Required checks\nneeds: b\nif: always()\nsteps:\n  - run: ./verdict\n");
        blind("gate", "needs: b\nif: always()\nsteps:\n  - run: echo ${{ needs.b.result }}\n");
        // A name alone says little.
        none("notify-success", "needs: build\nsteps:\n  - run: ./notify.sh\n");
        none("notify-success", "needs: build\nif: always()\nsteps:\n  - run: ./notify.sh\n");
        none("a", "name: Install required packages\nneeds: b\nsteps:\n  - run: ./install\n");
        none("ci", "needs: lint\nsteps:\n  - uses: actions/checkout@v5\n  - run: make test\n");
        // Work, and what may know the results from elsewhere.
        none("a", &two("echo begin; ./deploy"));
        none("a", &two("echo $(./count)"));
        none("a", "needs: [b, c]\nsteps:\n  - uses: actions/download-artifact@v5\n");
        none("a", "needs: [b, c]\noutputs: {x: '${{ steps.s.outputs.x }}'}\nsteps:\n  - run: echo x=1\n");
        none("a", "needs: [b, c]\nif: github.ref == 'refs/heads/main'\nsteps:\n  - run: echo later\n");
        none("a", "needs: [b, c]\nif: failure()\nsteps:\n  - run: echo broken\n");
        none("a", "needs: [b]\nsteps:\n  - run: echo done\n");
        none("a", "steps:\n  - run: echo done\n");
        none("ci", "steps:\n  - run: ./test\n");
        none("booking", "needs: b\nsteps:\n  - run: ./test\n");
        for script in ["gh run view", "curl https://x", "./verdict ${{ github.run_id }}", "./verdict $GITHUB_TOKEN"] {
            none("gate", &two(script));
        }
        none("gate", "needs: b\nsteps:\n  - uses: x/wait-on-check@v1\n");
        none("gate", "needs: b\nuses: ./.github/workflows/x.yaml\n");
    }
}
