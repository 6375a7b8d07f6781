//! The only place that knows Nix's command line.
//!
//! Architecture invariant: no other module names a `nix…` program, and nothing here decides what a user is told.

mod builders;
pub mod derivation;
mod fault;
mod installation;
pub mod log;
pub mod query;
mod realise;
mod settings;
mod store;

pub use fault::{Fault, SourceTree, fault};
pub use installation::{Flavour, Nix, Version, find};
pub use settings::Settings;
pub use store::{Store, path_reference, percent_encoded};
