//! The text of `nix-cache-info`: what a cache says of itself.

use cache_protocol::{Fault, FaultKind};

use super::Greeting;

/// The file that makes a folder a cache.
pub const NAME: &str = "nix-cache-info";

/// What mends a text that is none, for most.
const LINE: &str = "`StoreDir: /nix/store`";

/// Reads the text.
///
/// # Errors
/// When it is no such text: it names no `StoreDir`.
pub fn parse(text: &str) -> Result<Greeting, Fault> {
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.split_once(':').filter(|(field, _)| *field == name).map(|(_, value)| value.trim()))
    };
    let store_dir = field("StoreDir").filter(|folder| folder.starts_with('/'));
    let Some(store_dir) = store_dir else {
        let what =
            format!("a `{NAME}` without StoreDir: add the line {LINE}, with the folder that its store paths name");
        return Err(Fault::new(FaultKind::NotACache, what));
    };
    Ok(Greeting {
        exists: true,
        store_dir: Some(store_dir.to_owned()),
        priority: field("Priority").and_then(|priority| priority.parse().ok()),
        ..Greeting::default()
    })
}

/// The text for a cache of the store in `store_dir`. Without `WantMassQuery`, Nix would not ask it what could be substituted.
#[must_use]
pub fn text(store_dir: &str) -> String {
    format!("StoreDir: {store_dir}\nWantMassQuery: 1\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cache_says_of_itself() {
        let check = |text: &str, store_dir: &str, priority| {
            let expected =
                Greeting { exists: true, store_dir: Some(store_dir.to_owned()), priority, ..Greeting::default() };
            assert_eq!(parse(text), Ok(expected));
        };
        check("StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n", "/nix/store", Some(40));
        check(&text("/gnu/store"), "/gnu/store", None);
        check("Priority: high\nStoreDir:/nix/store", "/nix/store", None);
    }

    #[test]
    fn what_is_no_such_text_is_refused() {
        for text in ["", "<!DOCTYPE html>", "StoreDir:", "StoreDir: store", "XStoreDir: /nix/store"] {
            let expected = "a `nix-cache-info` without StoreDir: add the line `StoreDir: /nix/store`, with the folder that its store \
                paths name";
            assert_eq!(parse(text).unwrap_err().what, expected, "{text}");
        }
    }
}
