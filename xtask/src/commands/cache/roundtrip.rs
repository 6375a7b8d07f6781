//! Prove the cache itself: push a path that never was, fetch it as a newcomer would, and see altered ones refused

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use cache_protocol::{Cache, Closure, Content, PlanRequest, Root, shown};

use super::policy;
use super::push::push;
use super::target::{Target, target};
use crate::bootstrap::ensure_nix;
use crate::cache_client::Steps;
use crate::context::{Context, Ending};
use crate::files;
use crate::nix::EmptyStore;
use crate::report::problems;
use crate::rules::Problem;
use crate::session::Session;

/// Prove the cache itself: push a path that never was, fetch it as a newcomer would, and see altered ones refused
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache roundtrip                the cache of xtask.toml, or the local one";

/// Pushes, fetches, alters, and fetches again.
///
/// # Errors
/// When the path cannot be made or pushed.
pub fn run(context: &Context, _args: &Args) -> Result<Ending> {
    let session = Session::open(context, ensure_nix(context)?.nix)?;
    let target = target(&session)?;
    if let Some(reason) = policy::denial(&session, &target) {
        bail!("this run may push nothing: {reason}");
    }
    let found = roundtrip(&session, &target)?;
    problems::conclude(&context.console, "cache roundtrip", &found);
    Ok(if found.iter().any(Problem::fails) { Ending::Problems } else { Ending::Clean })
}

fn roundtrip(session: &Session<'_>, target: &Target) -> Result<Vec<Problem>> {
    let cache = &target.cache;
    let workshop = tempfile::tempdir().context("make a folder for the round trip")?;
    let text = format!("a path that never was: {}", files::unique_name());
    let path = session.nix.build_file("cache-roundtrip", &text)?;
    let pushed = push(
        session.context,
        target,
        PlanRequest {
            store: session.nix.local_store(&session.store),
            cache: cache.clone(),
            roots: vec![Root {
                name: "roundtrip".to_owned(),
                paths: vec![path.clone()],
                drv: None,
                closure: Closure::Runtime,
            }],
            content: Content::default(),
            again: Vec::new(),
            kept: None,
        },
        // The path holds what was made up just now.
        None,
        &mut Steps::default(),
    )?;
    if let Some(lost) = pushed.not_pushed.first() {
        bail!("{} was not pushed: {}", lost.path, lost.fault);
    }
    let fetched = Fetcher { session, cache, workshop: workshop.path(), path: &path, text: &text };
    let mut found = Vec::new();
    if let Err(fault) = fetched.from(&cache.substituter(), "newcomer")? {
        found.push(Problem::new(
            None,
            format!("what was pushed to {} cannot be fetched: {fault}", shown(&cache.url)),
            doctor(),
        ));
        return Ok(found);
    }
    for alteration in ALTERATIONS {
        let altered = fetched.altered(alteration)?;
        if fetched.from(&format!("file://{}", altered.display()), alteration.word)?.is_ok() {
            let fault = format!("Nix took a path of {} with {}", shown(&cache.url), alteration.what);
            found.push(Problem::new(None, fault, "see that `require-sigs` is true in nix.conf".to_owned()));
        }
    }
    Ok(found)
}

fn doctor() -> String {
    "cargo xtask cache doctor".to_owned()
}

/// One way in which what a cache holds may be altered.
#[derive(Debug, Clone, Copy)]
struct Alteration {
    word: &'static str,
    what: &'static str,
    /// The new text of the narinfo.
    narinfo: fn(&str) -> String,
    /// Whether a byte of the file is turned as well.
    file: bool,
}

const ALTERATIONS: [Alteration; 3] = [
    Alteration {
        word: "narinfo",
        what: "an altered narinfo",
        narinfo: |text| with_field(text, "NarSize", &altered_number),
        file: false,
    },
    Alteration { word: "file", what: "an altered file", narinfo: str::to_owned, file: true },
    Alteration {
        word: "signature",
        what: "an altered signature",
        narinfo: |text| with_field(text, "Sig", &altered_signature),
        file: false,
    },
];

/// `text` with the value of one field changed.
fn with_field(text: &str, field: &str, change: &dyn Fn(&str) -> String) -> String {
    let line = |line: &str| match line.split_once(": ") {
        Some((name, value)) if name == field => format!("{name}: {}\n", change(value)),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

fn altered_number(number: &str) -> String {
    number.parse::<u64>().map_or_else(|_| "1".to_owned(), |number| (number + 8).to_string())
}

/// The first letter of the signature is another one.
fn altered_signature(signature: &str) -> String {
    let Some((name, base64)) = signature.split_once(':') else { return String::new() };
    let first = if base64.starts_with('A') { 'B' } else { 'A' };
    format!("{name}:{first}{}", base64.get(1..).unwrap_or_default())
}

#[derive(Debug)]
struct Fetcher<'a> {
    session: &'a Session<'a>,
    cache: &'a Cache,
    workshop: &'a Path,
    path: &'a str,
    text: &'a str,
}

impl Fetcher<'_> {
    /// Fetches from the cache at `url` into an empty store, and compares.
    fn from(&self, url: &str, word: &str) -> Result<Result<(), String>> {
        let root = self.workshop.join(format!("store-{word}"));
        fs::create_dir_all(&root).context("make an empty store")?;
        let store = EmptyStore { root: &root, trusted: &self.cache.public_keys, netrc: &self.cache.netrc };
        if let Err(refused) = self.session.nix.fetch(url, self.path, &store)? {
            return Ok(Err(refused));
        }
        let fetched = store.on_disk(self.path);
        let same = fs::read_to_string(&fetched).is_ok_and(|fetched| fetched.strip_suffix('\n') == Some(self.text));
        Ok(if same { Ok(()) } else { Err("it holds something else than what was pushed".to_owned()) })
    }

    /// A cache with the path altered.
    fn altered(&self, alteration: Alteration) -> Result<PathBuf> {
        let folder = self.workshop.join(format!("altered-{}", alteration.word));
        self.session.nix.mirror(&self.cache.substituter(), self.path, &folder, &self.cache.netrc)?;
        let base = self.path.rsplit('/').next().unwrap_or_default();
        let hash = base.split('-').next().unwrap_or_default();
        let narinfo = folder.join(format!("{hash}.narinfo"));
        let text = fs::read_to_string(&narinfo).with_context(|| format!("read `{}`", narinfo.display()))?;
        fs::write(&narinfo, (alteration.narinfo)(&text)).context("alter a narinfo")?;
        if alteration.file {
            let url = text.lines().find_map(|line| line.strip_prefix("URL: ")).context("find the file of a narinfo")?;
            let file = folder.join(url);
            let mut bytes = fs::read(&file).with_context(|| format!("read `{}`", file.display()))?;
            // Within the content: the last block of a NAR is its closing parenthesis.
            let middle = bytes.len() / 2;
            if let Some(byte) = bytes.get_mut(middle) {
                *byte ^= 1;
            }
            fs::write(&file, bytes).context("alter a file")?;
        }
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alterations_alter() {
        let text = "StorePath: /nix/store/a\nNarSize: 120\nSig: fleet-1:AbC=\n";
        let check = |word: &str, expected: &str| {
            let alteration = ALTERATIONS.iter().find(|alteration| alteration.word == word).unwrap();
            assert_eq!((alteration.narinfo)(text), expected);
        };
        check("narinfo", "StorePath: /nix/store/a\nNarSize: 128\nSig: fleet-1:AbC=\n");
        check("file", text);
        check("signature", "StorePath: /nix/store/a\nNarSize: 120\nSig: fleet-1:BbC=\n");
    }
}
