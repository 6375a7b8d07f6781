//! `push` to a store that Nix speaks to: a real sshd on this machine, and a second store behind it.

// What goes wrong here fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../servers/cut.rs"]
mod cut;
mod killed;
mod pushed;
#[path = "../servers/quiet.rs"]
mod quiet;
mod remote;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod troubled;
