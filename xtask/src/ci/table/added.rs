//! What `[ci.jobs]` of xtask.toml does to the table: each row is put where it can run, and whatever would break the table's order is
//! refused where it is written.

use std::collections::BTreeMap;

use toml::Spanned;

#[cfg(test)]
use super::Extent;
use super::row::{self, Place};
use super::{Job, JobName, SwitchedOff, Table, nearest};
use crate::ci::workflow::{ALL, GATE, PLAN};
use crate::config::JobConfig;

/// What `cargo xtask ci` takes for something else than a job.
pub const VERBS: [&str; 2] = ["help", "matrix"];
/// The longest name: GitHub shows it in lists, with more beside it.
const LONGEST: usize = 64;

/// The jobs as they are written, by name.
pub type Written = BTreeMap<Spanned<String>, JobConfig>;

/// What is wrong with xtask.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, as the byte of the file.
    pub at: usize,
    /// What, and how it is mended.
    pub text: String,
}

impl Fault {
    pub(super) fn new(at: usize, text: impl Into<String>) -> Self {
        Self { at, text: text.into() }
    }
}

impl Table {
    /// The built-in jobs, with what is `written`; `line` is the line of xtask.toml, from 1, that holds a byte.
    ///
    /// # Errors
    /// The first fault.
    pub fn of(written: &Written, line: &dyn Fn(usize) -> usize) -> Result<Self, Fault> {
        let mut table = Self::default();
        let mut in_order: Vec<_> = written.iter().collect();
        in_order.sort_by_key(|(name, _)| name.span().start);
        let mut off = Vec::new();
        for (at, (name, config)) in in_order.iter().enumerate() {
            let start = name.span().start;
            let name = match JobName::built_in(name.as_ref()) {
                Some(built_in) => {
                    table.change(built_in, config)?;
                    built_in
                }
                None => {
                    check_name(name.as_ref(), start, config)?;
                    let place = Place { start, line: line(start) };
                    let mut job = row::custom(name.as_ref(), config, place)?;
                    let later = &in_order[at..];
                    job.needs = table.earlier(&job, config.needs.as_ref(), "needs", later, written)?;
                    job.after = table.earlier(&job, config.after.as_ref(), "waits for", later, written)?;
                    let name = job.name;
                    let behind = table.jobs.iter().take_while(|other| other.phase <= job.phase).count();
                    table.jobs.insert(behind, job);
                    name
                }
            };
            if let Some(enabled) = config.enabled.as_ref().filter(|enabled| !*enabled.as_ref()) {
                off.push((name, enabled.span().start));
            }
        }
        table.switch_off(&off, line)?;
        Ok(table)
    }

    /// Has a built-in job run as `config` says.
    fn change(&mut self, name: JobName, config: &JobConfig) -> Result<(), Fault> {
        let word = name.word();
        if let Some((key, at)) = config.of_custom_jobs().into_iter().min_by_key(|(_, at)| *at) {
            let text = format!(
                "`{word}` is built in, and `{key}` cannot be said of it, only `enabled`, `timeout` and `runner`: give a job of \
                 your own another name"
            );
            return Err(Fault::new(at, text));
        }
        let Some(job) = self.jobs.iter_mut().find(|job| job.name == name) else { return Ok(()) };
        row::machine(job, config)
    }

    /// The jobs in `list`, which `job` `verb`; `later` are those that are written from it on.
    fn earlier(
        &self,
        job: &Job,
        list: Option<&Spanned<Vec<Spanned<String>>>>,
        verb: &str,
        later: &[(&Spanned<String>, &JobConfig)],
        written: &Written,
    ) -> Result<Vec<JobName>, Fault> {
        let own = job.word();
        let mut names = Vec::new();
        for need in list.iter().flat_map(|list| list.as_ref()) {
            let (word, at) = (need.as_ref().as_str(), need.span().start);
            let fault = |text: String| Err(Fault::new(at, text));
            if word == own {
                return fault(format!("`{own}` {verb} itself: leave that out"));
            }
            let Some(needed) = self.jobs.iter().find(|other| other.word() == word) else {
                if !later.iter().any(|(name, _)| name.as_ref() == word) {
                    return fault(self.unknown(word));
                }
                return fault(match cycle(own, word, written) {
                    Some(cycle) => format!("`{own}` {verb} itself, by {cycle}: leave one of these out"),
                    None => format!(
                        "`{own}` {verb} `{word}`, which comes later: move `[ci.jobs.{word}]` in front of `[ci.jobs.{own}]`"
                    ),
                });
            };
            if needed.phase > job.phase {
                let phase = needed.phase.word();
                return fault(format!(
                    "`{own}` of the phase `{}` {verb} `{word}` of the later phase `{phase}`: give it `phase = \"{phase}\"`",
                    job.phase.word()
                ));
            }
            if names.contains(&needed.name) {
                return fault(format!("`{word}` is there twice: leave it out"));
            }
            names.push(needed.name);
        }
        Ok(names)
    }

    /// That no job is called `word`.
    pub(super) fn unknown(&self, word: &str) -> String {
        let words: Vec<&str> = self.jobs.iter().map(Job::word).collect();
        let meant = nearest(word, &words).map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        format!("no job is called `{word}`: {meant}There are {}", words.join(", "))
    }

    /// Takes the jobs of `off` out, each with the byte that says so.
    fn switch_off(&mut self, off: &[(JobName, usize)], line: &dyn Fn(usize) -> usize) -> Result<(), Fault> {
        let is_off = |name: &JobName| off.iter().any(|(other, _)| other == name);
        for (name, at) in off {
            let needing = self.jobs.iter().filter(|job| job.needs.contains(name) && !is_off(&job.name));
            let needing: Vec<String> = needing.map(|job| format!("`{}`", job.word())).collect();
            if let [first, rest @ ..] = &needing[..] {
                let (need, them) = if rest.is_empty() { ("needs", first.as_str()) } else { ("need", "them") };
                let needing = needing.join(", ");
                let text = format!("{needing} {need} `{}`: switch {them} off too, or leave it on", name.word());
                return Err(Fault::new(*at, text));
            }
        }
        for (name, at) in off {
            let Some(index) = self.jobs.iter().position(|job| job.name == *name) else { continue };
            self.off.push(SwitchedOff { job: self.jobs.remove(index), line: line(*at) });
            // What can do without it does.
            self.jobs.iter_mut().for_each(|job| job.after.retain(|other| other != name));
        }
        Ok(())
    }
}

/// Whether a job of one's own may have the name.
fn check_name(name: &str, at: usize, config: &JobConfig) -> Result<(), Fault> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(fits) || name.len() > LONGEST {
        let shown: String = name.chars().take(LONGEST).collect();
        let text = format!(
            "`{}` is no name for a job, on GitHub as here: begin with a letter, go on with letters, digits, `-` and `_`, all of \
             them small, {LONGEST} at most",
            shown.escape_debug()
        );
        return Err(Fault::new(at, text));
    }
    if [ALL, GATE, PLAN].contains(&name) {
        return Err(Fault::new(at, format!("`{name}` is a job of the workflow itself: give yours another name")));
    }
    if VERBS.contains(&name) {
        return Err(Fault::new(at, format!("`cargo xtask ci {name}` is something else: give the job another name")));
    }
    // A slip of the pen in the name of a built-in job, which would otherwise be told that it does nothing.
    if config.of_custom_jobs().is_empty() {
        let table = Table::default();
        let words: Vec<&str> = table.jobs.iter().map(Job::word).collect();
        let meant = nearest(name, &words).map(|meant| format!(": did you mean `{meant}`?"));
        let text = format!("no job that is built in is called `{name}`{}", meant.unwrap_or_else(|| ".".to_owned()));
        let text = format!("{text} A job of your own says what it does: `app`, `shell` or `command`");
        return Err(Fault::new(at, text));
    }
    Ok(())
}

/// How `own` comes to need itself by needing `first`, as `a → b → a`, if it does.
fn cycle(own: &str, first: &str, written: &Written) -> Option<String> {
    let mut ways: Vec<Vec<&str>> = vec![vec![own, first]];
    let mut seen = vec![first];
    while let Some(way) = ways.pop() {
        let config = written.get(*way.last()?)?;
        for need in [&config.needs, &config.after].into_iter().flatten().flat_map(|list| list.as_ref()) {
            let need = need.as_ref().as_str();
            let longer = || way.iter().copied().chain([need]).collect::<Vec<_>>();
            if need == own {
                return Some(format!("`{}`", longer().join("` → `")));
            }
            if written.contains_key(need) && !seen.contains(&need) {
                seen.push(need);
                ways.push(longer());
            }
        }
    }
    None
}

/// What is wrong with rows as a table, if anything: it must be its own topological order.
#[cfg(test)]
pub fn disorder(jobs: &[Job]) -> Option<String> {
    for (at, job) in jobs.iter().enumerate() {
        let (earlier, word) = (&jobs[..at], job.word());
        if earlier.iter().any(|other| other.name == job.name) {
            return Some(format!("`{word}` is there twice"));
        }
        if [ALL, GATE, PLAN].contains(&word) {
            return Some(format!("`{word}` is a job of the workflow itself"));
        }
        let is_earlier = |need: &JobName| earlier.iter().any(|other| other.name == *need);
        if let Some(need) = job.needs.iter().chain(&job.after).find(|need| !is_earlier(need)) {
            return Some(format!("`{word}` needs `{}`, which is not earlier", need.word()));
        }
        if earlier.last().is_some_and(|before| before.phase > job.phase) {
            return Some(format!("`{word}` is of an earlier phase than the job before it"));
        }
        if job.machine.extent == Extent::PerSystem && job.machine.runner.is_some() {
            return Some(format!("`{word}` has a runner, and runs on those of each system"));
        }
    }
    None
}
