//! Requests over HTTP: sent, repeated while there is hope, and answered in the words of faults. What a cache's protocol is, others know.
//!
//! Invariant: no token, password or signed query reaches a fault, a `Debug` text or another host than the one it is meant for.

mod address;
mod answer;
mod authorization;
mod certificates;
mod client;
mod digest;
mod early;
mod netrc;
mod request;
mod retry;
mod secret;

pub use address::Address;
pub use answer::Answer;
pub use authorization::Authorization;
pub use client::{Client, Settings};
pub use digest::content_md5;
pub use netrc::{Login, Netrc};
pub use request::{Body, Bytes, Part, Request, Whole};
pub use retry::Retrying;
pub use secret::Secret;
pub use ureq::http::Method;
pub use url::Url;
