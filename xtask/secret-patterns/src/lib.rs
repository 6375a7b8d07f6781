//! What private keys and tokens look like, in which forms they and other secret values leak, and the search for all of that.
//!
//! The one list for `cargo xtask secrets check`, `secrets scan` and the client that pushes into caches: what one of them finds, all do.

mod dumped;
mod form;
mod joined;
mod mark;
mod pieces;
mod search;
mod signing_key;
mod value;

pub use form::{Form, forms};
pub use mark::{MARKS, Mark};
pub use pieces::Pieces;
pub use search::{BEFORE, Found, Search, WAITING};
pub use signing_key::{EXAMPLE as SIGNING_KEY_EXAMPLE, IsSigningKey};
pub use value::Value;
