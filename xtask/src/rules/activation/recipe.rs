//! What the recipes that xtask.toml names would activate, and whether the flake has it.

use super::Facts;
use super::shell::commands;
use crate::fleet::{AttrPath, Output, Place};
use crate::rules::{Problem, source};

/// One call of a recipe, and what the program answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The call, as xtask.toml has it.
    pub call: String,
    /// What it would run, or what the program says against it.
    pub dry_run: Result<String, String>,
}

/// The programs that activate, and the word of the kind that their targets are of.
const PROGRAMS: [(&str, &str); 4] =
    [("nixos-rebuild", "nixos"), ("nixos-rebuild-ng", "nixos"), ("darwin-rebuild", "darwin"), ("home-manager", "home")];

/// The flake attribute that a command names.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    /// The word of the kind that its program takes, if it takes but one.
    kind: Option<&'static str>,
    /// The attribute behind `#`.
    attr: String,
}

pub fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    if facts.recipes.is_empty() && !facts.calls.is_empty() {
        let fault = "recipes are named, and there is neither a justfile nor a Makefile that git tracks";
        return vec![Problem::new(facts.in_config("recipes"), fault, "take them out of `activation.recipes`")];
    }
    facts.recipes.iter().flat_map(|recipe| of_recipe(facts, recipe)).collect()
}

fn of_recipe(facts: &Facts<'_>, recipe: &Recipe) -> Vec<Problem> {
    let (call, file) = (&recipe.call, &facts.recipe_file);
    let place = || facts.in_config(&format!("\"{call}\""));
    let text = match &recipe.dry_run {
        Ok(text) => text,
        Err(reason) => {
            let reason: Vec<&str> = reason.lines().map(str::trim).filter(|line| !line.is_empty()).take(3).collect();
            let fault = format!("`{call}` cannot be called in `{file}`: {}", reason.join(" · "));
            return vec![Problem::new(place(), fault, "correct the recipe, or its name in `activation.recipes`")];
        }
    };
    let named: Vec<Named> = commands(text).iter().flat_map(|command| named(command)).collect();
    if named.is_empty() {
        let fault = format!("`{call}` in `{file}` names no target of this flake");
        return vec![Problem::new(
            place(),
            fault,
            "let it say `--flake '.#NAME'`, so that what it activates can be told",
        )];
    }
    let missing = named.iter().filter_map(|named| Some((named.attr.trim_matches('"'), missing(facts, named)?)));
    let problem = |(attr, (name, hint)): (&str, (String, String))| {
        // Where the recipe itself says the name, it is mended there.
        let own = line_with(facts.recipe_text, attr).filter(|_| !call.contains(attr));
        let place = own.map(|line| Place { file: file.into(), line }).or_else(place);
        Problem::new(place, format!("`{call}` in `{file}` would activate `{name}`, which {hint}"), "correct the name")
    };
    missing.map(problem).collect()
}

/// The attributes of this flake that a command names.
fn named(command: &[String]) -> Vec<Named> {
    let program = command.iter().map(|word| word.rsplit('/').next().unwrap_or_default());
    let kind = program.filter_map(|word| PROGRAMS.iter().find(|(name, _)| *name == word)).map(|(_, kind)| *kind).next();
    let mut found = Vec::new();
    for (at, word) in command.iter().enumerate() {
        let reference =
            word.split_once('=').filter(|(flag, _)| flag.starts_with('-')).map_or(word.as_str(), |(_, value)| value);
        let (flake, attr) = reference.split_once('#').unwrap_or((reference, ""));
        if !is_own(flake) {
            continue;
        }
        // `nix run . TARGET` is how nixos-unified activates: its own program finds the home or host.
        let own_program = kind.is_none() && matches!(attr, "" | "activate");
        let target = command.get(at + 1).filter(|next| own_program && !next.starts_with('-'));
        match (target, attr) {
            (Some(target), _) => found.push(Named { kind: None, attr: target.clone() }),
            (None, "") => {}
            (None, attr) => found.push(Named { kind, attr: attr.split('^').next().unwrap_or_default().to_owned() }),
        }
    }
    found
}

/// Whether a flake reference is of this repository, and not of another flake.
fn is_own(flake: &str) -> bool {
    let path = flake.strip_prefix("path:").or_else(|| flake.strip_prefix("git+file:")).unwrap_or(flake);
    matches!(path, "." | "./" | "$PWD" | "$(pwd)" | "${PWD}") || (path.starts_with('$') && path.len() > 1)
}

/// The name of what the flake does not have, and what to say of it.
fn missing(facts: &Facts<'_>, named: &Named) -> Option<(String, String)> {
    if named.attr.contains(['$', '`']) {
        return Some((named.attr.clone(), "only a shell can tell: let the recipe say it".to_owned()));
    }
    let plain = named.attr.trim_matches('"');
    let candidates = || facts.declared.iter().filter(|output| named.kind.is_none_or(|kind| kind == output.kind));
    let path = AttrPath::parse(&named.attr).ok();
    let whole = |output: &Output| {
        let given = path.as_ref().map(AttrPath::components).unwrap_or_default();
        given.starts_with(output.attr.components())
    };
    if candidates().any(|output| output.attr.name() == plain || whole(output)) {
        return None;
    }
    let likeness = |output: &&Output| strsim::jaro_winkler(output.attr.name(), plain);
    let nearest = candidates().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    // Whether a likeness of just this counts only decides on a hint, for names that look nothing alike: no test says so.
    let hint = match nearest.filter(|output| likeness(output) > 0.7) {
        Some(nearest) => format!("there is not: did you mean `{}`?", nearest.attr.name()),
        None => "there is not".to_owned(),
    };
    let name = match named.kind {
        Some(kind) => format!("{kind}Configurations.{}", AttrPath::new([plain])),
        None => named.attr.clone(),
    };
    Some((name, hint))
}

fn line_with(text: &str, words: &str) -> Option<u32> {
    (1..).zip(text.lines()).find(|(_, line)| line.contains(words)).map(|(line, _)| line)
}

impl Facts<'_> {
    /// The line of xtask.toml that says `words`.
    pub(super) fn in_config(&self, words: &str) -> Option<Place> {
        let line = line_with(self.config_text, words).or_else(|| source::line_of(self.config_text, "activation"));
        line.map(|line| Place { file: crate::config::FILE.into(), line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_names() {
        let check = |text: &str, expected: &[(Option<&'static str>, &str)]| {
            let found: Vec<Named> = commands(text).iter().flat_map(|command| named(command)).collect();
            let expected: Vec<Named> =
                expected.iter().map(|(kind, attr)| Named { kind: *kind, attr: (*attr).to_owned() }).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("nixos-rebuild switch --sudo --flake '.#web'", &[(Some("nixos"), "web")]);
        check("sudo /run/bin/darwin-rebuild switch --flake=.#mac", &[(Some("darwin"), "mac")]);
        check("home-manager switch --flake path:.#\"ada@web\"", &[(Some("home"), "ada@web")]);
        check("nix build .#nixosConfigurations.web.config.x^out", &[(None, "nixosConfigurations.web.config.x")]);
        check("nix run . ada@web", &[(None, "ada@web")]);
        check("nix run .#activate -- ada", &[(None, "activate")]);
        check("nix run .#activate ada@web", &[(None, "ada@web")]);
        check("nixos-rebuild switch --flake .#$host", &[(Some("nixos"), "$host")]);
        check("nixos-rebuild switch --flake $FLAKE#web", &[(Some("nixos"), "web")]);
        check("nix build .#a .#b", &[(None, "a"), (None, "b")]);
        check("home-manager --flake . switch", &[]);
        check("nix run nixpkgs#hello; echo github:a/b#c", &[]);
        check("nixos-rebuild switch --flake .", &[]);
        check("echo '# .#web'", &[]);
    }
}
