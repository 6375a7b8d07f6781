//! Memory that all packed NARs of a push share.

use std::sync::atomic::{AtomicU64, Ordering};

/// The least that is taken of a budget.
const LEAST: usize = 64 * 1024;

/// Bytes that all packed NARs together may have in memory.
#[derive(Debug)]
pub struct Budget {
    left: AtomicU64,
}

impl Budget {
    /// So many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self { left: AtomicU64::new(bytes) }
    }

    /// What is not taken.
    #[cfg(test)]
    pub fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes `bytes` of it, if there are so many.
    fn take(&self, bytes: usize) -> bool {
        let less = |left: u64| left.checked_sub(bytes as u64);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// Bytes in memory, taken of a budget until they are dropped.
pub struct Memory<'a> {
    bytes: Vec<u8>,
    taken: usize,
    budget: &'a Budget,
}

impl<'a> Memory<'a> {
    /// Nothing yet.
    pub fn new(budget: &'a Budget) -> Self {
        Self { bytes: Vec::new(), taken: 0, budget }
    }

    /// What is in it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends `block`, unless the budget does not allow for it.
    pub fn append(&mut self, block: &[u8]) -> bool {
        let needed = self.bytes.len() + block.len();
        if needed > self.taken {
            let wanted = needed.max(2 * self.taken).max(LEAST);
            if !self.budget.take(wanted - self.taken) {
                return false;
            }
            self.taken = wanted;
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
        self.bytes.extend_from_slice(block);
        true
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        self.budget.give_back(self.taken);
    }
}
