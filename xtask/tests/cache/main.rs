//! `cargo xtask cache` and the jobs of `cargo xtask ci` that are about caches, with the real client, real Nix and real caches.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod local;
mod place;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod trouble;
