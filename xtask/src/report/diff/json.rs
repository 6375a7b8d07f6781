//! The report for programs, schema 1.

use std::borrow::Cow;

use anyhow::Result;
use serde::Serialize;

use crate::diff::{Cause, Change, Described, Difference, FileChange, Files, Named, PackageChanges};
use crate::fleet::AttrPath;
use crate::plain_text::without_credentials;

/// What a change does, schema 1.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    schema: u32,
    inputs: &'a str,
    base: Revision<'a>,
    head: Option<&'a str>,
    files: &'a [FileChange],
    notes: &'a [String],
    outputs: Vec<OutputJson<'a>>,
}

#[derive(Debug, Serialize)]
struct Revision<'a> {
    asked: &'a str,
    commit: &'a str,
}

#[derive(Debug, Serialize)]
struct OutputJson<'a> {
    attr: &'a AttrPath,
    kind: &'a str,
    system: Option<&'a str>,
    change: Change,
    was: Option<&'a AttrPath>,
    base: Side<'a>,
    head: Side<'a>,
    /// How many derivations differ, whether by themselves or by what they need.
    differing_derivations: Option<usize>,
    /// How many differ by themselves; `causes` are the nearest of them.
    causes_total: Option<usize>,
    causes: Vec<&'a Cause>,
    packages_of: Option<Named>,
    packages: Option<&'a PackageChanges>,
    by: Option<By<'a>>,
}

#[derive(Debug, Serialize)]
struct Side<'a> {
    drv: Option<&'a str>,
    reason: Option<String>,
    closure_bytes: Option<u64>,
}

/// The files that an output depends on.
#[derive(Debug, Serialize)]
struct By<'a> {
    /// Each by itself.
    files: Vec<Cow<'a, str>>,
    /// Of each group some together.
    together: Vec<Vec<Cow<'a, str>>>,
    /// Some of these; which, was not looked for to the end.
    undecided: Vec<Cow<'a, str>>,
    /// Why nothing is told.
    not_told: Option<&'a str>,
}

/// What a change does as a JSON document, schema 1.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json(difference: &Difference) -> Result<String> {
    Ok(serde_json::to_string_pretty(&document(difference))? + "\n")
}

/// What a change does, to be part of another document.
#[must_use]
pub fn document(difference: &Difference) -> Document<'_> {
    Document {
        schema: 1,
        inputs: difference.inputs,
        base: Revision { asked: &difference.base, commit: &difference.commit },
        head: difference.head.as_deref(),
        files: &difference.files,
        notes: &difference.notes,
        outputs: difference.outputs.iter().map(|one| output(one, &difference.files)).collect(),
    }
}

fn output<'a>(described: &'a Described, files: &'a [FileChange]) -> OutputJson<'a> {
    let Described { compared, system, causes, closure, packages, files: by } = described;
    let reason = |reason: &Option<String>| reason.as_deref().map(without_credentials);
    OutputJson {
        attr: &compared.output.attr,
        kind: &compared.output.kind,
        system: system.as_deref(),
        change: compared.change,
        was: compared.was.as_ref(),
        base: Side {
            drv: compared.base_drv.as_deref(),
            reason: reason(&compared.base_reason),
            closure_bytes: closure.0,
        },
        head: Side {
            drv: compared.head_drv.as_deref(),
            reason: reason(&compared.head_reason),
            closure_bytes: closure.1,
        },
        differing_derivations: causes.as_ref().map(|causes| causes.differing),
        causes_total: causes.as_ref().map(|causes| causes.total),
        causes: causes.iter().flat_map(|causes| &causes.nearest).map(AsRef::as_ref).collect(),
        packages_of: packages.as_ref().map(|packages| packages.named),
        packages: packages.as_ref().map(|packages| &packages.changes),
        by: by.as_ref().map(|told| by_files(told, files)),
    }
}

fn by_files<'a>(told: &'a Files, files: &'a [FileChange]) -> By<'a> {
    let names = |indices: &mut dyn Iterator<Item = &usize>| {
        indices.filter_map(|&index| files.get(index)).map(|file| file.path.to_string_lossy()).collect::<Vec<_>>()
    };
    let nothing = By { files: Vec::new(), together: Vec::new(), undecided: Vec::new(), not_told: None };
    match told {
        Files::NotTold(reason) => By { not_told: Some(reason), ..nothing },
        Files::NoneOfThem => nothing,
        Files::Told(influence) => By {
            files: names(&mut influence.files.iter()),
            together: influence.together.iter().map(|group| names(&mut group.iter())).collect(),
            undecided: names(&mut influence.undecided.iter()),
            not_told: None,
        },
    }
}
