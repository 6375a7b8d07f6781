//! Pushes to the fakes of Cachix and Attic, read back by genuine Nix; what doctor finds out about them; caches created there.

// What goes wrong here fails the test.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../servers/asked.rs"]
mod asked;
#[path = "../servers/attic.rs"]
mod attic;
mod attic_push;
#[path = "../servers/cachix.rs"]
mod cachix;
mod cachix_faults;
mod cachix_push;
#[path = "../servers/http.rs"]
mod http;
mod killed;
mod nix;
#[path = "../servers/objects.rs"]
mod objects;
mod place;
mod probes;
mod provisions;
#[path = "../servers/quiet.rs"]
mod quiet;
mod refused;
#[path = "../servers/s3.rs"]
mod s3;
#[path = "../sandbox/mod.rs"]
mod sandbox;
mod target;
#[path = "../servers/tokens.rs"]
mod tokens;
mod troubled;
