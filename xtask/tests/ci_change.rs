//! `ci` in a run that is about a change: what that does to each output heads the summary, or a line says why it is not told.

// What goes wrong in a helper fails the test.
#![allow(clippy::panic, clippy::unwrap_used)]

mod diff_fleet;
mod sandbox;

use std::fs;
use std::path::Path;

use diff_fleet::fleet;
use sandbox::{Ran, Sandbox, TestNix, ran};
use serde_json::Value;

const CHANGED: &str = "## 3 outputs: 2 changed, 1 unchanged\n";

/// A fleet whose newest commit changes a module that two of three hosts use.
fn changed(nix: TestNix) -> Sandbox {
    let sandbox = fleet(nix);
    sandbox.write("modules/motd.nix", "{ drv, ... }: drv \"motd\" { }\n");
    sandbox.commit("second");
    sandbox
}

/// The commit that `revision` names.
fn hash(folder: &Path, revision: &str) -> String {
    let mut git = std::process::Command::new("git");
    ran(git.arg("-C").arg(folder).args(["rev-parse", revision])).stdout.trim().to_owned()
}

/// Makes runs those of GitHub, for `event` with this file.
fn on_github(sandbox: &mut Sandbox, event: &str, payload: &str) {
    let file = sandbox.path("event.json");
    fs::write(&file, payload).unwrap();
    sandbox.set("GITHUB_ACTIONS", "true");
    sandbox.set("GITHUB_REPOSITORY", "ada/fleet");
    sandbox.set("GITHUB_EVENT_NAME", event);
    sandbox.set("GITHUB_EVENT_PATH", file.to_str().unwrap());
}

/// A pull request against `base`, with a title that would be a command wherever it were not text.
fn pull_request(base: &str) -> String {
    format!(
        r#"{{"repository": {{"full_name": "ada/fleet", "default_branch": "main"}}, "pull_request": {{
            "title": "\"; exit 9; $(exit 9) ${{{{ github.token }}}}\n::add-mask::atlas",
            "base": {{"sha": "{base}", "ref": "main", "repo": {{"full_name": "ada/fleet"}}}},
            "head": {{"sha": "{base}", "ref": "new", "repo": {{"full_name": "eve/fleet"}}}}}}}}"#
    )
}

fn report(sandbox: &Sandbox) -> (String, Value) {
    let text = |name: &str| fs::read_to_string(sandbox.path("state/report").join(name)).unwrap();
    (text("summary.md"), serde_json::from_str(&text("report.json")).unwrap())
}

/// Runs the job `diff`, which must end well; its summary must begin so, and its report tell whether it compared.
#[track_caller]
fn check(sandbox: &Sandbox, begins: &str, compared: bool) -> Ran {
    let ran = sandbox.run(&["ci", "diff"]).ends(0);
    let (summary, report) = report(sandbox);
    assert!(summary.starts_with(begins), "{summary}");
    assert_eq!(report["difference"]["schema"] == 1, compared, "{report}");
    assert_eq!(report["difference_untold"].is_string(), summary.starts_with("> [!NOTE]"), "{report}");
    ran
}

#[test]
fn the_summary_begins_with_what_the_change_does() {
    for nix in TestNix::ALL {
        let mut sandbox = changed(nix);
        let (base, head) = (hash(&sandbox.repository(), "HEAD~1"), hash(&sandbox.repository(), "HEAD"));
        // Without a change there is nothing to tell, and by name of a base there is.
        let none = check(&sandbox, "## ✅ bootstrap ok", false);
        none.says(&[
            "diff",
            "skipped: there is nothing to compare with: this run is about no change, and --base names none",
        ]);
        let asked = sandbox.run(&["ci", "diff", "--base", "HEAD~1"]).ends(0);
        asked.says(&["~ nixosConfigurations.web  changed", "by modules/motd.nix", "2 changed, 1 unchanged"]);
        assert!(report(&sandbox).0.starts_with(CHANGED));
        sandbox
            .run(&["ci", "diff", "--base", "HEAD~9"])
            .ends(2)
            .says(&["the revision `HEAD~9` is not in this repository"]);

        on_github(&mut sandbox, "pull_request", &pull_request(&base));
        sandbox.set("GITHUB_SHA", &head);
        check(&sandbox, CHANGED, true);
        let (summary, told) = report(&sandbox);
        assert!(summary.contains("modules/motd.nix") && summary.contains("base main ("), "{summary}");
        assert_eq!(told["difference"]["base"]["commit"], base.as_str());
        on_github(&mut sandbox, "push", &format!(r#"{{"before": "{base}"}}"#));
        check(&sandbox, CHANGED, true);
        on_github(&mut sandbox, "push", &format!(r#"{{"before": "{}"}}"#, "0".repeat(40)));
        check(&sandbox, "## ✅ bootstrap ok", false);
    }
}

#[test]
fn what_others_did_to_the_branch_is_no_part_of_a_pull_request() {
    let mut sandbox = changed(TestNix::Modern);
    let repository = sandbox.repository();
    let base = hash(&repository, "HEAD~1");
    sandbox.git(&repository, &["branch", "change"]);
    // The branch has gone on since the pull request was made.
    sandbox.git(&repository, &["switch", "--quiet", "--create", "other", &base]);
    sandbox.write("hosts/db.nix", "{ modules = [ ]; }\n");
    sandbox.commit("others");
    let newest = hash(&repository, "HEAD");
    sandbox.git(&repository, &["merge", "--quiet", "--message=tried", "change"]);
    let merge = hash(&repository, "HEAD");
    // GitHub's own merge is compared with what it merged into.
    on_github(&mut sandbox, "pull_request", &pull_request(&base));
    sandbox.set("GITHUB_SHA", &merge);
    check(&sandbox, CHANGED, true);
    assert_eq!(report(&sandbox).1["difference"]["base"]["commit"], newest.as_str());
    // Where the branch of the pull request itself is checked out, it is compared with where that parted.
    on_github(&mut sandbox, "pull_request", &pull_request(&newest));
    sandbox.git(&repository, &["switch", "--quiet", "change"]);
    check(&sandbox, CHANGED, true);
    assert_eq!(report(&sandbox).1["difference"]["base"]["commit"], base.as_str());
}

#[test]
fn a_base_that_cannot_be_had_is_told_in_a_line_and_fails_nothing() {
    let mut sandbox = changed(TestNix::Modern);
    let base = hash(&sandbox.repository(), "HEAD~1");
    let from = format!("file://{}", sandbox.repository().display());
    sandbox.git(&sandbox.path(""), &["clone", "--quiet", "--depth=1", &from, "clone"]);
    on_github(&mut sandbox, "pull_request", &pull_request(&base));
    let line = |sandbox: &Sandbox, arguments: &[&str], says: &str| {
        sandbox.run(arguments).ends(0);
        let summary = report(sandbox).0;
        let line = summary.lines().nth(1).unwrap();
        assert!(line.starts_with("> Not compared with the base: ") && line.contains(says), "{summary}");
        assert!(summary.lines().nth(3).unwrap().starts_with("## ✅ "), "{summary}");
    };
    let clone = sandbox.path("clone");
    line(
        &sandbox,
        &["ci", "diff", "--repo", clone.to_str().unwrap()],
        "is not in this clone, whose history is cut off",
    );
    on_github(&mut sandbox, "pull_request", &pull_request("--all"));
    line(&sandbox, &["ci", "diff"], "does not say which commit is the base");
    // Nothing of the base evaluates, and the change mends it.
    let mended = fs::read_to_string(sandbox.repository().join("flake.nix")).unwrap();
    for broken in ["{ outputs = _: throw \"all is broken\"; }\n", "{\n"] {
        sandbox.write("flake.nix", broken);
        sandbox.commit("broken");
        let base = hash(&sandbox.repository(), "HEAD");
        sandbox.write("flake.nix", &mended);
        sandbox.commit("mended");
        on_github(&mut sandbox, "pull_request", &pull_request(&base));
        line(&sandbox, &["ci", "diff"], "evaluate");
    }
    // A pull request that breaks everything fails where that is looked at, and is compared all the same.
    let base = hash(&sandbox.repository(), "HEAD");
    sandbox.write("hosts/web.nix", "{ modules = [ (throw \"web is broken\") ]; }\n");
    sandbox.commit("breaks");
    on_github(&mut sandbox, "pull_request", &pull_request(&base));
    check(&sandbox, "## 3 outputs: 1 does not evaluate now, 2 unchanged\n", true);
    sandbox.run(&["ci", "diff", "build"]).ends(1);
    let summary = report(&sandbox).0;
    assert!(summary.find("does not evaluate now") < summary.find("### Failed"), "{summary}");
}

/// How the heading of the table of outputs ends, which is the last one, and the rows of db, mail and web.
fn last_column(sandbox: &Sandbox, arguments: &[&str]) -> [String; 4] {
    sandbox.run(&[&["ci", "build"], arguments].concat()).ends(0);
    let summary = report(sandbox).0;
    let last = |begins: &str| {
        let line =
            summary.lines().rfind(|line| line.starts_with(begins)).unwrap_or_else(|| panic!("{begins}: {summary}"));
        line.trim_end_matches(" |").rsplit("| ").next().unwrap().to_owned()
    };
    let row = |host: &str| last(&format!("| <code>nixosConfigurations.{host}</code> |"));
    [last("| output |"), row("db"), row("mail"), row("web")]
}

#[test]
fn closures_are_compared_with_the_base_where_that_is_known_and_else_with_the_last_run() {
    let sandbox = fleet(TestNix::Modern);
    // The file is a line of as many letters, and takes a multiple of 8 bytes.
    let motd = |letters: usize| {
        let needs = "a".repeat(letters);
        sandbox.write("modules/motd.nix", &format!("{{ drv, ... }}: drv \"motd-1.0\" {{ needs = \"{needs}\"; }}\n"));
    };
    let base = ["diff", "--base", "HEAD~1"];
    assert_eq!(last_column(&sandbox, &[])[0], "closure");
    motd(55);
    sandbox.commit("second");
    // Nobody has looked at the base with these inputs but this run: what is the same there is as large there.
    assert_eq!(last_column(&sandbox, &base), ["since HEAD\\~1", "=", "+48 B", "+48 B"]);
    motd(111);
    assert_eq!(last_column(&sandbox, &[]), ["since the last run", "=", "+56 B", "+56 B"]);
    let since_base = ["since HEAD\\~1", "=", "+104 B", "+104 B"];
    assert_eq!(last_column(&sandbox, &base), since_base);
    // How large it was is known when the store does not have it any more, and no run of it is kept.
    let built = || {
        let names = fs::read_dir(sandbox.path("nix/store")).unwrap();
        names.filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().ends_with("-system-web")).count()
    };
    assert_eq!(built(), 3);
    ran(sandbox.command("nix-store").arg("--gc")).ends(0);
    assert_eq!(built(), 1);
    let history = sandbox.path("state/history.jsonl");
    fs::remove_file(&history).unwrap();
    assert_eq!(last_column(&sandbox, &base), since_base);
    // Where it never was known, nor in what was evaluated, the last run is all there is.
    fs::remove_file(sandbox.path("state/closure-sizes.json")).unwrap();
    fs::remove_file(&history).unwrap();
    last_column(&sandbox, &[]);
    motd(119);
    assert_eq!(last_column(&sandbox, &base), ["since HEAD\\~1", "=", "+8 B\\*", "+8 B\\*"]);
    let note = "<sub>\\* since the last run: how large it is in HEAD\\~1 is not known here</sub>";
    assert!(report(&sandbox).0.contains(note), "{}", report(&sandbox).0);
}
