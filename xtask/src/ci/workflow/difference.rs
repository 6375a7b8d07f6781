//! What differs between two texts, line by line, with a few lines around.

/// How many lines around a difference are shown.
const AROUND: usize = 2;

/// The lines of `before` and `after` that differ, `-` and `+`, with lines around them; nothing if none does.
#[must_use]
pub fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let lines = aligned(&old, &new);
    let changed: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].0 != ' ').collect();
    let shown = |at: usize| changed.iter().any(|&change| change.abs_diff(at) <= AROUND);
    let mut text = String::new();
    for (at, (sign, line)) in lines.iter().enumerate().filter(|(at, _)| shown(*at)) {
        if at == 0 || !shown(at - 1) {
            let number = lines[..at].iter().filter(|(sign, _)| *sign != '+').count() + 1;
            text.push_str(&format!("@@ line {number} @@\n"));
        }
        text.push_str(format!("{sign} {line}").trim_end());
        text.push('\n');
    }
    text
}

/// Both texts as one list: what only the old one has is `-`, what only the new one has is `+`.
fn aligned<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    // `longest[i][j]`: how many lines the rests from `i` and `j` have in common, in order.
    let mut longest = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] =
                if old[i] == new[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && longest[i + 1][j] >= longest[i][j + 1] {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_shown_with_the_lines_around_them() {
        let check = |before: &str, after: &str, expected: &str| assert_eq!(difference(before, after), expected);
        check("a\nb\n", "a\nb\n", "");
        check("", "a\n", "@@ line 1 @@\n+ a\n");
        check("1\n2\n3\n4\n5\n6\n", "1\n2\n3\nx\n5\n6\n", "@@ line 2 @@\n  2\n  3\n- 4\n+ x\n  5\n  6\n");
        check(
            "a\n1\n2\n3\n4\n5\n6\nb\n",
            "1\n2\n3\n4\n5\n6\n",
            "@@ line 1 @@\n- a\n  1\n  2\n@@ line 6 @@\n  5\n  6\n- b\n",
        );
    }
}
