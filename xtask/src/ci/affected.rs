//! Which jobs a change affects: those whose inputs it touches; all of them where it touches what decides about jobs.

use std::path::PathBuf;

use super::globs::fits;

/// What decides about every job, as globs: the table, and this program with all that it is built from.
const DECIDING: [&str; 6] = ["/xtask.toml", "/xtask", "/Cargo.toml", "/Cargo.lock", "/.cargo", "/rust-toolchain*"];

/// Whether touching `touched` may change what becomes of a job with `inputs`: globs of the files that its result depends on, or any
/// of them where there are none.
#[must_use]
pub fn is_affected(inputs: Option<&[String]>, touched: &[PathBuf]) -> bool {
    let of_job = |path: &PathBuf| inputs.is_none_or(|globs| globs.iter().any(|glob| fits(glob, path)));
    touched.iter().any(|path| of_job(path) || DECIDING.iter().any(|glob| fits(glob, path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_touches_inputs_or_decides_affects() {
        let check = |inputs: Option<&[&str]>, touched: &[&str], expected: bool| {
            let inputs: Option<Vec<String>> = inputs.map(|globs| globs.iter().map(|glob| (*glob).to_owned()).collect());
            let touched: Vec<PathBuf> = touched.iter().map(PathBuf::from).collect();
            assert_eq!(is_affected(inputs.as_deref(), &touched), expected, "{inputs:?} {touched:?}");
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
