//! The store of this machine: the only module that runs Nix.

mod elsewhere;
pub mod kept;
mod sign;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cache_protocol::{Fault, FaultKind, LocalStore, PathInfo};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use serde::Deserialize;

use crate::{base32, store_path};

/// Bytes of arguments for one process; every system takes as many.
const ARGUMENTS: usize = 100_000;

/// Asked on every question: nothing is fetched or built to answer it, and commands that Nix calls new are there.
const SETTINGS: &str = "substitute = false\nextra-experimental-features = nix-command\n";

/// Answers for the store of this machine.
#[derive(Debug, Clone, Copy)]
pub struct Store<'a> {
    local: &'a LocalStore,
}

/// A path, as `nix path-info --json` writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    path: Option<String>,
    nar_hash: Option<String>,
    nar_size: Option<u64>,
    #[serde(default)]
    references: Vec<String>,
    deriver: Option<String>,
    #[serde(default)]
    signatures: Vec<String>,
    ca: Option<String>,
    #[serde(default)]
    ultimate: bool,
}

impl<'a> Store<'a> {
    /// The store that `local` says.
    #[must_use]
    pub fn new(local: &'a LocalStore) -> Self {
        Self { local }
    }

    /// The folder that store paths name.
    #[must_use]
    pub fn folder(&self) -> String {
        self.local.folder.display().to_string()
    }

    /// Where a store path is on disk.
    #[must_use]
    pub fn on_disk(&self, path: &str) -> PathBuf {
        match &self.local.root {
            Some(root) => root.join(path.trim_start_matches('/')),
            None => PathBuf::from(path),
        }
    }

    /// What the database knows of `paths` and all that they refer to, sorted by path.
    ///
    /// # Errors
    /// When one of them is not in the store, or Nix cannot be asked.
    pub fn closure(&self, paths: &[String]) -> Result<Vec<PathInfo>, Fault> {
        let mut infos = BTreeMap::new();
        for (paths, flag) in by_kind(paths) {
            for chunk in chunks(&paths) {
                let answer = asked(self.path_info().arg("--recursive").args(flag).arg("--").args(chunk))?;
                infos.extend(read(&answer)?.into_iter().map(|info| (info.path.clone(), info)));
            }
        }
        Ok(infos.into_values().collect())
    }

    /// What the derivation at `drv` was built from and what it makes, as far as that is in the store: outputs of every derivation
    /// below it with all that they refer to, sources, and with `derivations` the derivations themselves.
    ///
    /// # Errors
    /// When the derivation is not in the store, or Nix cannot be asked.
    pub fn build_closure(&self, drv: &str, derivations: bool) -> Result<Vec<String>, Fault> {
        let mut command = self.command("nix-store");
        let answer = asked(command.args(["--query", "--requisites", "--include-outputs", drv]))?;
        let text = String::from_utf8_lossy(&answer);
        let wanted = |path: &&str| derivations || !path.ends_with(".drv");
        Ok(text.lines().filter(wanted).map(str::to_owned).collect())
    }

    fn path_info(&self) -> Command {
        let mut command = self.command("nix");
        command.args(["path-info", "--json"]);
        if self.local.json_format {
            command.args(["--json-format", "1"]);
        }
        command
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.local.nix.join(program));
        command.env("NIX_CONFIG", format!("{}\n{SETTINGS}", self.local.nix_config)).stdin(Stdio::null());
        command
    }
}

/// Paths to ask about in one question, with what makes it one: to a question about a derivation, Nix answers for what it makes,
/// unless told otherwise.
fn by_kind(paths: &[String]) -> [(Vec<&String>, Option<&'static str>); 2] {
    let (derivations, others) = paths.iter().partition(|path| path.ends_with(".drv"));
    [(others, None), (derivations, Some("--derivation"))]
}

/// `paths` in as many parts as arguments need.
fn chunks<'a>(paths: &[&'a String]) -> Vec<Vec<&'a OsStr>> {
    let mut chunks: Vec<Vec<&OsStr>> = Vec::new();
    let mut room = 0;
    for path in paths {
        let needed = path.len() + 1;
        match chunks.last_mut() {
            Some(chunk) if needed <= room => chunk.push(OsStr::new(path.as_str())),
            _ => {
                chunks.push(vec![OsStr::new(path.as_str())]);
                room = ARGUMENTS;
            }
        }
        room = room.saturating_sub(needed);
    }
    chunks
}

/// What `command` writes.
fn asked(command: &mut Command) -> Result<Vec<u8>, Fault> {
    let program = Path::new(command.get_program()).to_owned();
    let shown = || {
        let arguments = command.get_args().take(2).map(|argument| format!(" {}", argument.display()));
        format!("{}{}", program.display(), arguments.collect::<String>())
    };
    let local = |what: String| Fault::new(FaultKind::Local, what);
    let name = shown();
    let output = command.output().map_err(|error| local(format!("run `{name}`: {error}")))?;
    if !output.status.success() {
        let talk = String::from_utf8_lossy(&output.stderr);
        let errors: Vec<&str> = talk.lines().filter(|line| !line.starts_with("warning:")).map(str::trim).collect();
        return Err(local(format!("`{name}` ended with {}: {}", output.status, errors.join(" "))));
    }
    Ok(output.stdout)
}

/// Reads what `nix path-info --json` answers of paths that must all be valid.
fn read(answer: &[u8]) -> Result<Vec<PathInfo>, Fault> {
    entries(answer)?.into_iter().map(|(path, entry)| info(path, entry)).collect()
}

/// What `nix path-info --json` answers: a list up to 2.18, then an object by path.
fn entries(answer: &[u8]) -> Result<Vec<(String, Option<Entry>)>, Fault> {
    let unreadable = |error: serde_json::Error| {
        Fault::new(FaultKind::Local, format!("`nix path-info --json` answered something else than it does: {error}"))
    };
    if answer.trim_ascii_start().starts_with(b"[") {
        let entries: Vec<Entry> = serde_json::from_slice(answer).map_err(unreadable)?;
        Ok(entries.into_iter().map(|mut entry| (entry.path.take().unwrap_or_default(), Some(entry))).collect())
    } else {
        let entries: BTreeMap<String, Option<Entry>> = serde_json::from_slice(answer).map_err(unreadable)?;
        Ok(entries.into_iter().collect())
    }
}

fn info(path: String, entry: Option<Entry>) -> Result<PathInfo, Fault> {
    if store_path::base_name(&path).is_none() {
        let what = format!("`nix path-info --json` speaks of `{path}`, which is no store path");
        return Err(Fault::new(FaultKind::Local, what));
    }
    let Some(entry) = entry else { return Err(invalid(&path)) };
    let (Some(nar_hash), Some(nar_size)) = (entry.nar_hash, entry.nar_size) else { return Err(invalid(&path)) };
    let Some(nar_hash) = in_base32(&nar_hash) else {
        let what = format!("the NAR hash of `{path}` is none that is known here: `{nar_hash}`");
        return Err(Fault::new(FaultKind::Local, what));
    };
    let mut references = entry.references;
    references.sort_unstable();
    let known = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(PathInfo {
        path,
        nar_hash,
        nar_size,
        references,
        deriver: known(entry.deriver).filter(|deriver| deriver != "unknown-deriver"),
        signatures: entry.signatures,
        ca: known(entry.ca),
        ultimate: entry.ultimate,
    })
}

fn invalid(path: &str) -> Fault {
    Fault::new(FaultKind::Local, format!("`{path}` is not in the store; build it first"))
}

/// `sha256:` and Nix's base 32, of a hash in any form that Nix writes: `sha256-BASE64`, `sha256:BASE32`, `sha256:HEX`.
fn in_base32(hash: &str) -> Option<String> {
    let digest = match (hash.strip_prefix("sha256-"), hash.strip_prefix("sha256:")) {
        (Some(base64), _) => BASE64.decode(base64.as_bytes()).ok()?,
        (_, Some(text)) if text.len() == 64 => HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?,
        (_, Some(text)) => base32::decode(text)?,
        _ => return None,
    };
    (digest.len() == 32).then(|| format!("sha256:{}", base32::encode(&digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/nix/store/00bgd045z0d4icpbc2yyz4gx48ak44la-net-tools-1.60";
    const OTHER: &str = "/nix/store/7gx4kiv5m0i7d7qkixq2cwzbr10lvxwc-glibc-2.27";
    const HASH: &str = "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";

    #[test]
    fn every_form_of_an_answer() {
        let expected = |ultimate| PathInfo {
            path: PATH.to_owned(),
            nar_hash: HASH.to_owned(),
            nar_size: 7,
            references: vec![PATH.to_owned(), OTHER.to_owned()],
            deriver: None,
            signatures: Vec::new(),
            ca: None,
            ultimate,
        };
        let check = |answer: &str, ultimate: bool| assert_eq!(read(answer.as_bytes()), Ok(vec![expected(ultimate)]));
        let sri = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let common = format!(r#""narSize": 7, "references": ["{OTHER}", "{PATH}"]"#);
        check(&format!(r#" [{{"path": "{PATH}", "narHash": "{sri}", {common}, "ultimate": true}}]"#), true);
        check(&format!(r#"{{"{PATH}": {{"narHash": "{HASH}", {common}, "deriver": null, "ca": null}}}}"#), false);
        let hex = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        check(&format!(r#"{{"{PATH}": {{"narHash": "{hex}", {common}, "deriver": "unknown-deriver"}}}}"#), false);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let check = |answer: &str, expected: &str| {
            let error = read(answer.as_bytes()).unwrap_err();
            assert!(error.kind == FaultKind::Local && error.what.starts_with(expected), "{error}");
        };
        check("", "`nix path-info --json` answered something else than it does: ");
        check("[{]", "`nix path-info --json` answered something else than it does: ");
        check(r#"[{"narSize": 1}]"#, "`nix path-info --json` speaks of ``, which is no store path");
        check(&format!(r#"{{"{PATH}": null}}"#), &format!("`{PATH}` is not in the store; build it first"));
        check(&format!(r#"[{{"path": "{PATH}", "valid": false}}]"#), &format!("`{PATH}` is not in the store"));
        for hash in ["md5:abc", "sha256-x", "sha256:short", "sha256-AAAA"] {
            let answer = format!(r#"[{{"path": "{PATH}", "narHash": "{hash}", "narSize": 1}}]"#);
            check(&answer, &format!("the NAR hash of `{PATH}` is none that is known here: `{hash}`"));
        }
    }

    #[test]
    fn arguments_are_as_many_as_a_process_takes() {
        let paths: Vec<String> = (0..5_000).map(|index| format!("{PATH}-{index:04}")).collect();
        let paths: Vec<&String> = paths.iter().collect();
        let chunks = chunks(&paths);
        let total: Vec<&OsStr> = chunks.concat();
        assert!(
            total.iter().zip(&paths).all(|(one, other)| *one == OsStr::new(other.as_str())) && total.len() == 5_000
        );
        let sizes: Vec<usize> = chunks.iter().map(|chunk| chunk.iter().map(|path| path.len() + 1).sum()).collect();
        assert!(sizes.len() == 4 && sizes.iter().all(|size| *size <= ARGUMENTS), "{sizes:?}");
        assert!(super::chunks(&[]).is_empty());
    }

    #[test]
    fn a_chroot_store_is_elsewhere_on_disk() {
        let check = |root: Option<&str>, expected: &str| {
            let local = LocalStore {
                folder: "/nix/store".into(),
                root: root.map(PathBuf::from),
                nix: PathBuf::new(),
                nix_config: String::new(),
                json_format: false,
                database: None,
            };
            assert_eq!(Store::new(&local).on_disk(PATH), PathBuf::from(expected));
        };
        check(None, PATH);
        check(Some("/tmp/root"), &format!("/tmp/root{PATH}"));
    }
}
