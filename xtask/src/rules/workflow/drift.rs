//! Generated files are what the job table says, and nothing that says it is generated is anything else.

use super::{File, at};
use crate::ci::workflow::{Generated, MARK};
use crate::rules::{Problem, Severity};

const FIX: &str = "run `cargo xtask workflow generate`; `cargo xtask workflow diff` shows what would change";

const REPLACE: &str = "`cargo xtask workflow diff` shows the other, and `workflow generate --replace` writes it";

/// Files that are missing, differ, or are not generated any more.
pub fn problems(files: &[File], generated: &[Generated]) -> Vec<Problem> {
    // Where nothing is generated, nobody may want it to be.
    let adopted = files.iter().any(|file| file.text.starts_with(MARK));
    let mut found = Vec::new();
    for wanted in generated {
        let path = wanted.path.as_ref();
        let Some(file) = files.iter().find(|file| file.path == path) else {
            let problem = at(path, 1, "it is not there, and the job table says what it holds", FIX);
            let severity = if adopted { Severity::Problem } else { Severity::Warning };
            found.push(Problem { severity, ..problem });
            continue;
        };
        if file.text != wanted.text {
            let same = file.text.lines().zip(wanted.text.lines()).take_while(|(old, new)| old == new).count();
            let line = u32::try_from(same + 1).unwrap_or(u32::MAX);
            found.push(if adopted {
                at(path, line, "it is not what the job table and xtask.toml say, from this line on", FIX)
            } else {
                let problem = at(path, 1, "it is written by hand, where the job table has one of its own", REPLACE);
                Problem { severity: Severity::Warning, ..problem }
            });
        }
    }
    for file in files.iter().filter(|file| file.text.starts_with(MARK)) {
        if !generated.iter().any(|wanted| file.path == std::path::Path::new(wanted.path)) {
            let fault = "it says that it is generated, and nothing generates it any more";
            found.push(at(&file.path, 1, fault, "remove it, or its first line if it is written by hand now"));
        }
    }
    found
}
