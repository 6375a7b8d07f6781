//! Text from outside (logs, errors, names, URLs) made fit to be shown: no control characters, no credentials.

pub mod nearest;
pub mod tokens;

/// `text` without ANSI sequences and other control characters (tabs become spaces, newlines stay).
#[must_use]
pub fn without_control(text: &str) -> String {
    let stripped = anstream::adapter::strip_str(text).to_string();
    stripped
        .chars()
        .filter_map(|c| match c {
            '\n' => Some('\n'),
            '\t' => Some(' '),
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// `text` as it may be shown to anybody: without control characters, credentials, and the values of secrets.
#[must_use]
pub fn fit_to_be_shown(text: &str) -> String {
    // A secret may itself hold what is taken out: it is masked as it stands, before it is not to be known again.
    tokens::without_tokens(&without_credentials(&without_control(&tokens::without_tokens(text))))
}

/// `text` without the user and password of any URL in it: `https://me:secret@host/` is `https://host/`.
#[must_use]
pub fn without_credentials(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        shown.push_str(before);
        let authority = after.split(|c: char| "/?# \t\n'\"`>)".contains(c)).next().unwrap_or_default();
        let credentials = authority.rfind('@').map_or(0, |at| at + 1);
        rest = after.get(credentials..).unwrap_or_default();
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_taken_out() {
        let check = |text: &str, expected: &str| assert_eq!(without_control(text), expected);
        check("a\u{1b}[31mb\u{1b}[0m\r\n", "ab\n");
        check("a\tb\0c", "a bc");
    }

    #[test]
    fn credentials_are_taken_out_of_urls() {
        let check = |text: &str, expected: &str| assert_eq!(without_credentials(text), expected);
        check("https://cache.example/x", "https://cache.example/x");
        check("`http://user:s3cret@127.0.0.1:9` is silent", "`http://127.0.0.1:9` is silent");
        check("ssh://git@h/a and https://t@k/b@c", "ssh://h/a and https://k/b@c");
        check("https://a/b@c", "https://a/b@c");
        check("a://", "a://");
    }
}
