//! What a run was at when its time was over.

use super::{Output, Work};

/// Something that was at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtWork {
    /// What kind of work.
    pub work: Work,
    /// The store path of the derivation that was being built, or of what was being fetched.
    pub path: Option<String>,
    /// The outputs that it was for; at least one.
    pub of: Vec<Output>,
}
