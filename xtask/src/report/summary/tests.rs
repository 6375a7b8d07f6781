//! The report for people: what it says, what it does not let through, and where it is cut.

use super::super::example;
use super::*;
use crate::ci::OutputPush;

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
        | ❌ `build` | failed | 3.0 s | 2 outputs failed |


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
    "###]].assert_eq(&markdown(&example::run(), &History::default()));
}

#[test]
fn what_was_pushed_of_each_output_and_why_not_is_in_its_row() {
    let mut result = example::run();
    assert!(!markdown(&result, &History::default()).contains("| cache |"));
    let web = "nixosConfigurations.web".to_owned();
    let db = ("nixosConfigurations.db".to_owned(), OutputPush::Failed("put a|b: 507\nfull".to_owned()));
    result.caches.outputs = [(web, OutputPush::Pushed { paths: 3, bytes: 2048 }), db].into();
    result.caches.push = Some("1 path not pushed\n- [x](y)".to_owned());
    let text = markdown(&result, &History::default());
    for expected in [
        "| output | kind | system | result | time | closure | cache |\n|---|---|---|---|---:|---:|---|\n",
        "| built | 2.5 s | 1.5 KiB | pushed: 3 paths, 2.0 KiB |\n",
        "| 0.5 s |  | not pushed: put a\\|b: 507<br>full |\n",
        "\n\n- **Push**: 1 path not pushed<br>- \\[x\\](y)\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // A row has as many cells as the head, also where nothing is known of a push.
    let is_even = |text: &str, cells: usize| {
        let of_outputs = |line: &&str| line.starts_with("| <code>") || line.starts_with("| output |");
        let rows = text.lines().filter(of_outputs);
        let bars = rows.clone().map(|row| row.replace("\\|", "").matches('|').count());
        assert!(rows.clone().count() == 5 && bars.clone().all(|bars| bars == cells + 1), "{text}");
    };
    is_even(&text, 7);
    let history = History { runs: vec![crate::kept::history::Run::of(&result)] };
    let text = markdown(&result, &history);
    is_even(&text, 8);
    assert!(
        text.contains("| closure | since the last run | cache |\n|---|---|---|---|---:|---:|---:|---|\n"),
        "{text}"
    );
    assert!(text.contains("| 1.5 KiB | = | pushed: 3 paths, 2.0 KiB |\n"), "{text}");
}

#[test]
fn what_a_change_does_comes_first_and_why_it_is_not_told_is_one_line() {
    let check = |difference: Result<crate::diff::Difference, String>, begins: &str, warnings: usize| {
        let result = RunResult { difference: Some(difference), ..example::run() };
        let text = markdown(&result, &History::default());
        let (before, after) = text.split_once("## ⚠️ bootstrap could not check").unwrap();
        assert!(before.starts_with(begins), "{before}");
        assert!(!before.contains("### Failed") && after.contains("### Failed"));
        // It is said once.
        assert_eq!(text.matches("**Stand-in inputs.**").count(), warnings);
    };
    check(Ok(diff::example::example()), "## 9 outputs: 1 does not evaluate now, 3 changed", 1);
    let cut_off = "the revision `main` is not in this clone,\n  whose history is *cut off*".to_owned();
    let said = "> [!NOTE]\n> Not compared with the base: the revision \\`main\\` is not in this clone, whose history is \
                \\*cut off\\*\n\n";
    check(Err(cut_off), said, 1);
    check(Err("x".repeat(1 << 20)), "> [!NOTE]\n> Not compared with the base: xxxx", 1);
}

#[test]
fn a_job_that_did_not_run_took_no_time() {
    let mut result = example::run();
    result.jobs.push(JobResult::skipped(crate::ci::JobName::Diff, "it needs `build`".to_owned()));
    let text = markdown(&result, &History::default());
    assert!(text.contains("\n| ⏭️ `diff` | skipped |  | it needs \\`build\\` |\n"), "{text}");
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
        let mut difference = diff::example::example();
        difference.notes = vec!["|".repeat(line); 25];
        difference.outputs = vec![difference.outputs[1].clone(); outputs];
        result.difference = Some(Ok(difference));
        let name = fleet.results[0].output.attr.to_string();
        result.caches.outputs = [(name, OutputPush::Failed("|".repeat(line * 100)))].into();
        result.caches.push = Some("_".repeat(1_000_000));
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
