//! Step `man`: the pages of `man cargo-xtask`, where `man` finds them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{completions, shell_lines};
use crate::bootstrap::machine::Machine;
use crate::bootstrap::step::{Action, NeededBy, State, Step, Surroundings, text_of};
use crate::completion::Shell;
use crate::completion::manual;
use crate::process;

pub const STEP: Step = Step {
    name: "man",
    brings: "`man cargo-xtask` and a page for each command",
    needed_by: NeededBy::Developer,
    after: &[],
    detect,
};

/// The name of our lines in a start file.
const NAME: &str = "man";
/// How the names of all our pages begin.
const OURS: &str = "cargo-xtask";

fn detect(surroundings: &Surroundings) -> Result<State> {
    let folder = surroundings.machine.data_home.join("man");
    let pages = manual::pages()?;
    let mut actions = Vec::new();
    for page in &pages {
        let path = folder.join(page.below());
        if text_of(&path)?.as_deref() != Some(&page.text) {
            actions.push(Action::WriteOwn { path, text: page.text.clone() });
        }
    }
    // What an earlier version had a page for.
    let known: Vec<PathBuf> = pages.iter().map(|page| folder.join(page.below())).collect();
    actions.extend(installed(&folder)?.into_iter().filter(|path| !known.contains(path)).map(Action::Remove));
    if let Some((start, lines)) = start_lines(&surroundings.machine, &folder) {
        let before = text_of(&start)?;
        let after = shell_lines::put(before.as_deref(), NAME, &lines);
        if before.as_ref() != Some(&after) && !is_searched(&folder) {
            actions.push(Action::WriteOwn { path: start, text: after });
        }
    }
    let there = State::Satisfied(format!("{} pages in `{}`", pages.len(), folder.display()));
    Ok(if actions.is_empty() { there } else { State::Missing(actions) })
}

/// What takes it back.
pub fn undo(surroundings: &Surroundings) -> Result<Vec<Action>> {
    let folder = surroundings.machine.data_home.join("man");
    let mut actions: Vec<Action> = installed(&folder)?.into_iter().map(Action::Remove).collect();
    if let Some((start, _)) = start_lines(&surroundings.machine, &folder) {
        actions.extend(completions::taken_out(start, NAME)?);
    }
    Ok(actions)
}

/// Our pages in `folder`.
fn installed(folder: &Path) -> Result<Vec<PathBuf>> {
    let section = folder.join("man1");
    let Ok(entries) = std::fs::read_dir(&section) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("read `{}`", section.display()))?;
        if entry.file_name().to_string_lossy().starts_with(OURS) {
            all.push(entry.path());
        }
    }
    all.sort();
    Ok(all)
}

/// Whether `man` looks there by itself: in `X/share/man` for each `X/bin` of PATH.
fn is_searched(folder: &Path) -> bool {
    let bin = folder.parent().and_then(Path::parent).map(|above| above.join("bin"));
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|entry| Some(entry) == bin))
}

/// The start file, and the line that has `man` look in `folder`; an empty part of MANPATH stands for where it looks otherwise.
fn start_lines(machine: &Machine, folder: &Path) -> Option<(PathBuf, String)> {
    let folder = process::quoted(&folder.to_string_lossy());
    match Shell::named(&machine.shell)? {
        Shell::Fish => {
            let line = format!("contains -- {folder} $MANPATH; or set -gx --path MANPATH {folder} $MANPATH ''");
            Some((machine.config_home.join("fish/conf.d/xtask-man.fish"), line))
        }
        shell => {
            let file = if shell == Shell::Zsh { ".zshrc" } else { ".bashrc" };
            let line = format!(
                "case \":${{MANPATH-}}:\" in *:{folder}:*) ;; *) export MANPATH={folder}:\"${{MANPATH-}}\" ;; esac"
            );
            Some((machine.home.join(file), line))
        }
    }
}
