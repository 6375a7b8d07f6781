//! What a bucket's server says when it refuses, in the words of faults.

use cache_protocol::{Fault, FaultKind};

use crate::transport::Answer;

/// Signatures are accepted for a quarter of an hour around the time in them.
const SKEW: u64 = 15 * 60;
/// What is said, with status 400, of keys for a while whose while is over.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
const EXPIRED: [&str; 3] = ["ExpiredToken", "InvalidToken", "TokenRefreshRequired"];

/// The fault of an answer that is not a success; who is not let in is told `hint`.
pub fn fault(answer: &Answer<Vec<u8>>, bucket: &str, hint: &str) -> Fault {
    let text = answer.text();
    let code = element(&text, "Code").unwrap_or_default();
    let ahead = answer.clock_ahead().filter(|seconds| seconds.unsigned_abs() > SKEW);
    if answer.status() == 403 && (ahead.is_some() || code == "RequestTimeTooSkewed") {
        return Fault::new(FaultKind::Unauthorised, answer.fault(&clock(ahead)).what);
    }
    match code {
        "NoSuchBucket" => Fault::new(FaultKind::Missing, answer.fault(&format!("there is no bucket `{bucket}`")).what),
        "QuotaExceeded" | "EntityTooLarge" | "XMinioStorageFull" => {
            Fault::new(FaultKind::Full, answer.fault(code).what)
        }
        // The message of a refused signature repeats what was signed; the code says enough.
        _ => {
            let fault = answer.fault(code);
            let is_refused = fault.kind == FaultKind::Unauthorised || EXPIRED.contains(&code);
            if is_refused { Fault::new(FaultKind::Unauthorised, format!("{}, {hint}", fault.what)) } else { fault }
        }
    }
}

fn clock(ahead: Option<i64>) -> String {
    match ahead {
        Some(seconds) => format!(
            "this machine's clock is {} minutes {} the server's: set it",
            seconds.unsigned_abs() / 60,
            if seconds > 0 { "behind" } else { "ahead of" }
        ),
        None => "this machine's clock is not the server's: set it".to_owned(),
    }
}

/// Whether what the server says may pass although its status does not tell: a body that was altered on the way, one that came too
/// slowly, and a completed upload of which the server says with status 200 that it failed.
pub fn may_pass(status: u16, body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    match element(&text, "Code") {
        Some("BadDigest" | "IncompleteBody" | "RequestTimeout" | "XAmzContentSHA256Mismatch") => status == 400,
        Some("InternalError" | "SlowDown" | "ServiceUnavailable") => true,
        _ => false,
    }
}

/// The text of the first element `name`.
pub fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let from = text.find(&format!("<{name}>"))? + name.len() + 2;
    let rest = text.get(from..)?;
    rest.get(..rest.find(&format!("</{name}>"))?)
}

/// The texts of all elements `name`.
pub fn elements<'a>(mut text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let end = format!("</{name}>");
    std::iter::from_fn(move || {
        let found = element(text, name)?;
        text = text.split_once(&end)?.1;
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_elements() {
        assert_eq!(elements("<K>a</K><L/><K></K><K>b</K><K>", "K").collect::<Vec<_>>(), ["a", "", "b"]);
        let check = |text: &str, expected| assert_eq!(element(text, "Code"), expected, "{text}");
        check("<Error><Code>NoSuchKey</Code></Error>", Some("NoSuchKey"));
        check("<Error><Code>NoSuchKey</Error>", None);
        check("<Error/>", None);
        check("", None);
    }

    #[test]
    fn what_is_tried_again() {
        let check = |status, code: &str, expected| {
            assert_eq!(may_pass(status, format!("<Error><Code>{code}</Code></Error>").as_bytes()), expected, "{code}");
        };
        check(400, "BadDigest", true);
        check(400, "RequestTimeout", true);
        check(200, "InternalError", true);
        check(200, "BadDigest", false);
        check(400, "InvalidPart", false);
        check(403, "AccessDenied", false);
    }

    #[test]
    fn clocks() {
        let check = |ahead, expected: &str| assert_eq!(clock(ahead), expected);
        check(Some(7200), "this machine's clock is 120 minutes behind the server's: set it");
        check(Some(-7200), "this machine's clock is 120 minutes ahead of the server's: set it");
        check(None, "this machine's clock is not the server's: set it");
    }
}
