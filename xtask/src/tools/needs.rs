//! Which programs the tests start, and the Debian package of each.

use std::path::Path;

use anyhow::Result;

use crate::nix::{self, Search, relocated};
use crate::wheel;

/// Programs and their packages.
const PROGRAMS: [(&str, &str); 16] = [
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
];

/// The packages whose programs are not there, each once.
///
/// # Errors
/// When a program that is there does not start.
pub fn missing_packages() -> Result<Vec<&'static str>> {
    let mut packages: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
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
