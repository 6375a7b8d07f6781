//! Which narinfos a bucket has, by as few requests as possible: pages of a listing where many are asked for, else one each.

use std::collections::HashSet;

/// From so many on, a page of a listing is likely to answer more than one of them.
const WORTH_A_PAGE: usize = 8;

/// How many pages a listing may take: as many round trips as asking one by one would, since pages come one after the other.
pub fn pages(hashes: usize, in_flight: usize) -> usize {
    if hashes < WORTH_A_PAGE { 0 } else { 1 + hashes / in_flight.max(1) }
}

/// What a listing has told so far of the hashes that are looked for.
pub struct Sought {
    /// In the order of the listing.
    hashes: Vec<String>,
    /// Those before it are known.
    known: usize,
    missing: HashSet<String>,
}

impl Sought {
    /// Looks for `hashes`.
    pub fn new(hashes: &[String]) -> Self {
        let mut hashes = hashes.to_vec();
        hashes.sort_unstable();
        hashes.dedup();
        Self { hashes, known: 0, missing: HashSet::new() }
    }

    /// Where the next page should begin: right before the first hash that is not known.
    pub fn after(&self) -> Option<String> {
        let first = self.hashes.get(self.known)?;
        // `-` comes before the `.` of `.narinfo`, and before every digit.
        Some(format!("{first}-"))
    }

    /// Takes in a page of names of files in order. `whole` says that nothing comes after it.
    pub fn page(&mut self, page: &[&str], whole: bool) {
        let there: HashSet<&str> = page.iter().copied().collect();
        let last = page.last().copied();
        while let Some(hash) = self.hashes.get(self.known) {
            let name = format!("{hash}.narinfo");
            if !whole && last.is_none_or(|last| name.as_str() > last) {
                return;
            }
            if !there.contains(name.as_str()) {
                self.missing.insert(hash.clone());
            }
            self.known += 1;
        }
    }

    /// What is missing, and what is not known.
    pub fn end(mut self) -> (HashSet<String>, Vec<String>) {
        let unknown = self.hashes.split_off(self.known);
        (self.missing, unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_pages() {
        for (hashes, in_flight, expected) in [(0, 64, 0), (7, 64, 0), (8, 64, 1), (1001, 64, 16), (1001, 0, 1002)] {
            assert_eq!(pages(hashes, in_flight), expected);
        }
    }

    #[test]
    fn what_pages_tell() {
        let check = |hashes: &[&str], pages: &[(&[&str], bool)], missing: &[&str], unknown: &[&str]| {
            let owned = |hashes: &[&str]| hashes.iter().map(|hash| (*hash).to_owned()).collect::<Vec<_>>();
            let mut sought = Sought::new(&owned(hashes));
            for (page, whole) in pages {
                let names: Vec<String> = page.iter().map(|hash| format!("{hash}.narinfo")).collect();
                sought.page(&names.iter().map(String::as_str).collect::<Vec<_>>(), *whole);
            }
            let (found, rest) = sought.end();
            assert_eq!((found, rest), (owned(missing).into_iter().collect(), owned(unknown)));
        };
        check(&["c", "a", "b"], &[(&["a", "c"], true)], &["b"], &[]);
        check(&["a", "b", "d"], &[(&["a", "c"], false)], &["b"], &["d"]);
        check(&["a", "b", "d"], &[(&["a", "c"], false), (&["d", "e"], false)], &["b"], &[]);
        check(&["a", "b"], &[(&[], false)], &[], &["a", "b"]);
        check(&["a", "a"], &[(&[], true)], &["a"], &[]);
        check(&["a"], &[], &[], &["a"]);
    }

    #[test]
    fn a_page_begins_before_the_first_that_is_not_known() {
        let mut sought = Sought::new(&["b".to_owned(), "d".to_owned()]);
        let after = sought.after().unwrap();
        assert!(after.as_str() < "b.narinfo" && after.as_str() > "a.narinfo", "{after}");
        sought.page(&["b.narinfo", "c.ls"], false);
        assert_eq!(sought.after().as_deref(), Some("d-"));
        sought.page(&["d.narinfo"], false);
        assert_eq!(sought.after(), None);
    }
}
