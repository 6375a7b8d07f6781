//! Tokens of the fakes: JWTs that look like those of the services, each with a text that is recognised wherever it leaks to.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

/// Ends every token of the tests: nothing that the client says may hold it.
pub const TELLTALE: &str = "TELLTALE-SECRET";

/// A JWT with these claims; its signature is worth nothing, and ends in [`TELLTALE`].
pub fn jwt(claims: &Value) -> String {
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    format!("{}.{}.{TELLTALE}", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(&claims.to_string()))
}
