//! Audits of whole workflows, each with what must be found in it.

use super::*;
use crate::fleet::built_in_kinds;

/// The pipeline of source document 000 with the times of its run.
const WORKFLOW: &str = include_str!("../../../tests/fixtures/audit/ci.yaml");
const ACTION: &str = include_str!("../../../tests/fixtures/audit/action.yaml");
const RUN: &str = include_str!("../../../tests/fixtures/audit/run.json");

fn files(workflow: &str) -> Vec<File> {
    let file = |path: &str, text: &str| File { path: PathBuf::from(path), text: text.to_owned() };
    vec![file(".github/actions/setup-nix/action.yaml", ACTION), file(".github/workflows/ci.yaml", workflow)]
}

fn audited(workflow: &str, runs: &[Run]) -> Audit {
    let facts = Facts { files: &files(workflow), kinds: &built_in_kinds(), config: &CiConfig::default(), runs };
    audit(&facts).unwrap()
}

#[test]
fn the_figures_of_a_pipeline_that_had_grown_by_hand() {
    let found = audited(WORKFLOW, &[Run::parse(RUN).unwrap()]);
    println!("{found:#?}");
}
