//! Which programs the tests start, and the Debian package of each.

use std::path::Path;

use anyhow::Result;

use crate::nix::{self, Search, relocated};
use crate::wheel;

/// Programs and their packages.
const PROGRAMS: [(&str, &str); 18] = [
    ("make", "make"),
    ("git", "git"),
    ("jq", "jq"),
    ("age", "age"),
    ("age-keygen", "age"),
    ("sshd", "openssh-server"),
    ("ssh-keygen", "openssh-client"),
    ("python3", "python3"),
    ("mmdebstrap", "mmdebstrap"),
    ("patchelf", "patchelf"),
    ("setpriv", "util-linux"),
    ("nginx", "nginx-light"),
    ("zsh", "zsh"),
    ("fish", "fish"),
    ("man", "man-db"),
    ("mandoc", "mandoc"),
    ("xxd", "xxd"),
    ("hexdump", "bsdextrautils"),
];

/// Programs of which any will do, the lightest first, and the package that brings it: which of them there is differs by distribution.
const BROWSERS: ([&str; 3], &str) =
    (["chromium-headless-shell", "chromium", "google-chrome"], "chromium-headless-shell");

/// The packages whose programs are not there, each once.
///
/// # Errors
/// When a program that is there does not start.
pub fn missing_packages() -> Result<Vec<&'static str>> {
    let mut packages: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    let (browsers, package) = BROWSERS;
    if !browsers.into_iter().any(is_there) {
        packages.push(package);
    }
    if !wheel::can_download()? {
        packages.push("python3-pip");
    }
    if nix::search()? == Search::Absent {
        packages.push(relocated::PACKAGE);
    }
    packages.sort_unstable();
    packages.dedup();
    Ok(packages)
}

/// Servers are often kept off the PATH of ordinary users.
fn is_there(program: &str) -> bool {
    which::which(program).is_ok() || Path::new("/usr/sbin").join(program).is_file()
}
