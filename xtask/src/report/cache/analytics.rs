//! What caches have of what is needed: on a terminal, and as Markdown for the summary of a run.

use crate::analytics::{ClassTally, Large, Tally, Trend};
use crate::report::words::{bytes, count, cut, store_name};

/// How many of the paths that must be built are named on a terminal.
const NAMED: usize = 20;
/// How many are named in a summary, which has room for other things.
const NAMED_IN_SUMMARY: usize = 100;
/// Columns of a text from outside: what a cache answers may be a whole page.
const COLUMNS: usize = 200;
/// The bars of a trend, from nothing to all.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The tally on a terminal; `every` path that must be built instead of the first.
#[must_use]
pub fn analytics(tally: &Tally, trend: Option<&Trend>, every: bool) -> String {
    let mut text = format!("{} needed\n", count(tally.paths, "path"));
    for (name, paths, detail) in rows(tally) {
        text.push_str(&format!("  {paths:>6}  {:>6}  {name}{detail}\n", share(paths, tally.paths)));
    }
    for class in tally.classes.iter().filter(|class| class.target.is_some()) {
        text.push_str(&format!("{}\n", class_line(class)));
    }
    if let Some(trend) = trend {
        text.push_str(&format!("trend: {}\n", trend_line(trend)));
    }
    if !tally.largest.is_empty() {
        text.push_str("largest of what need not be built:\n");
    }
    for large in &tally.largest {
        text.push_str(&format!("  {}\n", large_line(large)));
    }
    let named = if every { tally.builds.len() } else { NAMED };
    if !tally.builds.is_empty() {
        text.push_str("to build:\n");
    }
    for build in tally.builds.iter().take(named) {
        let path = if every { build.path.as_str() } else { store_name(&build.path) };
        text.push_str(&format!("  {path}: {}\n", build.why));
    }
    if tally.builds.len() > named {
        text.push_str(&format!("  and {} more: --verbose names all\n", tally.builds.len() - named));
    }
    text
}

/// The tally in one line.
#[must_use]
pub fn analytics_line(tally: &Tally) -> String {
    let had = tally.paths - tally.build;
    format!(
        "{had} of {} were here or in a cache before the build, {}",
        count(tally.paths, "path"),
        share(had, tally.paths)
    )
}

/// The tally as a section of a summary.
#[must_use]
pub fn analytics_markdown(tally: &Tally, trend: Option<&Trend>) -> String {
    let mut text = format!("### Caches\n\n{} needed before the build:\n\n", count(tally.paths, "path"));
    text.push_str("| from | paths | share | |\n|---|---:|---:|---|\n");
    for (name, paths, detail) in rows(tally) {
        text.push_str(&format!("| {} | {paths} | {} |{} |\n", cell(&name), share(paths, tally.paths), cell(&detail)));
    }
    text.push('\n');
    for class in tally.classes.iter().filter(|class| class.target.is_some()) {
        text.push_str(&format!("- {}\n", class_line(class)));
    }
    if let Some(trend) = trend {
        text.push_str(&format!("- trend: {}\n", trend_line(trend)));
    }
    if !tally.largest.is_empty() {
        text.push_str("\n<details><summary>Largest of what need not be built</summary>\n\n");
        for large in &tally.largest {
            text.push_str(&format!("- {}\n", cell(&large_line(large))));
        }
        text.push_str("\n</details>\n");
    }
    if !tally.builds.is_empty() {
        text.push_str(&format!("\n<details><summary>{} to build</summary>\n\n", count(tally.builds.len(), "path")));
        for build in tally.builds.iter().take(NAMED_IN_SUMMARY) {
            text.push_str(&format!("- `{}`: {}\n", store_name(&build.path), cell(&build.why)));
        }
        if tally.builds.len() > NAMED_IN_SUMMARY {
            text.push_str(&format!("- and {} more\n", tally.builds.len() - NAMED_IN_SUMMARY));
        }
        text.push_str("\n</details>\n");
    }
    text
}

/// Where paths come from: name, number, and what else there is to say.
fn rows(tally: &Tally) -> Vec<(String, usize, String)> {
    let mut rows = vec![("in the store of this machine".to_owned(), tally.local, String::new())];
    for substituter in &tally.substituters {
        let detail = match &substituter.fault {
            Some(fault) => format!(" could not be asked: {fault}"),
            None if substituter.paths == 0 => String::new(),
            None => format!(" {} to fetch, {} unpacked", bytes(substituter.file_bytes), bytes(substituter.nar_bytes)),
        };
        rows.push((substituter.url.clone(), substituter.paths, detail));
    }
    rows.push(("to build".to_owned(), tally.build, String::new()));
    rows
}

fn large_line(large: &Large) -> String {
    let from = large.substituter.as_ref().map(|url| format!(", from {url}")).unwrap_or_default();
    format!("{} {}{from}", bytes(large.nar_bytes), store_name(&large.path))
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.1}%", part as f64 / whole as f64 * 100.0) }
}

fn class_line(class: &ClassTally) -> String {
    let target = class.target.map(|target| format!(", {target}% wanted")).unwrap_or_default();
    format!("{}: {} of {} need not be built, {:.1}%{target}", class.name, class.had, class.paths, class.percent())
}

fn trend_line(trend: &Trend) -> String {
    let newest = trend.percents.last().copied().unwrap_or(0.0);
    let bar = |percent: &f64| {
        let index = (percent / 100.0 * (BARS.len() - 1) as f64).round();
        BARS.get(index as usize).copied().unwrap_or(BARS[0])
    };
    let bars: String = trend.percents.iter().map(bar).collect();
    format!("{bars} {newest:.1}% need not be built, usually {:.1}%", trend.usual)
}

/// Text from outside in a table of Markdown.
fn cell(text: &str) -> String {
    cut(text, COLUMNS).replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::analytics::{Build, SubstituterTally};

    fn tally() -> Tally {
        let substituter = |url: &str, paths: usize, fault: Option<&str>| SubstituterTally {
            url: url.to_owned(),
            paths,
            file_bytes: 5_000_000,
            nar_bytes: 20_000_000,
            fault: fault.map(str::to_owned),
        };
        Tally {
            paths: 10,
            local: 5,
            substituters: vec![
                substituter("https://cache.nixos.org", 3, None),
                substituter("https://fleet.cachix.org", 0, Some("nobody answers | at all")),
            ],
            build: 2,
            builds: vec![
                Build {
                    path: "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-web".to_owned(),
                    why: "in no cache".to_owned()
                };
                2
            ],
            largest: vec![
                Large {
                    path: "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-kernel".to_owned(),
                    nar_bytes: 20_000_000,
                    substituter: Some("https://cache.nixos.org".to_owned()),
                },
                Large {
                    path: "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-libc".to_owned(),
                    nar_bytes: 2_000_000,
                    substituter: None,
                },
            ],
            classes: vec![ClassTally { name: "overall".to_owned(), paths: 10, had: 8, target: Some(90) }],
        }
    }

    #[test]
    fn on_a_terminal() {
        let trend = Trend { percents: vec![100.0, 50.0, 80.0], usual: 50.0 };
        expect![[r#"
            10 paths needed
                   5   50.0%  in the store of this machine
                   3   30.0%  https://cache.nixos.org 4.8 MiB to fetch, 19.1 MiB unpacked
                   0    0.0%  https://fleet.cachix.org could not be asked: nobody answers | at all
                   2   20.0%  to build
            overall: 8 of 10 need not be built, 80.0%, 90% wanted
            trend: █▅▇ 80.0% need not be built, usually 50.0%
            largest of what need not be built:
              19.1 MiB kernel, from https://cache.nixos.org
              1.9 MiB libc
            to build:
              web: in no cache
              web: in no cache
        "#]]
        .assert_eq(&analytics(&tally(), Some(&trend), false));
    }

    #[test]
    fn in_a_summary() {
        expect![[r#"
            ### Caches

            10 paths needed before the build:

            | from | paths | share | |
            |---|---:|---:|---|
            | in the store of this machine | 5 | 50.0% | |
            | https://cache.nixos.org | 3 | 30.0% | 4.8 MiB to fetch, 19.1 MiB unpacked |
            | https://fleet.cachix.org | 0 | 0.0% | could not be asked: nobody answers \| at all |
            | to build | 2 | 20.0% | |

            - overall: 8 of 10 need not be built, 80.0%, 90% wanted

            <details><summary>Largest of what need not be built</summary>

            - 19.1 MiB kernel, from https://cache.nixos.org
            - 1.9 MiB libc

            </details>

            <details><summary>2 paths to build</summary>

            - `web`: in no cache
            - `web`: in no cache

            </details>
        "#]]
        .assert_eq(&analytics_markdown(&tally(), None));
    }

    #[test]
    fn a_summary_is_bounded() {
        let mut tally = tally();
        let path = format!("/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-{}", "n".repeat(150));
        tally.builds = vec![Build { path, why: "in no cache ".repeat(10_000) }; 10_000];
        tally.substituters[1].fault = Some("<html>".repeat(100_000));
        let length = analytics_markdown(&tally, None).len();
        assert!(length < 50_000, "{length}");
    }
}
