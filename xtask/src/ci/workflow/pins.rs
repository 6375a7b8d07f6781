//! Which commit of each action the workflows run: what the committed file says, so that an update is edited there and is no drift.

/// An action at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Its name, `owner/repository`.
    pub name: String,
    /// The commit, in 40 hexadecimal digits.
    pub commit: String,
    /// The version of that commit, as a comment says it.
    pub version: String,
}

/// What a file that is not there yet gets; since then, whatever updates actions edits the file.
const FIRST: [(&str, &str, &str); 3] = [
    ("actions/cache", "0057852bfaa89a56745cba8c7296529d2fc39830", "v4.3.0"),
    ("actions/checkout", "08c6903cd8c0fde910a37f88322edcfb5dd907a8", "v5.0.0"),
    ("actions/upload-artifact", "ea165f8d65b6e75b540449e92b4886f43607fa02", "v4.6.2"),
];

/// Whether `reference` is a whole commit: anything else can be moved by whoever owns the repository.
#[must_use]
pub fn is_commit(reference: &str) -> bool {
    reference.len() == 40 && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The pin of the action `name`: the first that the committed text says with commit and version, else the one it begins with.
#[must_use]
pub fn pin(name: &str, committed: &str) -> Pin {
    let first = FIRST.iter().find(|(known, ..)| *known == name);
    let read_back = committed.lines().filter_map(read).find(|pin| pin.name == name);
    read_back.unwrap_or_else(|| {
        let (commit, version) = first.map_or(("", ""), |(_, commit, version)| (*commit, *version));
        Pin { name: name.to_owned(), commit: commit.to_owned(), version: version.to_owned() }
    })
}

/// `uses: owner/repository@commit # version`.
fn read(line: &str) -> Option<Pin> {
    let uses = line.trim().trim_start_matches("- ").strip_prefix("uses: ")?;
    let (action, version) = uses.split_once(" # ")?;
    let (name, commit) = action.trim().split_once('@')?;
    let pin = || Pin { name: name.to_owned(), commit: commit.to_owned(), version: version.trim().to_owned() };
    (is_commit(commit) && !version.trim().is_empty()).then(pin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_back() {
        let check = |committed: &str, expected: (&str, &str)| {
            let pin = pin("actions/checkout", committed);
            assert_eq!((&pin.commit[..2], pin.version.as_str()), expected, "{committed}");
        };
        let commit = "ab".repeat(20);
        check("", ("08", "v5.0.0"));
        check(&format!("      - uses: actions/checkout@{commit} # v6.1.0\n"), ("ab", "v6.1.0"));
        check(&format!("        uses: actions/checkout@{commit} # v6\n"), ("ab", "v6"));
        // A branch, a commit without its version, and another action are not read back.
        check("        uses: actions/checkout@main # v6\n", ("08", "v5.0.0"));
        check(&format!("        uses: actions/checkout@{commit}\n"), ("08", "v5.0.0"));
        check(&format!("        uses: actions/cache@{commit} # v6\n"), ("08", "v5.0.0"));
    }

    #[test]
    fn every_first_pin_is_whole() {
        for (name, commit, _) in FIRST {
            assert!(is_commit(commit), "{name}");
        }
    }
}
