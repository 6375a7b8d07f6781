//! just, which reads the recipes of the fleet in tests: the genuine program in a Python wheel, as Debian ships none before 13.

use crate::wheel::Pinned;

/// The build that tests run.
pub const PINNED: Pinned = Pinned {
    platform: ("linux", "x86_64"),
    program: "just",
    requirement: "rust-just==1.59.0",
    sha256: "3ee47f26e3aff917107602d57a08ede20df447f78dc4f9ceb08e57a883c56eb9",
    member: "rust_just-1.59.0.data/scripts/just",
};
