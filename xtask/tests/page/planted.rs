//! That what is looked for would be found: a page of a real run with one thing planted in it, and what is said of that.

use crate::browser::{Browser, View};
use crate::{HOSTILE, WIDE, fleet, look, package};

const NARROW: View = View { width: 400, ..WIDE };

#[test]
fn what_is_wrong_with_a_page_is_found() {
    let mut browser = Browser::start();
    let sandbox = fleet(&[package("part", "echo > $out")], "");
    for _ in 0..2 {
        sandbox.run(&["ci", "build"]).ends(0);
    }
    let page = std::fs::read_to_string(sandbox.path("state/report/report.html")).unwrap();
    let policy = "http-equiv=\"Content-Security-Policy\"";
    assert_eq!(page.matches(policy).count(), 1);
    // What is planted is seen with the policy off.
    let open = page.replace(policy, "name=\"none\"");
    let mut check = |html: &str, view: View, expected: &[&str]| {
        let found = look(&mut browser, &sandbox.path(""), html, view);
        let unexpected = |fault: &&String| !expected.iter().any(|expected| fault.starts_with(expected));
        let missing = expected.iter().find(|expected| !found.iter().any(|fault| fault.starts_with(**expected)));
        assert_eq!((missing, found.iter().find(unexpected)), (None, None), "{found:#?}");
    };
    let planted = |html: &str, element: &str| html.replacen("</main>", &format!("{element}</main>"), 1);
    let styled = |rules: &str| open.replacen("</style>", &format!("{rules}</style>"), 1);

    check(&open, WIDE, &[]);
    // The policy alone keeps what would become an element from being run, and from asking for anything.
    let refused = ["the console says \"Executing inline", "an element that the page has no use for: script"];
    check(&planted(&page, "<script>executed=1</script>"), WIDE, &refused);
    let element = "an element that the page has no use for: ";
    let run = "something from outside was executed";
    check(&planted(&open, "<script>executed=1</script>"), WIDE, &[element, run]);
    check(&planted(&open, HOSTILE), WIDE, &[element, run, "asks for file:", "the console says"]);
    check(&planted(&open, "<script>console.error('a')</script>"), WIDE, &[element, "the console says [{"]);
    check(&planted(&open, "<script>throw 1</script>"), WIDE, &[element, "the console says {"]);
    let image = "<img src=\"http://example.org/a.png\" alt=\"a\"/>";
    check(&planted(&open, image), WIDE, &[element, "asks for http://example.org/a.png", "the console says"]);
    check(&styled("body{background:url(http://example.org/a.png)}"), WIDE, &["asks for http", "the console says"]);

    let card = |rules: &str, inner: &str| {
        planted(&styled(&format!(".p{{{rules}}}")), &format!("<section><div class=\"p\">{inner}</div></section>"))
    };
    let words = "<p>some words</p>";
    check(&card("white-space: nowrap", words), NARROW, &[]);
    let out = ["the page is ", "sticks out of section: \"some", "sticks out of the page: \"some"];
    check(&card("margin-left: 380px; white-space: nowrap", words), NARROW, &out);
    check(&card("overflow: hidden; width: 40px; white-space: nowrap", words), NARROW, &["cut off: div.p \"some"]);
    check(&card("width: 30px", words), NARROW, &["broken: \"some\"", "broken: \"words\""]);
    // On a wide screen longer ones have their place too.
    let name = ["broken: \"packages.x86_64\"", "broken: \"linux.part\""];
    check(&styled(".outputs td:first-child { display: block; width: 60px; }"), WIDE, &name);
    let table = "<table><tbody><tr><td>some words</td><td>1</td></tr></tbody></table>";
    check(&card("white-space: nowrap", table), NARROW, &[]);
    let cell = styled(".p table { table-layout: fixed; width: 60px; } .p td { white-space: nowrap; }");
    let cell = planted(&cell, &format!("<section><div class=\"p\">{table}</div></section>"));
    check(&cell, NARROW, &["sticks out of td: \"some"]);
    check(&styled(".outputs td { min-width: 300px; }"), WIDE, &["has to be scrolled: div.wide"]);
    check(&styled(".outputs td { min-width: 300px; }"), NARROW, &[]);

    let faint = ["faint, 1.0 to 1: \"", "faint, 1.0 to 1: \"every output"];
    check(&styled(".jobs td { color: var(--card); }"), WIDE, &faint);
    check(&styled("svg .in { fill: var(--job); }"), WIDE, &["faint, "]);
    check(&styled("svg text { fill: var(--edge); }"), WIDE, &["faint, "]);
    check(&styled("footer { font-size: 9px; }"), WIDE, &["small, 7.8 pixels: \"", "small, 9.0 pixels: \"·\""]);
    check(&styled(".timeline { min-width: 0; }"), NARROW, &["small, "]);
    check(&styled(".timeline rect { width: 3px; }"), WIDE, &["sticks out of its bar: \""]);

    let timeline = |class: &str| format!("nothing to see: svg.{class}");
    check(&styled(".plot { display: none; }"), WIDE, &[&timeline("plot"), "a shape without a size: "]);
    check(&styled(".timeline { height: 0; }"), WIDE, &[&timeline("timeline"), "a shape outside of its drawing: "]);
    let empty = planted(&open, "<svg role=\"img\" class=\"none\" width=\"9\" height=\"9\"><path d=\"M0 0H9\"/></svg>");
    check(&empty, WIDE, &["an empty drawing: svg.none"]);
    check(&styled("circle { r: 0; }"), WIDE, &["a shape without a size: circle"]);
    check(&styled("circle { cx: 1100px; }"), WIDE, &["a shape outside of its drawing: circle"]);
}
