//! What becomes of the paths that a watched command brings into the store: which of them may be pushed, and what is tried again.

use std::process::Command;

use anyhow::{Result, bail};
use cache_protocol::{Closure, FaultKind, PlanRequest, Pushed, Root};

use super::push::{self, Args, allowed, conclude, is_tolerated};
use super::target::Target;
use super::{policy, watch};
use crate::cache_client::Steps;
use crate::commands::secrets::values::{Values, values_at_hand};
use crate::context::{Context, Ending};
use crate::nix::derivation;
use crate::push_policy::Reach;
use crate::report::Mark;
use crate::session::Session;

/// How the names of results of the stand-in inputs end.
const STAND_IN: &str = "-stand-in";

/// Runs the command, and pushes what appears in the store meanwhile.
///
/// # Errors
/// When there is no command, it cannot be started, or the policy wants a push that is not possible.
pub fn run(context: &Context, session: &Session<'_>, target: &Target, args: &Args) -> Result<Ending> {
    let Some((program, arguments)) = args.command.split_first() else { bail!("there is no command to run") };
    let mut command = Command::new(program);
    // What was decided for these inputs must not be pushed of others.
    let inputs = if session.inputs.is_stand_in() { "standin" } else { "locked" };
    command.args(arguments).env("XTASK_INPUTS", inputs);
    let here = session.settings.systems();
    let systems = allowed(context, policy::decision(session, target, &here))?;
    let mut watched = Watched {
        context,
        session,
        target,
        strict: args.filter_strict,
        is_everywhere: systems.as_ref().is_some_and(|systems| here.iter().all(|system| systems.contains(system))),
        systems,
        values: values_at_hand(session)?,
        settled: Ending::Clean,
        open: Ending::Clean,
        said: None,
        is_unsigned: false,
    };
    let status = watch::watch(&context.console, &session.store, &mut command, &mut |paths| watched.take(paths))?;
    Ok(match u8::try_from(status) {
        Ok(0) => watched.settled.worse(watched.open),
        Ok(status) => Ending::Status(status),
        Err(_) => Ending::Problems,
    })
}

/// What is pushed by which rules, and what has become of it.
struct Watched<'a> {
    context: &'a Context,
    session: &'a Session<'a>,
    target: &'a Target,
    strict: bool,
    /// The systems that may be pushed for, if any.
    systems: Option<Vec<String>>,
    /// Whether they are all that this machine builds for.
    is_everywhere: bool,
    /// The repository's own values, none of which may leave.
    values: Values,
    /// What is not tried again.
    settled: Ending,
    /// What the last try came to, of all that is tried again.
    open: Ending,
    /// The last error: one that stays is told once.
    said: Option<String>,
    /// Whether it was said that nobody signs what is pushed.
    is_unsigned: bool,
}

impl Watched<'_> {
    /// Pushes what of `paths` can and may be; returns what is to be tried again.
    fn take(&mut self, paths: Vec<String>) -> Vec<String> {
        if self.systems.is_none() {
            return Vec::new();
        }
        self.open = Ending::Clean;
        let invalid = match self.session.nix.invalid(&paths) {
            Ok(invalid) => invalid,
            Err(error) => return self.failed(&error, paths),
        };
        let (mut pending, valid): (Vec<String>, Vec<String>) =
            paths.into_iter().partition(|path| invalid.contains(path));
        let wanted = match self.wanted(valid.clone()) {
            Ok(wanted) => wanted,
            Err(error) => {
                pending.extend(self.failed(&error, valid));
                return pending;
            }
        };
        if wanted.is_empty() {
            return pending;
        }
        let request = self.request(wanted.clone());
        match push::push(self.context, self.target, request, &self.values, &mut Steps::default()) {
            Ok(pushed) => {
                self.said = None;
                self.is_unsigned = self.is_unsigned || push::warn_unsigned(self.context, self.target, &pushed);
                let ending = conclude(self.context, self.target, &pushed);
                if is_tried_again(&pushed) {
                    self.open = ending;
                    pending.extend(wanted);
                } else {
                    self.settled = self.settled.worse(ending);
                }
            }
            Err(error) => pending.extend(self.failed(&error, wanted)),
        }
        pending
    }

    /// The command goes on whatever becomes of what it has built so far.
    fn failed(&mut self, error: &anyhow::Error, paths: Vec<String>) -> Vec<String> {
        let text = Some(format!("{error:#}"));
        if self.said != text {
            match is_tolerated(self.target, error) {
                true => self.context.console.mark(Mark::Warning, &format!("cache push: {error:#}")),
                false => self.context.console.error(error),
            }
            self.said = text;
        }
        self.open = if is_tolerated(self.target, error) { Ending::Clean } else { Ending::Unchecked };
        paths
    }

    fn request(&self, paths: Vec<String>) -> PlanRequest {
        let root = Root { name: "watched".to_owned(), paths, drv: None, closure: Closure::Runtime };
        PlanRequest {
            store: self.session.nix.local_store(&self.session.store),
            cache: self.target.cache.clone(),
            roots: vec![root],
            content: self.target.content(self.strict),
            again: Vec::new(),
            // The store has just changed.
            kept: None,
        }
    }

    /// Those of `paths` that the policy lets pass.
    fn wanted(&self, paths: Vec<String>) -> Result<Vec<String>> {
        let mut wanted = Vec::new();
        for (path, deriver) in self.with_derivers(paths)? {
            let reason = if self.is_of_stand_in(&path)? {
                Some("it is made from the stand-in inputs")
            } else if !self.is_everywhere && !self.is_for_allowed_system(deriver.as_deref()) {
                Some("it is not known to be built for a system that may be pushed for")
            } else {
                None
            };
            match reason {
                Some(reason) => self.context.console.detail(&format!("cache push: `{path}` is left out: {reason}")),
                None => wanted.push(path),
            }
        }
        Ok(wanted)
    }

    fn with_derivers(&self, paths: Vec<String>) -> Result<Vec<(String, Option<String>)>> {
        if self.is_everywhere {
            return Ok(paths.into_iter().map(|path| (path, None)).collect());
        }
        let derivers = self.session.nix.derivers(&paths)?;
        Ok(paths.into_iter().zip(derivers).collect())
    }

    /// Whether `path`, or something that would go along with it, comes from the stand-in inputs, which only this machine may have.
    fn is_of_stand_in(&self, path: &str) -> Result<bool> {
        if self.target.config.reach() != Reach::Remote {
            return Ok(false);
        }
        let closure = self.session.nix.closure(&[path.to_owned()])?;
        Ok(closure.iter().any(|path| path.ends_with(STAND_IN)))
    }

    fn is_for_allowed_system(&self, deriver: Option<&str>) -> bool {
        let read = deriver.map(|deriver| derivation::read(&self.session.store.on_disk(deriver)));
        let Some(Ok(derivation)) = read else { return false };
        self.systems.as_ref().is_some_and(|systems| systems.contains(&derivation.system))
    }
}

/// Whether a later try may do better.
fn is_tried_again(pushed: &Pushed) -> bool {
    let passes =
        |kind: FaultKind| matches!(kind, FaultKind::Unreachable | FaultKind::Overloaded | FaultKind::Interrupted);
    pushed.not_pushed.iter().any(|path| passes(path.fault.kind))
}
