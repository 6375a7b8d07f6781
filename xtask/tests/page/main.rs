//! report.html of real runs in a real browser, without network: what a person sees, that nothing sticks out, is faint or has no
//! size, in the light and in the dark, on a wide screen, a narrow one and paper, and that nothing from outside is run.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod browser;
mod planted;
#[path = "../sandbox/mod.rs"]
mod sandbox;

use std::fs;
use std::path::Path;

use browser::{Browser, Seen, View};
use sandbox::{Sandbox, TestNix};
use serde_json::Value;

/// Ends whatever it stands in, and would be run if it became an element; `executed` is what the browser is asked for.
const HOSTILE: &str = "</script><img src=x onerror='executed=1'><script>executed=1</script>";
/// The same as the name of a file, which holds no slash.
const HOSTILE_FILE: &str = "<img src=x onerror='executed=1'>.nix";

const WIDE: View = View { width: 1280, dark: false, medium: "screen" };
/// For whom the page is: every view is looked at.
const VIEWS: [View; 5] = [
    WIDE,
    View { dark: true, ..WIDE },
    View { width: 400, ..WIDE },
    View { width: 400, dark: true, ..WIDE },
    View { width: 760, medium: "print", ..WIDE },
];

/// A package of this machine that builds with `script`, as a line of a flake.
fn package(name: &str, script: &str) -> String {
    format!(
        "\"{name}\" = derivation {{ name = \"a\"; system = \"x86_64-linux\"; builder = \"/bin/sh\"; args = [ \"-c\" ''{script}'' ]; }};\n"
    )
}

fn fleet(packages: &[String], jobs: &str) -> Sandbox {
    let sandbox = Sandbox::new(TestNix::Modern);
    let packages = packages.concat();
    sandbox
        .write("flake.nix", &format!("{{ outputs = {{ self }}: {{ packages.x86_64-linux = {{\n{packages}}}; }}; }}\n"));
    sandbox.write("xtask.toml", jobs);
    sandbox
}

/// Looks at the page of the last run in every view: each is without fault, and asks for nothing; the answer is of the first.
#[track_caller]
fn page(sandbox: &Sandbox, browser: &mut Browser, name: &str) -> Value {
    let file = sandbox.path("state/report/report.html");
    let (mut pages, mut found): (Vec<Value>, Vec<String>) = (Vec::new(), Vec::new());
    for view in VIEWS {
        let seen = browser.look(&file, view, picture(name, view).as_deref());
        found.extend(faults(&seen).into_iter().map(|fault| format!("{view:?}: {fault}")));
        pages.push(seen.page);
    }
    assert_eq!(found, [""; 0]);
    let ground = |index: usize| &pages[index]["ground"];
    assert!(ground(0) == ground(2) && ground(1) == ground(3) && ground(0) != ground(1), "{} {}", ground(0), ground(1));
    pages.swap_remove(0)
}

/// Where a picture is put for who wants to look: into the folder that `XTASK_TEST_PICTURES` names.
fn picture(name: &str, view: View) -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("XTASK_TEST_PICTURES")?;
    let scheme = if view.dark { "dark" } else { "light" };
    Some(Path::new(&folder).join(format!("{name}-{}-{scheme}-{}.png", view.width, view.medium)))
}

/// Everything that is wrong with what there was to see.
fn faults(seen: &Seen) -> Vec<String> {
    let mut faults: Vec<String> =
        seen.page["faults"].as_array().unwrap().iter().map(|fault| fault.as_str().unwrap().to_owned()).collect();
    faults.extend(seen.console.iter().map(|said| format!("the console says {said}")));
    faults.extend(seen.requests.iter().map(|url| format!("asks for {url}")));
    faults
}

/// The visible rows below the heading that holds `heading`, that of the headings of columns too.
#[track_caller]
fn rows(page: &Value, heading: &str) -> Vec<Vec<String>> {
    let sections = page["sections"].as_array().unwrap();
    let named = |section: &&Value| section["heading"].as_str().is_some_and(|it| it.contains(heading));
    let section = sections.iter().find(named).unwrap_or_else(|| panic!("no section `{heading}`: {page:#}"));
    serde_json::from_value(section["rows"].clone()).unwrap()
}

/// What the drawings below a heading are of; nothing where there is no such heading.
fn drawings(page: &Value, heading: &str) -> Vec<String> {
    let sections = page["sections"].as_array().unwrap().iter().filter(|section| section["heading"] == heading);
    sections.flat_map(|section| serde_json::from_value::<Vec<String>>(section["drawings"].clone()).unwrap()).collect()
}

/// The page has a row for each job and for each output of report.json, with its name and what became of it.
#[track_caller]
fn tells_all(sandbox: &Sandbox, page: &Value) {
    let report = fs::read(sandbox.path("state/report/report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let check = |things: &str, name: &str, rows: &[Vec<String>], status: usize| {
        for thing in report[things].as_array().unwrap() {
            if thing["reason"] == "not asked for" {
                continue;
            }
            let (name, word) = (thing[name].as_str().unwrap(), thing["status"].as_str().unwrap());
            let word = if word == "present" { "up to date".to_owned() } else { word.replace('-', " ") };
            let told = |row: &&Vec<String>| row[0].ends_with(name) && row[status].starts_with(&word);
            assert!(rows.iter().any(|row| told(&row)), "{name}, {word}: {rows:#?}");
        }
    };
    let outputs = report["outputs"].as_array().unwrap().len();
    check("jobs", "name", &rows(page, "Jobs")[1..], 1);
    check("outputs", "attr", &rows(page, &format!("{outputs} outputs"))[1..], 3);
}

#[test]
fn a_green_run_without_and_with_history() {
    let mut browser = Browser::start();
    let packages: Vec<String> = (0..14).map(|number| package(&format!("part-{number}"), "echo > $out")).collect();
    let sandbox = fleet(&packages, "[ci.jobs.lint]\nabout = \"formatting is as agreed\"\ncommand = [\"true\"]\n");
    let run = || sandbox.run(&["ci", "lint", "lock", "build"]).ends(0);
    run();
    let first = page(&sandbox, &mut browser, "green");
    assert_eq!(first["verdict"], "Everything is in order");
    tells_all(&sandbox, &first);
    assert_eq!(rows(&first, "Largest closures").len(), 12);
    assert_eq!(drawings(&first, "Timeline").len(), 1);
    assert_eq!(drawings(&first, "Past runs"), [""; 0]);
    assert_eq!(rows(&first, "Jobs")[0], ["job", "result", "time", ""]);

    let flake = fs::read_to_string(sandbox.repository().join("flake.nix")).unwrap();
    sandbox.write("flake.nix", &flake.replacen("echo > $out", "echo much larger than before > $out", 1));
    run();
    let second = page(&sandbox, &mut browser, "green-again");
    tells_all(&sandbox, &second);
    assert_eq!(drawings(&second, "Past runs"), ["The time of 2 past runs, of which 2 went well"]);
    assert_eq!(drawings(&second, "Outputs over past runs").len(), 1);
    assert_eq!(rows(&second, "Jobs")[0], ["job", "result", "time", "usually", ""]);
    let columns = |page: &Value| rows(page, "14 outputs")[0].clone();
    assert_eq!(columns(&first), ["output", "kind", "system", "result", "time", "closure"]);
    assert_eq!(columns(&second)[6..], ["since the last run"]);
    let grown = rows(&second, "Largest closures")[0].clone();
    assert_eq!((grown[0].as_str(), grown[3].as_str()), ("package:part-0 (x86_64-linux)", "+16 B"));
}

#[test]
fn a_red_run_in_which_everything_from_outside_is_hostile() {
    let mut browser = Browser::start();
    let says = format!("echo \"{HOSTILE}\"; echo {} >&2", "a-line-without-any-space-".repeat(40));
    let fails = package(HOSTILE, &format!("{says}; exit 3"));
    let thrown = format!("\"thrown\" = import (./hosts + \"/{HOSTILE_FILE}\");\n");
    let names = ["networkManagerApplet".to_owned(), "x".repeat(160), "\\\" onmouseover=executed=1 x=\\\"".to_owned()];
    let well = names.iter().map(|name| package(name, "echo > $out"));
    let packages: Vec<String> = [fails, thrown].into_iter().chain(well).collect();
    let job = format!("about = '''{HOSTILE}'''\ncommand = [\"sh\", \"-c\", '''echo \"{HOSTILE}\"; exit 3''']\n");
    let sandbox = fleet(&packages, &format!("[ci.jobs.lint]\n{job}"));
    sandbox.write(&format!("hosts/{HOSTILE_FILE}"), &format!("throw \"{HOSTILE} {}\"\n", "in a sentence, ".repeat(8)));
    sandbox.run(&["ci", "--keep-going", "lint", "build"]).ends(1);
    let page = page(&sandbox, &mut browser, "red");
    assert_eq!(page["verdict"], "Something failed");
    tells_all(&sandbox, &page);
    let build = rows(&page, "Jobs").into_iter().find(|row| row[0] == "✗ build");
    assert_eq!(build.and_then(|row| row.last().cloned()).as_deref(), Some("2 outputs failed"));
    // It is all there to be read: in the name, in the log and in the fault of the job.
    let text = page["text"].as_str().unwrap();
    for place in ["packages.x86_64-linux.\"", "\n", "│ "] {
        assert!(text.contains(&format!("{place}{HOSTILE}")), "{place}: {text}");
    }
    assert!(text.contains(&format!("hosts/{HOSTILE_FILE}")), "{text}");
}

/// Looks once at `html`, as a file of its own.
fn look(browser: &mut Browser, folder: &Path, html: &str, view: View) -> Vec<String> {
    let file = folder.join("planted.html");
    fs::write(&file, html).unwrap();
    faults(&browser.look(&file, view, None))
}
