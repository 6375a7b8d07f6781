//! What was found in a cache, and what is wrong with it.

use cache_protocol::{Verified, VerifyFault, VerifyProblem};

use crate::report::words::{bytes, count};
use crate::rules::Problem;

/// What is wrong with a path in the cache, with what mends it.
#[must_use]
pub fn problem(problem: &VerifyProblem, push: &str) -> Problem {
    let referrer = problem.referrer.as_ref().map(|path| format!(", needed by {path}")).unwrap_or_default();
    let (fault, fix) = match &problem.fault {
        VerifyFault::Absent => ("is in no cache".to_owned(), push.to_owned()),
        VerifyFault::NotAsked(fault) => (format!("could not be looked for: {fault}"), "cargo xtask cache doctor".to_owned()),
        VerifyFault::Damaged(what) => (format!("is damaged in the cache: {what}"), repair(push)),
        VerifyFault::Unsigned => ("is signed by nobody".to_owned(), signing(push)),
        VerifyFault::OtherKeys(names) => (
            format!("is signed only by {}, which nobody trusts here", names.join(", ")),
            format!("if that is the cache's own key, name it for its address in `cache.keys` of xtask.toml; else {}", signing(push)),
        ),
        VerifyFault::BadSignature(name) => (
            format!("bears a signature of `{name}` that does not fit: it was altered, or signed by another key of that name"),
            "compare the key in nixConfig of flake.nix with the one that the cache signs with: cargo xtask cache doctor".to_owned(),
        ),
        VerifyFault::NoFile(url) => (format!("is described in the cache, and its file `{url}` is not there"), repair(push)),
        VerifyFault::FileSize { expected, found } => {
            (format!("has a file of {found} bytes in the cache, where {expected} are said"), repair(push))
        }
        VerifyFault::FileContent(what) => (format!("has another content in the cache: {what}"), repair(push)),
    };
    Problem::new(None, format!("{}: {}{referrer} {fault}", problem.root, problem.path), fix)
}

fn repair(push: &str) -> String {
    format!("{push} --repair")
}

fn signing(push: &str) -> String {
    format!(
        "{push} --repair, with the key whose public half is in nixConfig of flake.nix: `signing_key_file` in `[cache]` of xtask.toml; \
         cargo xtask cache provision URL --new-key DIR makes one"
    )
}

/// What was found, in one line.
#[must_use]
pub fn verified_verdict(verified: &Verified) -> String {
    let found = format!(
        "{} in {}, {}; {} upstream",
        count(verified.in_cache, "path"),
        verified.cache,
        bytes(verified.bytes),
        verified.upstream
    );
    match verified.problems.len() {
        0 => found,
        problems => format!("{} · {found}", count(problems, "problem")),
    }
}

#[cfg(test)]
mod tests {
    use cache_protocol::{Fault, FaultKind};

    use super::*;

    #[test]
    fn every_fault_names_path_root_and_fix() {
        let faults = [
            VerifyFault::Absent,
            VerifyFault::NotAsked(Fault::new(FaultKind::Unreachable, "nobody answers")),
            VerifyFault::Damaged("a narinfo without URL".to_owned()),
            VerifyFault::Unsigned,
            VerifyFault::OtherKeys(vec!["other-1".to_owned()]),
            VerifyFault::BadSignature("fleet-1".to_owned()),
            VerifyFault::NoFile("nar/x.nar.zst".to_owned()),
            VerifyFault::FileSize { expected: 3, found: 2 },
            VerifyFault::FileContent("sha256:a instead of sha256:b".to_owned()),
        ];
        let mut said = std::collections::BTreeSet::new();
        for fault in faults {
            let given = VerifyProblem {
                path: "/nix/store/p".to_owned(),
                root: "nixosConfigurations.web".to_owned(),
                referrer: Some("/nix/store/r".to_owned()),
                fault,
            };
            let Problem { fault, fix, .. } = problem(&given, "cargo xtask cache push");
            assert!(fault.starts_with("nixosConfigurations.web: /nix/store/p, needed by /nix/store/r "), "{fault}");
            assert!(fix.contains("cargo xtask cache"), "{fix}");
            assert!(said.insert(fault));
        }
    }
}
