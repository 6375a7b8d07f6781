//! Step `completions`: the user's shell completes `cargo xtask …` in this checkout.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::shell_lines;
use crate::bootstrap::machine::Machine;
use crate::bootstrap::step::{Action, NeededBy, State, Step, Surroundings, text_of};
use crate::completion::{Checkout, Shell};
use crate::context::slug;
use crate::process;

pub const STEP: Step = Step {
    name: "completions",
    brings: "`cargo xtask` completed by the shell",
    needed_by: NeededBy::Developer,
    after: &[],
    detect,
};

/// The name of our lines in a start file.
const NAME: &str = "completions";

fn detect(surroundings: &Surroundings) -> Result<State> {
    let machine = &surroundings.machine;
    let Some(shell) = Shell::named(&machine.shell) else {
        return Ok(State::NotApplicable(format!("completion in the shell `{}` is not known", machine.shell)));
    };
    let path = script_file(surroundings, shell);
    let program = std::env::current_exe().context("find this program")?;
    let text = shell.script(&Checkout { root: surroundings.repository.clone(), program });
    let mut actions = Vec::new();
    if text_of(&path)?.as_deref() != Some(&text) {
        actions.push(Action::WriteOwn { path: path.clone(), text });
    }
    if let Some((start, lines)) = start_lines(machine, shell) {
        let before = text_of(&start)?;
        let after = shell_lines::put(before.as_deref(), NAME, &lines);
        if before.as_ref() != Some(&after) {
            actions.push(Action::WriteOwn { path: start, text: after });
        }
    }
    let there = State::Satisfied(format!("`{}`, read by every new shell", path.display()));
    Ok(if actions.is_empty() { there } else { State::Missing(actions) })
}

/// What takes it back: the script of this checkout, and the lines that read scripts if it is the last.
pub fn undo(surroundings: &Surroundings) -> Result<Vec<Action>> {
    let machine = &surroundings.machine;
    let mut actions = Vec::new();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let path = script_file(surroundings, shell);
        if !path.is_file() {
            continue;
        }
        actions.push(Action::Remove(path.clone()));
        let folder = path.parent().context("a script has a folder")?;
        let others = std::fs::read_dir(folder).with_context(|| format!("read `{}`", folder.display()))?;
        let is_other = |other: PathBuf| other != path && other.extension() == path.extension();
        let is_last = !others.flatten().any(|entry| is_other(entry.path()));
        let Some((start, _)) = start_lines(machine, shell).filter(|_| is_last) else { continue };
        actions.extend(taken_out(start, NAME)?);
    }
    Ok(actions)
}

/// What takes our lines of that name out of a start file.
pub fn taken_out(start: PathBuf, name: &str) -> Result<Option<Action>> {
    Ok(match text_of(&start)?.and_then(|text| shell_lines::without(&text, name)) {
        Some(Some(text)) => Some(Action::WriteOwn { path: start, text }),
        Some(None) => Some(Action::Remove(start)),
        None => None,
    })
}

/// The script of this checkout.
fn script_file(surroundings: &Surroundings, shell: Shell) -> PathBuf {
    let (machine, name) = (&surroundings.machine, slug(&surroundings.repository));
    match shell {
        Shell::Bash => machine.data_home.join(format!("xtask/completions/{name}.bash")),
        Shell::Zsh => machine.data_home.join(format!("xtask/completions/{name}.zsh")),
        Shell::Fish => machine.config_home.join(format!("fish/conf.d/xtask-{name}.fish")),
    }
}

/// The start file that must read the scripts of all checkouts, and the line that does.
fn start_lines(machine: &Machine, shell: Shell) -> Option<(PathBuf, String)> {
    let folder = process::quoted(&machine.data_home.join("xtask/completions").to_string_lossy());
    match shell {
        Shell::Bash => Some((
            machine.home.join(".bashrc"),
            format!("for _xtask in {folder}/*.bash; do [ -r \"$_xtask\" ] && . \"$_xtask\"; done; unset _xtask"),
        )),
        Shell::Zsh => Some((
            machine.home.join(".zshrc"),
            format!("for _xtask in {folder}/*.zsh(N); do . \"$_xtask\"; done; unset _xtask"),
        )),
        Shell::Fish => None,
    }
}
