//! Long reports cut where a reader would cut them: between two entries, never within one.

/// `entries` in their order, as many as fit into `most` bytes, and how many are left out.
#[must_use]
pub fn fitting(entries: impl Iterator<Item = String>, most: usize) -> (String, usize) {
    let (mut text, mut left_out) = (String::new(), 0);
    for entry in entries {
        // What comes after one that is left out is left out too: what is shown is the beginning.
        if left_out > 0 || text.len() + entry.len() > most {
            left_out += 1;
        } else {
            text.push_str(&entry);
        }
    }
    (text, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_entries_from_the_beginning() {
        let check = |entries: &[&str], most: usize, expected: (&str, usize)| {
            let (text, left_out) = fitting(entries.iter().map(|entry| (*entry).to_owned()), most);
            assert_eq!((text.as_str(), left_out), expected);
        };
        check(&[], 3, ("", 0));
        check(&["ab", "c"], 3, ("abc", 0));
        check(&["ab", "cd", "e"], 3, ("ab", 2));
        check(&["abcd", "e"], 3, ("", 2));
    }
}
