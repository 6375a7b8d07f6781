//! The client of binary caches: one request in, events and an answer out. `main` is its program; tests and benches use this library.

pub mod backend;
pub mod base32;
pub mod hash_text;
pub mod key_source;
pub mod narinfo;
pub mod parallel;
pub mod probe;
pub mod provision;
pub mod signature;
pub mod store_path;
pub mod transport;
