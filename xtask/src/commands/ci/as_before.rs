//! Jobs that need not run again: what their results rest on is as it was when they last went well.
//!
//! Of what is built in, these are the checks that read nothing but the files and what was evaluated, which the key of kept evaluations
//! stands for: to take that key once more costs a look at git's status, and they cost several times that. Of the jobs of xtask.toml,
//! these are the checks that say which files they depend on; of one that Nix runs, that is every file of the flake as well, of which
//! apps and shells may be made. What was taken from an earlier run, and what is kept for a later one, is
//! looked at twice: files that change while a job runs have not been checked.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use super::shared::{Jobs, held};
use crate::ci::{Ground, Inputs, Job, JobName, JobResult, JobStatus, Work, fits};
use crate::context::Context;
use crate::kept::SETTINGS;
use crate::kept::job_results::{JobResults, key};
use crate::session::{Look, Session};
use crate::{files, report};

/// What earlier runs came to, and what this one adds.
#[derive(Debug)]
pub struct AsBefore {
    kept: JobResults,
    /// Whether what earlier runs came to counts.
    counts: bool,
    /// The grounds of the jobs of this run that can be told, as they were before these ran.
    keys: Vec<(JobName, String)>,
    /// What went well in this run: the job, and what it had to say.
    went_well: Vec<(Job, Option<String>)>,
    /// The jobs that ran in this run, whatever they came to: what they leave may be something else now.
    ran: Vec<JobName>,
}

impl AsBefore {
    /// What is kept; nothing of it counts where all is wanted `fresh`, and in CI, whose word decides what is merged: there, a glob
    /// that somebody forgot must not hide for good what it would have found.
    pub fn read(context: &Context, fresh: bool) -> Self {
        let counts = !fresh && !context.ci;
        Self {
            kept: JobResults::read(&context.state),
            counts,
            keys: Vec::new(),
            went_well: Vec::new(),
            ran: Vec::new(),
        }
    }
}

impl Jobs<'_> {
    /// What `job` comes to, if it rests on nothing that is different from when it last went well.
    ///
    /// # Errors
    /// When what the job looks at cannot be looked at: it would end with the same.
    pub(super) fn as_before(&self, job: &Job) -> Result<Option<JobResult>> {
        if !job.can_be_as_before() {
            return Ok(None);
        }
        let look = match job.work {
            Work::BuiltIn => Look::of(self.looked_at()?.0),
            Work::App(_) | Work::Shell(_) => Look::of(self.session()?),
            // A command may do without the git that this look needs.
            Work::Command(_) => match Look::now(self.context) {
                Ok(look) => look,
                Err(_) => return Ok(None),
            },
        };
        self.warn_of_idle_globs(job, &look);
        let Some(ground) = self.ground(job, &look, self.key_of_evaluation())? else { return Ok(None) };
        let (key, mut before) = (key(&ground), held(&self.before));
        before.keys.push((job.name, key.clone()));
        let found = before.kept.find(job.word(), &key).filter(|_| before.counts && !needs_what_ran(job, &before.ran));
        Ok(found.map(|found| {
            let reason = Some(report::as_before(now().saturating_sub(found.at), found.said.as_deref()));
            JobResult { as_before: true, reason, ..JobResult::of(job.name, Vec::new()) }
        }))
    }

    /// Notes that `job` went well, if it did, for [`Jobs::keep`]. What it only warned of is to be said again.
    pub(super) fn remember(&self, job: &Job, result: &JobResult) {
        let went_well = result.status == JobStatus::Ok && result.problems.is_empty() && !result.as_before;
        let mut before = held(&self.before);
        if !result.as_before {
            before.ran.push(job.name);
        }
        if went_well && before.keys.iter().any(|(name, _)| *name == job.name) {
            before.went_well.push((job.clone(), result.reason.clone()));
        }
    }

    /// Keeps what went well for later runs, unless the ground has changed meanwhile.
    ///
    /// # Errors
    /// When a file cannot be read, or what is kept not be written.
    pub fn keep(&self) -> Result<()> {
        let before = held(&self.before);
        if before.went_well.is_empty() {
            return Ok(());
        }
        let look = Look::now(self.context)?;
        let evaluation = self.session.get().map(Session::key_now).transpose()?.flatten();
        let mut kept = Vec::new();
        for (job, said) in &before.went_well {
            let Some(ground) = self.ground(job, &look, evaluation.clone())? else { continue };
            let now = key(&ground);
            if before.keys.contains(&(job.name, now.clone())) {
                kept.push((job.word(), now, said.clone()));
            }
        }
        if kept.is_empty() { Ok(()) } else { JobResults::add(&self.context.state, now(), &kept) }
    }

    /// What the evaluation of all outputs that are wanted rests on; nothing where one of them failed, of which jobs may tell.
    fn key_of_evaluation(&self) -> Option<String> {
        let (_, fleet) = self.looked_at().ok()?;
        let whole = fleet.trouble.is_none() && !fleet.interrupted && fleet.over.is_none();
        if whole && fleet.failures().next().is_none() { fleet.key.clone() } else { None }
    }

    /// What the result of `job` rests on; nothing where that cannot be told.
    fn ground(&self, job: &Job, look: &Look, evaluation: Option<String>) -> Result<Option<Ground>> {
        let Some(tool) = tool() else { return Ok(None) };
        let mut ground = Ground {
            // Where it stands in xtask.toml makes it no other.
            row: format!("{:?}", Job { place: None, ..job.clone() }),
            tool,
            machine: format!("{} {}", std::env::consts::ARCH, std::env::consts::OS),
            ..Ground::default()
        };
        if !matches!(job.work, Work::Command(_)) {
            let Some(session) = self.session.get() else { return Ok(None) };
            let setting = |name: &&str| session.settings.all.get(*name).map(|value| format!("{name}={value}"));
            ground.nix = SETTINGS.iter().filter_map(setting).collect();
            ground.nix.extend([session.nix.description.clone(), session.store.folder.display().to_string()]);
            ground.inputs = session.inputs.fingerprint();
        }
        let files = match (&job.work, &job.inputs) {
            (Work::BuiltIn, _) => {
                let Some(evaluation) = evaluation else { return Ok(None) };
                ground.evaluation = Some(evaluation);
                ground.part = self.wish.part();
                Some(look.beside_the_flake()?)
            }
            (_, Inputs::Everything) => None,
            // A glob that fits nothing is a slip: it tells of no file, and so of no change.
            (_, Inputs::Globs(globs)) if !look.idle(globs).is_empty() => None,
            (work, Inputs::Globs(globs)) => {
                let repository = &self.context.repository;
                ground.programs = Some(programs(work, repository));
                if let (false, Some(session)) = (matches!(work, Work::Command(_)), self.session.get()) {
                    let Some(source) = session.key_now()? else { return Ok(None) };
                    ground.evaluation = Some(source);
                }
                let declared = look.identities(&|path| globs.iter().any(|glob| fits(glob, path)))?;
                declared.map(|files| Ok::<_, anyhow::Error>([files, named(work, repository)?].concat())).transpose()?
            }
        };
        Ok(files.map(|files| Ground { files, ..ground }))
    }

    /// Says which globs of a job of xtask.toml fit no file, for which it runs every time.
    fn warn_of_idle_globs(&self, job: &Job, look: &Look) {
        let (Inputs::Globs(globs), false) = (&job.inputs, job.work == Work::BuiltIn) else { return };
        let idle = look.idle(globs);
        if !idle.is_empty() {
            self.context.console.mark(report::Mark::Warning, &report::idle_globs(job.word(), &idle));
        }
    }
}

/// Whether `job` needs one of xtask.toml that is among those that `ran`.
fn needs_what_ran(job: &Job, ran: &[JobName]) -> bool {
    job.needs.iter().any(|need| matches!(need, JobName::Custom(_)) && ran.contains(need))
}

/// The files that the words of a command name, its program included, each with what it is.
fn named(work: &Work, repository: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let (Work::Command(words) | Work::Shell(words)) = work else { return Ok(Vec::new()) };
    // What a link leads to is what is read.
    let files = words.iter().filter_map(|word| repository.join(word).canonicalize().ok()).filter(|file| file.is_file());
    files
        .map(|file| {
            let identity = files::identity(&file).with_context(|| format!("read `{}`", file.display()))?;
            Ok((file, identity))
        })
        .collect()
}

/// What tells this program from another, or from itself when it is built again: the file, which nobody can change without a trace.
fn tool() -> Option<String> {
    let file = std::env::current_exe().ok()?;
    let told = file.metadata().ok()?;
    let (changed, nanoseconds) = (told.ctime(), told.ctime_nsec());
    Some(format!("{} {} {} {changed}.{nanoseconds}", told.dev(), told.ino(), told.len()))
}

/// Where a command that runs in `repository` finds its programs, and which its own program is.
fn programs(work: &Work, repository: &Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let Work::Command(words) = work else { return path };
    let program =
        words.first().and_then(|word| which::which_in(word, Some(&path), repository).ok()?.canonicalize().ok());
    let told = program.and_then(|file| {
        let told = file.metadata().ok()?;
        Some(format!("{} {} {}.{}", file.display(), told.len(), told.mtime(), told.mtime_nsec()))
    });
    format!("{path} {}", told.unwrap_or_default())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
