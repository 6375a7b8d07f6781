//! The parts of a store path.

/// Digits of the hash in front of a name.
const HASH_LENGTH: usize = 32;

/// `HASH-NAME` of `/nix/store/HASH-NAME`, wherever the store is; `None` if it is not a store path.
#[must_use]
pub fn base_name(path: &str) -> Option<&str> {
    let base = path.rsplit('/').next()?;
    is_base_name(base).then_some(base)
}

/// `HASH` of a store path or of its base name.
#[must_use]
pub fn hash(path: &str) -> Option<&str> {
    base_name(path)?.get(..HASH_LENGTH)
}

/// `NAME` of a store path or of its base name.
#[must_use]
pub fn name(path: &str) -> Option<&str> {
    base_name(path)?.get(HASH_LENGTH + 1..)
}

/// The 32 digits that name a path in a cache: digits of Nix's base 32, and no others.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    text.len() == HASH_LENGTH && crate::base32::decode(text).is_some()
}

fn is_base_name(base: &str) -> bool {
    let Some((hash, name)) = base.split_once('-') else { return false };
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "+-._?=".contains(letter);
    is_hash(hash) && !name.is_empty() && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let path = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60";
        assert_eq!(base_name(path), Some("00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60"));
        assert_eq!(hash(path), Some("00bgd045z0d4icpbc2yyz4gx48ak44la"));
        assert_eq!(name(path), Some("net-tools-1.60"));
    }

    #[test]
    fn what_is_no_store_path_has_none() {
        for path in [
            "",
            "/nix/store",
            "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la",
            "/nix/store/short-name",
            "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44le-e",
            "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-../x",
            "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-a b",
        ] {
            assert_eq!(hash(path), None, "{path}");
        }
    }
}
