//! Secrets in what is about to leave this machine, found in one pass over the blocks of a NAR: keys and tokens by their looks, and exact
//! values, each in every form. What they look like, and the search, are `secret-patterns`, which `cargo xtask secrets scan` shares.

mod value;

use std::sync::Arc;

use cache_protocol::{Fault, FaultKind, Scan};
use secret_patterns::{BEFORE, Pieces, Search, WAITING};

use crate::expression::Expressions;
use crate::pack::Observer;
use crate::signature;
use value::Values;

/// Bytes that are searched at once.
const BLOCK: usize = 256 * 1024;

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
    #[must_use]
    pub fn new(sought: &Sought) -> Self {
        // Signatures are as long as keys, but only in a key do the last 32 bytes follow from the first.
        let is_signing_key = |_: &[u8], base64: &str| signature::is_secret_key(base64);
        let search = Search::new(&sought.values.wanted, sought.patterns.then_some(is_signing_key));
        Self { search: (!search.is_empty()).then(|| Arc::new(search)), allow: sought.allow.clone() }
    }

    /// Watches the NAR of `path`.
    #[must_use]
    pub fn watch(&self, path: &str) -> Watch {
        let search = self.search.clone().filter(|_| self.allow.first(path).is_none());
        Watch { search, path: path.to_owned(), buffer: Vec::new(), pieces: Pieces::default(), looked_at: 0, offset: 0 }
    }
}

/// Sees the NAR of one path.
pub struct Watch {
    search: Option<Arc<Search>>,
    path: String,
    /// What was seen last: what was looked at already, as far as it may precede a mark, and what was not.
    buffer: Vec<u8>,
    /// Memory for the search.
    pieces: Pieces,
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
        if let Some(found) = search.within(&self.buffer, self.looked_at..end, &mut self.pieces).first() {
            let offset = self.offset + found.at as u64;
            let what = format!(
                "`{}` holds {} {}, {offset} bytes into its NAR; take it out of there, and revoke it if it was ever pushed",
                self.path,
                found.what,
                found.form.shown()
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

#[cfg(test)]
mod tests;
