//! The report for a terminal.

use super::phrases;
use crate::diff::{Described, Difference};
use crate::plain_text::without_control;
use crate::report::words::count;

/// Every output that is not the same, with what is known of it; the others are counted in the verdict.
#[must_use]
pub fn text(difference: &Difference) -> String {
    let mut text = format!("{}\n{} changed\n", phrases::revisions(difference), count(difference.files.len(), "file"));
    text.extend(difference.notes.iter().map(|note| format!("! {note}\n")));
    text.extend(phrases::told(difference).into_iter().map(|one| output(one, difference)));
    without_control(&text)
}

fn output(described: &Described, difference: &Difference) -> String {
    let (sign, words) = phrases::change(&described.compared);
    let mut text = format!("{sign} {}  {words}\n", described.compared.output.attr);
    let mut say = |what: &str, clauses: Vec<String>| {
        text.extend(clauses.into_iter().map(|clause| format!("    {what}{clause}\n")));
    };
    say("", phrases::reasons(&described.compared));
    if let Some(files) = &described.files {
        say("by ", phrases::files(files, &difference.files));
    }
    say("in ", phrases::causes(described));
    say("closure ", phrases::closure(described).into_iter().collect());
    if let Some(packages) = &described.packages {
        say(&format!("{}: ", phrases::packages_of(packages)), phrases::packages(packages));
    }
    text
}
