//! Caches that the fleet has left are referenced nowhere: a reference is a workflow that waits, or a cache that nobody fills.

use super::File;
use super::entry::mentions;
use crate::fleet::Place;
use crate::rules::Problem;

/// Where `files` say one of the `retired` words, in their text or by their own name: one problem for each file and word.
#[must_use]
pub fn problems<'a>(files: impl Iterator<Item = &'a File>, retired: &[String]) -> Vec<Problem> {
    let pairs = files.flat_map(|file| retired.iter().map(move |name| (file, name)));
    pairs.filter_map(|(file, name)| problem(file, name)).collect()
}

/// Whether `text` is about a retired cache, which is then told of once, and for nothing else.
#[must_use]
pub fn is_retired(text: &str, retired: &[String]) -> bool {
    retired.iter().any(|name| !mentions(text, name).is_empty())
}

fn problem(file: &File, name: &str) -> Option<Problem> {
    let path = file.path.display();
    let at = mentions(&file.text, name);
    let lines = at.iter().map(|at| 1 + file.text.as_bytes()[..*at].iter().filter(|byte| **byte == b'\n').count());
    let mut lines: Vec<u32> = lines.filter_map(|line| u32::try_from(line).ok()).collect();
    lines.dedup();
    let first = lines.first().copied();
    let place = Some(Place { file: file.path.clone(), line: first.unwrap_or(1) });
    if first.is_none() {
        let fault = format!("the file is one of the retired cache `{name}`");
        let named = !mentions(&file.path.to_string_lossy(), name).is_empty();
        return named.then(|| Problem::new(place, fault, format!("remove `{path}`")));
    }
    let others: Vec<String> = lines.iter().skip(1).map(ToString::to_string).collect();
    let others = match others.len() {
        0 => String::new(),
        1 => format!(", and in line {}", others.concat()),
        _ => format!(", and in lines {}", others.join(", ")),
    };
    let fault = format!("the retired cache `{name}` is referenced here{others}");
    let fix = format!("remove the reference, or name `{path}` in `cache.ignore` of xtask.toml if it is history");
    Some(Problem::new(place, fault, fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_tells_once_of_each() {
        let check = |path: &str, text: &str, expected: &[&str]| {
            let file = File { path: path.into(), text: text.to_owned() };
            let found = problems(std::iter::once(&file), &["garnix".to_owned(), "magic-nix-cache".to_owned()]);
            let told = |problem: &Problem| {
                format!("{}: {}", problem.place.as_ref().map(ToString::to_string).unwrap_or_default(), problem.fault)
            };
            assert_eq!(found.iter().map(told).collect::<Vec<_>>(), expected, "{path}");
        };
        check("a", "x\n", &[]);
        check("a", "x\nGarnix garnix\n", &["a:2: the retired cache `garnix` is referenced here"]);
        check("a", "garnix\ngarnix", &["a:1: the retired cache `garnix` is referenced here, and in line 2"]);
        check(
            "a",
            "garnix\n\ngarnix\ngarnix",
            &["a:1: the retired cache `garnix` is referenced here, and in lines 3, 4"],
        );
        check("garnix.yaml", "builds:", &["garnix.yaml:1: the file is one of the retired cache `garnix`"]);
        check(
            "garnix.yaml",
            "garnix\nuses: a/magic-nix-cache-action",
            &[
                "garnix.yaml:1: the retired cache `garnix` is referenced here",
                "garnix.yaml:2: the retired cache `magic-nix-cache` is referenced here",
            ],
        );
    }
}
