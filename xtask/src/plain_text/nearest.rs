//! "Did you mean": the nearest of the words that are known.

/// How alike two words are at least, from 0 to 1, before one is offered for the other.
const ALIKE: f64 = 0.7;

/// The one of the `known` words that is most like `word`, if one is like it at all.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let alike = known.into_iter().map(|known| (strsim::jaro_winkler(known, word), known));
    let (likeness, nearest) = alike.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (likeness > ALIKE).then_some(nearest)
}

/// What to do about the unknown `word`: take the nearest of the `known` ones, or any of them where none is near.
pub fn instead<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => "none is known".to_owned(),
        None => format!("known are {}", known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_offered() {
        let check = |word: &str, known: &[&str], expected: &str| {
            assert_eq!(instead(word, known.iter().copied()), expected, "{word}");
        };
        check("lok", &["cache", "lock"], "did you mean `lock`?");
        check("LOCK", &["lock"], "known are `lock`");
        check("zzz", &["cache", "lock"], "known are `cache`, `lock`");
        check("zzz", &[], "none is known");
    }
}
