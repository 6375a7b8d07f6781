//! The report as a browser gets it: what it says, that nothing from outside becomes markup, and how much it may be.

use std::collections::BTreeSet;
use std::time::Duration;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::fleet::{AttrPath, Evaluated, Facts, Output, OutputResult, Place, Span, Work};
use crate::report::example;
use crate::rules::Problem;
use section::Series;

/// What is hostile wherever it stands: it ends attributes, tags, styles and comments, and is long.
const HOSTILE: &str = "\"'><script src=http://e/></style><img onerror=a>-->]]>&amp;\u{1b}[31m\u{202e}";

/// Every element of `html` as `name` and `name attribute`; the document must be well-formed.
fn elements(html: &str) -> BTreeSet<String> {
    let mut reader = Reader::from_str(html);
    let (mut found, mut open) = (BTreeSet::new(), Vec::new());
    loop {
        let event = reader.read_event().unwrap();
        if let Event::Start(tag) | Event::Empty(tag) = &event {
            let name = tag.name().as_ref().to_owned();
            for attribute in tag.attributes() {
                found.insert(format!("{name} {}", attribute.unwrap().key.as_ref()));
            }
            found.insert(name);
        }
        match event {
            Event::Start(tag) => open.push(tag.name().as_ref().to_owned()),
            Event::End(tag) => assert_eq!(open.pop().as_deref(), Some(tag.name().as_ref())),
            Event::Comment(_) | Event::CData(_) | Event::PI(_) => panic!("{event:?}"),
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open.len(), 0);
    found
}

/// A run over `number` outputs, of which every seventh fails with a log; with past runs.
pub fn fleet(number: usize, text: &str, line: &str) -> (RunResult, History) {
    let mut result = example::run();
    let name = |index: usize| AttrPath::new(["nixosConfigurations".to_owned(), format!("host-{index:03}{text}")]);
    let one = |index: usize| {
        let status = if index % 7 == 3 { Status::BuildFailed } else { Status::Built };
        let output = Output { attr: name(index), kind: "nixos".to_owned(), system: None };
        let mut one = OutputResult::new(output, status);
        let seconds = 0.4 + (index * 37 % 23) as f64 / 10.0;
        let drv = Some(format!("/nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-host-{index}{text}.drv"));
        let (system, facts, warnings) = ("x86_64-linux".to_owned(), Facts::new(), Vec::new());
        one.failed_drv = drv.clone().filter(|_| status.is_failure());
        one.evaluated = Some(Evaluated { system, drv, facts, facts_error: None, warnings, seconds, memory_mib: 10 });
        one.build_seconds = (index * 53 % 71) as f64;
        one.closure_bytes = (!status.is_failure()).then_some(900_000_000 + (index as u64 * 7_654_321) % 1_500_000_000);
        if status.is_failure() {
            one.reason = Some(format!("builder failed with exit code 3{text}"));
            one.place = Some(Place { file: format!("hosts/{text}.nix").into(), line: 3 });
            one.log_tail = (0..25).map(|number| format!("{number}: {line}{text}")).collect();
        }
        one
    };
    let began = result.began;
    let span = |index: usize, work, workers: usize, millis: u64| {
        let at = began + Duration::from_millis(500 + (index / workers) as u64 * (millis + 40));
        let name = format!("/nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-part-{index}{text}.drv");
        let length = millis * (3 + index as u64 * 7 % 10) / 12;
        let failed = index % 29 == 3;
        Span { ended: at + Duration::from_millis(length), failed, ..Span::until_now(work, index % workers, name, at) }
    };
    let report = result.fleet.as_mut().unwrap();
    report.results = (0..number).map(one).collect();
    report.uncovered = vec![name(0)];
    report.spans = (0..number).map(|index| span(index, Work::Evaluation, 4, 900)).collect();
    report.spans.extend((0..2 * number).map(|index| span(index, Work::Build, 6, 700)));
    report.spans.extend((0..number).map(|index| span(index, Work::Fetch, 3, 400)));
    result.seconds = 20.0;
    result.revision = Some(format!("0123456{text}"));
    result.jobs[0].reason = Some(format!("the store is gone{text}"));
    let place = Place { file: text.into(), line: 1 };
    result.jobs[1].problems.push(Problem::new(Some(place), format!("fault{text}"), format!("fix{text}")));
    let run = |index: usize| {
        let mut run = crate::kept::history::Run::of(&result);
        run.started += index as u64 * 40_000;
        run.seconds = 15.0 + (index * 31 % 17) as f64;
        run.status = if index % 6 == 4 { JobStatus::Failed } else { JobStatus::CouldNotCheck };
        run.status = if index.is_multiple_of(3) { JobStatus::Ok } else { run.status };
        (run.failed, run.unbuilt) = (index % 6 * number / 40, number * (10 + index * 3 % 9) / 20);
        run
    };
    let runs = (0..30).map(run).collect();
    (result, History { runs })
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let section = |text: &str| Section {
        title: text.to_owned(),
        about: text.to_owned(),
        series: vec![Series {
            name: text.to_owned(),
            points: [f64::NAN, 400.0].map(|percent| Point { at: u64::MAX / 4, percent }).to_vec(),
        }],
        rows: vec![(text.to_owned(), text.to_owned())],
    };
    let of = |text: &str| {
        let (result, history) = fleet(20, text, "checking");
        document(&result, &history, &[section(text)])
    };
    let (plain, hostile) = (of("x"), of(HOSTILE));
    assert_eq!(elements(&hostile), elements(&plain));
    assert_eq!(hostile.matches("<script").count(), 0);
    assert!(hostile.contains("&lt;script src=http://e/&gt;"));
    assert!(!hostile.contains(['\u{1b}', '\u{202e}']));
    let found = elements(&plain);
    let forbidden = |name: &&String| {
        let (element, attribute) = name.split_once(' ').unwrap_or((name, ""));
        ["script", "img", "a", "link", "iframe", "object", "form", "use", "image"].contains(&element)
            || attribute.starts_with("on")
            || ["style", "src", "href"].contains(&attribute)
    };
    assert_eq!(found.iter().find(forbidden), None);
    // The policy would not let a browser take the style if its hash were another's.
    let style = plain.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = data_encoding::BASE64.encode(&hmac_sha256::Hash::hash(style.as_bytes()));
    assert!(plain.contains(&format!("content=\"default-src 'none'; style-src 'sha256-{hash}'\"")));
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}

#[test]
fn what_a_person_wants_to_know_in_that_order() {
    let (result, history) = fleet(20, "", "checking");
    let html = document(&result, &history, &[]);
    let expected = [
        "<h1>Not everything could be checked</h1>",
        "Stand-in inputs.",
        "<h2>What to mend</h2>",
        "could not check: the store is gone",
        "the input `a` is not pinned<p class=\"fix\">run `nix flake lock`",
        "<h2>3 outputs failed</h2>",
        "<b>nixosConfigurations.host-003</b> <span>build failed</span>",
        "<pre>0: checking\n1: checking",
        "reproduce: <code>cargo xtask build nixosConfigurations.host-003 --inputs standin</code>",
        "<h2>Warnings</h2>",
        "<h2>Jobs</h2>",
        "<h2>Timeline</h2>",
        "<title>evaluation part-0: 0.2 s, from 0.5 s</title>",
        "<h2>Slowest outputs</h2>",
        "<h2>Largest closures</h2>",
        "<h2>Past runs</h2>",
        "<h2>Outputs over past runs</h2>",
        "<h2>20 outputs</h2>",
        "is of no known kind",
        "nix (Nix) 2.34.8",
    ];
    let mut rest = html.as_str();
    for text in expected {
        let at = rest.find(text).unwrap_or_else(|| panic!("`{text}` is not there, or too early"));
        rest = &rest[at..];
    }
    let well = RunResult { jobs: Vec::new(), fleet: None, spans: Vec::new(), inputs: None, ..example::run() };
    let html = document(&well, &History::default(), &[]);
    assert!(html.contains("<h1>Everything is in order</h1>"));
    for heading in ["mend", "Timeline", "Past runs", "Stand-in", "Slowest"] {
        assert!(!html.contains(&format!("<h2>{heading}")) && !html.contains("Stand-in"), "{heading}");
    }
}

#[test]
fn a_large_fleet_stays_below_two_megabytes() {
    let check = |number: usize, line: usize, cut: &[&str]| {
        let (result, history) = fleet(number, "", &"ä<".repeat(line));
        let html = document(&result, &history, &[]);
        assert!(html.len() < 2_000_000, "{number} outputs: {}", html.len());
        elements(&html);
        for text in cut {
            assert!(html.contains(text), "{number} outputs: {text}");
        }
    };
    check(300, 60, &["<h2>43 outputs failed</h2>"]);
    check(
        1500,
        500,
        &[" more, see report.json.", " more, which took less, are not drawn", "<h2>214 outputs failed</h2>"],
    );
}
