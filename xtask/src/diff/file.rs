//! One file that a change touches.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileStatus {
    /// The base has no such file.
    Added,
    /// Only the base has it.
    Removed,
    /// Its content, mode or kind is another.
    Changed,
    /// It has another name in the base, and may have other content too.
    Renamed,
}

/// One file that differs from the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileChange {
    /// What became of it.
    pub status: FileStatus,
    /// The file, relative to the root of the checkout.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// What it is called in the base, if that is something else.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "lossy_if_any")]
    pub was: Option<PathBuf>,
    /// Whether it is a submodule, of which a flake sees nothing unless it asks for submodules.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub submodule: bool,
}

impl FileChange {
    /// The files of the base that it takes the place of.
    pub fn in_base(&self) -> impl Iterator<Item = &Path> {
        let same = (self.status != FileStatus::Added).then_some(&self.path);
        self.was.as_ref().or(same).map(PathBuf::as_path).into_iter()
    }
}

/// Names of files need not be UTF-8, which JSON is.
fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

fn lossy_if_any<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_deref().map(Path::to_string_lossy).serialize(serializer)
}
