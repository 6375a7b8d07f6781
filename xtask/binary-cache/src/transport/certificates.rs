//! Which authorities are believed: those Nix is told to believe, else those of the machine, else Mozilla's that are compiled in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cache_protocol::{Fault, FaultKind};
use ureq::tls::{PemItem, RootCerts, parse_pem};

/// Variables that name a bundle, in the order in which Nix looks at them.
const VARIABLES: [&str; 2] = ["NIX_SSL_CERT_FILE", "SSL_CERT_FILE"];
/// Where machines keep theirs: Debian and NixOS, Fedora, and what Nix's installer brings.
const PLACES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs/ca-bundle.crt",
    "/nix/var/nix/profiles/default/etc/ssl/certs/ca-bundle.crt",
];

/// The authorities of this machine.
pub(super) fn roots() -> Result<RootCerts, Fault> {
    let named = VARIABLES.iter().find_map(std::env::var_os).filter(|value| !value.is_empty()).map(PathBuf::from);
    let place = || PLACES.iter().map(PathBuf::from).find(|place| place.is_file());
    match named.or_else(place) {
        Some(bundle) => read(&bundle),
        None => Ok(RootCerts::WebPki),
    }
}

fn read(bundle: &Path) -> Result<RootCerts, Fault> {
    let fault =
        |what: String| Fault::new(FaultKind::Local, format!("read the certificates in `{}`: {what}", bundle.display()));
    let bytes = std::fs::read(bundle).map_err(|error| fault(error.to_string()))?;
    let certificates: Vec<_> = parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(fault("there is none in it".to_owned()));
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_that_holds_none_is_said() {
        let check = |path: &str, expected: &str| {
            let error = read(Path::new(path)).unwrap_err();
            assert!(error.kind == FaultKind::Local && error.what.contains(expected), "{error}");
        };
        check("/no/such/bundle.crt", "read the certificates in `/no/such/bundle.crt`: No such file");
        check("/dev/null", "there is none in it");
    }
}
