//! How an output differs from when it was last looked at, in few words.

use super::words::bytes;
use crate::fleet::OutputResult;
use crate::kept::history::OutputRun;

/// How much its closure has grown or shrunk: `+1.5 MiB`, `−3 B`, `=`; `new` where it was not known.
#[must_use]
pub fn size(result: &OutputResult, last: Option<&OutputRun>) -> Option<String> {
    let now = result.closure_bytes?;
    let Some(before) = last?.closure_bytes else { return Some("new".to_owned()) };
    Some(match now.cmp(&before) {
        std::cmp::Ordering::Greater => format!("+{}", bytes(now - before)),
        std::cmp::Ordering::Less => format!("−{}", bytes(before - now)),
        std::cmp::Ordering::Equal => "=".to_owned(),
    })
}

/// That it fails since, or does no more: `was built`, `was build failed`.
#[must_use]
pub fn status(result: &OutputResult, last: Option<&OutputRun>) -> Option<String> {
    let last = last?.status;
    (last.is_failure() != result.status.is_failure()).then(|| format!("was: {}", last.words()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{AttrPath, Output, Status};

    #[test]
    fn what_has_changed() {
        let check = |now: (Status, Option<u64>),
                     before: Option<(Status, Option<u64>)>,
                     expected: (Option<&str>, Option<&str>)| {
            let output = Output { attr: AttrPath::new(["a"]), kind: "nixos".to_owned(), system: None };
            let result = OutputResult { closure_bytes: now.1, ..OutputResult::new(output, now.0) };
            let last = before.map(|(status, closure_bytes)| OutputRun { status, closure_bytes });
            let told = (status(&result, last.as_ref()), size(&result, last.as_ref()));
            assert_eq!((told.0.as_deref(), told.1.as_deref()), expected);
        };
        let (built, failed) = (Status::Built, Status::BuildFailed);
        check((built, Some(2048)), None, (None, None));
        check((built, Some(2048)), Some((Status::Present, Some(512))), (None, Some("+1.5 KiB")));
        check((built, Some(1)), Some((built, Some(4))), (None, Some("−3 B")));
        check((built, Some(1)), Some((built, Some(1))), (None, Some("=")));
        check((built, Some(1)), Some((failed, None)), (Some("was: build failed"), Some("new")));
        check((failed, None), Some((built, Some(1))), (Some("was: built"), None));
        check((failed, None), Some((Status::EvaluationFailed, None)), (None, None));
    }
}
