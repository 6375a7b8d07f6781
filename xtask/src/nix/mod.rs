//! The only place that knows Nix's command line.
//!
//! Architecture invariant: no other module names a `nix…` program, and nothing here decides what a user is told.

mod installation;
mod settings;

pub use installation::{Flavour, Nix, Version, find};
pub use settings::Settings;
