//! From what there is to say about each path to what is wrong: each problem with the output and the referrer that lead to it.

use std::collections::{HashSet, VecDeque};

use cache_protocol::{Required, Verified, VerifyFault, VerifyProblem};

use super::Found;
use super::inspect::Place;

/// Goes through the closures once more, in their order, so that the answer is the same however the threads ran.
#[must_use]
pub fn answer(cache: String, required: &[Required], found: &Found) -> Verified {
    let mut verified = Verified { cache, ..Verified::default() };
    let mut open: VecDeque<(&str, &str, Option<&str>)> =
        required.iter().map(|required| (required.path.as_str(), required.name.as_str(), None)).collect();
    let mut seen = HashSet::new();
    while let Some((path, root, referrer)) = open.pop_front() {
        if !seen.insert(path) {
            continue;
        }
        let Some(inspected) = found.get(path).and_then(Option::as_ref) else { continue };
        match inspected.place {
            Place::Cache => verified.in_cache += 1,
            Place::Upstream => verified.upstream += 1,
            Place::Nowhere => {}
        }
        verified.bytes += inspected.bytes;
        let referrer = referrer.map(str::to_owned);
        verified.problems.extend(inspected.faults.iter().map(|fault| VerifyProblem {
            path: path.to_owned(),
            root: root.to_owned(),
            referrer: referrer.clone(),
            fault: fault.clone(),
        }));
        if inspected.place == Place::Cache && inspected.faults.iter().any(is_mended_by_a_push) {
            verified.again.push(path.to_owned());
        }
        open.extend(inspected.references.iter().map(|reference| (reference.as_str(), root, Some(path))));
    }
    verified
}

/// Whether writing file and narinfo anew mends it.
fn is_mended_by_a_push(fault: &VerifyFault) -> bool {
    match fault {
        VerifyFault::Damaged(_)
        | VerifyFault::Unsigned
        | VerifyFault::OtherKeys(_)
        | VerifyFault::BadSignature(_)
        | VerifyFault::NoFile(_)
        | VerifyFault::FileSize { .. }
        | VerifyFault::FileContent(_) => true,
        VerifyFault::Absent | VerifyFault::NotAsked(_) => false,
    }
}
