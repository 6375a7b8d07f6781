//! `[[cache.rule]]` of xtask.toml: when to push, read into the rules of the policy.

use anyhow::{Result, bail};
use serde::Deserialize;
use toml::Spanned;

use super::content::SystemGlob;
use crate::push_policy::{Action, EventName, Place, ReferencePattern, Rule};

/// A rule, and the byte of the file at which it begins.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Spanned<Table>")]
pub struct PlacedRule {
    /// The rule.
    pub rule: Rule,
    /// Where it begins, in bytes.
    pub start: usize,
}

/// When to push. The first rule that applies to a run and a system decides; they come before those of the preset. What forks
/// built, and what came of stand-in inputs, never leaves, whatever the rules say.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The events it is about: `push` (branches and tags), `tag` (pushed tags alone), `pull_request` and the other events of
    /// GitHub, `other` for any that has no word here, `local` for a run outside of CI, `unknown_ci`.
    event: Vec<EventName>,
    /// Globs of the refs it is about: `refs/heads/main`, `refs/tags/*` (`*` takes slashes too), or `default-branch`. Nothing means
    /// all.
    #[serde(rename = "ref", default)]
    reference: Vec<ReferenceText>,
    /// Whether the code must be, or must not be, of this repository. Nothing means both.
    same_repository: Option<bool>,
    /// Globs of the systems it is about: `*-darwin`. Nothing means all.
    #[serde(default)]
    systems: Vec<SystemGlob>,
    /// What it says: `push` or `skip`.
    action: Action,
}

impl From<Spanned<Table>> for PlacedRule {
    fn from(table: Spanned<Table>) -> Self {
        let start = table.span().start;
        let table = table.into_inner();
        let rule = Rule {
            // Its line is known once the text of the file is at hand.
            place: Place::Line(0),
            events: table.event,
            references: table.reference.into_iter().map(|reference| reference.0).collect(),
            same_repository: table.same_repository,
            systems: table.systems.into_iter().map(|system| system.0).collect(),
            action: table.action,
        };
        Self { rule, start }
    }
}

/// Why a rule could never mean anything, and the key that says so.
#[must_use]
pub fn fault(rule: &Rule) -> Option<(&'static str, &'static str)> {
    if rule.events.is_empty() {
        return Some(("event", "`event` of a rule names no event, so that the rule is about nothing"));
    }
    let fork = rule.same_repository == Some(false) && rule.action == Action::Push;
    fork.then_some((
        "same_repository",
        "what a fork built is never pushed, so that `same_repository = false` goes with `action = \"skip\"` alone",
    ))
}

/// Refs that a rule is about.
#[derive(Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(with = "String"))]
pub struct ReferenceText(ReferencePattern);

impl TryFrom<String> for ReferenceText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        reference(&text).map(Self).map_err(|error| format!("{error:#}"))
    }
}

fn reference(text: &str) -> Result<ReferencePattern> {
    if text == "default-branch" {
        return Ok(ReferencePattern::DefaultBranch);
    }
    // What git allows in no ref is there by mistake, such as a regular expression or brackets of a shell's globs.
    let foreign = text.chars().find(|character| character.is_whitespace() || "^~:\\[]{}()|$".contains(*character));
    if let Some(foreign) = foreign {
        bail!("`{text}` in `ref` is no glob of refs: `{foreign}` is in no ref, and `*` and `?` alone stand for others");
    }
    if text != "*" && !text.starts_with("refs/") {
        bail!("`{text}` in `ref` is no whole ref: write `refs/heads/{text}` or `refs/tags/{text}`");
    }
    Ok(ReferencePattern::Glob(text.to_owned()))
}

/// Refuses what fits no system.
///
/// # Errors
/// When it does not.
pub fn check_system(pattern: &str) -> Result<()> {
    let known =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || "_-*?".contains(character);
    if !pattern.chars().all(known) || !pattern.contains(['-', '*']) {
        bail!("`{pattern}` is no system and no glob of systems: write `x86_64-linux` or `*-darwin`");
    }
    Ok(())
}
