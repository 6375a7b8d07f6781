//! The report for people: Markdown for a job summary on GitHub, a merge request, or an editor.

use super::cache::analytics_markdown;
use super::jobs;
use super::outcome;
use super::problems;
use super::words::{bytes, count, seconds};
use crate::ci::{Caches, JobResult, JobStatus, RunResult};
use crate::fleet::{OutputResult, Status};
use crate::rules::Problem;
use crate::session::Report;

/// The whole document.
#[must_use]
pub fn markdown(result: &RunResult) -> String {
    let mut text = format!("## {} {}\n\n", sign(result.status()), escaped(&jobs::verdict(result)));
    if result.is_stand_in() {
        text.push_str(
            "> [!WARNING]\n> **Stand-in inputs.** Every input of the flake was replaced by an embedded one: this checks structure, \
             it does not build real systems.\n\n",
        );
    }
    text.push_str(&job_table(&result.jobs));
    let problems = result.jobs.iter().flat_map(|job| job.problems.iter().map(move |problem| (job, problem)));
    text.extend(problems.map(|(job, problem)| problem_item(job, problem)));
    if let Some(fleet) = &result.fleet {
        text.push_str(&failures(fleet, &result.flags));
        text.push_str(&outputs(fleet));
    }
    text.push_str(&caches(&result.caches));
    text.push_str(&footer(result));
    text
}

/// What there is to say of binary caches.
fn caches(caches: &Caches) -> String {
    let analytics = caches.analytics.as_ref();
    let mut text = analytics.map(|(tally, trend)| analytics_markdown(tally, trend.as_ref())).unwrap_or_default();
    for (what, said) in [("Pushed", &caches.push), ("Verified", &caches.verify)] {
        if let Some(said) = said {
            text.push_str(&format!("\n- {what}: {}\n", escaped(said)));
        }
    }
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
        let about = job.reason.as_deref().map_or(problems, escaped);
        let word = job.name.word();
        format!("| {} `{word}` | {} | {} | {about} |\n", sign(job.status), job.status.words(), seconds(job.seconds))
    };
    format!("| job | result | time | |\n|---|---|---:|---|\n{}\n", results.iter().map(row).collect::<String>())
}

fn problem_item(job: &JobResult, problem: &Problem) -> String {
    let place = problem.place.as_ref().map(|place| format!("`{place}`: ")).unwrap_or_default();
    let word = job.name.word();
    let sign = if problem.fails() { "" } else { "⚠️ " };
    format!("- {sign}**{word}**: {place}{}\n  Fix: {}\n", escaped(&problem.fault), escaped(&problem.fix))
}

fn failures(fleet: &Report, flags: &str) -> String {
    let one = |result: &OutputResult| {
        let title = format!("{}: {}", result.output.attr, result.status.words());
        let details = outcome::failure(result, flags);
        format!("<details open><summary>❌ <b>{}</b></summary>\n\n{}\n</details>\n", html(&title), fenced(&details))
    };
    let text: String = fleet.failures().filter(|result| result.status != Status::Interrupted).map(one).collect();
    if text.is_empty() { text } else { format!("\n### Failed\n\n{text}") }
}

/// Every output in one table, folded away.
fn outputs(fleet: &Report) -> String {
    let row = |result: &OutputResult| {
        let reason = result.reason.as_deref().map(|reason| reason.lines().next().unwrap_or_default());
        let reason = reason.map(|reason| format!(": {}", escaped(reason))).unwrap_or_default();
        let closure = result.closure_bytes.map(bytes).unwrap_or_default();
        format!(
            "| {} | {} | {} | {}{reason} | {} | {closure} |\n",
            code(&result.output.attr.to_string()),
            result.output.kind,
            result.system().unwrap_or("?"),
            result.status.words(),
            seconds(result.seconds()),
        )
    };
    let rows: String = fleet.results.iter().map(row).collect();
    let uncovered =
        fleet.uncovered.iter().map(|attr| format!("- {} is of no known kind: not covered\n", code(&attr.to_string())));
    format!(
        "\n<details><summary>{}</summary>\n\n| output | kind | system | result | time | closure |\n|---|---|---|---|---:|---:|\n{rows}\n\
         {}</details>\n",
        count(fleet.results.len(), "output"),
        uncovered.collect::<String>(),
    )
}

fn footer(result: &RunResult) -> String {
    let parts = [result.revision.as_ref().map(|revision| code(revision)), result.nix.as_deref().map(escaped)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("\n<sub>{}</sub>\n", parts.join(" · ")) }
}

/// Text that shows as it is, wherever it stands in a paragraph or a table cell.
pub(super) fn escaped(text: &str) -> String {
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

pub(super) fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A code span that holds `text`, even in a table cell.
pub(super) fn code(text: &str) -> String {
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

            | job | result | time | |
            |---|---|---:|---|
            | ⚠️ `bootstrap` | could not check | 3.0 s | the store is gone |
            | ❌ `lock` | failed | 3.0 s | 1 problem, 1 warning |
            | ❌ `build` | failed | 3.0 s |  |

            - **lock**: `flake.nix:7`: the input \`a\` is not pinned
              Fix: run \`nix flake lock\`
            - ⚠️ **lock**: the lock is old
              Fix: run \`nix flake update\`

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

            <details><summary>4 outputs</summary>

            | output | kind | system | result | time | closure |
            |---|---|---|---|---:|---:|
            | <code>nixosConfigurations.db</code> | nixos | x86_64-linux | build failed: builder failed with exit code 3 | 0.5 s |  |
            | <code>homeConfigurations."a@b&#124;c"</code> | home | ? | evaluation failed: attribute 'x' missing | 0.0 s |  |
            | <code>nixosConfigurations.web</code> | nixos | x86_64-linux | built | 2.5 s | 1.5 KiB |
            | <code>darwinConfigurations.mac</code> | darwin | x86_64-linux | skipped: no builder for aarch64-darwin | 0.5 s |  |

            - <code>images.installer</code> is of no known kind: not covered
            </details>

            <sub><code>0123456789abcdef0123456789abcdef01234567-dirty</code> · nix (Nix) 2.34.8</sub>
        "###]].assert_eq(&markdown(&example::run()));
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
}
