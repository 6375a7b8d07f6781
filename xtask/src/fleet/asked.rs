//! Attributes of configurations that are read because somebody expects something of them.

use serde::Deserialize;

use super::AttrPath;

/// An attribute to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Where it is below the configuration's `config`.
    pub path: AttrPath,
    /// Whether the values of a set are wanted too, and not only their names.
    pub deep: bool,
}

/// What reading an attribute came to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Read {
    /// This is it, as far as it is data: a function is `<function>`, a package its name.
    Value(serde_json::Value),
    /// It is not there.
    Absent,
    /// It throws an error.
    Throws,
}
