//! What a change does to a fleet: the outputs of two revisions compared; pure.
//!
//! Architecture invariant: no I/O and no tool; derivations, closures and files are handed in as data.

mod causes;
mod compare;
mod difference;
mod file;
mod packages;
mod search;

pub use causes::{Cause, Causes, Derivation, Pairs};
pub use compare::{Change, Compared, compare};
pub use difference::{Described, Difference, Files, Named, Packages};
pub use file::{FileChange, FileStatus};
pub use packages::{Moved, Package, PackageChanges, package_changes};
pub use search::{Influence, Search};
