//! Globs of files in the repository, as `inputs` of a job has them: read as `.gitignore` reads them.
//!
//! Source: <https://git-scm.com/docs/gitignore#_pattern_format>, less what takes files out again (`!`).

use std::path::Path;

use crate::fleet::glob;

/// Whether `pattern` fits the file at `path`, relative to the repository. A glob without a slash within it fits at any depth; one that
/// fits a folder fits all that is in it; `*` and `?` stay within one name, and `**` stands for any folders, or for none.
#[must_use]
pub fn fits(pattern: &str, path: &Path) -> bool {
    let anchored = pattern.trim_end_matches('/').contains('/');
    let mut wanted: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    if wanted.is_empty() {
        return false;
    }
    if !anchored {
        wanted.insert(0, "**");
    }
    let path = path.to_string_lossy();
    let names: Vec<&str> = path.split('/').collect();
    // `a/**` fits what is in `a`, and not a file `a`; `a/` fits a folder alone.
    let only_folders = pattern.ends_with('/');
    (1..=names.len()).any(|end| (end < names.len() || !only_folders) && fits_whole(&wanted, &names[..end]))
}

/// Whether the parts of a glob fit these names one by one.
fn fits_whole(wanted: &[&str], names: &[&str]) -> bool {
    match (wanted, names) {
        ([], []) => true,
        (["**"], names) => !names.is_empty(),
        (["**", rest @ ..], names) => (0..=names.len()).any(|skipped| fits_whole(rest, &names[skipped..])),
        ([first, rest @ ..], [name, others @ ..]) => glob(first, name) && fits_whole(rest, others),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_read_as_git_reads_them() {
        for (pattern, path, expected) in [
            ("flake.nix", "flake.nix", true),
            ("flake.nix", "templates/a/flake.nix", true),
            ("/flake.nix", "templates/a/flake.nix", false),
            ("/flake.nix", "flake.nix", true),
            ("docs", "docs/a/b.md", true),
            ("docs/", "docs/a/b.md", true),
            ("docs/", "a/docs/b.md", true),
            ("docs/", "docs", false),
            ("/docs", "a/docs/b.md", false),
            ("docs/*.md", "docs/a.md", true),
            ("docs/*.md", "docs/a/b.md", false),
            ("docs/*.md", "a/docs/a.md", false),
            ("docs/**/*.md", "docs/a.md", true),
            ("docs/**/*.md", "docs/a/b/c.md", true),
            ("docs/**", "docs/a/b.md", true),
            ("docs/**", "docs", false),
            ("**/docs", "a/b/docs/c", true),
            ("**", "a/b", true),
            ("*.nix", "a/b.nix", true),
            ("*.nix", "a/b.md", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("a*c", "ab/c", false),
            ("", "a", false),
            ("/", "a", false),
        ] {
            assert_eq!(fits(pattern, Path::new(path)), expected, "{pattern} on {path}");
        }
    }
}
