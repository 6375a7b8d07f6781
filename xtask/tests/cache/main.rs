//! `cargo xtask cache` and the jobs of `cargo xtask ci` that are about caches, with the real client, real Nix and real caches.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../cache_server/mod.rs"]
mod cache_server;
mod event;
mod local;
mod measure;
mod newcomer;
#[path = "../../binary-cache/tests/servers/nginx.rs"]
#[allow(dead_code)]
mod nginx;
mod place;
mod remote;
mod reported;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod secrets;
#[path = "../secrets_fleet/mod.rs"]
mod secrets_fleet;
mod trouble;
mod watch;
