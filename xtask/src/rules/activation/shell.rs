//! What a shell would make of the lines that a recipe runs, as far as it takes to see which flake attributes they name.

/// The commands of `text`, each as its words, without quotes; what only a shell can tell, such as `$host`, stays as it is.
#[must_use]
pub fn commands(text: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => match chars.next() {
                Some('\n') | None => {}
                Some(next) => word.get_or_insert_default().push(next),
            },
            (None, '#') if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            (None, ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')') => {
                if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
                    command.push(word);
                }
                if !matches!(c, ' ' | '\t') {
                    commands.push(Vec::new());
                }
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if let (Some(word), Some(command)) = (word, commands.last_mut()) {
        command.push(word);
    }
    commands.retain(|command| !command.is_empty());
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_commands() {
        let check = |text: &str, expected: &[&[&str]]| assert_eq!(commands(text), expected, "{text}");
        check("a 'b c' \"d 'e'\"", &[&["a", "b c", "d 'e'"]]);
        check("a .#b\nc&&d; e | f", &[&["a", ".#b"], &["c"], &["d"], &["e"], &["f"]]);
        check("a # b\nc", &[&["a"], &["c"]]);
        check(r#"a \"b\" "c\"d" 'e\f' ''"#, &[&["a", "\"b\"", "c\"d", r"e\f", ""]]);
        check("a \\\n b", &[&["a", "b"]]);
        check("", &[]);
    }
}
