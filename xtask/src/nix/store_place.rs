//! Where a store is on this machine, by its address: the folder of its paths, and the file of its database.

use std::path::{Path, PathBuf};

/// The folder of Nix's state, unless it was built for another.
const STATE: &str = "/nix/var/nix";

/// What the address of a store says of its place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The folder that store paths name.
    pub folder: Option<String>,
    /// The folder on disk that stands for `/`.
    pub root: Option<PathBuf>,
}

/// The place of the store at `address`: `auto`, `daemon`, `local?root=PATH`, `unix://SOCKET` or the path of a chroot store; `None`
/// for one that is not on this machine.
pub fn place(address: &str) -> Option<Place> {
    let (base, query) = address.split_once('?').unwrap_or((address, ""));
    let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let (scheme, rest) = base.split_once("://").unwrap_or((base, ""));
    let root = match scheme {
        "" | "auto" | "daemon" | "unix" => None,
        "local" => Some(rest).filter(|path| !path.is_empty()),
        path if path.starts_with('/') => Some(path),
        _ => return None,
    };
    let root = root.or_else(|| parameter("root").filter(|path| !path.is_empty()));
    Some(Place { folder: parameter("store").map(str::to_owned), root: root.map(PathBuf::from) })
}

/// The file of the database from which Nix answers for the store at `address`, whose paths are in `folder`; `None` where that is
/// not certain, because a daemon behind a socket may answer from any store, or because this Nix was built for another place.
/// `variable` reads the environment; `is_writable` tells of a folder whether this process may write it, which is when Nix does
/// without the daemon.
pub fn database(
    address: &str,
    place: &Place,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
    is_writable: &dyn Fn(&Path) -> bool,
) -> Option<PathBuf> {
    let (base, query) = address.split_once('?').unwrap_or((address, ""));
    let understood = |pair: &str| ["root", "store"].iter().any(|name| pair.split('=').next() == Some(name));
    if !query.split('&').filter(|pair| !pair.is_empty()).all(understood) {
        return None;
    }
    let usual = || {
        let usual = || Some(STATE.to_owned()).filter(|_| folder == Path::new("/nix/store"));
        variable("NIX_STATE_DIR").or_else(usual).map(PathBuf::from)
    };
    let state = match (base.split_once("://").map_or(base, |(scheme, _)| scheme), &place.root) {
        ("local", None) => usual()?,
        ("" | "auto", None) => usual().filter(|state| is_writable(state))?,
        ("local", Some(root)) => root.join(STATE.trim_start_matches('/')),
        (path, Some(root)) if path.starts_with('/') => root.join(STATE.trim_start_matches('/')),
        _ => return None,
    };
    Some(state.join("db/db.sqlite"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_stores() {
        let check = |address: &str, expected: Option<(Option<&str>, Option<&str>)>| {
            let expected = expected
                .map(|(folder, root)| Place { folder: folder.map(str::to_owned), root: root.map(PathBuf::from) });
            assert_eq!(place(address), expected, "{address}");
        };
        for here in ["", "auto", "daemon", "local", "unix:///run/socket"] {
            check(here, Some((None, None)));
        }
        check("/home/a/store", Some((None, Some("/home/a/store"))));
        check("local?root=/x", Some((None, Some("/x"))));
        check("local://?root=/x", Some((None, Some("/x"))));
        check("local:///x", Some((None, Some("/x"))));
        check("unix:///run/socket?root=/x", Some((None, Some("/x"))));
        check("local?store=/s&root=/x", Some((Some("/s"), Some("/x"))));
        for elsewhere in ["ssh-ng://host?root=/x", "https://cache.example.org", "s3://bucket", "dummy://"] {
            check(elsewhere, None);
        }
    }

    #[test]
    fn databases_of_stores() {
        let check = |address: &str, variables: &[(&str, &str)], expected: Option<&str>| {
            let named = |name: &str| variables.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned());
            let place = place(address).unwrap();
            let folder = place.folder.clone().or_else(|| named("NIX_STORE_DIR"));
            let folder = PathBuf::from(folder.as_deref().unwrap_or("/nix/store"));
            let found = database(address, &place, &folder, &named, &|state| state != Path::new("/of-root"));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{address} {variables:?}");
        };
        for usual in ["", "auto", "local"] {
            check(usual, &[], Some("/nix/var/nix/db/db.sqlite"));
            check(usual, &[("NIX_STATE_DIR", "/s"), ("NIX_STORE_DIR", "/n")], Some("/s/db/db.sqlite"));
            check(usual, &[("NIX_STORE_DIR", "/n")], None);
        }
        // The daemon answers, from wherever it has its state.
        for behind_a_socket in ["", "auto", "daemon"] {
            check(behind_a_socket, &[("NIX_STATE_DIR", "/of-root")], None);
        }
        check("daemon", &[], None);
        check("local", &[("NIX_STATE_DIR", "/of-root")], Some("/of-root/db/db.sqlite"));
        for chroot in ["/x", "local?root=/x", "local:///x", "local?store=/nix/store&root=/x"] {
            check(chroot, &[("NIX_STATE_DIR", "/s")], Some("/x/nix/var/nix/db/db.sqlite"));
        }
        for unknown in
            ["unix:///socket", "unix:///socket?root=/x", "auto?state=/s", "local?root=/x&state=/s", "daemon?root=/x"]
        {
            check(unknown, &[], None);
        }
    }
}
