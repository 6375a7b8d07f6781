//! just and make: what a recipe would run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;

/// The files that just looks for, in any case, and those that make does.
const JUSTFILES: [&str; 2] = ["justfile", ".justfile"];
const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

/// A file of recipes, and the program that reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeFile {
    /// Its name, at the root of the repository.
    pub name: PathBuf,
    /// `just` or `make`.
    pub program: &'static str,
}

/// The file of recipes among the `names` at the root of a repository: a justfile before a Makefile.
#[must_use]
pub fn file_among(names: &[&Path]) -> Option<RecipeFile> {
    let lower = |name: &Path| name.to_string_lossy().to_lowercase();
    let just = || names.iter().find(|name| JUSTFILES.contains(&lower(name).as_str())).map(|name| (name, "just"));
    let make = || MAKEFILES.iter().find_map(|file| names.iter().find(|name| **name == Path::new(file)));
    just().or_else(|| Some((make()?, "make"))).map(|(name, program)| RecipeFile { name: name.to_path_buf(), program })
}

/// What the call of a recipe in `repository` would run, or what the program says against it.
///
/// # Errors
/// When the program is missing or cannot be started.
pub fn dry_run(repository: &Path, file: &RecipeFile, call: &str) -> Result<std::result::Result<String, String>> {
    let program = match which::which(file.program) {
        Ok(program) => program,
        Err(_) => bail!(
            "`{}` is not installed, and xtask.toml names recipes of `{}`: install it",
            file.program,
            file.name.display()
        ),
    };
    let mut command = Command::new(program);
    command.current_dir(repository).arg("--dry-run");
    match file.program {
        "just" => command.args(["--yes", "--color", "never", "--justfile"]).arg(&file.name),
        _ => command.args(["--no-print-directory", "--file"]).arg(&file.name),
    };
    command.args(call.split_whitespace());
    let output = process::probe(&mut command).with_context(|| format!("ask {} what it would run", file.program))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Ok(match (output.status.success(), file.program) {
        (false, _) => Err(stderr),
        // just says what it would run where it echoes what it runs.
        (true, "just") => Ok(stderr),
        (true, _) => Ok(stdout),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_justfile_comes_before_a_makefile() {
        let check = |names: &[&str], expected: Option<(&str, &'static str)>| {
            let names: Vec<&Path> = names.iter().map(Path::new).collect();
            let found = file_among(&names);
            assert_eq!(found, expected.map(|(name, program)| RecipeFile { name: name.into(), program }));
        };
        check(&["Makefile", "flake.nix", "Justfile"], Some(("Justfile", "just")));
        check(&["Makefile", ".justfile"], Some((".justfile", "just")));
        check(&["flake.nix", "Makefile"], Some(("Makefile", "make")));
        check(&["flake.nix", "a/justfile"], None);
    }

    #[test]
    fn make_says_what_it_would_run_and_what_it_cannot() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Makefile"), "switch:\n\t@touch ran; echo '.#$(HOST)'\n").unwrap();
        let file = RecipeFile { name: "Makefile".into(), program: "make" };
        let run = |call: &str| dry_run(folder.path(), &file, call).unwrap();
        assert_eq!(run("switch HOST=web").as_deref(), Ok("touch ran; echo '.#web'"));
        assert!(run("swich").unwrap_err().contains("swich"));
        assert!(!folder.path().join("ran").exists());
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let file = RecipeFile { name: "justfile".into(), program: "no-such-program" };
        assert!(
            dry_run(Path::new("/"), &file, "x").unwrap_err().to_string().contains("`no-such-program` is not installed")
        );
    }
}
