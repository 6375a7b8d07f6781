//! An evaluation error in Nix's words, reduced to what a person needs: the reason, and the line of the repository it points to.

use std::path::{Path, PathBuf};

use super::log::Message;
use super::query::Query;
use crate::fleet::Place;

/// Where the repository's files are, as error messages name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTree {
    /// The repository: the root of the working tree.
    pub root: PathBuf,
    /// Its copy in the store, as far as known.
    pub in_store: Option<String>,
}

/// Why an evaluation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The error itself, without trace.
    pub reason: String,
    /// The nearest line of the repository.
    pub place: Option<Place>,
}

/// The fault among everything a failed evaluation said.
#[must_use]
pub fn fault(messages: &[Message], tree: &SourceTree) -> Option<Fault> {
    let error = messages.iter().rev().find(|message| message.level == 0 && is_error(message))?;
    let reason = match &error.raw {
        Some(raw) => raw.clone(),
        None => error.text.trim_start_matches("error:").to_owned(),
    };
    Some(Fault { place: place(error, &reason, tree), reason: tree.shortened(reason.trim()) })
}

fn is_error(message: &Message) -> bool {
    message.raw.is_some() || message.text.starts_with("error")
}

/// The line of the repository nearest to the error: the one Nix names, else one in a file that the reason quotes (as errors of
/// the module system do, whose traces lead through whatever was evaluated first), else the nearest in the trace.
fn place(error: &Message, reason: &str, tree: &SourceTree) -> Option<Place> {
    let named = error.position.as_ref().and_then(|(file, line)| tree.place(file, *line));
    let quoted = || {
        let place = reason.split(['`', '\'']).find_map(|part| tree.place(part, 1))?;
        let text = std::fs::read_to_string(tree.root.join(&place.file)).unwrap_or_default();
        let line = option(reason).and_then(|option| line_of(&text, option)).unwrap_or(place.line);
        Some(Place { line, ..place })
    };
    // Before 2.10 the error comes first and the trace leads away from it; since then the trace leads to the error.
    let error_last = error.text.starts_with("error:\n");
    let mut positions = error.text.lines().filter_map(position).filter_map(|(file, line)| tree.place(file, line));
    let traced = || if error_last { positions.next_back() } else { positions.next() };
    named.or_else(quoted).or_else(traced)
}

/// The option that an error of the module system is about: ``The option `a.b' …``.
fn option(reason: &str) -> Option<&str> {
    let (_, name) = reason.split_once("option `")?;
    name.split_once('\'').map(|(name, _)| name)
}

/// The first of the lines that say the option's last name together with the most names before it: the module system knows the
/// file of a definition, and not its line.
fn line_of(text: &str, option: &str) -> Option<u32> {
    let mut names = option.rsplit('.').map(|name| name.trim_matches('"'));
    let last = names.next()?;
    let before: Vec<&str> = names.collect();
    let says = |line: &str, wanted: &str| {
        line.split(|c: char| !(c.is_alphanumeric() || "_-'".contains(c))).any(|word| word == wanted)
    };
    let code = |line: &str| !line.trim_start().starts_with('#');
    let lines = (1..).zip(text.lines()).filter(|(_, line)| code(line) && says(line, last));
    let weighed = lines.map(|(number, line)| (before.iter().filter(|name| says(line, name)).count(), number));
    weighed.max_by_key(|(names, number)| (*names, std::cmp::Reverse(*number))).map(|(_, number): (usize, u32)| number)
}

/// The file and line of a trace's `at /some/file.nix:12:3:`.
fn position(line: &str) -> Option<(&str, u32)> {
    let text = line.trim().strip_prefix("at ")?.trim_end_matches(':');
    let mut parts = text.rsplitn(3, ':');
    let (_column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
    Some((file, line.parse().ok()?))
}

impl SourceTree {
    /// `text` with the repository's files named as they are from its root.
    fn shortened(&self, text: &str) -> String {
        let root = Some(self.root.display().to_string()).filter(|root| root.len() > 1);
        let folders = self.in_store.iter().chain(&root);
        folders.fold(text.to_owned(), |text, folder| text.replace(&format!("{folder}/"), ""))
    }

    fn place(&self, file: &str, line: u32) -> Option<Place> {
        if Query::is_own_file(file) {
            return None;
        }
        // Newer versions show a flake's file as `«git+file:///…»/path`, older ones as its copy in the store.
        let relative = match file.split_once('»') {
            Some((origin, below)) if origin.contains(&*self.root.to_string_lossy()) => {
                below.trim_start_matches('/').into()
            }
            Some(_) => return None,
            None => self.below_root(file).or_else(|| self.below_copy(file))?,
        };
        (self.root.join(&relative).is_file()).then_some(Place { file: relative, line })
    }

    fn below_root(&self, file: &str) -> Option<PathBuf> {
        Path::new(file).strip_prefix(&self.root).ok().map(Path::to_owned)
    }

    fn below_copy(&self, file: &str) -> Option<PathBuf> {
        let Some(copy) = &self.in_store else { return self.below_unknown_copy(file) };
        Path::new(file).strip_prefix(copy).ok().map(Path::to_owned)
    }

    /// A flake that cannot even be loaded does not tell where its copy is: a file of some flake's copy that holds what the
    /// repository's file of the same name holds is that file.
    fn below_unknown_copy(&self, file: &str) -> Option<PathBuf> {
        let (_, relative) = file.split_once("-source/")?;
        let ours = std::fs::read(self.root.join(relative)).ok()?;
        (std::fs::read(file).ok()? == ours).then(|| PathBuf::from(relative))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, position: Option<(&str, u32)>, expected: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["web.nix", "common.nix"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let root = folder.path().to_str().unwrap();
        let tree = SourceTree { root: folder.path().to_owned(), in_store: Some("/nix/store/abc-source".to_owned()) };
        let message = Message {
            level: 0,
            text: text.replace("ROOT", root),
            raw: Some("no".to_owned()),
            position: position.map(|(file, line)| (file.replace("ROOT", root), line)),
        };
        let fault = fault(&[message], &tree).unwrap();
        assert_eq!(fault.reason, "no");
        assert_eq!(fault.place.map(|place| place.to_string()).as_deref(), expected);
    }

    #[test]
    fn the_line_nix_names() {
        check("error: no", Some(("/nix/store/abc-source/web.nix", 3)), Some("web.nix:3"));
        check("error: no", Some(("ROOT/web.nix", 3)), Some("web.nix:3"));
        check("error: no", Some(("/nix/store/nixpkgs-source/web.nix", 3)), None);
        check("error: no", None, None);
    }

    #[test]
    fn a_file_of_a_copy_nobody_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, text).unwrap();
            file.to_str().unwrap().to_owned()
        };
        write("repository/flake.nix", "ours");
        let tree = SourceTree { root: folder.path().join("repository"), in_store: None };
        let place = |file: &str| tree.place(file, 3).map(|place| place.to_string());
        assert_eq!(place(&write("store/a-source/flake.nix", "ours")).as_deref(), Some("flake.nix:3"));
        assert_eq!(place(&write("store/b-source/flake.nix", "an input's")), None);
        assert_eq!(place(&write("store/a-source/missing.nix", "ours")), None);
    }

    #[test]
    fn the_nearest_line_of_the_trace() {
        let old = "error: no\n\n … while evaluating\n at /nix/store/abc-source/web.nix:3:5:\n at /nix/store/abc-source/common.nix:9:1:";
        check(old, None, Some("web.nix:3"));
        let new = "error:\n … while\n at ROOT/common.nix:9:1:\n … while\n at ROOT/web.nix:3:5:\n error: no";
        check(new, None, Some("web.nix:3"));
        let lazy = "error:\n … while\n at «git+file://ROOT»/web.nix:4:5:\n error: no";
        check(lazy, None, Some("web.nix:4"));
    }

    const WEB: &str = "# time zones\n{\n  time.timeZone = \"UTC\";\n  a.b = { };\n  x = {\n    b.c = 1;\n  };\n}\n";

    /// What becomes of an error whose trace leads elsewhere, through whatever asked for the option.
    fn check_quoted(reason: &str, place: &str, shown: &str) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("web.nix"), WEB).unwrap();
        std::fs::write(folder.path().join("common.nix"), "").unwrap();
        let tree = SourceTree { root: folder.path().to_owned(), in_store: Some("/nix/store/abc-source".to_owned()) };
        let text = format!("error:\n … while\n at /nix/store/abc-source/common.nix:9:1:\n error: {reason}");
        let message = Message { level: 0, text, raw: Some(reason.to_owned()), position: None };
        let fault = fault(&[message], &tree).unwrap();
        assert_eq!(fault.place.unwrap().to_string(), place, "{reason}");
        assert_eq!(fault.reason, shown);
    }

    #[test]
    fn the_definition_that_the_reason_quotes() {
        check_quoted(
            "The option `time.timeZone' has conflicting definition values:\n- In `/nix/store/abc-source/web.nix': 1",
            "web.nix:3",
            "The option `time.timeZone' has conflicting definition values:\n- In `web.nix': 1",
        );
        let reason = |option: &str, file: &str| format!("A definition for option `{option}' is not\n- In `{file}'");
        let check = |option: &str, expected: &str| {
            check_quoted(&reason(option, "/nix/store/abc-source/web.nix"), expected, &reason(option, "web.nix"));
        };
        check("x.a.b", "web.nix:4");
        check("x.b.\"c\"", "web.nix:6");
        check("networking.hostName", "web.nix:1");
    }

    #[test]
    fn a_quoted_file_of_somebody_else_is_no_place() {
        let reason = "The option `a' does not exist:\n- In `/nix/store/nixpkgs-source/web.nix': 1";
        check_quoted(reason, "common.nix:9", reason);
    }
}
