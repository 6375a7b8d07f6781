//! Who plays whom: a fresh key for each recipient of the repository's own rules, and a stranger.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::super::private;
use crate::age;
use crate::files;
use crate::rules::secrets::Policy;

/// Fresh keys and the rules with them in place of the real ones.
#[derive(Debug)]
pub struct Cast {
    /// The folder that stands for the repository.
    pub tree: PathBuf,
    /// An empty folder, for the home of a user who has nothing.
    pub home: PathBuf,
    /// The text of `.sops.yaml` with the fresh keys.
    pub text: String,
    /// The fresh keys; the last is nobody's.
    pub players: Vec<Player>,
}

/// A recipient's stand-in.
#[derive(Debug)]
pub struct Player {
    /// The recipient it plays, as `.sops.yaml` has it; empty for the stranger.
    pub recipient: String,
    /// The public half of its key.
    pub public: String,
    /// The file of its key.
    pub key: PathBuf,
}

impl Cast {
    /// Makes the keys below `place`, and writes the rules.
    ///
    /// # Errors
    /// When a recipient is of a kind that no fresh key can stand for, or a key cannot be made.
    pub fn make(place: &Path, policy: &Policy, text: &str) -> Result<Self> {
        let mut recipients: Vec<&str> = Vec::new();
        for recipient in policy.rules.iter().flat_map(|rule| rule.recipients()) {
            if recipient.kind != "age" {
                let at = format!("{}:{}", policy.path.display(), recipient.line);
                bail!("{at}: no fresh key can stand for a recipient of the kind `{}`", recipient.kind);
            }
            if !recipients.contains(&recipient.name.as_str()) {
                recipients.push(&recipient.name);
            }
        }
        let (tree, home) = (place.join("tree"), place.join("home"));
        for folder in [&tree, &home] {
            fs::create_dir_all(folder).context("make a private folder")?;
        }
        let mut players = Vec::new();
        let mut text = text.to_owned();
        // Longer ones first: one may be the beginning of another.
        recipients.sort_by_key(|recipient| std::cmp::Reverse(recipient.len()));
        for (number, recipient) in recipients.into_iter().chain([""]).enumerate() {
            private::go_on()?;
            let key = place.join(format!("keys/{number}"));
            let public = age::make_key(&key)?;
            if !recipient.is_empty() {
                if !text.contains(recipient) {
                    bail!(
                        "{}: the recipient `{recipient}` is written in a way that cannot be replaced",
                        policy.path.display()
                    );
                }
                text = text.replace(recipient, &public);
            }
            players.push(Player { recipient: recipient.to_owned(), public, key });
        }
        let written = tree.join(&policy.path);
        files::write_atomically(&written, text.as_bytes())?;
        Ok(Self { tree, home, text, players })
    }
}
