//! Gates that take something else for success, and what is like them and none.

use super::{WORKFLOW, check, workflow};

/// A gate whose only step has `more`, as it stands there.
fn gate(name: &str, more: &str) -> String {
    workflow("push", &format!("    name: {name}\n    needs: [b, c]\n    if: always()\n    steps:\n{more}"))
}

/// A gate with this script, which is handed the results.
fn script(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("          {line}\n")).collect();
    gate("a", &format!("      - env:\n          R: ${{{{ toJSON(needs) }}}}\n        run: |\n{lines}"))
}

#[test]
fn who_looks_for_failure_alone() {
    let fault = "looks for `failure` alone: `cancelled`, `skipped` counts as success";
    let refuses = "      - if: contains(needs.*.result, 'failure')\n        run: exit 1";
    check(WORKFLOW, &gate("a", refuses), &[(10, fault)]);
    // The word elsewhere compares nothing.
    check(WORKFLOW, &gate("CI success", refuses), &[(10, fault)]);
    for said in ["echo \"all jobs successful\"", "echo success", "printf success; true", "'true # success'"] {
        check(WORKFLOW, &gate("a", &format!("{refuses}\n      - run: {said}")), &[(10, fault)]);
    }
    check(WORKFLOW, &gate("a", &format!("{refuses}\n      - if: success()\n        run: echo fine")), &[(10, fault)]);
    // What is compared, however it is written.
    let also = |more: &str| gate("on failure", &format!("{refuses}\n      - {more}"));
    check(WORKFLOW, &also("env: {R: '${{ needs.b.result }}'}\n        run: test $R = success"), &[]);
    check(WORKFLOW, &also("if: needs.b.result != 'success'\n        run: exit 1"), &[]);
    check(WORKFLOW, &also("env: {OK: '${{ needs.b.result == ''success'' }}'}\n        run: $OK"), &[]);
    check(WORKFLOW, &also("env: {WANTED: success}\n        run: ./verdict"), &[]);
    check(WORKFLOW, &script("echo \"$R\" | grep -qv success && { echo failure; exit 1; }"), &[]);
    // What is only said is not looked for.
    check(WORKFLOW, &script("./verdict || { echo failure; exit 1; }"), &[]);
    let known =
        "      - if: contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled')\n        run: exit 1";
    check(WORKFLOW, &gate("a", known), &[(10, "looks for `failure` alone: `skipped` counts as success")]);
}

#[test]
fn who_takes_something_else_for_success() {
    let takes = |lines: &str, line: u32, word: &str| {
        check(WORKFLOW, &script(lines), &[(line, &format!("takes `{word}` for success"))]);
    };
    for word in ["skipped", "cancelled"] {
        takes(&format!("[ \"$R\" = success ] || [ \"$R\" = {word} ]"), 13, word);
        takes(&format!("[[ $R == success ||\n $R == {word} ]]"), 13, word);
        takes(&format!("true\n[ \"$R\" = success ] \\\n  || [ \"$R\" = {word} ]"), 14, word);
        takes(&format!("jq -e 'all(.[]; .result == \"success\"\n  or .result == \"{word}\")' <<< \"$R\""), 13, word);
        takes(&format!("[[ $R != success && $R != {word} ]] && exit 1"), 13, word);
        takes(&format!("case $R in\n  success | {word}) ;;\n  *) exit 1 ;;\nesac"), 14, word);
        takes(&format!("case $R in\n  success) ;;\n  {word}) echo fine ;;\n  *) exit 1 ;;\nesac"), 15, word);
        takes(&format!("python -c 'import sys; sys.exit(\"$R\" not in (\"success\",\n  \"{word}\"))'"), 13, word);
    }
    for lines in [
        "[[ $R == cancelled || $R != success ]] && exit 1",
        "[ \"$R\" != success ] && [ \"$R\" = skipped ] && exit 1",
        "case $R in\n  success) ;;\n  skipped) exit 1 ;;\n  *) exit 1 ;;\nesac",
        "case $R in\n  success) ;;\n  cancelled|failure)\n    echo no\n    exit 1 ;;\nesac",
        "case $R in\n  success) ;;\n  cancelled) echo \"no success\"; exit 1 ;;\nesac",
        "if ./verdict; then echo success; else echo cancelled; exit 1; fi",
        "echo 'neither success nor cancelled'; ./verdict",
        "[[ $R == cancelled ]] && exit 1; [[ $R == success ]]",
        "if [[ $R == skipped ]]; then exit 1; fi\n[[ $R == success ]]",
        "# success, or cancelled\n./verdict",
        "jq -e 'if any(. == \"cancelled\") then error else all(. == \"success\") end'",
    ] {
        check(WORKFLOW, &script(lines), &[]);
    }
    let cancelled = "      - if: ${{ !cancelled() && needs.b.result != 'success' }}\n        run: exit 1";
    check(WORKFLOW, &gate("neither success nor cancelled", cancelled), &[]);
}

#[test]
fn what_an_action_is_told_to_let_pass() {
    let green = |more: &str| {
        let commit = super::COMMIT;
        gate(
            "a",
            &format!(
                "      - uses: re-actors/alls-green@{commit} # v1\n        with:\n          jobs: ${{{{ toJSON(needs) }}}}\n{more}"
            ),
        )
    };
    check(WORKFLOW, &green(""), &[]);
    check(WORKFLOW, &green("          allowed-skips: ''\n"), &[]);
    check(
        WORKFLOW,
        &green("          allowed-skips: b\n"),
        &[(13, "warning: the gate `a` lets `b` pass when it is skipped")],
    );
    check(
        WORKFLOW,
        &green("          allowed-failures: b, c\n"),
        &[(13, "warning: the gate `a` lets `b, c` pass when it fails")],
    );
}
