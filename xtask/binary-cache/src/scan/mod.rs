//! Secrets in what is about to leave this machine: keys and tokens by their looks, and exact values, each in every form.
//!
//! Everything is looked for in one pass over the blocks of a NAR, and in a second one over what has breaks in it, without them; a hit
//! counts only if what is around it confirms it.

mod form;
mod joined;
mod mark;
mod value;

use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind};
use cache_protocol::{Fault, FaultKind, Scan};
use memchr::memmem::Finder;

use crate::expression::Expressions;
use crate::pack::Observer;
use form::{Form, forms};
use joined::Joined;
use mark::MARKS;
use value::Values;

/// How much is looked at before and behind a mark, in bytes of the file without breaks.
const BEFORE: usize = 256;
const BEHIND: usize = 1024;
/// How much is waited for behind what is looked at: the longest value, and the breaks in it, though every byte has one of its own.
const WAITING: usize = 2 * BEHIND;
/// Bytes of all that is looked for, up to which the quickest search is used: at most a KiB of memory for each.
const QUICK: usize = 32 * 1024;
/// Bytes that are searched at once.
const BLOCK: usize = 256 * 1024;

/// What one needle belongs to.
enum Wanted {
    /// An exact value: where it comes from.
    Value(String),
    /// One of [`MARKS`].
    Mark(usize),
}

struct Needle {
    wanted: Wanted,
    form: Form,
}

struct Search {
    automaton: AhoCorasick,
    needles: Vec<Needle>,
    /// Whether signing keys of Nix are looked for as well.
    patterns: bool,
    equals: Finder<'static>,
}

/// What is looked for: cheap to gather, while the search for it is worth building only where something is looked through.
pub struct Sought {
    patterns: bool,
    values: Values,
    allow: Expressions,
}

impl Sought {
    /// Gathers it; `variable` reads an environment variable.
    ///
    /// # Errors
    /// When a value cannot be read, or an expression is none.
    pub fn read(scan: &Scan, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Fault> {
        let allow = Expressions::read("allow", scan.allow.iter().map(String::as_str))?;
        Ok(Self { patterns: scan.patterns, values: value::read(&scan.values, variable)?, allow })
    }

    /// The values that are not looked for, by where they come from: they are too short to be told from anything else.
    #[must_use]
    pub fn short(&self) -> &[String] {
        &self.values.short
    }
}

/// Looks through any number of paths; made once for a push.
#[derive(Clone)]
pub struct Scanner {
    search: Option<Arc<Search>>,
    allow: Expressions,
}

impl Scanner {
    /// Gets ready to look for what is `sought`.
    ///
    /// # Errors
    /// When there is too much of it.
    pub fn new(sought: &Sought) -> Result<Self, Fault> {
        let allow = sought.allow.clone();
        let mut texts = Vec::new();
        let mut needles = Vec::new();
        // Values first: of two that begin at the same place, the first counts. As they are last: where breaks are taken out, they do
        // not count, and must not hide another that does.
        for plain in [false, true] {
            for value in &sought.values.wanted {
                for (form, text) in forms(value.text()).into_iter().filter(|(form, _)| (*form == Form::Plain) == plain)
                {
                    texts.push(text);
                    needles.push(Needle { wanted: Wanted::Value(value.source.clone()), form });
                }
            }
        }
        for (index, mark) in MARKS.iter().enumerate().filter(|_| sought.patterns) {
            for (form, text) in forms(mark.text.as_bytes()) {
                texts.push(text);
                needles.push(Needle { wanted: Wanted::Mark(index), form });
            }
        }
        if texts.is_empty() {
            return Ok(Self { search: None, allow });
        }
        // What is quickest takes memory for each byte that is looked for; many long values are worth a slower search.
        let bytes: usize = texts.iter().map(Vec::len).sum();
        let kind = if bytes <= QUICK { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let mut builder = AhoCorasick::builder();
        // With this many first bytes, looking for one of them ahead costs more than it saves.
        builder.match_kind(MatchKind::LeftmostFirst).kind(Some(kind)).prefilter(false);
        let automaton = builder.build(&texts).map_err(|error| {
            Fault::new(FaultKind::Usage, format!("more values than can be looked for at once: {error}"))
        })?;
        let equals = Finder::new(b"==");
        Ok(Self { search: Some(Arc::new(Search { automaton, needles, patterns: sought.patterns, equals })), allow })
    }

    /// Watches the NAR of `path`.
    #[must_use]
    pub fn watch(&self, path: &str) -> Watch {
        let search = self.search.clone().filter(|_| self.allow.first(path).is_none());
        Watch { search, path: path.to_owned(), buffer: Vec::new(), joined: Joined::default(), looked_at: 0, offset: 0 }
    }
}

/// Sees the NAR of one path.
pub struct Watch {
    search: Option<Arc<Search>>,
    path: String,
    /// What was seen last: what was looked at already, as far as it may precede a mark, and what was not.
    buffer: Vec<u8>,
    /// The part of it that has breaks.
    joined: Joined,
    /// How much of the buffer was looked at.
    looked_at: usize,
    /// How much of the NAR precedes the buffer.
    offset: u64,
}

impl Observer for Watch {
    fn see(&mut self, block: &[u8]) -> Result<(), Fault> {
        let Some(search) = self.search.clone() else { return Ok(()) };
        let mut rest = block;
        while !rest.is_empty() {
            let (taken, later) =
                rest.split_at(rest.len().min((BLOCK + BEFORE + WAITING).saturating_sub(self.buffer.len())));
            self.buffer.extend_from_slice(taken);
            rest = later;
            if self.buffer.len() >= BLOCK + BEFORE + WAITING {
                self.look(&search, self.buffer.len() - WAITING)?;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(search) = self.search.clone() else { return Ok(()) };
        self.look(&search, self.buffer.len())
    }
}

impl Watch {
    /// Looks for what begins before `end` of the buffer, and forgets what nothing needs any more.
    fn look(&mut self, search: &Search, end: usize) -> Result<(), Fault> {
        let whole = search.first(&self.buffer, self.looked_at, end);
        if let Some((at, what, form)) =
            whole.or_else(|| search.first_joined(&mut self.joined, &self.buffer, self.looked_at, end))
        {
            let offset = self.offset + at as u64;
            let path = &self.path;
            let what = format!(
                "`{path}` holds {what} {}, {offset} bytes into its NAR; take it out of there, and revoke it if it was ever \
                 pushed",
                form.shown()
            );
            return Err(Fault::new(FaultKind::Secret, what));
        }
        let forgotten = end.saturating_sub(BEFORE);
        self.buffer.drain(..forgotten);
        self.offset += forgotten as u64;
        self.looked_at = end - forgotten;
        Ok(())
    }
}

impl Search {
    /// The first secret of `text` that begins from `begin` to before `end`.
    fn first(&self, text: &[u8], begin: usize, end: usize) -> Option<(usize, &str, Form)> {
        let whole = self.all(text, begin).next().filter(|(at, _, _)| *at < end);
        if whole.is_some() {
            return whole;
        }
        let range = text.get(begin..(end + 1).min(text.len())).filter(|_| self.patterns)?;
        let mut equals = self.equals.find_iter(range).map(|at| begin + at);
        equals.find(|at| mark::is_signing_key(text, *at)).map(|at| (at, "a private signing key of Nix", Form::Plain))
    }

    /// The same for what is encoded, and has breaks in it.
    fn first_joined(&self, joined: &mut Joined, text: &[u8], begin: usize, end: usize) -> Option<(usize, &str, Form)> {
        joined.take(text);
        // What is not encoded is another text without its breaks.
        let encoded = self.all(joined.text(), 0).filter(|(_, _, form)| *form != Form::Plain);
        let mut found = encoded.map(|(at, what, form)| (joined.origin(at), what, form));
        found.find(|(at, _, _)| (begin..end).contains(at))
    }

    /// Every secret of `text` that begins at `begin` or behind.
    fn all<'a>(&'a self, text: &[u8], begin: usize) -> impl Iterator<Item = (usize, &'a str, Form)> {
        let mut at = begin;
        let hits = std::iter::from_fn(move || {
            let input = Input::new(text).range(at.min(text.len())..).anchored(Anchored::No);
            let found = self.automaton.find(input)?;
            // What begins inside of it may be one.
            at = found.start() + 1;
            Some(found)
        });
        hits.filter_map(|found| {
            let needle = self.needles.get(found.pattern().as_usize())?;
            match &needle.wanted {
                Wanted::Value(source) => Some((found.start(), source.as_str(), needle.form)),
                Wanted::Mark(index) => {
                    let (before, from) = needle.form.decoded(text, found.start(), BEFORE, BEHIND);
                    let mark = MARKS.get(*index).filter(|mark| (mark.confirm)(&before, &from))?;
                    Some((found.start(), mark.what, needle.form))
                }
            }
        })
    }
}

#[cfg(test)]
mod broken;
#[cfg(test)]
mod tests;
