//! The words of a fleet as plain data: outputs, their kinds, and how a person selects them.
//!
//! Architecture invariant: pure; no I/O, no tool, no wording for users beyond `Display`.

mod asked;
mod at_work;
mod attr;
mod configuration;
mod kind;
pub mod layout;
mod output;
mod result;
mod selector;
mod span;
mod spared;

pub use asked::{Asked, Read};
pub use at_work::AtWork;
pub use attr::{AttrPath, nix_string};
pub use configuration::{Configuration, Secret, configurations};
pub use kind::{Kind, Step, built_in_kinds};
pub use output::{Evaluated, Facts, Output, Place};
pub use result::{OutputResult, Status};

pub use selector::{Selector, glob};
pub use span::{Span, Work, free_worker, number_workers};
pub use spared::Spared;
