//! What binary caches had of what outputs need, and what became of the push: as data for a section.

use super::section::{Point, Section, Series};
use crate::analytics::{Past, SubstituterTally, Tally};
use crate::ci::{Caches, RunResult};
use crate::report::words::{bytes, shortened};

/// How many of the newest measurements are drawn.
const DRAWN: usize = 60;
/// How many substituters have a line of their own in the plot: those that have most now.
const LINES: usize = 3;
/// How many are told in rows.
const ROWS: usize = 20;
/// How many characters of a text from outside are told.
const TEXT: usize = 160;

/// The section; it holds nothing where no job was about caches.
#[must_use]
pub fn caches(result: &RunResult) -> Section {
    let Caches { analytics, measured, push, verify, .. } = &result.caches;
    let mut section = Section {
        title: "Binary caches".to_owned(),
        about:
            "How much of what the outputs need was here or in a cache before the build, from where, and over past runs."
                .to_owned(),
        ..Section::default()
    };
    if let Some((tally, _)) = analytics {
        section.series = series(tally, measured);
        section.rows = rows(tally, measured);
    }
    let said = [("push", push), ("verified", verify)];
    let said = said.into_iter().filter_map(|(what, said)| Some((what.to_owned(), said.clone()?)));
    section.rows.extend(said);
    section
}

fn series(tally: &Tally, measured: &[Past]) -> Vec<Series> {
    let drawn = measured.get(measured.len().saturating_sub(DRAWN)..).unwrap_or_default();
    let had = drawn.iter().map(|past| Point { at: past.time, percent: past.percent() });
    let mut series = vec![Series { name: "here or in a cache".to_owned(), points: had.collect() }];
    let mut most: Vec<&SubstituterTally> = tally.substituters.iter().collect();
    most.sort_by_key(|substituter| std::cmp::Reverse(substituter.paths));
    // One that never had anything needs no line to say so.
    let lines = most.into_iter().map(|substituter| Series {
        name: shortened(&substituter.url, TEXT),
        points: drawn.iter().filter_map(|past| Some(point(past, had_by(past, &substituter.url)?.paths))).collect(),
    });
    series.extend(lines.filter(|line| line.points.iter().any(|point| point.percent > 0.0)).take(LINES));
    series
}

fn point(past: &Past, paths: usize) -> Point {
    Point { at: past.time, percent: paths as f64 / past.paths.max(1) as f64 * 100.0 }
}

fn had_by<'a>(past: &'a Past, url: &str) -> Option<&'a crate::analytics::PastSubstituter> {
    past.substituters.iter().find(|had| had.url == url)
}

fn rows(tally: &Tally, measured: &[Past]) -> Vec<(String, String)> {
    let of = |paths: usize| format!("{paths} of {}", tally.paths);
    let mut rows = vec![("in the store of this machine".to_owned(), of(tally.local))];
    for substituter in tally.substituters.iter().take(ROWS) {
        let told = match &substituter.fault {
            Some(fault) => format!("could not be asked: {}", shortened(fault, TEXT)),
            None if substituter.paths == 0 => of(0),
            None => {
                let (size, unpacked) = (bytes(substituter.file_bytes), bytes(substituter.nar_bytes));
                let usual = usual_bytes(measured, &substituter.url).map(|usual| format!(" (usually {})", bytes(usual)));
                format!("{}, {size} to fetch{}, {unpacked} unpacked", of(substituter.paths), usual.unwrap_or_default())
            }
        };
        rows.push((shortened(&substituter.url, TEXT), told));
    }
    rows.push(("to build".to_owned(), of(tally.build)));
    let classes = tally.classes.iter().filter_map(|class| {
        let told = format!("{} of {}, {:.1} %; {} % wanted", class.had, class.paths, class.percent(), class.target?);
        Some((format!("class `{}` here or in a cache", shortened(&class.name, TEXT)), told))
    });
    rows.extend(classes);
    rows
}

/// The bytes that were to be fetched from `url` before this run: the middle of past runs.
fn usual_bytes(measured: &[Past], url: &str) -> Option<u64> {
    let (_, before) = measured.split_last()?;
    let mut all: Vec<u64> = before.iter().filter_map(|past| Some(had_by(past, url)?.file_bytes)).collect();
    all.sort_unstable();
    all.get(all.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::{ClassTally, PastSubstituter};
    use crate::report::example;

    fn past(time: u64, build: usize, had: Option<(usize, u64)>) -> Past {
        let substituters =
            had.map(|(paths, file_bytes)| PastSubstituter { url: "https://a".to_owned(), paths, file_bytes });
        Past {
            schema: 1,
            time,
            revision: None,
            inputs: "locked".to_owned(),
            paths: 10,
            build,
            built: Vec::new(),
            substituters: substituters.into_iter().collect(),
        }
    }

    #[test]
    fn what_each_substituter_has_and_had() {
        let substituter = |url: &str, paths: usize, fault: Option<&str>| SubstituterTally {
            url: url.to_owned(),
            paths,
            file_bytes: 1024,
            nar_bytes: 4096,
            fault: fault.map(str::to_owned),
        };
        let tally = Tally {
            paths: 10,
            local: 5,
            substituters: vec![substituter("https://a", 3, None), substituter("https://b", 0, Some("it hangs"))],
            build: 2,
            builds: Vec::new(),
            largest: Vec::new(),
            classes: vec![ClassTally { name: "overall".to_owned(), paths: 10, had: 8, target: Some(90) }],
        };
        let mut result = example::run();
        assert_eq!(super::super::section::html(&caches(&result)), "");
        result.caches.analytics = Some((tally, None));
        // The first is of an older version, which did not say who had what.
        result.caches.measured =
            vec![past(1, 10, None), past(2, 5, Some((5, 2048))), past(3, 4, Some((1, 9))), past(4, 2, Some((3, 1024)))];
        result.caches.push = Some("nothing to push".to_owned());
        let section = caches(&result);
        let percents = |series: &Series| series.points.iter().map(|point| point.percent).collect::<Vec<_>>();
        let lines: Vec<(&str, Vec<f64>)> =
            section.series.iter().map(|series| (series.name.as_str(), percents(series))).collect();
        let a = vec![50.0, 10.0, 30.0];
        let expected = [("here or in a cache", vec![0.0, 50.0, 60.0, 80.0]), ("https://a", a)];
        assert_eq!(lines, expected);
        let rows: Vec<String> = section.rows.iter().map(|(what, told)| format!("{what}: {told}")).collect();
        assert_eq!(
            rows,
            [
                "in the store of this machine: 5 of 10",
                "https://a: 3 of 10, 1.0 KiB to fetch (usually 9 B), 4.0 KiB unpacked",
                "https://b: could not be asked: it hangs",
                "to build: 2 of 10",
                "class `overall` here or in a cache: 8 of 10, 80.0 %; 90 % wanted",
                "push: nothing to push",
            ]
        );
    }
}
