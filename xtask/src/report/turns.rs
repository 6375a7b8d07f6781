//! Who speaks when several things go on side by side: one after the other, in an order that is known before, each in one piece.
//!
//! Whose turn it is speaks at once; the others are heard when it is theirs. So a log never mixes two, is the same whoever was quicker,
//! and still shows what goes on.

use std::cell::Cell;

/// Something said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What folds it on GitHub, if anything does.
    pub title: Option<String>,
    /// The text.
    pub text: String,
    /// Whether everybody is to see it, and it must not be folded.
    pub loud: bool,
}

/// The speakers, in the order of their turns.
#[derive(Debug, Default)]
pub struct Turns {
    speakers: Vec<Speaker>,
    /// Whose turn it is.
    turn: usize,
}

#[derive(Debug, Default)]
struct Speaker {
    title: Option<String>,
    unheard: Vec<Piece>,
    ended: bool,
}

thread_local! {
    static SPEAKER: Cell<Option<usize>> = const { Cell::new(None) };
}

/// As whom this thread speaks; `None` where it is nobody in particular, who is always heard at once.
pub fn speaker() -> Option<usize> {
    SPEAKER.get()
}

/// Does `work`, and all that it says on this thread is said by `speaker`.
pub fn speaking<T>(speaker: Option<usize>, work: impl FnOnce() -> T) -> T {
    let before = SPEAKER.replace(speaker);
    let done = work();
    SPEAKER.set(before);
    done
}

impl Turns {
    /// That many speakers.
    pub fn of(count: usize) -> Self {
        Self { speakers: std::iter::repeat_with(Speaker::default).take(count).collect(), turn: 0 }
    }

    /// From now on, `title` folds what `speaker` says by the way.
    pub fn fold(&mut self, speaker: usize, title: Option<&str>) {
        if let Some(speaker) = self.speakers.get_mut(speaker) {
            speaker.title = title.map(str::to_owned);
        }
    }

    /// What is to be heard now that `speaker` says this.
    pub fn say(&mut self, speaker: usize, text: &str, loud: bool) -> Option<Piece> {
        let at = speaker;
        let speaker = self.speakers.get_mut(speaker);
        let title = speaker.as_ref().and_then(|speaker| speaker.title.clone());
        let piece = Piece { title, text: text.to_owned(), loud };
        match speaker {
            Some(speaker) if at > self.turn => {
                speaker.unheard.push(piece);
                None
            }
            _ => Some(piece),
        }
    }

    /// What is to be heard now that `speaker` has nothing more to say.
    pub fn end(&mut self, speaker: usize) -> Vec<Piece> {
        if let Some(speaker) = self.speakers.get_mut(speaker) {
            speaker.ended = true;
        }
        let mut heard = Vec::new();
        while self.speakers.get(self.turn).is_some_and(|speaker| speaker.ended) {
            self.turn += 1;
            heard.extend(
                self.speakers.get_mut(self.turn).into_iter().flat_map(|next| std::mem::take(&mut next.unheard)),
            );
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is heard of a conversation: `0:a` is said by the first speaker, `0.` is its end.
    fn check(count: usize, conversation: &[&str], expected: &str) {
        let mut turns = Turns::of(count);
        let mut heard = String::new();
        for step in conversation {
            let (speaker, said) = step.split_at(1);
            let speaker = speaker.parse().unwrap();
            match said.strip_prefix(':') {
                Some(text) => heard.extend(turns.say(speaker, text, false).map(|piece| piece.text)),
                None => heard.extend(turns.end(speaker).into_iter().map(|piece| piece.text)),
            }
        }
        assert_eq!(heard, expected, "{conversation:?}");
    }

    #[test]
    fn each_is_heard_whole_and_in_turn() {
        check(3, &["0:a", "1:b", "0:c", "2:d", "1:e", "0.", "1:f", "2:g", "1.", "2:h", "2."], "acbefdgh");
        // Whoever ends before its turn is heard when that comes.
        check(3, &["2:a", "2.", "1:b", "1.", "0:c", "0."], "cba");
        // What has no turn is heard at once, and so is what is said too late.
        check(1, &["1:a", "0:b", "0.", "0:c"], "abc");
    }

    #[test]
    fn what_is_heard_late_is_folded_as_it_was_when_it_was_said() {
        let mut turns = Turns::of(2);
        turns.fold(1, Some("lock"));
        assert_eq!(turns.say(1, "a", false), None);
        turns.fold(1, None);
        assert_eq!(turns.say(1, "b", true), None);
        let piece = |title: Option<&str>, text: &str, loud| Piece {
            title: title.map(str::to_owned),
            text: text.to_owned(),
            loud,
        };
        assert_eq!(turns.end(0), [piece(Some("lock"), "a", false), piece(None, "b", true)]);
    }

    #[test]
    fn a_thread_speaks_for_one() {
        assert_eq!(speaker(), None);
        speaking(Some(1), || {
            assert_eq!(speaker(), Some(1));
            speaking(None, || assert_eq!(speaker(), None));
            assert_eq!(speaker(), Some(1));
        });
        assert_eq!(speaker(), None);
    }
}
