//! What a run is restricted to, in words.

use super::words::count;
use crate::fleet::OutputResult;
use crate::kept::history::Failed;

/// That a run of what failed is one of everything; `gone` are jobs that failed and are no more.
#[must_use]
pub fn nothing_failed(gone: &[String]) -> String {
    match gone {
        [] => "nothing failed when it last ran: everything runs".to_owned(),
        gone => format!("nothing that is still there failed when it last ran: everything runs{}", without(gone)),
    }
}

/// That jobs are no more.
fn without(gone: &[String]) -> String {
    match gone {
        [] => String::new(),
        [one] => format!(" (`{one}` failed too, and there is no such job any more)"),
        more => format!(" (`{}` failed too, and there are no such jobs any more)", more.join("`, `")),
    }
}

/// What is run again; `gone` are jobs that failed and are no more.
#[must_use]
pub fn last_failed(failed: &Failed, gone: &[String]) -> String {
    let jobs: Vec<&str> = failed.jobs.iter().map(String::as_str).collect();
    let outputs = failed.outputs.as_ref().map(|outputs| format!(", for {}", count(outputs.len(), "output")));
    format!(
        "only what failed when it last ran, and what that needs: {}{}{}",
        jobs.join(", "),
        outputs.unwrap_or_default(),
        without(gone)
    )
}

/// Why a job is left out.
#[must_use]
pub fn not_affected(base: &str) -> String {
    format!("its inputs did not change since {base}")
}

/// What a change affects.
#[must_use]
pub fn affected(base: &str, files: usize, jobs: usize) -> String {
    match files {
        0 => format!("no file changed since {base}: no job runs"),
        _ => format!("{} changed since {base}: {} to run", count(files, "file"), count(jobs, "job")),
    }
}

/// That every output is built, since the base cannot be asked.
#[must_use]
pub fn no_base(error: &anyhow::Error) -> String {
    format!("every output counts as changed: {error:#}")
}

/// That some outputs are built, since the base cannot be asked about them.
#[must_use]
pub fn lost_in_base(base: &str, lost: &[&OutputResult]) -> String {
    let first =
        lost.first().map(|result| format!("{}: {}", result.output.attr, first_line(result))).unwrap_or_default();
    let (what, do_not, count_as) = match lost {
        [only] if only.output.kind == "flake" => ("the flake".to_owned(), "does not", "every output counts"),
        [only] if only.output.kind == "set" => ("one set of outputs".to_owned(), "does not", "what is in it counts"),
        [_] => ("1 output".to_owned(), "does not", "it counts"),
        more => (count(more.len(), "output"), "do not", "they count"),
    };
    format!("{what} {do_not} evaluate at {base}, and {count_as} as changed: {first}")
}

fn first_line(result: &OutputResult) -> &str {
    result.reason.as_deref().and_then(|reason| reason.lines().next()).unwrap_or("no reason is known")
}

/// That there is nothing to build again.
#[must_use]
pub fn failed_are_gone() -> String {
    "none of the outputs that failed is there any more: `cargo xtask ci` looks at what is".to_owned()
}

/// How many outputs were built again.
#[must_use]
pub fn failed_again(wanted: usize, total: usize) -> String {
    format!("{wanted} of {}, which failed when last built", count(total, "output"))
}

/// How many outputs a change affects.
#[must_use]
pub fn changed(base: &str, wanted: usize, total: usize) -> String {
    format!("{wanted} of {} changed since {base}", count(total, "output"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{AttrPath, Output, Status};

    #[test]
    fn what_is_run_again() {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
        let check = |outputs: Option<&[&str]>, gone: &[&str], expected: &str| {
            let gone: Vec<String> = owned(gone);
            let failed = Failed {
                jobs: owned(&["build", "lock"]).into_iter().collect(),
                outputs: outputs.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect()),
            };
            assert_eq!(
                last_failed(&failed, &gone),
                format!("only what failed when it last ran, and what that needs: {expected}")
            );
        };
        check(None, &[], "build, lock");
        check(Some(&["a"]), &[], "build, lock, for 1 output");
        check(None, &["a"], "build, lock (`a` failed too, and there is no such job any more)");
        check(None, &["a", "b"], "build, lock (`a`, `b` failed too, and there are no such jobs any more)");
        let nothing = "nothing that is still there failed when it last ran: everything runs (`a` failed too, and ";
        assert!(nothing_failed(&owned(&["a"])).starts_with(nothing));
    }

    #[test]
    fn what_a_change_affects() {
        assert_eq!(affected("main", 0, 0), "no file changed since main: no job runs");
        assert_eq!(affected("main", 1, 0), "1 file changed since main: 0 jobs to run");
        assert_eq!(affected("main", 2, 1), "2 files changed since main: 1 job to run");
        assert_eq!(changed("main", 1, 37), "1 of 37 outputs changed since main");
    }

    #[test]
    fn what_the_base_does_not_tell() {
        let result = |kind: &str| {
            let output = Output { attr: AttrPath::new(["a"]), kind: kind.to_owned(), system: None };
            OutputResult {
                reason: Some("broken\nhere".to_owned()),
                ..OutputResult::new(output, Status::EvaluationFailed)
            }
        };
        let check = |kinds: &[&str], expected: &str| {
            let results: Vec<OutputResult> = kinds.iter().map(|kind| result(kind)).collect();
            assert_eq!(lost_in_base("main", &results.iter().collect::<Vec<_>>()), expected);
        };
        check(&["flake"], "the flake does not evaluate at main, and every output counts as changed: a: broken");
        check(&["set"], "one set of outputs does not evaluate at main, and what is in it counts as changed: a: broken");
        check(&["nixos"], "1 output does not evaluate at main, and it counts as changed: a: broken");
        check(&["nixos", "home"], "2 outputs do not evaluate at main, and they count as changed: a: broken");
    }
}
