//! Measure how much of what outputs need the caches have, before anything is built

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use cache_protocol::{Cache, PresenceRequest, shown};
use clap::builder::FalseyValueParser;
use serde::Serialize;

use super::target::{Target, is_on_disk, target};
use super::{OutputArgs, history};
use crate::analytics::{Class, Need, Offer, Past, Sources, Tally, Trend, problems, tally, trend, walk};
use crate::cache_client::{self, IN_FLIGHT, PATIENCE};
use crate::context::{Context, Ending};
use crate::fleet::Status;
use crate::nix::derivation;
use crate::report::{Verbosity, cache, problems as said};
use crate::rules::Problem;
use crate::session::{Report, Session};

/// The class of everything.
const OVERALL: &str = "overall";

/// Measure how much of what outputs need the caches have, before anything is built
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    outputs: OutputArgs,
    /// Answer in JSON, schema 1
    #[arg(long, env = "XTASK_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    /// Answer in Markdown, as in the summary of a run
    #[arg(long, env = "XTASK_MARKDOWN", conflicts_with = "json", value_parser = FalseyValueParser::new())]
    markdown: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache analytics                every output
  cargo xtask cache analytics nixos:web      what a deployment of one host would fetch and build";

/// The answer in JSON.
#[derive(Debug, Serialize)]
struct Measurement<'a> {
    #[serde(flatten)]
    tally: &'a Tally,
    /// None before there are two runs to compare.
    trend: Option<&'a Trend>,
}

/// What was measured.
#[derive(Debug)]
pub struct Analytics {
    /// Counted.
    pub tally: Tally,
    /// Compared with past runs.
    pub trend: Option<Trend>,
    /// What past runs with the same inputs measured, oldest first, this one last.
    pub past: Vec<Past>,
    /// What falls short of xtask.toml.
    pub problems: Vec<Problem>,
}

/// Measures and says what was found.
///
/// # Errors
/// When a derivation cannot be read, or the client does not answer.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let session = args.outputs.open(context)?;
    let fleet = args.outputs.evaluate(&session)?;
    let found = measure(&session, &target(&session)?, &fleet)?;
    let (tally, trend) = (&found.tally, found.trend.as_ref());
    context.console.answer(&match (args.json, args.markdown) {
        (true, _) => cache::json(&Measurement { tally, trend })?,
        (_, true) => cache::analytics_markdown(tally, trend),
        _ => cache::analytics(tally, trend, context.console.verbosity() == Verbosity::Verbose),
    });
    said::conclude(&context.console, "cache analytics", &found.problems);
    Ok(if found.problems.iter().any(Problem::fails) { Ending::Problems } else { Ending::Clean })
}

/// Measures what the outputs of `fleet` need, and remembers it.
///
/// # Errors
/// As [`run`].
pub fn measure(session: &Session<'_>, target: &Target, fleet: &Report) -> Result<Analytics> {
    let mut past = history::read(&session.context.state);
    let last = past.iter().rev().find(|run| run.inputs == session.inputs.word());
    let before =
        last.map(|run| run.built.iter().filter_map(|path| Some((name(path)?.to_owned(), path.clone()))).collect());
    let mut facts = Facts {
        session,
        substituters: substituters(session, target),
        faults: Vec::new(),
        asked: BTreeSet::new(),
        offers: BTreeMap::new(),
        before: before.unwrap_or_default(),
    };
    facts.faults = vec![None; facts.substituters.len()];
    let needs = needs(session, fleet)?;
    if needs.is_empty() {
        bail!("no output needs a store path: there is nothing to measure");
    }
    let measured = walk(needs, &mut facts)?;
    // It goes into reports and is kept.
    let urls = facts.substituters.iter().map(|cache| shown(&cache.substituter()));
    let asked: Vec<(String, Option<String>)> = urls.zip(facts.faults).collect();
    let tally = counted(target, &measured, &asked)?;
    past.push(Past::of(&tally, session.revision(), session.inputs.word()));
    history::write(&session.context.state, &past)?;
    let trend = trend(&past);
    past.retain(|run| run.inputs == session.inputs.word());
    Ok(Analytics { trend, past, problems: problems(&tally), tally })
}

fn counted(
    target: &Target,
    measured: &crate::analytics::Measured,
    asked: &[(String, Option<String>)],
) -> Result<Tally> {
    let named =
        target.config.content.priority.iter().filter_map(|class| Some((class.name.as_deref()?, &class.pattern.0)));
    let patterns =
        named.map(|(name, pattern)| Ok((name, regex_lite::Regex::new(pattern)?))).collect::<Result<Vec<_>>>()?;
    let holds: Vec<_> = patterns.iter().map(|(_, pattern)| move |path: &str| pattern.is_match(path)).collect();
    let mut classes = vec![Class { name: OVERALL, holds: &|_| true, target: target.config.target(None) }];
    classes.extend(patterns.iter().zip(&holds).map(|((name, _), holds)| Class {
        name,
        holds,
        target: target.config.target(Some(name)),
    }));
    Ok(tally(measured, asked, &classes))
}

/// What the outputs of `fleet` are.
fn needs(session: &Session<'_>, fleet: &Report) -> Result<Vec<Need>> {
    let mut needs = Vec::new();
    for result in fleet.results.iter().filter(|result| result.status != Status::Skipped) {
        if let Some(drv) = result.evaluated.as_ref().and_then(|evaluated| evaluated.drv.as_ref()) {
            for (_, path) in derivation::read(&session.store.on_disk(drv))?.outputs {
                needs.push(Need { path, drv: Some(drv.clone()) });
            }
        }
    }
    needs.retain(|need| !need.path.is_empty());
    Ok(needs)
}

/// Those that a build would ask, and the cache that is pushed to. Nothing of a stand-in is in anybody else's cache.
fn substituters(session: &Session<'_>, target: &Target) -> Vec<Cache> {
    let alone = session.inputs.is_stand_in() || session.context.offline;
    let others = target.upstream.iter().filter(|_| !alone);
    others.chain([&target.cache]).filter(|cache| !alone || is_on_disk(&cache.url)).cloned().collect()
}

/// The name in a store path.
fn name(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.split_once('-').map(|(_, name)| name)
}

/// What is asked of the store and of the substituters.
struct Facts<'a> {
    session: &'a Session<'a>,
    substituters: Vec<Cache>,
    faults: Vec<Option<String>>,
    /// Paths that were asked for, of all of them.
    asked: BTreeSet<String>,
    /// What came of that.
    offers: BTreeMap<String, Vec<Offer>>,
    /// What had to be built the last time, by name.
    before: BTreeMap<String, String>,
}

impl Facts<'_> {
    /// Whether the substituter with this number has answered so far.
    fn is_asked(&self, number: usize) -> bool {
        self.faults.get(number).is_none_or(Option::is_none)
    }

    /// Asks who has `paths`, and all that these refer to: one start of the client is enough for a closure that caches have.
    fn ask(&mut self, paths: Vec<String>) -> Result<()> {
        self.asked.extend(paths.iter().cloned());
        // Who could not be asked once is not asked again: each time costs all the patience there is.
        let (numbers, substituters): (Vec<usize>, Vec<Cache>) =
            self.substituters.iter().cloned().enumerate().filter(|(number, _)| self.is_asked(*number)).unzip();
        if substituters.is_empty() {
            return Ok(());
        }
        let request = PresenceRequest { substituters, paths, in_flight: IN_FLIGHT, patience: PATIENCE, follow: true };
        // A build waits for this, and goes on without a substituter that does not answer.
        let answer = cache_client::presence(self.session.context, request, &mut |_| {})?;
        for (number, substituter) in numbers.into_iter().zip(answer.substituters) {
            if let (Some(fault), Some(known)) = (substituter.fault, self.faults.get_mut(number)) {
                *known = Some(fault.what);
            }
            for seen in substituter.seen {
                if seen.trusted {
                    self.asked.extend(seen.references.iter().cloned());
                }
                let offers = self.offers.entry(seen.path).or_default();
                // What came along with one question may come along with the next.
                if offers.iter().all(|offer| offer.substituter != number) {
                    offers.push(Offer {
                        substituter: number,
                        trusted: seen.trusted,
                        file_size: seen.file_size,
                        nar_size: seen.nar_size,
                        references: seen.references,
                    });
                }
            }
        }
        for offers in self.offers.values_mut() {
            offers.sort_by_key(|offer| offer.substituter);
        }
        Ok(())
    }
}

impl Sources for Facts<'_> {
    fn local(&mut self, paths: &[String]) -> Result<BTreeMap<String, u64>> {
        let there: Vec<String> = paths.iter().filter(|path| self.session.store.holds(path)).cloned().collect();
        self.session.nix.closure_paths(&there).context("ask the store what its paths refer to")
    }

    fn offers(&mut self, paths: &[String]) -> Result<BTreeMap<String, Vec<Offer>>> {
        let unasked: Vec<String> = paths.iter().filter(|path| !self.asked.contains(*path)).cloned().collect();
        if !unasked.is_empty() {
            self.ask(unasked)?;
        }
        let offers = paths.iter().filter_map(|path| Some((path.clone(), self.offers.get(path)?.clone())));
        Ok(offers.collect())
    }

    fn inputs(&mut self, drv: &str) -> Result<Vec<Need>> {
        let mut needs = Vec::new();
        for input in derivation::read(&self.session.store.on_disk(drv))?.inputs {
            for (name, path) in derivation::read(&self.session.store.on_disk(&input.drv))?.outputs {
                if input.outputs.contains(&name) && !path.is_empty() {
                    needs.push(Need { path, drv: Some(input.drv.clone()) });
                }
            }
        }
        Ok(needs)
    }

    fn before(&self, path: &str) -> Option<String> {
        self.before.get(name(path)?).filter(|before| *before != path).cloned()
    }
}
