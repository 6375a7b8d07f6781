//! Which encrypted files were not opened, and so which values were not looked for: one line a reason, with what mends it.

use crate::sops::closed::{Closed, Why};

/// So many files of one reason are named.
const NAMED: usize = 3;

/// A line for each reason, in the order in which they came.
#[must_use]
pub fn lines(closed: &[Closed]) -> Vec<String> {
    let mut reasons: Vec<(&Why, Vec<String>)> = Vec::new();
    for file in closed {
        let name = format!("`{}`", file.path.display());
        match reasons.iter_mut().find(|(why, _)| **why == file.why) {
            Some((_, names)) => names.push(name),
            None => reasons.push((&file.why, vec![name])),
        }
    }
    reasons.into_iter().map(|(why, names)| format!("the values in {}, {}", files(&names), reason(why))).collect()
}

fn files(names: &[String]) -> String {
    let shown = names.get(..NAMED).unwrap_or(names).join(", ");
    match names.len() {
        1 => shown,
        count if count <= NAMED => format!("{count} files ({shown})"),
        count => format!("{count} files ({shown} and {} more)", count - NAMED),
    }
}

fn reason(why: &Why) -> String {
    match why {
        Why::NoSops => "for want of sops: run `cargo xtask bootstrap --only sops`".to_owned(),
        Why::NoKey => "which no key on this machine opens: name one that does in SOPS_AGE_KEY_FILE, or have \
                       `cargo xtask secrets add-recipient` let this machine's in"
            .to_owned(),
        Why::Tampered => "in which something was changed since it was encrypted (a value, or the MAC): `git log -p -- FILE` shows it; \
                          take what was there before, and change it with `cargo xtask secrets edit`"
            .to_owned(),
        Why::TookTooLong => "which did not open in time, as where a key wants a passphrase or a touch: `cargo xtask secrets scan PATH` waits \
                             for you"
            .to_owned(),
        Why::NotTried => "which were not tried, since others for the same recipients did not open in time: `cargo xtask secrets scan PATH` \
                          waits for you"
            .to_owned(),
        Why::Otherwise(said) => format!("which do not open ({said}): `sops decrypt FILE` says more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_one_line_with_its_files_and_its_fix() {
        let check = |files: &[(&str, Why)], expected: &[&str]| {
            let closed: Vec<Closed> =
                files.iter().map(|(path, why)| Closed { path: path.into(), why: why.clone() }).collect();
            let found = lines(&closed);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (line, expected) in found.iter().zip(expected) {
                assert!(line.starts_with(expected), "{line}");
            }
        };
        let otherwise = |said: &str| Why::Otherwise(said.to_owned());
        check(&[], &[]);
        check(&[("a", Why::NoSops)], &["the values in `a`, for want of sops: run `cargo xtask bootstrap --only sops`"]);
        check(
            &[("a", Why::NoKey), ("b", Why::Tampered), ("c", Why::NoKey), ("d", Why::TookTooLong)],
            &[
                "the values in 2 files (`a`, `c`), which no key on this machine opens: name one that does in SOPS_AGE_KEY_FILE",
                "the values in `b`, in which something was changed since it was encrypted",
                "the values in `d`, which did not open in time",
            ],
        );
        check(
            &[("a", Why::TookTooLong), ("b", Why::NotTried)],
            &["the values in `a`, which did not open in time", "the values in `b`, which were not tried, since others"],
        );
        let many = ["a", "b", "c", "d", "e"].map(|path| (path, Why::NoKey));
        check(&many, &["the values in 5 files (`a`, `b`, `c` and 2 more), which no key"]);
        check(&many[..3], &["the values in 3 files (`a`, `b`, `c`), which no key"]);
        check(
            &[("a", otherwise("one")), ("b", otherwise("two")), ("c", otherwise("one"))],
            &[
                "the values in 2 files (`a`, `c`), which do not open (one): ",
                "the values in `b`, which do not open (two): ",
            ],
        );
    }
}
