//! Step `direnv`: the development shell of this repository is entered by entering its folder.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::bootstrap::machine::Machine;
use crate::bootstrap::step::{Action, NeededBy, State, Step, Surroundings, install_packages, text_of};
use crate::process;

pub const STEP: Step = Step {
    name: "direnv",
    brings: "direnv, its hook in the shell, and leave for this repository",
    needed_by: NeededBy::Developer,
    after: &[],
    detect,
};

fn detect(surroundings: &Surroundings) -> Result<State> {
    let machine = &surroundings.machine;
    let envrc = surroundings.repository.join(".envrc");
    if !envrc.is_file() {
        return Ok(State::NotApplicable("the repository has no .envrc".to_owned()));
    }
    let mut actions = Vec::new();
    let installed = which::which("direnv").is_ok();
    if !installed {
        match install_packages(machine, &["direnv"], "install direnv with the package manager") {
            State::Missing(install) => actions.extend(install),
            other => return Ok(other),
        }
    }
    let Some((path, hook)) = hook(machine) else {
        return Ok(State::Blocked {
            reason: format!("the hook for the shell `{}` is not known", machine.shell),
            remedy: "add direnv's hook to the shell's start file by hand".to_owned(),
        });
    };
    let text = text_of(&path)?.unwrap_or_default();
    if let Some(text) = with_hook(&text, &hook) {
        actions.push(Action::Write { path, text });
    }
    if !installed || !is_allowed(surroundings)? {
        actions.push(Action::run(&["direnv", "allow", &envrc.to_string_lossy()]));
    }
    let all_there = State::Satisfied("installed, hooked and allowed".to_owned());
    Ok(if actions.is_empty() { all_there } else { State::Missing(actions) })
}

/// The start file of the user's shell, and the line that hooks direnv into it.
fn hook(machine: &Machine) -> Option<(PathBuf, String)> {
    let home = |name: &str| machine.home.join(name);
    match machine.shell.as_str() {
        "bash" | "sh" | "" => Some((home(".bashrc"), "eval \"$(direnv hook bash)\"".to_owned())),
        "zsh" => Some((home(".zshrc"), "eval \"$(direnv hook zsh)\"".to_owned())),
        "fish" => Some((machine.config_home.join("fish/conf.d/direnv.fish"), "direnv hook fish | source".to_owned())),
        _ => None,
    }
}

/// The text with the hook in a marked block, or `None` if some line hooks direnv already.
fn with_hook(text: &str, hook: &str) -> Option<String> {
    let hooked = |line: &str| !line.trim_start().starts_with('#') && line.contains("direnv hook");
    if text.lines().any(hooked) {
        return None;
    }
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Some(format!("{text}{newline}# >>> xtask: direnv >>>\n{hook}\n# <<< xtask: direnv <<<\n"))
}

fn is_allowed(surroundings: &Surroundings) -> Result<bool> {
    let status = process::ask(Command::new("direnv").arg("status").current_dir(&surroundings.repository))?;
    Ok(says_allowed(&status))
}

/// `true` up to 2.32; from 2.33 on a number, of which 0 is "allowed".
fn says_allowed(status: &str) -> bool {
    let value = status.lines().find_map(|line| line.trim().strip_prefix("Found RC allowed "));
    matches!(value.map(str::trim), Some("true" | "0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hook_is_added_once() {
        let check = |before: &str, after: Option<&str>| {
            let result = with_hook(before, "HOOK direnv hook bash");
            assert_eq!(result.as_deref(), after);
            assert!(result.is_none_or(|text| with_hook(&text, "x").is_none()));
        };
        let block = "# >>> xtask: direnv >>>\nHOOK direnv hook bash\n# <<< xtask: direnv <<<\n";
        check("", Some(block));
        check("alias x=y", Some(&format!("alias x=y\n{block}")));
        check("eval \"$(direnv hook bash)\"\n", None);
        check("# eval \"$(direnv hook bash)\"\n", Some(&format!("# eval \"$(direnv hook bash)\"\n{block}")));
    }

    #[test]
    fn each_shell_has_its_file() {
        let machine = Machine::example(std::path::Path::new("/m"));
        let check = |shell: &str, expected: Option<&str>| {
            let machine = Machine { shell: shell.into(), ..machine.clone() };
            assert_eq!(hook(&machine).map(|(path, _)| path), expected.map(PathBuf::from), "{shell}");
        };
        check("bash", Some("/m/root/.bashrc"));
        check("zsh", Some("/m/root/.zshrc"));
        check("fish", Some("/m/root/.config/fish/conf.d/direnv.fish"));
        check("tcsh", None);
    }

    #[test]
    fn reads_both_spellings_of_allowed() {
        for (line, expected) in [("true", true), ("0", true), ("false", false), ("1", false), ("2", false)] {
            assert_eq!(says_allowed(&format!("Loaded\nFound RC allowed {line}\n")), expected, "{line}");
        }
        assert!(!says_allowed("No .envrc or .env found\n"));
    }
}
