//! What a push leaves for people: its rows in the summary, its spans in the trace and on the page, what caches had over past runs.

use std::fs;

use serde_json::Value;

use crate::place::{LINKS, chain, commit, path, place};
use crate::sandbox::{Sandbox, TestNix};

fn report(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.path("state/report").join(name)).unwrap()
}

#[test]
fn a_push_is_in_the_summary_the_trace_and_the_page() {
    let sandbox = place(TestNix::Modern);
    let trace = sandbox.path("trace.json");
    let run = || sandbox.run(&["ci", "cache-verify", "cache-analytics", "--trace", trace.to_str().unwrap()]).ends(0);
    run();
    let events: Value = serde_json::from_str(&fs::read_to_string(&trace).unwrap()).unwrap();
    let events: Vec<&Value> = events["traceEvents"].as_array().unwrap().iter().collect();
    for (category, steps) in [("packing", 1), ("push", 2)] {
        for link in LINKS {
            let of =
                |event: &&&Value| event["cat"] == category && event["args"]["path"] == path(&sandbox, link).as_str();
            let found: Vec<_> = events.iter().filter(of).collect();
            assert_eq!(found.len(), steps, "{category} {link}: {events:#?}");
            for event in found {
                assert!(event["args"]["bytes"].as_u64().unwrap() > 0 && event["args"]["failed"] == false, "{event}");
            }
        }
    }
    let page = report(&sandbox, "report.html");
    for expected in ["<title>push upper: ", "<title>packing lower: ", "<h2>Binary caches</h2>", "<th>cache</th>"] {
        assert!(page.contains(expected), "{expected}");
    }
    let summary = report(&sandbox, "summary.md");
    for expected in ["| cache |", "| pushed: 3 paths, ", "- **Push**: 3 paths pushed, "] {
        assert!(summary.contains(expected), "{expected}: {summary}");
    }
    let told: Value = serde_json::from_str(&report(&sandbox, "report.json")).unwrap();
    assert_eq!((&told["schema"], &told["outputs"][0]["push"]["ended"]), (&1.into(), &"pushed".into()));
    assert_eq!((&told["caches"]["trend"], told["caches"]["past"].as_array().unwrap().len()), (&Value::Null, 1));

    // The second time it is there, and the third run has two before it to be compared with.
    run();
    assert!(report(&sandbox, "summary.md").contains("| was there |"));
    commit(&sandbox, &chain("", "lower2 = lower;"));
    run();
    let told: Value = serde_json::from_str(&report(&sandbox, "report.json")).unwrap();
    let trend = &told["caches"]["trend"]["percents"];
    assert_eq!(trend.as_array().unwrap().len(), 3, "{trend}");
    let past = told["caches"]["past"].as_array().unwrap();
    assert_eq!((past.len(), &past[0]["build"]), (3, &3.into()));
    assert!(past[2]["substituters"][0]["url"].as_str().unwrap().starts_with("file://"), "{past:?}");
    assert!(report(&sandbox, "report.html").contains("here or in a cache<b> 100 %</b>"));
}
