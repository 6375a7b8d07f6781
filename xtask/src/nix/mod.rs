//! The only place that knows Nix's command line.
//!
//! Architecture invariant: no other module names a `nix…` program, and nothing here decides what a user is told.

mod advice;
mod complaint;
mod installation;
mod installer;
mod probe;
pub mod relocated;
mod settings;

pub use advice::{DAEMON_UNIT, FREE_SPACE, PROBE_BY_HAND, RESTART_DAEMON_ON_MACOS, START_DAEMON_BY_HAND};
pub use installation::{Flavour, Nix, OLDEST, Search, Version, find, search};
pub use installer::{INSTALLER, INSTALLER_HOST, debian_packages, installer_by_hand, run_installer};
pub use probe::{Failure, Probe, Reach, Trouble};
pub use settings::Settings;
