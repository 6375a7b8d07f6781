//! The whole truth table: event × ref × origin × token × stand-in × dirty, for each sort of cache.

use std::fmt::Write as _;

use super::*;

/// A letter for what is decided, and for why it is denied.
fn letter(decision: &Decision) -> char {
    match decision {
        Decision::Push { .. } => 'P',
        Decision::Skip(_) => 's',
        Decision::Error(_) => 'E',
        Decision::Deny(reason) => {
            let reasons = [
                ("from the fork `eve/fleet`", 'F'),
                ("it may be a fork's code", 'U'),
                ("shows a CI that says nothing of forks", 'C'),
                ("built from the stand-in inputs", 'I'),
                ("the working tree differs from its commit", 'D'),
            ];
            let fits: Vec<char> =
                reasons.iter().filter(|(part, _)| reason.contains(part)).map(|(_, letter)| *letter).collect();
            assert_eq!(fits.len(), 1, "{reason}");
            fits[0]
        }
    }
}

const LEGEND: &str = "\
# P pushed, s skipped by the rules, E an error since the token is missing; denied: F of a fork, U of unknown origin, C in an unknown CI,
# I from the stand-in inputs, D from a dirty tree. The preset is `main-and-tags`, and the default branch `main`.
# The first four columns are with a token, the others without.
#
";

fn table(reach: Reach) -> String {
    let origins = [Origin::Own, Origin::Fork("eve/fleet".to_owned()), Origin::Unknown("it is gone".to_owned())];
    let missing = Token::Missing { wanted: vec!["CACHIX_AUTH_TOKEN".to_owned()], empty: None, instead: None };
    let mut table = LEGEND.to_owned();
    let columns = "clean stand dirty both   ".repeat(2);
    writeln!(table, "{:<74}{}", "#", columns.trim_end()).unwrap();
    for (event, reference) in runs() {
        for origin in &origins {
            let name = word(&event);
            let whose = word_of(origin);
            write!(table, "{name:<18} {reference:<41} {whose:<13}").unwrap();
            for token in [Token::Ready("CACHIX_AUTH_TOKEN".to_owned()), missing.clone()] {
                for (stand_in, dirty) in [(false, false), (true, false), (false, true), (true, true)] {
                    let facts =
                        Facts { reach, stand_in, dirty, token: token.clone(), ..facts(run(&event, reference, origin)) };
                    write!(table, "{:<6}", letter(&decide(&facts, &Rules::default()))).unwrap();
                }
                table.push(' ');
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
    }
    table
}

fn word_of(origin: &Origin) -> &'static str {
    match origin {
        Origin::Own => "own",
        Origin::Fork(_) => "fork",
        Origin::Unknown(_) => "unknown",
    }
}

#[test]
fn a_cache_that_others_read() {
    expect_test::expect_file!["remote.txt"].assert_eq(&table(Reach::Remote));
}

#[test]
fn a_folder() {
    expect_test::expect_file!["folder.txt"].assert_eq(&table(Reach::Folder));
}

#[test]
fn the_cache_of_the_state_folder() {
    expect_test::expect_file!["embedded.txt"].assert_eq(&table(Reach::Embedded));
}

#[test]
fn nothing_of_a_stranger_is_ever_pushed() {
    let tables = [include_str!("remote.txt"), include_str!("folder.txt"), include_str!("embedded.txt")];
    let rows = || tables.iter().flat_map(|table| table.lines()).filter(|line| !line.starts_with('#'));
    assert_eq!(rows().count(), 3 * 3 * runs().len());
    for row in rows() {
        let (run, letters) = row.split_at(73);
        for (whose, letter) in [(" fork", "F"), (" unknown", "U")] {
            let denied = letters.split_whitespace().all(|decided| decided == letter);
            assert!(!run.contains(whose) || denied, "{row}");
        }
    }
}
