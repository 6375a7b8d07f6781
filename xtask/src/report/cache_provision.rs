//! How a new cache is told: whether it was made, what flake.nix gains, and what a person does besides.

use std::path::{Path, PathBuf};

use cache_protocol::{Provisioned, shown};

use super::steps::changes;
use super::{Console, Mark};

/// Says what is there now.
pub fn provisioned(console: &Console, cache: &Provisioned) {
    let how = if cache.created { "created" } else { "is there already" };
    console.mark(Mark::Ok, &format!("`{}`: {how}", cache.url));
    if cache.unofficial {
        console.line("(by calls that the service does not document: they may change without notice)");
    }
    cache.by_hand.iter().for_each(|what| console.mark(Mark::Warning, &format!("by hand: {what}")));
}

/// The key that would sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedKey {
    /// None is in the folder: one by this name would be made there.
    Made {
        /// Its name.
        name: String,
        /// Where.
        folder: PathBuf,
    },
    /// The one that is there, `name:base64`.
    There(String),
}

impl PlannedKey {
    /// The public half, where it is known.
    #[must_use]
    pub fn public(self) -> Option<String> {
        match self {
            Self::There(public) => Some(public),
            Self::Made { .. } => None,
        }
    }
}

/// Says that the key `public`, `name:base64`, signs though a new one would have another name.
pub fn key_used(console: &Console, public: &str, name: &str) {
    let there = public.split(':').next().unwrap_or_default();
    if there != name {
        console.mark(Mark::Ok, &format!("uses the key `{there}` that is there"));
    }
}

/// Says what would be made.
pub fn planned(console: &Console, url: &str, key: Option<&PlannedKey>) {
    match key {
        Some(PlannedKey::Made { name, folder }) => {
            let what =
                format!("would make the key `{name}` in `{}`, and name its public half in flake.nix", folder.display());
            console.mark(Mark::Planned, &what);
        }
        Some(PlannedKey::There(public)) => {
            let name = public.split(':').next().unwrap_or_default();
            console.mark(Mark::Planned, &format!("would use the key `{name}` that is there"));
        }
        None => {}
    }
    let what = format!("would create `{}` unless it is there, and name the keys that it answers with", shown(url));
    console.mark(Mark::Planned, &what);
}

/// Says what flake.nix gained, or would gain.
pub fn written(console: &Console, before: &str, after: &str, dry_run: bool) {
    let (mark, what) = if dry_run { (Mark::Planned, "would gain") } else { (Mark::Ok, "has gained") };
    console.mark(mark, &format!("flake.nix {what}:"));
    changes(before, after).iter().for_each(|line| console.line(&format!("  {line}")));
    if !dry_run {
        console.line("commit it; `cargo xtask cache setup` has a machine ask the cache");
    }
}

/// Says that there is nothing to write.
pub fn written_already(console: &Console, substituter: &str) {
    console.mark(Mark::Ok, &format!("flake.nix names `{substituter}` and its key already"));
}

/// Says what to add where this program does not dare to.
pub fn by_hand(console: &Console, line: usize, reason: &str, additions: &[(&str, String)]) {
    console.mark(
        Mark::Failed,
        &format!("flake.nix:{line}: {reason}: nothing was written; add to `nixConfig` by hand what is answered"),
    );
    let lines = additions.iter().map(|(setting, value)| format!("{setting} = [ \"{value}\" ];\n"));
    console.answer(&lines.collect::<String>());
}

/// Says that one name has two keys.
pub fn other_bytes(console: &Console, line: usize, known: &str, served: &str) {
    console.mark(
        Mark::Failed,
        &format!("flake.nix:{line}: `{known}` is there, and the cache signs with `{served}`: one name, other bytes"),
    );
    console.always("    fix: ask whoever keeps the cache which key is right, and replace the other by hand");
}

/// Says that no machine would take anything from the cache yet.
pub fn unsigned(console: &Console) {
    let fault = "nothing is known to sign what it holds, and Nix takes nothing unsigned";
    console.mark(Mark::Warning, fault);
    console.line("    fix: `--new-key DIR` makes a key, `--key NAME:BASE64` names the one there is");
}

/// Says who needs the secret half of a new key, and how they get it.
pub fn key_hint(console: &Console, secret: &Path) {
    let file = secret.display();
    console
        .line(&format!("this machine signs with it once `[cache]` of xtask.toml has `signing_key_file = \"{file}\"`"));
    console.line(&format!(
        "for CI on GitHub: gh secret set NIX_SIGNING_KEY < '{file}', and `signing_key_env = \"NIX_SIGNING_KEY\"` instead"
    ));
}

/// Says how CI gets the token.
pub fn secret_hint(console: &Console, variable: &str) {
    console.line(&format!(
        "for CI on GitHub: gh secret set {variable}   (asks for the token; it then is in no argument and no history)"
    ));
}
