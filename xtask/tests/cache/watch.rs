//! What a command builds is pushed while it runs, and the command's own exit status is passed on.

use crate::event::{Happened, on_github};
use crate::place::{embedded, names, place};
use crate::sandbox::{Ran, Sandbox, TestNix};

fn watch(sandbox: &Sandbox, script: &str) -> Ran {
    sandbox.run(&["cache", "push", "--watch", "--", "sh", "-c", script])
}

const BUILD: &str = "nix build --no-link .#upper";

#[test]
fn what_is_built_is_pushed_while_the_command_runs() {
    for nix in TestNix::ALL {
        let sandbox = place(nix);
        // It ends by itself only once the cache has what it built.
        let wait = format!(
            "for i in $(seq 200); do
                [ $(cat {}/*.narinfo 2>/dev/null | grep -c '^StorePath: .*-\\(lower\\|middle\\|upper\\)$') = 3 ] && exit 7
                sleep 0.1
            done; exit 9",
            embedded(&sandbox).display()
        );
        watch(&sandbox, &format!("{BUILD} && {wait}")).ends(7).says(&["✓ cache push: "]);
    }
}

#[test]
fn what_was_there_before_is_not_pushed_and_success_is_passed_on() {
    let sandbox = place(TestNix::Modern);
    sandbox.run(&["build", "upper"]);
    watch(&sandbox, "true").ends(0);
    assert_eq!(names(&embedded(&sandbox)), [].into());
    watch(&sandbox, "kill -9 $$").ends(137);
}

#[test]
fn a_command_runs_although_nothing_may_be_pushed() {
    let mut sandbox = place(TestNix::Modern);
    on_github(&mut sandbox, Happened::Fork("eve/fleet"));
    watch(&sandbox, &format!("{BUILD} && echo done && exit 3"))
        .ends(3)
        .says(&["- cache push: not pushed: this is a `pull_request` from the fork `eve/fleet`"]);
    assert_eq!(names(&embedded(&sandbox)), [].into());
}

#[test]
fn a_push_that_fails_does_not_end_the_command_and_is_the_exit_status_of_one_that_succeeds() {
    let sandbox = place(TestNix::Distribution);
    // A file where the folder of the cache has to be.
    std::fs::create_dir_all(sandbox.path("state")).unwrap();
    std::fs::write(embedded(&sandbox), "").unwrap();
    let done = sandbox.path("done");
    let check = |on_failure: &str, status: i32| {
        sandbox.write("xtask.toml", &format!("[cache]\non_failure = \"{on_failure}\"\n"));
        std::fs::remove_file(&done).ok();
        let name = format!("built-{on_failure}");
        let script =
            format!("nix-build --no-out-link --argstr name {name} --expr '{EXPRESSION}' && touch {}", done.display());
        watch(&sandbox, &script).ends(status).says(&["error: read `", "Not a directory"]);
        assert!(done.exists());
    };
    check("warn", 0);
    check("fail", 2);
}

/// A derivation of a given name.
const EXPRESSION: &str = "{ name }: derivation { \
    inherit name; system = \"x86_64-linux\"; builder = \"/bin/sh\"; args = [ \"-c\" \"echo > $out\" ]; }";
