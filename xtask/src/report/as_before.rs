//! That a job did not run again, or why it always does, in words.

use super::words::seconds;

/// Why a job that went well some seconds `ago`, with something `said` of it or not, did not run again.
#[must_use]
pub fn as_before(ago: u64, said: Option<&str>) -> String {
    let said = said.map(|said| format!("{said}; ")).unwrap_or_default();
    let when = if ago == 0 { "just now".to_owned() } else { format!("{} ago", seconds(ago as f64)) };
    format!("{said}as before: nothing that it depends on has changed since it went well {when}")
}

/// That globs in `inputs` of the job `word` fit no file.
#[must_use]
pub fn idle_globs(word: &str, globs: &[&str]) -> String {
    let (fits, them) = if globs.len() == 1 { ("fits", "it") } else { ("fit", "them") };
    format!(
        "`inputs` of `[ci.jobs.{word}]`: `{}` {fits} no file, so that `{word}` runs every time: mend {them} in xtask.toml, or take \
         {them} out",
        globs.join("`, `")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_which_globs_fit_nothing() {
        let check = |globs: &[&str], expected: &str| assert_eq!(idle_globs("docs", globs), expected);
        let head = "`inputs` of `[ci.jobs.docs]`: ";
        let one = "`a` fits no file, so that `docs` runs every time: mend it in xtask.toml, or take it out";
        check(&["a"], &format!("{head}{one}"));
        let two = "`a`, `b` fit no file, so that `docs` runs every time: mend them in xtask.toml, or take them out";
        check(&["a", "b"], &format!("{head}{two}"));
    }

    #[test]
    fn says_when_and_what() {
        let expected = "as before: nothing that it depends on has changed since it went well 3m10s ago";
        assert_eq!(as_before(190, None), expected);
        assert!(as_before(0, None).ends_with("since it went well just now"));
        assert_eq!(as_before(190, Some("7 pages")), format!("7 pages; {expected}"));
    }
}
