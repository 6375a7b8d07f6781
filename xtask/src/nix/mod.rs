//! The only place that knows Nix's command line.
//!
//! Architecture invariant: no other module names a `nix…` program, and nothing here decides what a user is told.

mod advice;
mod builders;
mod call;
mod complaint;
mod copy;
pub mod derivation;
mod fault;
mod flake_config;
mod flake_file;
mod installation;
mod installer;
pub mod log;
mod probe;
pub mod query;
mod realise;
mod reference;
pub mod relocated;
mod settings;
mod signing;
mod store;
mod store_place;
mod substituter;

pub use advice::{DAEMON_UNIT, FREE_SPACE, PROBE_BY_HAND, RESTART_DAEMON_ON_MACOS, START_DAEMON_BY_HAND};
pub use builders::systems;
pub use copy::EmptyStore;
pub use fault::{Fault, SourceTree, fault};
pub use flake_config::FlakeConfig;
pub use flake_file::{Caches, FlakeFile};
pub use installation::{Flavour, Nix, OLDEST, Search, Version, find, search};
pub use installer::{INSTALLER, INSTALLER_HOST, debian_packages, installer_by_hand, run_installer};
pub use probe::{Failure, Probe, Reach, Trouble};
pub use reference::{Reference, path_reference, percent_encoded};
pub use settings::Settings;
pub use signing::key_in;
pub use store::{Having, Store};
