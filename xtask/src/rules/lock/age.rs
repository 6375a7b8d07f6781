//! How old the lock file's inputs are, and whether their channels are still maintained.
//!
//! A NixOS release is maintained until a month after the next one: `YY.05` to the end of the year, `YY.11` to the end of June
//! (the release schedule in the NixOS manual).

use super::{Facts, Problem};
use crate::flake_lock::{FlakeLock, Node};

const DAY: u64 = 24 * 60 * 60;
/// Without a wish of the owner, inputs of this age deserve a word.
const OLD_DAYS: u64 = 180;

/// Own inputs that were last changed long ago: worth a warning, or a problem where the owner has set an age.
pub fn stale(facts: &Facts<'_>, lock: &FlakeLock) -> Vec<Problem> {
    let limit = facts.max_age_days.unwrap_or(OLD_DAYS);
    let own = lock.direct_inputs().filter_map(|(name, node)| Some((name, node?.locked_number("lastModified")?)));
    own.filter_map(|(name, modified)| {
        let days = facts.now.saturating_sub(modified) / DAY;
        let fault = format!("what flake.lock pins for the input `{name}` is {days} days old");
        let fix = format!("run `nix flake update {name}`, and look at what changes");
        let place = facts.in_lock(name);
        (days > limit).then(|| match facts.max_age_days {
            Some(_) => Problem::new(place, format!("{fault}, more than the {limit} that xtask.toml allows"), fix),
            None => Problem::warning(place, fault, fix),
        })
    })
    .collect()
}

/// Own inputs that follow a release which is not maintained any more.
pub fn ended(facts: &Facts<'_>, lock: &FlakeLock) -> Vec<Problem> {
    let own = lock.direct_inputs().filter_map(|(name, node)| Some((name, release(node?)?)));
    own.filter(|(_, (year, month))| end(*year, *month) <= facts.now)
        .map(|(name, (year, month))| {
            let fault = format!(
                "the input `{name}` follows the release {year:02}.{month:02}, which is not maintained any more"
            );
            Problem::warning(facts.in_flake(name), fault, "follow a newer release in flake.nix")
        })
        .collect()
}

/// The release in the name of a branch: `nixos-25.05`, `release-25.05`, `nixpkgs-25.05-darwin`.
fn release(node: &Node) -> Option<(u64, u64)> {
    let branch = node.original.as_ref()?.get("ref")?.as_str()?;
    branch.split('-').find_map(|part| {
        let (year, month) = part.split_once('.')?;
        let known = year.len() == 2 && (month == "05" || month == "11");
        known.then(|| Some((year.parse().ok()?, month.parse().ok()?))).flatten()
    })
}

/// When a release stops being maintained, in seconds since 1970.
fn end(year: u64, month: u64) -> u64 {
    if month == 5 { seconds(2001 + year, 1, 1) } else { seconds(2001 + year, 7, 1) }
}

/// The beginning of a day, in seconds since 1970: the count of days is that of the proleptic Gregorian calendar.
fn seconds(year: u64, month: u64, day: u64) -> u64 {
    // A year that begins in March ends with the day that not every year has.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    // Days from the first of March of the year 0 to the first of January 1970.
    (days - 719_468) * DAY
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, check_lock, check_lock_with};
    use super::*;

    #[test]
    fn days_are_counted_as_calendars_do() {
        for (date, expected) in [
            ((1970, 1, 1), 0),
            ((2000, 3, 1), 951_868_800),
            ((2024, 2, 29), 1_709_164_800),
            ((2026, 7, 1), 1_782_864_000),
        ] {
            assert_eq!(seconds(date.0, date.1, date.2), expected, "{date:?}");
        }
    }

    fn lock(days: u64) -> String {
        let modified = NOW - days * DAY;
        format!(r#""a": {{"locked": {{"lastModified": {modified}}}}}, "root": {{"inputs": {{"a": "a"}}}}"#)
    }

    #[test]
    fn an_old_input_is_a_warning_or_what_the_owner_makes_of_it() {
        check_lock(&lock(180), &[], stale);
        check_lock(&lock(181), &["flake.lock:1: what flake.lock pins for the input `a` is 181 days old"], stale);
        let fault = "flake.lock:1: what flake.lock pins for the input `a` is 31 days old, more than the 30 that xtask.toml allows";
        check_lock_with(&lock(31), |facts| facts.max_age_days = Some(30), &[fault], stale);
        check_lock_with(&lock(30), |facts| facts.max_age_days = Some(30), &[], stale);
    }

    #[test]
    fn a_release_ends_with_its_last_day() {
        assert_eq!((end(25, 5), end(25, 11)), (seconds(2026, 1, 1), seconds(2026, 7, 1)));
        let lock = r#""a": {"original": {"ref": "nixos-25.11"}}, "root": {"inputs": {"a": "a"}}"#;
        let fault = ": the input `a` follows the release 25.11, which is not maintained any more";
        check_lock_with(lock, |facts| facts.now = end(25, 11) - 1, &[], ended);
        check_lock_with(lock, |facts| facts.now = end(25, 11), &[fault], ended);
    }

    #[test]
    fn a_release_that_has_ended() {
        let check = |branch: &str, expected: &[&str]| {
            let lock = format!(r#""a": {{"original": {{"ref": "{branch}"}}}}, "root": {{"inputs": {{"a": "a"}}}}"#);
            check_lock(&lock, expected, ended);
        };
        check("nixos-unstable", &[]);
        check("nixos-26.05", &[]);
        let fault = ": the input `a` follows the release 25.11, which is not maintained any more";
        check("nixpkgs-25.11-darwin", &[fault]);
        check("release-25.05", &[&fault.replace("25.11", "25.05")]);
        check("v1.11", &[]);
        check("release-25.07", &[]);
    }
}
