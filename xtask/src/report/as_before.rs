//! That a job did not run again, in words.

use super::words::seconds;

/// Why a job that went well some seconds `ago`, with something `said` of it or not, did not run again.
#[must_use]
pub fn as_before(ago: u64, said: Option<&str>) -> String {
    let said = said.map(|said| format!("{said}; ")).unwrap_or_default();
    format!("{said}as before: it went well {} ago, and nothing that it depends on has changed", seconds(ago as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_when_and_what() {
        let expected = "as before: it went well 3m10s ago, and nothing that it depends on has changed";
        assert_eq!(as_before(190, None), expected);
        assert_eq!(as_before(190, Some("7 pages")), format!("7 pages; {expected}"));
    }
}
