//! Servers on loopback for tests: real ones, and one between them and us that makes trouble.

// Each test binary uses its own part of this module, and what goes wrong here fails the test.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

pub mod faulty;
pub mod latency;
pub mod nginx;
pub mod quiet;
pub mod s3;
