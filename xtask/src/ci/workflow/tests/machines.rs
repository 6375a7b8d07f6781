//! Which jobs share a machine, which machines wait for which, and what a choice has run: tables from xtask.toml, built-in jobs included.

use crate::ci::Job;
use crate::ci::workflow::choice::{awaited_for, chosen_for, chosen_with, with_client};
use crate::ci::workflow::group::{Group, groups};
use crate::ci::workflow::order::{idle_without_plan, in_front_of_the_push, late};
use crate::config::Config;

fn table(text: &str) -> Vec<Job> {
    Config::parse(text).unwrap().ci.table.jobs().to_vec()
}

/// Each group that has a job of one's own, or publishes, as `jobs < what it waits for of these`.
fn told(jobs: &[Job]) -> Vec<String> {
    let groups = groups(jobs);
    let shown: Vec<_> = groups.iter().filter(|group| group.shares() || group.first.place.is_some()).collect();
    let words: Vec<&str> = shown.iter().map(|group| group.first.word()).collect();
    let line = |group: &&Group<'_>| {
        let jobs: Vec<&str> = group.jobs.iter().map(|job| job.word()).collect();
        let waits: Vec<&str> = group.waits.iter().copied().filter(|word| words.contains(word)).collect();
        format!("{} < {}", jobs.join(" "), waits.join(" "))
    };
    shown.iter().map(line).collect()
}

const BUILT_IN: &str = "build cache-analytics cache-push cache-verify";

#[track_caller]
fn check(text: &str, expected: &[&str], behind_the_push: &str) {
    let jobs = table(text);
    let expected: Vec<String> = expected.iter().map(|line| line.replace("BUILT-IN", BUILT_IN)).collect();
    assert_eq!(told(&jobs), expected, "{text}");
    let late: Vec<&str> = late(&jobs).into_iter().map(Job::word).collect();
    assert_eq!(late.join(" "), behind_the_push, "{text}");
}

fn own(name: &str, phase: &str, rest: &str) -> String {
    format!("[ci.jobs.{name}]\nphase = '{phase}'\ncommand = ['x']\n{rest}\n")
}

#[test]
fn what_comes_before_publishing_keeps_the_push_back_where_machines_can() {
    check("", &["BUILT-IN < "], "");
    check(&own("a", "check", ""), &["a < ", "BUILT-IN < a"], "");
    // What needs no machine of the build runs in front of it, in the order of the phases.
    check(&own("a", "build", ""), &["BUILT-IN < a", "a < "], "");
    check(&own("a", "verify", ""), &["BUILT-IN < a", "a < "], "");
    let both = own("a", "build", "") + &own("b", "verify", "") + &own("c", "publish", "");
    check(&both, &["BUILT-IN < a b", "a < ", "b < a", "c < build a b"], "");
    // What needs it on one machine for all comes behind it, and what publishes elsewhere behind that.
    let needing = own("a", "verify", "needs = ['build']") + &own("b", "publish", "");
    check(&needing, &["BUILT-IN < ", "a < build", "b < build a"], "a");
    let through =
        own("a", "build", "needs = ['build']") + &own("b", "verify", "needs = ['a']") + &own("c", "verify", "");
    check(&through, &["BUILT-IN < c", "a < build", "b < build a", "c < "], "a b");
    // Nothing is pushed: nothing is late.
    let without = "[ci.jobs.cache-push]\nenabled = false\n[ci.jobs.cache-verify]\nenabled = false\n".to_owned();
    let unpushed = without + &own("a", "verify", "needs = ['build']") + &own("b", "verify", "");
    check(&unpushed, &["build cache-analytics < ", "a < build", "b < build"], "");
}

#[test]
fn what_is_verified_on_each_system_stands_between_the_build_and_the_push() {
    let between = "build cache-analytics a cache-push cache-verify < ";
    check(&own("a", "verify", "per_system = true\nneeds = ['build']"), &[between], "");
    check(&own("a", "verify", "per_system = true"), &[between], "");
    check(&own("a", "build", "per_system = true"), &["build a cache-analytics cache-push cache-verify < "], "");
    check(&own("a", "check", "per_system = true"), &["a < ", "BUILT-IN < a"], "");
    check(&own("a", "publish", "per_system = true"), &["BUILT-IN < ", "a < build"], "");
    let pushed = "build cache-analytics cache-push cache-verify a < ";
    check(&own("a", "publish", "per_system = true\nneeds = ['cache-push']"), &[pushed], "");
    // What publishes is not beside a check, in front of all others.
    let apart = own("a", "check", "per_system = true") + &own("b", "publish", "per_system = true\nneeds = ['a']");
    check(&apart, &["a < ", "BUILT-IN < a", "b < a build"], "");
    // What one of them needs of one machine for all is waited for, unless that needs them as well.
    let awaited = own("a", "verify", "") + &own("b", "verify", "per_system = true\nneeds = ['a']");
    check(&awaited, &["build cache-analytics b cache-push cache-verify < a", "a < "], "");
    let jobs = table(&awaited);
    let group = &groups(&jobs)[groups(&jobs).iter().position(Group::shares).unwrap()];
    assert_eq!(group.awaits.iter().map(|awaited| awaited.group).collect::<Vec<_>>(), ["a"]);
    assert!(!group.runs.iter().any(|job| job.word() == "a"));
    let detour = own("a", "verify", "needs = ['build']") + &own("b", "verify", "per_system = true\nneeds = ['a']");
    check(&detour, &["BUILT-IN < ", "a < build", "b < build a"], "a b");
    let jobs = table(
        &(own("a", "verify", "per_system = true") + &own("b", "publish", "per_system = true\nneeds = ['build']")),
    );
    assert_eq!(in_front_of_the_push(&jobs).into_iter().map(Job::word).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn an_empty_plan_leaves_what_waits_for_it_idle() {
    let check =
        |text: &str, expected: &[&str]| assert_eq!(idle_without_plan(&groups(&table(text))), expected, "{text}");
    check("", &["build"]);
    let all = own("a", "verify", "") + &own("b", "verify", "needs = ['build']") + &own("c", "publish", "");
    check(&all, &["build", "b", "c"]);
    check(&own("a", "check", "per_system = true"), &["a", "build"]);
}

#[test]
fn a_choice_has_the_job_run_and_what_it_needs_elsewhere() {
    let text = own("first", "check", "")
        + &own("smoke", "verify", "per_system = true\nneeds = ['build', 'first']")
        + &own("deploy", "publish", "needs = ['cache-push']")
        + &own("tell", "publish", "needs = ['deploy']");
    let jobs = table(&text);
    let of_machines = groups;
    let groups = of_machines(&jobs);
    let check = |word: &str, step: &str, machine: &str| {
        let job = jobs.iter().find(|job| job.word() == word).unwrap();
        let group = groups.iter().find(|group| group.jobs.contains(&job)).unwrap();
        let told = (chosen_with(&groups, job).join(" "), chosen_for(&groups, group).join(" "));
        assert_eq!((told.0.as_str(), told.1.as_str()), (step, machine), "{word}");
    };
    check("lock", "lock", "lock");
    check("first", "first smoke", "first smoke");
    let machine = "build cache-analytics smoke cache-push deploy tell cache-verify";
    check("build", "build", machine);
    check("smoke", "smoke", machine);
    check("cache-push", "cache-push deploy tell", machine);
    check("cache-verify", "cache-verify", machine);
    check("deploy", "deploy tell", "deploy tell");
    // A machine waits for what the chosen job of it needs, and not for what others of it do.
    let build = groups.iter().find(|group| group.first.word() == "build").unwrap();
    let told: Vec<String> = awaited_for(&groups, build)
        .into_iter()
        .map(|(words, awaited)| format!("{} < {}", words.join(" "), awaited.into_iter().collect::<Vec<_>>().join(" ")))
        .collect();
    assert_eq!(told, ["build cache-analytics cache-push deploy tell cache-verify < ", "smoke < first"]);
    // One after the other, and the machine of the last stands in front of both.
    let chain = own("a", "verify", "") + &own("b", "verify", "needs = ['a']");
    let jobs = table(&(chain + &own("c", "verify", "per_system = true\nneeds = ['b']")));
    let first = jobs.iter().find(|job| job.word() == "a").unwrap();
    assert_eq!(chosen_with(&of_machines(&jobs), first), ["a", "b", "c"]);
}

#[test]
fn the_client_is_kept_by_machines_that_compile_it_and_no_others() {
    let check = |text: &str, expected: &[&str]| {
        let jobs = table(text);
        let groups = groups(&jobs);
        let words = |group: &Group<'_>| format!("{}: {}", group.first.word(), with_client(&groups, group).join(" "));
        let told: Vec<String> = groups.iter().map(words).filter(|line| !line.ends_with(": ")).collect();
        assert_eq!(told, expected, "{text}");
    };
    check("", &["build: cache-analytics cache-push cache-verify"]);
    // Chosen alone, `smoke` builds and nothing else; what needs the push has these machines push.
    let smoke = own("smoke", "verify", "needs = ['build']\nper_system = true");
    check(&smoke, &["build: cache-analytics cache-push cache-verify"]);
    let tell = own("tell", "publish", "needs = ['cache-push']");
    check(&tell, &["build: cache-analytics cache-push tell cache-verify"]);
    let off = ["analytics", "push", "verify"].map(|job| format!("[ci.jobs.cache-{job}]\nenabled = false\n"));
    check(&off.concat(), &[]);
}
