//! One trial: a file of one rule and format, encrypted by the genuine sops with fresh keys, and everything that must and must not open it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::super::private::go_on;
use super::canary::{Canary, tamperings};
use super::cast::{Cast, Player};
use crate::context::Context;
use crate::fleet::Place;
use crate::report::words::count;
use crate::rules::Problem;
use crate::rules::secrets::{self, Encrypted, Facts, Format, Policy, Rule};
use crate::sops::program::{Opened, Sops, must, open};

/// What a trial needs to know.
struct Trial<'a> {
    sops: &'a Sops,
    cast: &'a Cast,
    policy: &'a Policy,
    rule: &'a Rule,
    file: &'a Encrypted<'a>,
    /// The trial's own file.
    path: PathBuf,
    problems: Vec<Problem>,
}

/// Tries the rule at `at` with a file like `file`.
///
/// # Errors
/// When sops cannot be run, or an interrupt came.
pub fn run(
    context: &Context,
    sops: &Sops,
    cast: &Cast,
    policy: &Policy,
    at: usize,
    file: &Encrypted<'_>,
) -> Result<Vec<Problem>> {
    let rule = policy.rules.get(at).context("find the rule again")?;
    let path = cast.tree.join(file.path);
    let mut trial = Trial { sops, cast, policy, rule, file, path, problems: Vec::new() };
    let canary = Canary::like(file)?;
    fs::create_dir_all(trial.path.parent().context("a file has a folder")?).context("make a private folder")?;
    fs::write(&trial.path, &canary.text).context("write the trial file")?;
    let mut encrypt = trial.command(&[]);
    let encrypted = must(encrypt.args(["encrypt", "--in-place"]).arg(trial.name()), "encrypt");
    if let Err(error) = encrypted {
        trial.problem(
            &format!("a file like `{}` cannot be encrypted by it ({error:#})", file.path.display()),
            "mend the rule: sops refuses it",
        );
        return Ok(trial.problems);
    }
    let text = fs::read_to_string(&trial.path).context("read the encrypted file")?;
    trial.hidden(&canary, &text);
    if !trial.problems.is_empty() {
        // What was never encrypted opens for anybody; saying so of each would be no news.
        return Ok(trial.problems);
    }
    trial.as_ruled(&text);
    let (insiders, outsiders) = trial.sides();
    let opened = trial.opens(&canary, &insiders)?;
    trial.refuses(&outsiders)?;
    let noticed = trial.notices(&text, &insiders)?;
    let removed = trial.removes(&text, &insiders)?;
    if trial.problems.is_empty() {
        let (opened, refused) = (count(opened, "recipient"), count(outsiders.len(), "other"));
        let removed = if removed { ", a removed recipient is out" } else { "" };
        let (name, format) = (rule.name(), file.format.word());
        super::went_well(
            context,
            &format!("{name}, {format}: {opened} in, {refused} out, {} refused{removed}", count(noticed, "tampering")),
        );
    }
    Ok(trial.problems)
}

impl<'a> Trial<'a> {
    fn problem(&mut self, fault: &str, fix: &str) {
        let place = Place { file: self.policy.path.clone(), line: self.rule.line };
        let fault = format!("the rule {}, {}: {fault}", self.rule.name(), self.file.format.word());
        self.problems.push(Problem::new(Some(place), fault, fix));
    }

    /// The trial's file, as seen from the folder of the policy.
    fn name(&self) -> PathBuf {
        let folder = self.policy.path.parent().unwrap_or(Path::new(""));
        self.file.path.strip_prefix(folder).unwrap_or(self.file.path).to_owned()
    }

    /// sops with these keys alone, in the folder of the policy, where it finds the rules itself.
    fn command(&self, keys: &[&Path]) -> std::process::Command {
        let mut command = self.sops.alone(&self.cast.home, keys);
        command.current_dir(self.cast.tree.join(self.policy.path.parent().unwrap_or(Path::new(""))));
        command
    }

    fn decrypt(&self, keys: &[&Path]) -> Result<Opened> {
        go_on()?;
        let mut command = self.command(keys);
        command.arg("decrypt");
        if matches!(self.file.format, Format::Yaml | Format::Json) {
            command.args(["--output-type", "json"]);
        }
        open(command.arg(self.name()))
    }

    /// Nothing of the plain text is left.
    fn hidden(&mut self, canary: &Canary, text: &str) {
        if canary.hidden.iter().any(|value| text.contains(value)) {
            self.problem(
                "a value is still there in plain text after encryption",
                "make the rule's selector cover what the file has encrypted",
            );
        }
    }

    /// The new file is what `secrets check` wants of it.
    fn as_ruled(&mut self, text: &str) {
        let files = [
            super::with_text(&self.policy.path, self.cast.text.clone()),
            super::with_text(self.file.path, text.to_owned()),
        ];
        let found = secrets::problems(&Facts { files: &files, declarations: &[], key_paths: &[], store: "" });
        let about = |problem: &&Problem| problem.place.as_ref().is_some_and(|place| place.file == self.file.path);
        for problem in found.iter().filter(about).cloned().collect::<Vec<_>>() {
            self.problem(&format!("a new file is not as `secrets check` wants it: {}", problem.fault), &problem.fix);
        }
    }

    /// Whose keys open the file, as sets that are enough together, and who is left.
    fn sides(&self) -> (Vec<Vec<&'a Player>>, Vec<&'a Player>) {
        let (cast, rule) = (self.cast, self.rule);
        let player = |name: &str| cast.players.iter().find(|player| player.recipient == name);
        let groups: Vec<Vec<&'a Player>> =
            rule.groups.iter().map(|group| group.iter().filter_map(|who| player(&who.name)).collect()).collect();
        let needed = rule.shamir_threshold.map_or(groups.len(), |threshold| threshold as usize).max(1);
        let mut insiders = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            let helpers: Vec<&'a Player> = groups
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .filter_map(|(_, group)| group.first().copied())
                .take(needed - 1)
                .collect();
            insiders.extend(group.iter().map(|one| std::iter::once(*one).chain(helpers.iter().copied()).collect()));
        }
        let inside = |player: &&Player| rule.recipients().any(|who| who.name == player.recipient);
        (insiders, cast.players.iter().filter(|player| !inside(player)).collect())
    }

    /// Each recipient gets exactly what was encrypted; how many did.
    fn opens(&mut self, canary: &Canary, insiders: &[Vec<&Player>]) -> Result<usize> {
        let mut opened = 0;
        for set in insiders {
            let who = self.policy.name(set.first().map_or("", |player| &player.recipient)).to_owned();
            let fix = "look at the rule's recipients, and at the version of sops";
            match self.decrypt(&keys(set))? {
                Opened::Plain(plain) if same(self.file.format, &plain, canary) => opened += 1,
                Opened::Plain(_) => self.problem(&format!("`{who}` decrypts something else than was encrypted"), fix),
                _ => self.problem(&format!("`{who}` cannot decrypt"), fix),
            }
            if set.len() > 1 {
                // Where several groups are needed, one alone must not be enough.
                match self.decrypt(&keys(&set[..1]))? {
                    Opened::NoKey => {}
                    _ => self.problem(&format!("`{who}` alone is not refused, though several groups are needed"), fix),
                }
            }
        }
        Ok(opened)
    }

    /// All others together cannot open it.
    fn refuses(&mut self, outsiders: &[&Player]) -> Result<()> {
        match self.decrypt(&keys(outsiders))? {
            Opened::NoKey => {}
            Opened::Plain(_) => {
                self.problem("somebody whom it does not name can decrypt", "look at what the rule names")
            }
            other => self.problem(
                &format!("others are not refused for want of a key, but otherwise ({other:?})"),
                "look at the version of sops",
            ),
        }
        Ok(())
    }

    /// Tampering is noticed by one who has the key; how much was tried.
    fn notices(&mut self, text: &str, insiders: &[Vec<&Player>]) -> Result<usize> {
        let Some(set) = insiders.first() else { return Ok(0) };
        let all = tamperings(text, self.file.format);
        for tampering in &all {
            fs::write(&self.path, &tampering.text).context("write the tampered file")?;
            let fix = "do not trust files that others can write, and look at the version of sops";
            match self.decrypt(&keys(set))? {
                Opened::Tampered => {}
                Opened::Plain(_) => self.problem(&format!("{} is not noticed", tampering.what), fix),
                other => {
                    self.problem(&format!("{} is refused otherwise than as tampering ({other:?})", tampering.what), fix)
                }
            }
        }
        fs::write(&self.path, text).context("restore the trial file")?;
        Ok(all.len())
    }

    /// Who is removed, and the data key changed, does not open the file any more, and the others do; whether there was one to remove.
    fn removes(&mut self, text: &str, insiders: &[Vec<&Player>]) -> Result<bool> {
        let [stayer, .., last] = insiders else { return Ok(false) };
        // Where several groups are needed, one who leaves was never enough.
        let [leaver] = last.as_slice() else { return Ok(false) };
        let mut rotate = self.command(&keys(stayer));
        rotate.args(["rotate", "--in-place", "--rm-age", &leaver.public]).arg(self.name());
        let who = self.policy.name(&leaver.recipient).to_owned();
        if let Err(error) = must(&mut rotate, "remove a recipient") {
            self.problem(&format!("`{who}` cannot be removed ({error:#})"), "look at the version of sops");
            return Ok(false);
        }
        if self.decrypt(&keys(&[leaver]))? != Opened::NoKey {
            self.problem(&format!("`{who}` still decrypts after being removed"), "look at the version of sops");
        }
        if !matches!(self.decrypt(&keys(stayer))?, Opened::Plain(_)) {
            self.problem(&format!("nobody decrypts after `{who}` was removed"), "look at the version of sops");
        }
        fs::write(&self.path, text).context("restore the trial file")?;
        Ok(true)
    }
}

fn keys<'a>(players: &[&'a Player]) -> Vec<&'a Path> {
    players.iter().map(|player| player.key.as_path()).collect()
}

/// Whether `plain` is what was encrypted.
fn same(format: Format, plain: &[u8], canary: &Canary) -> bool {
    let lines =
        |text: &str| text.lines().map(|line| line.replace(' ', "")).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    match format {
        Format::Yaml | Format::Json => {
            let value = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).ok();
            value(plain).is_some_and(|plain| Some(plain) == value(canary.text.as_bytes()))
        }
        Format::Dotenv | Format::Ini => lines(&String::from_utf8_lossy(plain)) == lines(&canary.text),
        Format::Binary => plain == canary.text.as_bytes(),
    }
}
