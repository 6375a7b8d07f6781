//! What is in a cache in a folder, looked at as nobody's client: file by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use binary_cache::base32;
use binary_cache::narinfo::NarInfo;
use sha2::{Digest as _, Sha256};

/// Every narinfo of the cache in `folder`, by base name of its path. Fails the test unless the cache is whole: every path that one
/// refers to has one, and every NAR is there with the size and the hash that it says.
#[track_caller]
pub fn whole(folder: &Path) -> BTreeMap<String, NarInfo> {
    let mut narinfos = BTreeMap::new();
    if !folder.exists() {
        return narinfos;
    }
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = ["nar", ".incoming", "nix-cache-info"].contains(&name.as_str());
        assert!(known || name.ends_with(".narinfo"), "`{name}` is no part of a cache");
        if name.ends_with(".narinfo") {
            let narinfo = NarInfo::parse(&fs::read_to_string(folder.join(&name)).unwrap()).unwrap();
            let (_, base) = narinfo.store_path.rsplit_once('/').unwrap();
            assert_eq!(name.strip_suffix(".narinfo"), base.get(..32));
            narinfos.insert(base.to_owned(), narinfo);
        }
    }
    for narinfo in narinfos.values() {
        for reference in &narinfo.references {
            assert!(
                narinfos.contains_key(reference),
                "`{}` refers to `{reference}`, which is not there",
                narinfo.store_path
            );
        }
        let file = fs::read(folder.join(&narinfo.url)).unwrap();
        assert_eq!(Some(file.len() as u64), narinfo.file_size, "{}", narinfo.store_path);
        let hash = format!("sha256:{}", base32::encode(&Sha256::digest(&file)));
        assert_eq!(Some(hash), narinfo.file_hash, "{}", narinfo.store_path);
    }
    narinfos
}

/// How many unfinished files there are.
pub fn unfinished(folder: &Path) -> usize {
    let incoming = folder.join(".incoming");
    let folders = fs::read_dir(incoming).into_iter().flatten();
    folders.map(|entry| fs::read_dir(entry.unwrap().path()).unwrap().count()).sum()
}
