//! Real shells complete `cargo xtask …`, real `man` shows its pages, and bootstrap brings both and takes them back.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;

use sandbox::{Ran, Sandbox, TestNix, program, ran};

/// A place in which an evaluation was kept, whose names can be offered.
fn evaluated() -> Sandbox {
    let sandbox = Sandbox::new(TestNix::Modern);
    sandbox.run(&["outputs"]).ends(0);
    sandbox
}

/// Writes what the shell reads, and returns its path.
fn script(sandbox: &Sandbox, shell: &str) -> String {
    let file = sandbox.path(shell);
    fs::write(&file, sandbox.run(&["completions", shell]).ends(0).stdout).unwrap();
    file.to_str().unwrap().to_owned()
}

/// What Bash offers at the end of `line`, after it read the script and `before`.
fn bash(sandbox: &Sandbox, before: &str, line: &str) -> Vec<String> {
    let script = script(sandbox, "bash");
    // What readline does: it parts words at COMP_WORDBREAKS, and calls the function that `complete` names.
    let ask = format!(
        "{before}\nsource {script}\nset -u\nCOMP_LINE='{line}' COMP_POINT=${{#COMP_LINE}} COMP_WORDS=() COMP_CWORD=0 COMPREPLY=()\n\
         rule=$(complete -p cargo); rule=${{rule#*-F }}; ${{rule%% *}} cargo\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    );
    let said = ran(sandbox.command(program("bash", "apt-get install bash")).args(["--norc", "-c", &ask]));
    let lines = said.ends(0).stdout;
    lines.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_what_the_program_takes() {
    let sandbox = evaluated();
    let check = |line: &str, expected: &[&str]| assert_eq!(bash(&sandbox, "", line), expected, "{line}");
    check("cargo xtask loc", &["lock"]);
    check("cargo xtask build --skip", &["--skip-cached"]);
    check("cargo xtask --inputs=st", &["standin"]);
    check("cargo xtask ci cache-p", &["cache-policy", "cache-push"]);
    // Bash replaces what stands behind the colon.
    check("cargo xtask build package:d", &["default"]);
    check("cargo xtask secrets k", &["keygen"]);
    check("cargo bu", &[]);
    // Whoever completed `cargo` before still does, and is not asked about ours.
    let other = "_theirs() { COMPREPLY=(theirs); }; complete -F _theirs cargo";
    assert_eq!(bash(&sandbox, other, "cargo bu"), ["theirs"]);
    assert_eq!(bash(&sandbox, other, "cargo xtask loc"), ["lock"]);
    // Elsewhere, no program is run.
    let elsewhere = "cd /";
    assert_eq!(bash(&sandbox, elsewhere, "cargo xtask loc"), Vec::<String>::new());
}

#[test]
fn fish_completes_what_the_program_takes() {
    let sandbox = evaluated();
    let script = script(&sandbox, "fish");
    let fish = |line: &str| -> Ran {
        let ask = format!("source {script}; complete -C '{line}'");
        ran(sandbox.command(program("fish", "apt-get install fish")).args(["--no-config", "-c", &ask])).ends(0)
    };
    let check = |line: &str, expected: &[&str]| {
        let said = fish(line).stdout;
        let offered: Vec<&str> = said.lines().map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(offered, expected, "{line}: {said}");
    };
    check("cargo xtask loc", &["lock"]);
    check("cargo xtask build package:d", &["package:default"]);
    check("cargo xtask ci cache-p", &["cache-policy", "cache-push"]);
    check("cargo xtask --inputs ", &["locked", "standin", "auto"]);
    assert!(fish("cargo xtask lock --j").stdout.contains("--json\tAnswer in JSON"));
    assert!(!fish("cargo ").stdout.contains("independence"));
}

#[test]
fn zsh_completes_what_the_program_takes() {
    let sandbox = evaluated();
    let script = script(&sandbox, "zsh");
    // A shell at a terminal of its own, into which a line and a tabulator are typed.
    let typed = |line: &str| {
        let ask = format!(
            "zmodload zsh/zpty\nzpty shell 'PS1=READY TERM=dumb zsh -f -i'\nzpty -w shell 'source {script}; PS1=SET'\n\
             repeat 200; do zpty -r -t shell part && said+=$part; [[ $said == *SET*SET* ]] && break; sleep 0.05; done\n\
             said=; zpty -w -n shell $'{line}\\t'\n\
             repeat 100; do zpty -r -t shell part && said+=$part; sleep 0.02; done\nprint -r -- $said\nzpty -d shell\n"
        );
        ran(sandbox.command(program("zsh", "apt-get install zsh")).args(["-f", "-c", &ask])).stdout
    };
    let check = |line: &str, expected: &str| {
        let said = typed(line);
        assert!(said.contains(expected), "{line}: {said:?}");
    };
    check("cargo xtask loc", "cargo xtask lock ");
    check("cargo xtask build package:d", "cargo xtask build package:default ");
    check("cargo xtask lock --js", "cargo xtask lock --json ");
    check("cargo xtask ci cache-p", "cache-policy");
}

/// Bootstrap of the shell and of `man` alone.
fn bootstrap(sandbox: &Sandbox, more: &[&str]) -> Ran {
    sandbox.run(&[&["bootstrap", "--only", "completions,man"], more].concat())
}

#[test]
fn bootstrap_brings_both_and_takes_back_what_it_brought() {
    for (shell, start) in [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", ".config/fish/conf.d/mine.fish")] {
        let mut sandbox = Sandbox::new(TestNix::Modern);
        sandbox.set("SHELL", &format!("/bin/{shell}"));
        let file = sandbox.home().join(start);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "# mine, without an end").unwrap();
        fs::create_dir_all(sandbox.home().join(".local/share/man/man1")).unwrap();
        fs::write(sandbox.home().join(".local/share/man/man1/mine.1"), "mine").unwrap();
        let files = |sandbox: &Sandbox| {
            let entries = walkdir::WalkDir::new(sandbox.home()).into_iter().map(Result::unwrap);
            // What the shells themselves keep.
            let own = [".zcompdump", "fish_variables", "fish_history"];
            let files = entries.filter(|entry| entry.file_type().is_file());
            let files = files.filter(|file| !own.iter().any(|name| file.path().ends_with(name)));
            let mut all: Vec<_> = files.map(|file| (file.path().to_owned(), fs::read(file.path()).unwrap())).collect();
            all.sort();
            all
        };
        let before = files(&sandbox);
        bootstrap(&sandbox, &["--check"]).ends(1);
        assert!(files(&sandbox) == before, "looking changes nothing");
        bootstrap(&sandbox, &["--yes"]).ends(0).says(&["2 of 2 steps in order, 2 done now"]);
        let after = files(&sandbox);
        bootstrap(&sandbox, &["--yes"]).ends(0).says(&["nothing to do"]);
        assert!(files(&sandbox) == after, "the second time changes nothing");

        // A shell that is started now reads it, and finds the pages.
        let told = match shell {
            "bash" => "complete -p cargo; man -w cargo-xtask-cache-push",
            "zsh" => "print $_comps[cargo]; man -w cargo-xtask-cache-push",
            _ => "complete -c cargo; man -w cargo-xtask-cache-push",
        };
        let mut command = sandbox.command(program(shell, &format!("apt-get install {shell}")));
        let said = ran(command.args(["-i", "-c", told]));
        assert!(said.stdout.contains("xtask_") && said.stdout.contains("man1/cargo-xtask-cache-push.1"), "{said:?}");

        bootstrap(&sandbox, &["--undo", "--dry-run"]).ends(0).says(&["would be taken back"]);
        assert!(files(&sandbox) == after, "showing it changes nothing");
        bootstrap(&sandbox, &["--undo"]).ends(0);
        assert!(files(&sandbox) == before, "{shell}: not as it was");
        bootstrap(&sandbox, &["--undo"]).ends(0).says(&["nothing to take back"]);
    }
}

#[test]
fn pages_are_sound_and_say_what_the_help_says() {
    let sandbox = Sandbox::new(TestNix::Modern);
    let folder = sandbox.path("pages");
    sandbox.run(&["man", "--dir", folder.to_str().unwrap()]).ends(0);
    let mut pages: Vec<_> = fs::read_dir(folder.join("man1")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    assert!(pages.len() > 35, "{pages:?}");
    let lint = |page: &std::path::Path| {
        let mandoc = program("mandoc", "apt-get install mandoc");
        ran(sandbox.command(mandoc).args(["-T", "lint", "-W", "error"]).arg(page))
    };
    for page in &pages {
        let said = lint(page);
        assert_eq!((said.status, said.stdout.as_str()), (0, ""), "{}", page.display());
    }
    let broken = folder.join("broken.1");
    fs::write(&broken, ".TH a 1\n.SH NAME\n.RS\n.TS\n").unwrap();
    assert_ne!(lint(&broken).status, 0);
    let read = |name: &str| {
        let man = sandbox
            .command(program("mandoc", "apt-get install mandoc"))
            .args(["-T", "ascii", "-O", "width=200"])
            .arg(folder.join(format!("man1/{name}.1")))
            .output()
            .unwrap();
        let text = String::from_utf8(man.stdout).unwrap();
        // Bold and underlined letters are struck twice.
        text.replace("_\u{8}", "").chars().fold(String::new(), |mut plain, c| {
            if c == '\u{8}' {
                plain.pop();
            } else {
                plain.push(c);
            }
            plain
        })
    };
    let push = read("cargo-xtask-cache-push");
    for expected in [
        "cargo-xtask-cache-push(1)",
        "cargo xtask cache push",
        "--repair",
        "cargo xtask cache push nixos:web           one host",
    ] {
        assert!(push.contains(expected), "{expected}:\n{push}");
    }
    let whole = read("cargo-xtask");
    assert!(whole.contains("cargo-xtask-build(1)"), "{whole}");
    sandbox
        .run(&["man", "cache", "psh"])
        .ends(2)
        .says(&["there is no command `cache psh`: did you mean `cache push`?"]);
}
