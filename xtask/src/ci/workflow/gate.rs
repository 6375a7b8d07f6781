//! The gate: the one job that fails unless every other one succeeded, or was not to run.
//!
//! On GitHub a job whose needs failed is skipped, and a skipped check counts as passed: so a job is excused for being skipped only
//! where another one was chosen by hand, or where the plan has nothing for it. It is a script of `jq`, which every runner of GitHub
//! has, so that the verdict does not depend on whether this program compiles.

use super::group::Group;
use super::order::idle_without_plan;
use super::text::{Map, Value};
use super::{GATE, PLAN, runs_on};
use crate::config::CiConfig;

/// `$wanted` is the job that was chosen, or `all`, `$at` says of a job that shares the machine of another one which that is, `$planned`
/// are those that an empty plan leaves idle; the input is GitHub's `needs`.
const SCRIPT: &str = r#". as $needs
  | ($at[$wanted] // $wanted) as $machine
  | def excused:
      .value.result == "skipped" and .key != "plan"
      and (($wanted != "all" and $machine != .key)
        or ($needs.plan.outputs.empty == "true" and (.key as $key | $planned | index($key)) != null));
  if $wanted != "all" and ($needs | has($machine) | not) then "no job is called \($wanted)\n" | halt_error(1)
  else [to_entries[] | select(.value.result != "success" and (excused | not)) | "\(.key): \(.value.result)"]
  | if . == [] then "every job that was to run succeeded" else join("\n") + "\n" | halt_error(1) end
  end"#;

/// The gate of all `groups`.
pub fn job(groups: &[Group<'_>], config: &CiConfig) -> Map {
    let mut needs = vec![PLAN.to_owned()];
    needs.extend(groups.iter().map(|group| group.first.word().to_owned()));
    let environment = Map::new()
        .with("NEEDS", "${{ toJSON(needs) }}")
        .with("PLANNED", json_list(&idle_without_plan(groups)))
        .with("AT", json_map(&shared(groups)))
        .with("WANTED", "${{ inputs.job || 'all' }}");
    let step = Map::new()
        .with("name", "Every job succeeded, or was not to run")
        .with("env", environment)
        .with("run", Value::Lines(script()));
    Map::new()
        .with("name", GATE)
        .with("needs", Value::Row(needs))
        .with("if", "${{ always() }}")
        .beside("also after a failure, or it would be skipped, and count as passed")
        .with("runs-on", runs_on(&config.usual_runner()))
        .with("timeout-minutes", Value::Plain("5".to_owned()))
        .with("permissions", Map::new())
        .beside("it reads what GitHub hands it")
        .with("steps", Value::Maps(vec![step]))
}

fn script() -> String {
    format!(
        "jq --raw-output --arg wanted \"$WANTED\" --argjson planned \"$PLANNED\" --argjson at \"$AT\" '\n  {SCRIPT}\n' <<< \"$NEEDS\"\n"
    )
}

/// Words as a list in JSON; none of them needs an escape.
fn json_list(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

/// The jobs that share the machine of another one, each with the first there.
fn shared(groups: &[Group<'_>]) -> Vec<(&'static str, &'static str)> {
    let of = |group: &Group<'_>| {
        let first = group.first.word();
        group.jobs.iter().skip(1).map(|job| (job.word(), first)).collect::<Vec<_>>()
    };
    groups.iter().flat_map(of).collect()
}

/// Pairs of words as a map in JSON; none of them needs an escape.
fn json_map(pairs: &[(&str, &str)]) -> String {
    let quoted: Vec<String> = pairs.iter().map(|(key, value)| format!("\"{key}\": \"{value}\"")).collect();
    format!("{{{}}}", quoted.join(", "))
}
