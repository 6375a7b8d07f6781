//! The search for all of it at once, in every form, and also where breaks or a listing of bytes stand in between.
//!
//! What is searched for are many short texts, in a program that is compiled in front of everybody's first command: so it is the way of
//! Wu and Manber ("A fast algorithm for multi-pattern searching", 1994), which looks at every third pair of bytes or fewer, in place
//! of a library that takes longer to compile than all that looks for secrets.

use std::ops::Range;

use memchr::memmem::Finder;

use crate::pieces::Pieces;
use crate::signing_key::{self, IsSigningKey};
use crate::{Form, MARKS, Value, dumped, forms, joined};

/// How much is looked at before a mark, in bytes.
pub const BEFORE: usize = 256;
/// How much is looked at from a mark on, in bytes of the file without breaks.
const BEHIND: usize = 1024;
/// How much must be known behind what is searched, in bytes: the longest value, and what stands between its bytes.
pub const WAITING: usize = 3 * BEHIND;
/// Bytes that are searched at once.
const BLOCK: usize = 256 * 1024;
/// So much of each text decides how far the search may go on at once.
const WIDEST: usize = 64;
/// Pairs of bytes.
const PAIRS: usize = 1 << 16;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Where it begins; of a signing key, where it ends.
    pub at: usize,
    /// What it is.
    pub what: &'a str,
    /// Whether that is an exact value, rather than something that looks like a secret.
    pub is_value: bool,
    /// The form it stands in.
    pub form: Form,
}

/// What one needle belongs to.
enum Wanted {
    /// An exact value: where it comes from.
    Value(String),
    /// One of [`MARKS`].
    Mark(usize),
}

struct Needle {
    text: Vec<u8>,
    wanted: Wanted,
    form: Form,
}

/// What is looked for; made once for any number of texts.
pub struct Search {
    needles: Vec<Needle>,
    /// How many bytes of each needle are looked at together.
    width: usize,
    /// By a pair of bytes: how far the next place is at which a needle may end its first `width` bytes; 0 if that is here.
    steps: Box<[u8; PAIRS]>,
    /// The needles by the pair that ends their first `width` bytes; those of one pair begin at `begins` of it.
    by_pair: Vec<u32>,
    begins: Vec<u32>,
    equals: Finder<'static>,
    is_signing_key: Option<IsSigningKey>,
}

impl Search {
    /// Gets ready to look for `values`, and for what looks like a key or a token unless `is_signing_key` is missing.
    #[must_use]
    pub fn new(values: &[Value], is_signing_key: Option<IsSigningKey>) -> Self {
        let mut needles = Vec::new();
        for value in values {
            let wanted = || Wanted::Value(value.source.clone());
            needles.extend(forms(value.text()).into_iter().map(|(form, text)| Needle { text, wanted: wanted(), form }));
        }
        for (index, mark) in MARKS.iter().enumerate().filter(|_| is_signing_key.is_some()) {
            let forms = forms(mark.text.as_bytes()).into_iter();
            needles.extend(forms.map(|(form, text)| Needle { text, wanted: Wanted::Mark(index), form }));
        }
        let width = needles.iter().map(|needle| needle.text.len()).min().unwrap_or(2).clamp(2, WIDEST);
        let mut search = Self {
            needles,
            width,
            steps: Box::new([u8::try_from(width - 1).unwrap_or(1); PAIRS]),
            by_pair: Vec::new(),
            begins: vec![0; PAIRS + 1],
            equals: Finder::new(b"=="),
            is_signing_key,
        };
        search.order();
        search
    }

    fn order(&mut self) {
        let mut ends = Vec::new();
        for (needle, index) in self.needles.iter().zip(0_u32..) {
            for (end, window) in needle.text.windows(2).take(self.width - 1).enumerate() {
                let Some(pair) = pair(window) else { continue };
                let step = self.width - 2 - end;
                if let Some(known) = self.steps.get_mut(usize::from(pair)) {
                    *known = (*known).min(u8::try_from(step).unwrap_or(u8::MAX));
                }
                if step == 0 {
                    ends.push((pair, index));
                }
            }
        }
        ends.sort_unstable();
        let mut pairs = ends.iter().map(|(pair, _)| usize::from(*pair)).peekable();
        let mut count = 0;
        for (at, begin) in self.begins.iter_mut().enumerate() {
            *begin = count;
            while pairs.next_if_eq(&at).is_some() {
                count += 1;
            }
        }
        self.by_pair = ends.into_iter().map(|(_, index)| index).collect();
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Every secret of `text`, by where it stands; what stands in one place in the same form is there once.
    #[must_use]
    pub fn all(&self, text: &[u8]) -> Vec<Found<'_>> {
        let (mut pieces, mut found) = (Pieces::default(), Vec::new());
        for begin in (0..text.len()).step_by(BLOCK) {
            let start = begin.saturating_sub(BEFORE);
            let end = text.len().min(begin + BLOCK);
            let known = text.get(start..text.len().min(end + WAITING)).unwrap_or_default();
            let here = self.within(known, begin - start..end - start, &mut pieces);
            found.extend(here.into_iter().map(|one| Found { at: start + one.at, ..one }));
        }
        found
    }

    /// Every secret that begins in `range` of `text`, likewise. For what begins there [`BEFORE`] bytes ahead of it and [`WAITING`] behind
    /// it are needed, if there are as many; `pieces` is used and may be used again.
    #[must_use]
    pub fn within(&self, text: &[u8], range: Range<usize>, pieces: &mut Pieces) -> Vec<Found<'_>> {
        let mut found = Vec::new();
        if self.is_empty() || range.is_empty() {
            return found;
        }
        self.find(text, range.clone(), &mut |one| found.push(one));
        self.find_signing_keys(text, range.clone(), &mut found);
        pieces.clear();
        joined::join(text, pieces);
        dumped::list(text, pieces);
        self.find(pieces.text(), 0..pieces.text().len(), &mut |one| {
            let at = pieces.origin(one.at);
            // What is not encoded is another text without its breaks.
            if one.form != Form::Plain && range.contains(&at) {
                found.push(Found { at, ..one });
            }
        });
        found.sort_by_key(|one| (one.at, one.form, one.what));
        found.dedup();
        found
    }

    fn find_signing_keys(&self, text: &[u8], range: Range<usize>, found: &mut Vec<Found<'_>>) {
        let Some(is_key) = self.is_signing_key else { return };
        let near = text.get(range.start..text.len().min(range.end + 1)).unwrap_or_default();
        for at in self.equals.find_iter(near).map(|at| range.start + at) {
            if signing_key::ends_at(text, at).is_some_and(|(before, base64)| is_key(before, base64)) {
                found.push(Found { at, what: signing_key::WHAT, is_value: false, form: Form::Plain });
            }
        }
    }

    /// Tells of every secret that stands as it is in one of its forms, and begins in `range` of `text`.
    fn find<'a>(&'a self, text: &[u8], range: Range<usize>, told: &mut dyn FnMut(Found<'a>)) {
        let mut end = range.start + self.width;
        while let Some(pair) = text.get(end - 2..end).and_then(pair) {
            let step = self.steps.get(usize::from(pair)).copied().unwrap_or(1);
            if step == 0 {
                let at = end - self.width;
                if at >= range.end {
                    return;
                }
                self.tell(text, at, usize::from(pair), told);
            }
            end += usize::from(step.max(1));
        }
    }

    /// Tells of what begins at `at`, and is among the needles of this pair.
    #[cold]
    fn tell<'a>(&'a self, text: &[u8], at: usize, pair: usize, told: &mut dyn FnMut(Found<'a>)) {
        let bound = |pair: usize| self.begins.get(pair).and_then(|at| usize::try_from(*at).ok()).unwrap_or_default();
        let here = text.get(at..).unwrap_or_default();
        for index in self.by_pair.get(bound(pair)..bound(pair + 1)).unwrap_or_default() {
            let Some(needle) = usize::try_from(*index).ok().and_then(|index| self.needles.get(index)) else { continue };
            if !here.starts_with(&needle.text) {
                continue;
            }
            match &needle.wanted {
                Wanted::Value(source) => told(Found { at, what: source, is_value: true, form: needle.form }),
                Wanted::Mark(index) => {
                    let (before, from) = needle.form.decoded(text, at, BEFORE, BEHIND);
                    if let Some(mark) = MARKS.get(*index).filter(|mark| (mark.confirm)(&before, &from)) {
                        told(Found { at, what: mark.what, is_value: false, form: needle.form });
                    }
                }
            }
        }
    }
}

fn pair(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests;
