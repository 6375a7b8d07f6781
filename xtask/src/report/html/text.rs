//! Text from outside as HTML shows it: no markup, no control characters, no more than a reader wants.

/// How many characters of a reason are shown.
pub const REASON: usize = 2000;

/// `text` as it reads, wherever it stands: between tags or in a quoted attribute.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            // What turns the direction of writing can make a name look like another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Seconds since 1970 as `2023-11-14 22:13`, in UTC.
///
/// The days are counted as Howard Hinnant's `civil_from_days` does (<https://howardhinnant.github.io/date_algorithms.html>): in
/// eras of 400 years that begin in March, so that the leap day is the last of its year.
#[must_use]
pub fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86400 + 719_468, seconds % 86400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02} {:02}:{:02}", era * 400 + year + later, rest / 3600, rest % 3600 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check("<script>a('b')</script>", "&lt;script&gt;a(&#39;b&#39;)&lt;/script&gt;");
        check("\" onload=\"x", "&quot; onload=&quot;x");
        check("&lt;", "&amp;lt;");
        check("a\u{1b}[31m\u{0}b\u{202e}c\nd", "a\u{fffd}[31m\u{fffd}b\u{fffd}c\nd");
    }

    #[test]
    fn dates() {
        let check = |seconds: u64, expected: &str| assert_eq!(date(seconds), expected);
        check(0, "1970-01-01 00:00");
        check(1_700_000_000, "2023-11-14 22:13");
        check(951_782_400, "2000-02-29 00:00");
        check(1_709_251_199, "2024-02-29 23:59");
        check(4_107_542_400, "2100-03-01 00:00");
    }
}
