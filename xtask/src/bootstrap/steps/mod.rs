//! One file per step.

pub mod age_key;
pub mod completions;
pub mod direnv;
pub mod flake;
pub mod git;
pub mod man;
pub mod nix;
pub mod nix_conf;
pub mod probe_build;
pub mod shell_lines;
pub mod sops;
pub mod store_access;
