//! That a job did not run again, in words.

use super::words::seconds;

/// Why a job that went well some seconds `ago`, with something `said` of it or not, did not run again.
#[must_use]
pub fn as_before(ago: u64, said: Option<&str>) -> String {
    let said = said.map(|said| format!("{said}; ")).unwrap_or_default();
    let when = if ago == 0 { "just now".to_owned() } else { format!("{} ago", seconds(ago as f64)) };
    format!("{said}as before: nothing that it depends on has changed since it went well {when}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_when_and_what() {
        let expected = "as before: nothing that it depends on has changed since it went well 3m10s ago";
        assert_eq!(as_before(190, None), expected);
        assert!(as_before(0, None).ends_with("since it went well just now"));
        assert_eq!(as_before(190, Some("7 pages")), format!("7 pages; {expected}"));
    }
}
