//! Lines of ours in the start file of a shell, between marks: put in once, taken out without a trace.

/// There was no file.
const MADE: &str = " (made this file)";
/// The last line above had no end, and was given one.
const ENDED: &str = " (ended the line above)";

/// How each first mark begins.
const OURS: &str = "# >>> xtask: ";

fn begin(name: &str) -> String {
    format!("{OURS}{name} >>>")
}

fn end(name: &str) -> String {
    format!("# <<< xtask: {name} <<<")
}

/// The text with `lines` under `name`, at its end or where they were before.
pub fn put(text: Option<&str>, name: &str, lines: &str) -> String {
    let ours = |mark: &str| format!("{}{mark}\n{lines}\n{}\n", begin(name), end(name));
    let Some(text) = text else { return ours(MADE) };
    if let Some((above, mark, below)) = parts(text, name) {
        return format!("{above}{}{below}", ours(mark));
    }
    let unended = !text.is_empty() && !text.ends_with('\n');
    if unended { format!("{text}\n{}", ours(ENDED)) } else { format!("{text}{}", ours("")) }
}

/// The text without the lines under `name`; `None` where it has none, and an empty one where the file was made for them.
pub fn without(text: &str, name: &str) -> Option<Option<String>> {
    let (above, mark, below) = parts(text, name)?;
    if mark == MADE && above.is_empty() && below.is_empty() {
        return Some(None);
    }
    if !mark.is_empty()
        && let Some((next, rest)) = below.split_once('\n').filter(|(next, _)| next.starts_with(OURS))
    {
        // Whoever takes out the next lines of ours does what is left to do.
        return Some(Some(format!("{above}{next}{mark}\n{rest}")));
    }
    let above = if mark == ENDED && below.is_empty() { above.strip_suffix('\n').unwrap_or(above) } else { above };
    Some(Some(format!("{above}{below}")))
}

/// What is above our lines, what their first mark says, and what is below.
fn parts<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let (above, rest) = text.split_at(text.find(&begin(name))?);
    let (first, rest) = rest.split_once('\n')?;
    let after = rest.find(&end(name))?;
    let below = rest.get(after..)?.split_once('\n').map_or("", |(_, below)| below);
    Some((above, first.get(begin(name).len()..)?, below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn put_in_once_and_taken_out_without_a_trace() {
        for before in [None, Some(""), Some("alias x=y\n"), Some("alias x=y"), Some("# >>> xtask: direnv >>>\n")] {
            let once = put(before, "man", "LINE");
            assert_eq!(put(Some(&once), "man", "LINE"), once);
            let changed = put(Some(&once), "man", "OTHER");
            assert!(changed.contains("\nOTHER\n") && !changed.contains("LINE\n"), "{changed}");
            assert_eq!(without(&changed, "man"), Some(before.map(str::to_owned)));
            assert_eq!(without(before.unwrap_or_default(), "man"), None);
        }
        for before in [None, Some("a"), Some("a\n")] {
            let both = put(Some(&put(before, "man", "LINE")), "completions", "OTHER");
            for (first, second) in [("man", "completions"), ("completions", "man")] {
                let one = without(&both, first).flatten().unwrap();
                assert_eq!(without(&one, second), Some(before.map(str::to_owned)), "{one}");
            }
        }
        let below = put(Some("a"), "man", "LINE") + "b\n";
        assert_eq!(without(&below, "man"), Some(Some("a\nb\n".to_owned())));
    }
}
