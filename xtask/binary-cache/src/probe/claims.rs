//! What a token says of itself if it is a JWT: to be shown, and never to be trusted. Nobody checks its signature here.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use crate::transport::Secret;

/// Claims that are shown at most.
const MOST: usize = 32;
/// Letters of a claim that are shown at most.
const LONGEST: usize = 300;

/// The claims of `token`, name and value, and when it expires, in seconds since the epoch; nothing if it is no JWT. Neither holds
/// the signature, without which nothing can be opened.
#[must_use]
pub fn claims(token: &Secret) -> (Vec<(String, String)>, Option<i64>) {
    let Some(payload) = payload(token.reveal()) else { return (Vec::new(), None) };
    let expires = payload.get("exp").and_then(|at| at.as_i64().or_else(|| at.as_f64().map(|at| at as i64)));
    let claims = payload.iter().take(MOST).map(|(name, value)| (shown(name), shown(&text(value))));
    (claims.collect(), expires)
}

fn payload(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || header.is_empty() {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(payload.trim_end_matches('=').as_bytes()).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> Secret {
        Secret::new(format!("e30.{}.hunter2", BASE64URL_NOPAD.encode(payload.as_bytes())))
    }

    #[test]
    fn claims_are_shown_and_the_signature_is_not() {
        let check = |payload: &str, expected: &[(&str, &str)], expires: Option<i64>| {
            let (found, at) = claims(&token(payload));
            let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!((found.as_slice(), at), (expected, expires), "{payload}");
            assert!(!format!("{found:?}").contains("hunter2"));
        };
        check(
            r#"{"exp": 1900000000, "scopes": "cache", "https://jwt.attic.rs/v1": {"caches": {"f": {"w": 1}}}}"#,
            &[("exp", "1900000000"), ("https://jwt.attic.rs/v1", r#"{"caches":{"f":{"w":1}}}"#), ("scopes", "cache")],
            Some(1_900_000_000),
        );
        check(r#"{"exp": 1.5e9}"#, &[("exp", "1500000000.0")], Some(1_500_000_000));
        check("{\"sub\": \"a\\u001b[31mb\"}", &[("sub", "a[31mb")], None);
        check("{}", &[], None);
    }

    #[test]
    fn what_is_no_jwt_has_no_claims() {
        for text in ["", "hunter2", "a.b", "a.b.c", "e30.e30", "e30.e30.x.y", ".e30.x", "e30.W10.x", "e30.!!.x"] {
            assert_eq!(claims(&Secret::new(text)), (Vec::new(), None), "{text}");
        }
        assert_eq!(claims(&Secret::new("e30.e30=.x")), (Vec::new(), None));
    }

    #[test]
    fn a_token_that_says_much_is_cut() {
        let many: Map<String, Value> = (0..100).map(|number| (number.to_string(), "x".repeat(1_000).into())).collect();
        let (found, _) = claims(&token(&Value::Object(many).to_string()));
        assert!(found.len() == MOST && found.iter().all(|(_, value)| value.len() == LONGEST));
    }
}
