//! What was at work when the time of a run was over, in words.

use super::words::store_name;
use crate::fleet::{AtWork, Output, Work};
use crate::supervise::deadline::Over;

/// How many things, and how many outputs of one, are named.
const NAMED: usize = 3;

/// `timed out after 30m while building openssl-3.0 of nixos:web and 4 more`.
#[must_use]
pub fn over(over: Over, at_work: &[AtWork]) -> String {
    let things = listed(at_work.iter().map(thing).collect());
    if things.is_empty() { over.words() } else { format!("{} while {things}", over.words()) }
}

fn thing(at: &AtWork) -> String {
    let verb = match at.work {
        Work::Evaluation => "evaluating",
        Work::Fetch => "fetching",
        _ => "building",
    };
    let outputs = listed(at.of.iter().map(Output::short).collect());
    match at.path.as_deref().map(store_name) {
        Some(name) if outputs.is_empty() => format!("{verb} {name}"),
        Some(name) => format!("{verb} {name} of {outputs}"),
        None => format!("{verb} {outputs}"),
    }
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    if more > 0 {
        names.truncate(NAMED);
        return format!("{} and {more} more", names.join(", "));
    }
    match names.pop() {
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} and {last}", names.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fleet::AttrPath;

    #[test]
    fn what_was_at_work_is_named_and_what_it_was_for() {
        let output =
            |name: &str| Output { attr: AttrPath::new(["hosts", name]), kind: "nixos".to_owned(), system: None };
        let at = |work, path: Option<&str>, names: &[&str]| AtWork {
            work,
            path: path.map(str::to_owned),
            of: names.iter().map(|name| output(name)).collect(),
        };
        let check = |at_work: &[AtWork], expected: &str| {
            assert_eq!(
                over(Over::TimedOut(Duration::from_secs(1800)), at_work),
                format!("timed out after 30m{expected}")
            );
        };
        let drv = Some("/nix/store/rz47vnckrz47vnckrz47vnckrz47vnck-openssl-3.0.drv");
        check(&[], "");
        check(&[at(Work::Build, drv, &["web"])], " while building openssl-3.0 of nixos:web");
        check(
            &[at(Work::Build, drv, &["a", "b", "c", "d"])],
            " while building openssl-3.0 of nixos:a, nixos:b, nixos:c and 1 more",
        );
        check(&[at(Work::Fetch, drv, &[])], " while fetching openssl-3.0");
        let two = [at(Work::Evaluation, None, &["a"]), at(Work::Build, None, &["b", "c"])];
        check(&two, " while evaluating nixos:a and building nixos:b and nixos:c");
    }
}
