//! How the doctor's findings are told: one line each, and a fix below where there is one.

use anyhow::Result;
use serde::Serialize;

use super::{Console, Mark};
use crate::doctor::{Diagnosis, Standing};

/// The findings as text on stderr.
pub fn text(console: &Console, diagnoses: &[Diagnosis]) {
    for diagnosis in diagnoses {
        let mark = match diagnosis.standing {
            Standing::Good => Mark::Ok,
            Standing::Notice => Mark::Warning,
            Standing::Problem | Standing::Unknown => Mark::Failed,
            Standing::Skipped => Mark::Skipped,
        };
        console.mark(mark, &format!("{}: {}", diagnosis.name, diagnosis.found));
        if let Some(fix) = &diagnosis.fix {
            let line = format!("    fix: {fix}");
            if mark == Mark::Failed { console.always(&line) } else { console.line(&line) }
        }
    }
    let problems = problems(diagnoses);
    let mark = if problems == 0 { Mark::Ok } else { Mark::Failed };
    let plural = if problems == 1 { "" } else { "s" };
    console.mark(mark, &format!("doctor: {problems} problem{plural} in {} things looked at", diagnoses.len()));
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    problems: usize,
    diagnoses: &'a [Diagnosis],
}

/// The findings as a JSON document, schema 1.
///
/// # Errors
/// When they cannot be written as JSON.
pub fn json(diagnoses: &[Diagnosis]) -> Result<String> {
    let document = Document { schema: 1, problems: problems(diagnoses), diagnoses };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn problems(diagnoses: &[Diagnosis]) -> usize {
    diagnoses.iter().filter(|diagnosis| matches!(diagnosis.standing, Standing::Problem | Standing::Unknown)).count()
}
