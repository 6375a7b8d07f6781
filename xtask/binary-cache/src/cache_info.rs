//! `nix-cache-info`: the text by which a binary cache is known as one.

use cache_protocol::{Fault, FaultKind};

/// What Nix assumes of a cache that does not say it: asked after `cache.nixos.org`, which has 40.
const PRIORITY: i64 = 50;

/// What a cache says of itself in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheInfo {
    /// The folder that store paths name.
    pub store_dir: Option<String>,
    /// Lower is asked first.
    pub priority: Option<i64>,
}

impl CacheInfo {
    /// Reads the text.
    ///
    /// # Errors
    /// When it is not that of a binary cache: it has no `StoreDir`, which Nix always writes.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut info = Self::default();
        for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
            match name {
                "StoreDir" => info.store_dir = Some(value.trim().to_owned()),
                "Priority" => info.priority = value.trim().parse().ok(),
                _ => {}
            }
        }
        if info.store_dir.is_none() {
            return Err(Fault::new(FaultKind::NotACache, "a nix-cache-info without StoreDir"));
        }
        Ok(info)
    }

    /// The text of a new cache for the store `store_dir`.
    #[must_use]
    pub fn new_text(store_dir: &str) -> String {
        format!("StoreDir: {store_dir}\nWantMassQuery: 1\nPriority: {PRIORITY}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cache_says_of_itself() {
        let check = |text: &str, store_dir: &str, priority: Option<i64>| {
            let expected = CacheInfo { store_dir: Some(store_dir.to_owned()), priority };
            assert_eq!(CacheInfo::parse(text).unwrap(), expected);
        };
        check("StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n", "/nix/store", Some(40));
        check("Priority:30\nStoreDir:/nix/store", "/nix/store", Some(30));
        check("StoreDir: /gnu/store\nPriority: high\nno field\n", "/gnu/store", None);
        check(&CacheInfo::new_text("/nix/store"), "/nix/store", Some(50));
        for text in ["", "<html>", "Priority: 40"] {
            assert_eq!(CacheInfo::parse(text).unwrap_err().what, "a nix-cache-info without StoreDir", "{text}");
        }
    }
}
