//! Where a private signing key of Nix may stand: `NAME:` and 64 bytes in base64, of which a signature looks the same.

/// Whether it is one and no signature: by what precedes its `:`, and its bytes in base64. Only whoever knows Ed25519 can tell for sure.
pub type IsSigningKey = fn(before: &[u8], base64: &str) -> bool;

/// What it is.
pub const WHAT: &str = "a private signing key of Nix";
/// One that signs for nobody, of the seed that is 32 times the byte 3; in parts, so that no scanner finds it here.
pub const EXAMPLE: [&str; 3] =
    ["fleet-1:", "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwPtSSjGKNHCxurpAziQ", "WZVhKVknOlxj+TY2wUYUrIc30Q=="];
/// Characters of the base64 of 64 bytes, without the `==` behind them.
const LENGTH: usize = 86;

/// What precedes, and what it is in base64, if what ends in the `==` at `at` looks like a key with a name.
pub fn ends_at(text: &[u8], at: usize) -> Option<(&[u8], &str)> {
    let start = at.checked_sub(LENGTH)?;
    let before = text.get(..start)?.strip_suffix(b":")?;
    let base64 = text.get(start..at + 2)?;
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let looks = before.last()?.is_ascii_alphanumeric() && base64.iter().take(LENGTH).all(is_base64);
    Some((before, std::str::from_utf8(base64).ok()?)).filter(|_| looks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_has_a_name_and_64_bytes() {
        let check = |text: &str, expected: Option<&str>| {
            let found = text.rfind("==").and_then(|at| ends_at(text.as_bytes(), at));
            assert_eq!(found.map(|(before, _)| std::str::from_utf8(before).unwrap()), expected, "{text}");
        };
        let key = EXAMPLE.concat();
        check(&key, Some("fleet-1"));
        check(&format!("key = \"{key}\""), Some("key = \"fleet-1"));
        check(&key.replace(':', "="), None);
        check(&key.replace("-1:", "-:"), None);
        check(&key.replace("fleet-1", ""), None);
        check(&key.replace("AwMD", "Aw-D"), None);
        check(&key.replace("AwMDA", "AwMD"), None);
        check("a==", None);
    }
}
