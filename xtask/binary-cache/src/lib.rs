//! The client of binary caches: one request in, events and an answer out. `main` is its program; tests and benches use this library.

pub mod backend;
pub mod base32;
pub mod delegated;
pub mod expression;
pub mod hash_text;
pub mod key_source;
pub mod nar;
pub mod narinfo;
pub mod pack;
pub mod parallel;
pub mod plan;
#[cfg(test)]
mod planted;
pub mod presence;
pub mod probe;
pub mod provision;
pub mod request;
pub mod scan;
pub mod signature;
pub mod store;
pub mod store_path;
pub mod transport;
pub mod upload;
pub mod verify;
mod walk;
