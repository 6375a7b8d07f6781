//! The report as Markdown: a verdict, a table of what is not the same, and the details of each output folded away.

use super::phrases;
use crate::diff::{Described, Difference};
use crate::report::summary::{code, escaped, html};
use crate::report::words::count;

/// GitHub takes 64 KiB in a comment; a summary has more, but nobody reads it.
const MOST: usize = 58 * 1024;
/// What the last lines may take.
const REST: usize = 512;
/// How many files are listed.
const FILES: usize = 100;

/// The whole document, shorter than 60 KB whatever changed.
#[must_use]
pub fn markdown(difference: &Difference) -> String {
    let mut text = format!("## {}\n\n", escaped(&phrases::verdict(difference)));
    if difference.is_stand_in {
        text.push_str(
            "> [!WARNING]\n> **Stand-in inputs.** Every input of the flake was replaced by an embedded one.\n\n",
        );
    }
    text.extend(difference.notes.iter().map(|note| format!("> [!NOTE]\n> {}\n\n", escaped(note))));
    let told = phrases::told(difference);
    let footer = format!("\n<sub>{}</sub>\n", escaped(&phrases::revisions(difference)));
    let files = files(difference);
    let most = MOST - REST - footer.len();
    if !told.is_empty() {
        let rows = told.iter().map(|one| row(one, difference));
        // What is in the table matters more than its details.
        append(
            &mut text,
            "| output | change | by | closure |\n|---|---|---|---:|\n",
            rows,
            "| … | {} | | |\n",
            most * 2 / 3,
        );
        text.push('\n');
    }
    if text.len() + files.len() < most {
        text.push_str(&files);
    }
    append(&mut text, "", told.iter().filter_map(|one| details(one, difference)), "\n{}: `--json` tells all\n", most);
    text + &footer
}

/// Appends as many of `parts` as fit into `most` bytes, and how many did not.
fn append(text: &mut String, head: &str, parts: impl Iterator<Item = String>, rest: &str, most: usize) {
    text.push_str(head);
    let mut left = 0;
    for part in parts {
        if left == 0 && text.len() + part.len() < most {
            text.push_str(&part);
        } else {
            left += 1;
        }
    }
    if left > 0 {
        text.push_str(&rest.replace("{}", &format!("{} more", count(left, "output"))));
    }
}

fn row(described: &Described, difference: &Difference) -> String {
    let (sign, words) = phrases::change(&described.compared);
    let files = described.files.as_ref().map(|files| phrases::files(files, &difference.files).join("; "));
    format!(
        "| {} | {} {} | {} | {} |\n",
        code(&described.compared.output.attr.to_string()),
        escaped(sign),
        escaped(&words),
        escaped(&files.unwrap_or_default()),
        escaped(&phrases::closure(described).unwrap_or_default()),
    )
}

fn files(difference: &Difference) -> String {
    let item = |file: &_| format!("- {}\n", code(&phrases::file(file)));
    let mut items: String = difference.files.iter().take(FILES).map(item).collect();
    if difference.files.len() > FILES {
        items.push_str(&format!("- {} more\n", difference.files.len() - FILES));
    }
    let title = count(difference.files.len(), "file");
    if items.is_empty() { items } else { fold(&format!("{title} changed"), &items) }
}

fn details(described: &Described, difference: &Difference) -> Option<String> {
    let mut items = phrases::reasons(&described.compared);
    if let Some(files) = &described.files {
        items.extend(phrases::files(files, &difference.files).into_iter().map(|files| format!("by {files}")));
    }
    items.extend(phrases::causes(described).into_iter().map(|cause| format!("in {cause}")));
    if let Some(packages) = &described.packages {
        let of = phrases::packages_of(packages);
        items.extend(phrases::packages(packages).into_iter().map(|clause| format!("{of}: {clause}")));
    }
    let title = described.compared.output.attr.to_string();
    let items: String = items.iter().map(|item| format!("- {}\n", escaped(item))).collect();
    (!items.is_empty()).then(|| fold(&title, &items))
}

fn fold(title: &str, content: &str) -> String {
    format!("<details><summary>{}</summary>\n\n{content}\n</details>\n", html(title))
}
