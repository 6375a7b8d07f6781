//! The report for people: Markdown for a job summary on GitHub, a merge request, or an editor.

use super::changes;
use super::cutting::fitting;
use super::jobs;
use super::outcome;
use super::problems;
use super::words::{bytes, count, seconds, shortened};
use crate::ci::{JobResult, JobStatus, RunResult};
use crate::fleet::{OutputResult, Status};
use crate::kept::history::History;
use crate::rules::Problem;
use crate::session::Report;

/// How many bytes of failed outputs, of problems, of outputs, and of what no kind covers are told: with all else less than the
/// 900 KB that leave room below the 1 MiB at which GitHub takes nothing of a summary at all.
const FAILURES: usize = 450_000;
const PROBLEMS: usize = 200_000;
const OUTPUTS: usize = 180_000;
const UNCOVERED: usize = 20_000;
/// How many characters of a line, and of a text of several, are told.
const LINE: usize = 1000;
const TEXT: usize = 4000;

/// The verdict alone, for where there is no room for more.
#[must_use]
pub fn short(result: &RunResult) -> String {
    format!("## {} {}\n\nThe rest is in the report.\n\n", sign(result.status()), escaped(&jobs::verdict(result)))
}

/// The whole document: what failed first. `history` is what earlier runs came to.
#[must_use]
pub fn markdown(result: &RunResult, history: &History) -> String {
    let mut text = format!("## {} {}\n\n", sign(result.status()), escaped(&jobs::verdict(result)));
    if result.is_stand_in() {
        text.push_str(
            "> [!WARNING]\n> **Stand-in inputs.** Every input of the flake was replaced by an embedded one: this checks structure, \
             it does not build real systems.\n\n",
        );
    }
    if let Some(fleet) = &result.fleet {
        text.push_str(&failures(fleet, &result.flags));
    }
    let problems = result.jobs.iter().flat_map(|job| job.problems.iter().map(move |problem| (job, problem)));
    let (failing, warnings): (Vec<_>, Vec<_>) = problems.partition(|(_, problem)| problem.fails());
    let items = failing.into_iter().chain(warnings).map(|(job, problem)| problem_item(job, problem));
    let (items, left_out) = fitting(items, PROBLEMS);
    if !items.is_empty() || left_out > 0 {
        text.push_str(&format!("{items}{}\n", more(left_out)));
    }
    text.push_str(&job_table(&result.jobs));
    if let Some(fleet) = &result.fleet {
        text.push_str(&outputs(fleet, result, history));
    }
    text.push_str(&footer(result));
    text
}

fn sign(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Ok => "✅",
        JobStatus::Failed => "❌",
        JobStatus::CouldNotCheck => "⚠️",
        JobStatus::Skipped => "⏭️",
        JobStatus::Interrupted => "🛑",
    }
}

fn job_table(results: &[JobResult]) -> String {
    let row = |job: &JobResult| {
        let problems = if job.problems.is_empty() { String::new() } else { problems::tally(&job.problems) };
        let about = job.reason.as_deref().map_or(problems, |reason| escaped(&shortened(reason, LINE)));
        let word = job.name.word();
        format!("| {} `{word}` | {} | {} | {about} |\n", sign(job.status), job.status.words(), seconds(job.seconds))
    };
    format!("| job | result | time | |\n|---|---|---:|---|\n{}\n", results.iter().map(row).collect::<String>())
}

fn problem_item(job: &JobResult, problem: &Problem) -> String {
    let place = problem.place.as_ref().map(|place| format!("`{place}`: ")).unwrap_or_default();
    let word = job.name.word();
    let sign = if problem.fails() { "" } else { "⚠️ " };
    format!(
        "- {sign}**{word}**: {place}{}\n  Fix: {}\n",
        escaped(&shortened(&problem.fault, TEXT)),
        escaped(&shortened(&problem.fix, TEXT))
    )
}

fn failures(fleet: &Report, flags: &str) -> String {
    let one = |result: &OutputResult| {
        let title = format!("{}: {}", result.output.attr, result.status.words());
        let details = outcome::failure(result, flags);
        let details: Vec<String> = details.lines().map(|line| shortened(line, LINE)).collect();
        format!(
            "<details open><summary>❌ <b>{}</b></summary>\n\n{}\n</details>\n",
            html(&title),
            fenced(&details.join("\n"))
        )
    };
    let failed = fleet.failures().filter(|result| result.status != Status::Interrupted);
    let (text, left_out) = fitting(failed.map(one), FAILURES);
    if text.is_empty() && left_out == 0 { text } else { format!("### Failed\n\n{text}{}\n", more(left_out)) }
}

/// That there are more; in a list, and after one.
fn more(left_out: usize) -> String {
    if left_out == 0 { String::new() } else { format!("\n**{left_out} more, see the report.**\n") }
}

/// Every output in one table, folded away; those that failed first.
fn outputs(fleet: &Report, run: &RunResult, history: &History) -> String {
    let mut results: Vec<&OutputResult> = fleet.results.iter().collect();
    results.sort_by_key(|result| !result.status.is_failure());
    let row = |result: &&OutputResult| {
        let reason = result.reason.as_deref().map(|reason| reason.lines().next().unwrap_or_default());
        let reason = reason.map(|reason| format!(": {}", escaped(&shortened(reason, LINE)))).unwrap_or_default();
        let closure = result.closure_bytes.map(bytes).unwrap_or_default();
        let last = history.last(&result.output.attr, run.inputs);
        let was = changes::status(result, last).map(|was| format!(" ({was})")).unwrap_or_default();
        let change = changes::size(result, last).unwrap_or_default();
        format!(
            "| {} | {} | {} | {}{was}{reason} | {} | {closure} | {change} |\n",
            code(&result.output.attr.to_string()),
            result.output.kind,
            result.system().unwrap_or("?"),
            result.status.words(),
            seconds(result.seconds()),
        )
    };
    let (rows, left_out) = fitting(results.iter().map(row), OUTPUTS);
    let uncovered =
        fleet.uncovered.iter().map(|attr| format!("- {} is of no known kind: not covered\n", code(&attr.to_string())));
    let (uncovered, untold) = fitting(uncovered, UNCOVERED);
    format!(
        "\n<details><summary>{}</summary>\n\n| output | kind | system | result | time | closure | change |\n|---|---|---|---|---:|---:|---:|\n{rows}{}\n\
         {uncovered}{}</details>\n",
        count(fleet.results.len(), "output"),
        more(left_out),
        more(untold),
    )
}

fn footer(result: &RunResult) -> String {
    let parts = [result.revision.as_ref().map(|revision| code(revision)), result.nix.as_deref().map(escaped)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("\n<sub>{}</sub>\n", parts.join(" · ")) }
}

/// Text that shows as it is, wherever it stands in a paragraph or a table cell.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '@' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("<br>"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push_str(&html(&c.to_string())),
        }
    }
    escaped
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A code span that holds `text`, even in a table cell.
fn code(text: &str) -> String {
    format!(
        "<code>{}</code>",
        html(text)
            .replace('|', "&#124;")
            .replace('`', "&#96;")
            .replace('\n', " ")
            .replace('*', "&#42;")
            .replace('_', "&#95;")
    )
}

/// A code block that nothing in `text` ends.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let plain: String =
        text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
    format!("{fence}text\n{plain}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn everything_a_person_wants_to_know() {
        expect_test::expect![[r###"
            ## ⚠️ bootstrap could not check · lock, build failed · 2 of 4 outputs failed · stand-in inputs · 3.2 s

            > [!WARNING]
            > **Stand-in inputs.** Every input of the flake was replaced by an embedded one: this checks structure, it does not build real systems.

            ### Failed

            <details open><summary>❌ <b>nixosConfigurations.db: build failed</b></summary>

            ```text
            nixosConfigurations.db: build failed
                builder failed with exit code 3
                │ checking <a> & "b"
                │ �[31mwrong
                log: nix log /nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-a.drv
                reproduce: cargo xtask build nixosConfigurations.db --inputs standin
            ```

            </details>
            <details open><summary>❌ <b>homeConfigurations."a@b|c": evaluation failed</b></summary>

            ```text
            homeConfigurations."a@b|c": evaluation failed
                at configurations/home/a.nix:3
                attribute 'x' missing
                reproduce: cargo xtask build 'homeConfigurations."a@b|c"' --inputs standin
            ```

            </details>

            - **lock**: `flake.nix:7`: the input \`a\` is not pinned
              Fix: run \`nix flake lock\`
            - ⚠️ **lock**: the lock is old
              Fix: run \`nix flake update\`

            | job | result | time | |
            |---|---|---:|---|
            | ⚠️ `bootstrap` | could not check | 3.0 s | the store is gone |
            | ❌ `lock` | failed | 3.0 s | 1 problem, 1 warning |
            | ❌ `build` | failed | 3.0 s |  |


            <details><summary>4 outputs</summary>

            | output | kind | system | result | time | closure | change |
            |---|---|---|---|---:|---:|---:|
            | <code>nixosConfigurations.db</code> | nixos | x86_64-linux | build failed: builder failed with exit code 3 | 0.5 s |  |  |
            | <code>homeConfigurations."a@b&#124;c"</code> | home | ? | evaluation failed: attribute 'x' missing | 0.0 s |  |  |
            | <code>nixosConfigurations.web</code> | nixos | x86_64-linux | built | 2.5 s | 1.5 KiB |  |
            | <code>darwinConfigurations.mac</code> | darwin | x86_64-linux | skipped: no builder for aarch64-darwin | 0.5 s |  |  |

            - <code>images.installer</code> is of no known kind: not covered
            </details>

            <sub><code>0123456789abcdef0123456789abcdef01234567-dirty</code> · nix (Nix) 2.34.8</sub>
        "###]].assert_eq(&markdown(&example::run(), &History::default()));
    }

    #[test]
    fn nothing_in_a_log_ends_its_block() {
        assert_eq!(fenced("a\n```\nb\u{1b}[0m"), "````text\na\n```\nb\u{fffd}[0m\n````\n");
    }

    #[test]
    fn text_is_shown_as_it_is() {
        assert_eq!(escaped("a|b <c> `d` *e*\nf"), "a\\|b &lt;c&gt; \\`d\\` \\*e\\*<br>f");
        assert_eq!(code("a.\"b|`c\""), "<code>a.\"b&#124;&#96;c\"</code>");
    }

    #[test]
    fn a_summary_of_two_megabytes_is_cut_between_entries_and_says_so() {
        let check = |outputs: usize, line: usize, expected: &[&str]| {
            let mut result = example::run();
            let fleet = result.fleet.as_mut().unwrap();
            let mut failed = fleet.results[0].clone();
            failed.log_tail = vec!["<`ä|".repeat(line); 25];
            failed.reason = Some("|".repeat(line));
            fleet.results = vec![failed; outputs];
            fleet.uncovered = vec![fleet.results[0].output.attr.clone(); outputs];
            result.jobs[0].reason = Some("_".repeat(1_000_000));
            let problem = Problem::new(None, "<".repeat(line), "`".repeat(line));
            result.jobs[1].problems = vec![problem; outputs];
            let text = markdown(&result, &History::default());
            assert!(text.len() < 900_000, "{outputs} outputs, lines of {line}: {}", text.len());
            assert_eq!(text.matches("<details").count(), text.matches("</details>").count());
            for expected in expected {
                assert!(text.contains(expected), "{outputs} outputs, lines of {line}: {expected}");
            }
        };
        check(3, 10, &["| ❌ `lock` | failed |", "<details><summary>3 outputs</summary>"]);
        check(
            1000,
            20,
            &["### Failed", "more, see the report.**\n\n- **lock**", "<details><summary>1000 outputs</summary>"],
        );
        check(40, 1000, &["more, see the report.**", "| ❌ `build` | failed |"]);
        assert!(short(&example::run()).len() < 1000);
    }
}
