//! Which jobs a change affects: those whose inputs it touches; all of them where it touches what decides about jobs.

use std::path::{Component, Path, PathBuf};

use super::globs::fits;
use super::{Inputs, Job, Work};

/// What decides about every job, as globs: the table, and this program with all that it is built from.
const DECIDING: [&str; 6] = ["/xtask.toml", "/xtask", "/Cargo.toml", "/Cargo.lock", "/.cargo", "/rust-toolchain*"];

/// Whether touching `touched` may change what becomes of `job`. An app or a shell may be made of any file of the flake, whatever the
/// job's inputs are; a command reads the files that its words name.
#[must_use]
pub fn is_affected(job: &Job, touched: &[PathBuf]) -> bool {
    let of_job = |path: &PathBuf| match (&job.inputs, &job.work) {
        (Inputs::Everything, _) | (_, Work::App(_) | Work::Shell(_)) => true,
        (Inputs::Globs(globs), work) => {
            let named = matches!(work, Work::Command(words) if words.iter().any(|word| names(word, path)));
            named || globs.iter().any(|glob| fits(glob, path))
        }
    };
    touched.iter().any(|path| of_job(path) || DECIDING.iter().any(|glob| fits(glob, path)))
}

/// Whether the word of a command is the file at `path`.
fn names(word: &str, path: &Path) -> bool {
    let plain = Path::new(word).components().filter(|part| *part != Component::CurDir);
    plain.eq(path.components())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::{JobName, Phase};

    #[test]
    fn what_nix_or_a_command_reads_affects_too() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let check = |work: Work, touched: &str, expected: bool| {
            let inputs = Inputs::Globs(vec!["docs/**".to_owned()]);
            let job = Job { inputs, work, ..Job::bare(JobName::of("docs"), Phase::Check) };
            assert_eq!(is_affected(&job, &[touched.into()]), expected, "{job:?} {touched}");
        };
        check(Work::App("docs".to_owned()), "nix/app.nix", true);
        check(Work::Shell(words(&["mdbook"])), "nix/shell.nix", true);
        check(Work::Command(words(&["mdbook"])), "nix/shell.nix", false);
        check(Work::Command(words(&["./check.sh"])), "check.sh", true);
        check(Work::Command(words(&["sh", "ci/./check.sh"])), "ci/check.sh", true);
        check(Work::Command(words(&["sh", "ci/check.sh"])), "check.sh", false);
    }

    #[test]
    fn what_touches_inputs_or_decides_affects() {
        let check = |inputs: Option<&[&str]>, touched: &[&str], expected: bool| {
            let inputs: Option<Vec<String>> = inputs.map(|globs| globs.iter().map(|glob| (*glob).to_owned()).collect());
            let inputs = inputs.map_or(Inputs::Everything, Inputs::Globs);
            let touched: Vec<PathBuf> = touched.iter().map(PathBuf::from).collect();
            let job = Job { inputs, ..Job::bare(JobName::of("docs"), Phase::Check) };
            assert_eq!(is_affected(&job, &touched), expected, "{job:?} {touched:?}");
        };
        check(Some(&["docs/**"]), &["docs/a.md"], true);
        check(Some(&["docs/**"]), &["src/a.rs"], false);
        check(Some(&["docs/**", "*.rs"]), &["README.md", "src/a.rs"], true);
        check(Some(&["docs/**"]), &[], false);
        check(Some(&[]), &["docs/a.md"], false);
        check(None, &["docs/a.md"], true);
        check(None, &[], false);
        for deciding in ["xtask.toml", "xtask/src/main.rs", "Cargo.lock", ".cargo/config.toml", "rust-toolchain.toml"] {
            check(Some(&["docs/**"]), &[deciding], true);
        }
        check(Some(&["docs/**"]), &["crates/a/Cargo.toml", "a/xtask/b"], false);
    }
}
