//! The client's program: built from the source beside this program's when that has changed, or named by the environment.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};

use crate::context::{self, Context};
use crate::process;

/// The environment variable that names a program that is built already, as in a package of the flake.
const NAMED: &str = "XTASK_BINARY_CACHE";
/// Its package.
const PACKAGE: &str = "binary-cache";
/// The profile that it is built in: quick to build, and quick where that counts.
const PROFILE: &str = "cache-client";
/// The source of this program, as it was when it was built.
const SOURCE: &str = env!("CARGO_MANIFEST_DIR");
/// What the client is built from, relative to [`SOURCE`].
const PARTS: [&str; 5] = ["binary-cache", "cache-protocol", "secret-patterns", "../Cargo.toml", "../Cargo.lock"];

/// The program, built anew if a file of its source is newer.
///
/// # Errors
/// When its source is not there, or does not build.
pub fn ready(context: &Context) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(NAMED) {
        return Ok(PathBuf::from(named));
    }
    let source = Path::new(SOURCE);
    if !source.join(PACKAGE).join("Cargo.toml").is_file() {
        bail!(
            "the source of the binary-cache client is not at `{}` any more: run this from the repository it was built in, or name a \
             built one with {NAMED}",
            source.join(PACKAGE).display()
        );
    }
    let target = context::target_folder().unwrap_or_else(|| context.state.join("client"));
    let program = target.join(PROFILE).join(PACKAGE);
    if !is_fresh(&program, source)? {
        build(context, source, &target)?;
    }
    Ok(program)
}

fn build(context: &Context, source: &Path, target: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--locked", "--profile", PROFILE, "--package", PACKAGE, "--manifest-path"])
        .arg(source.join("../Cargo.toml"))
        .arg("--target-dir")
        .arg(target);
    process::act(&context.console, &mut command).context("build the binary-cache client")?;
    // Where cargo found nothing to do, the program is as fresh as its newest file all the same, and need not be asked about again.
    let program = std::fs::File::open(target.join(PROFILE).join(PACKAGE)).context("find the binary-cache client")?;
    program.set_modified(SystemTime::now()).context("note that the binary-cache client is fresh")
}

/// Whether `program` is there, and newer than all that it is built from.
fn is_fresh(program: &Path, source: &Path) -> Result<bool> {
    let Ok(built) = program.metadata().and_then(|metadata| metadata.modified()) else { return Ok(false) };
    for part in PARTS {
        if newest(&source.join(part))? >= built {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When the newest file at or below `path` was written.
fn newest(path: &Path) -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in walkdir::WalkDir::new(path) {
        let entry = entry.context("look at the source of the binary-cache client")?;
        if entry.file_type().is_file() {
            newest = newest.max(entry.metadata()?.modified()?);
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_newer_than_the_program_makes_it_stale() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("xtask");
        let parts =
            ["binary-cache/src/lib.rs", "cache-protocol/Cargo.toml", "secret-patterns/Cargo.toml", "../Cargo.toml"];
        for part in parts.into_iter().chain(["../Cargo.lock"]) {
            fs::create_dir_all(source.join(part).parent().unwrap()).unwrap();
            fs::write(source.join(part), "").unwrap();
        }
        let program = folder.path().join("program");
        assert!(!is_fresh(&program, &source).unwrap());
        let now = SystemTime::now();
        let set = |path: &Path, seconds: u64| {
            File::options().write(true).open(path).unwrap().set_modified(now + Duration::from_secs(seconds)).unwrap();
        };
        fs::write(&program, "").unwrap();
        set(&program, 10);
        assert!(is_fresh(&program, &source).unwrap());
        set(&source.join("binary-cache/src/lib.rs"), 20);
        assert!(!is_fresh(&program, &source).unwrap());
        set(&program, 30);
        assert!(is_fresh(&program, &source).unwrap());
        set(&source.join("../Cargo.lock"), 40);
        assert!(!is_fresh(&program, &source).unwrap());
    }
}
