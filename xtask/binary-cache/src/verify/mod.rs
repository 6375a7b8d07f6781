//! Whether what is required is in a cache, with all that it refers to: signed by the key that users trust, each file there.
//!
//! Of the caches that users have besides, the narinfos and their signatures count; their files are their keepers' business.
//! A fault of a cache as a whole (unreachable, unauthorised, no such cache) ends everything as that one fault.

mod answer;
mod clock;
mod content;
mod inspect;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cache_protocol::{Cache, Event, Fault, FaultKind, Verified, VerifyFault, VerifyRequest};

use crate::backend::Backend;
use crate::narinfo::NarInfo;
use crate::store_path;
use crate::walk::walk;
pub use clock::{Clock, WallClock};
use content::Fetched;
use inspect::{Inspected, Place, Source};
pub use inspect::{is_about_the_cache, trust};

/// Between two looks at what is missing, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often a file that breaks off is fetched.
const FETCHES: u32 = 3;

/// What there is to say about each path that was seen; nothing as long as it is not known.
type Found = HashMap<String, Option<Inspected>>;

/// The caches of a request, opened: `upstream` in the order of the request.
pub struct Caches<'a> {
    /// The cache that is verified.
    pub cache: &'a dyn Backend,
    /// Those that users have besides, or why one could not be opened: Nix may know more addresses than are known here.
    pub upstream: &'a [Result<&'a dyn Backend, Fault>],
}

/// Who asks: is told what happens, may interrupt, and has the time.
#[derive(Clone, Copy)]
pub struct Listener<'a> {
    /// Is told what happens.
    pub tell: &'a (dyn Fn(Event) + Sync),
    /// Set when the user interrupts.
    pub stop: &'a AtomicBool,
    /// Has the time.
    pub clock: &'a dyn Clock,
}

/// Verifies what `request` asks.
///
/// # Errors
/// When the caches cannot be asked, or the request makes no sense.
pub fn verify(request: &VerifyRequest, caches: &Caches<'_>, listener: Listener<'_>) -> Result<Verified, Fault> {
    check(request)?;
    let greeting = caches.cache.greet()?;
    let shown = caches.cache.shown();
    if let Some(other) = greeting.store_dir.filter(|folder| *folder != request.store_folder) {
        let what = format!("`{shown}` is a cache for the store `{other}`, and not for `{}`", request.store_folder);
        return Err(Fault::new(FaultKind::Usage, what));
    }
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let unpacking = content::Places::new(2 * processors);
    let verification = Verification { request, caches, unpacking, listener, found: Mutex::default() };
    verification.walk_until_all_is_there()?;
    let found = verification.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(answer::answer(shown, &request.required, &found))
}

/// What can be said of a request without asking anybody.
fn check(request: &VerifyRequest) -> Result<(), Fault> {
    let usage = |what: String| Err(Fault::new(FaultKind::Usage, what));
    if request.required.is_empty() {
        return usage("no path is required, so that there is nothing to verify".to_owned());
    }
    let folder = request.store_folder.as_str();
    let inside = |path: &str| {
        path.rsplit_once('/').is_some_and(|(parent, _)| parent == folder) && store_path::base_name(path).is_some()
    };
    match request.required.iter().find(|required| !inside(&required.path)) {
        Some(stray) => usage(format!("`{}` of `{}` is no path of the store `{folder}`", stray.path, stray.name)),
        None => Ok(()),
    }
}

/// The narinfos of the caches, asked for the length of one walk.
struct Sources<'a> {
    cache: Source<'a>,
    upstream: Vec<Source<'a>>,
}

struct Verification<'a> {
    request: &'a VerifyRequest,
    caches: &'a Caches<'a>,
    unpacking: content::Places,
    listener: Listener<'a>,
    found: Mutex<Found>,
}

impl<'a> Verification<'a> {
    /// Walks; then again from what is missing, as long as nothing but time is missing and some of that is left.
    fn walk_until_all_is_there(&self) -> Result<(), Fault> {
        let end = self.listener.clock.now() + Duration::from_secs(self.request.wait);
        let mut open = self.claim(self.request.required.iter().map(|required| required.path.clone()));
        let mut pause = FIRST_PAUSE;
        loop {
            let walked = match self.walk(open) {
                Err(fault) if !may_pass(fault.kind) => return Err(fault),
                walked => walked,
            };
            open = self.open();
            let left = end.saturating_sub(self.listener.clock.now());
            let is_over = open.is_empty() || (walked.is_ok() && self.is_spoilt());
            if is_over || left.is_zero() {
                return walked;
            }
            // Half of it is certain: whoever waits for the same cache asks at other moments.
            let jittered = pause.mul_f64(0.5 + self.listener.clock.chance() / 2.0).min(left);
            (self.listener.tell)(match walked {
                Ok(()) => Event::Waiting { missing: open.len() },
                Err(fault) => retrying(fault, jittered),
            });
            self.listener.clock.sleep(jittered)?;
            pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
        }
    }

    fn walk(&self, open: Vec<String>) -> Result<(), Fault> {
        let upstream = self.caches.upstream.iter().zip(&self.request.upstream);
        let opened = |(opened, cache): (&Result<&'a dyn Backend, Fault>, &'a Cache)| {
            opened.as_ref().ok().map(|backend| Source::new(*backend, &cache.public_keys))
        };
        let sources = Sources {
            cache: Source::new(self.caches.cache, &self.request.cache.public_keys),
            upstream: upstream.filter_map(opened).collect(),
        };
        walk(open, self.request.in_flight, |path| {
            if self.listener.stop.load(Ordering::Relaxed) {
                return Err(Fault::new(FaultKind::Interrupted, "interrupted while verifying"));
            }
            let inspected = self.inspect(&sources, &path)?;
            let references = inspected.references.clone();
            self.found().insert(path, Some(inspected));
            Ok(self.claim(references))
        })
    }

    /// Asks the cache; what it does not have, the others in their order, as Nix does: one that is not trusted is passed over.
    fn inspect(&self, sources: &Sources<'_>, path: &str) -> Result<Inspected, Fault> {
        if let Some((mut inspected, narinfo)) = sources.cache.inspect(path, Place::Cache)? {
            if let Some(narinfo) = narinfo {
                self.inspect_file(&narinfo, &mut inspected)?;
            }
            return Ok(inspected);
        }
        let (mut wrong, mut unanswered) = (None, None);
        for source in &sources.upstream {
            match source.inspect(path, Place::Upstream) {
                Ok(None) => {}
                Ok(Some((inspected, _))) if inspected.faults.is_empty() => return Ok(inspected),
                Ok(Some((inspected, _))) => wrong = wrong.or(Some(inspected)),
                Err(fault) => unanswered = unanswered.or(Some(fault)),
            }
        }
        match (wrong, unanswered) {
            // It may be where nobody answers.
            (_, Some(fault)) => Err(fault),
            (Some(wrong), None) => Ok(wrong),
            // It may be in one that could not be opened, and nobody will know: that is said of this path, and ends nothing.
            (None, None) => match self.caches.upstream.iter().find_map(|opened| opened.as_ref().err()) {
                Some(fault) => Ok(Inspected::not_asked(fault)),
                None => Ok(Inspected::nowhere()),
            },
        }
    }

    fn inspect_file(&self, narinfo: &NarInfo, inspected: &mut Inspected) -> Result<(), Fault> {
        let cache = self.caches.cache;
        inspect::file(cache, narinfo, inspected)?;
        let is_there = |fault: &VerifyFault| {
            !matches!(fault, VerifyFault::NoFile(_) | VerifyFault::FileSize { .. } | VerifyFault::NotAsked(_))
        };
        if self.request.deep && inspected.faults.iter().all(is_there) {
            match self.unpacking.during(|| self.fetch(narinfo)) {
                Ok(fault) => inspected.faults.extend(fault),
                Err(fault) if inspect::is_about_the_cache(fault.kind) => return Err(fault),
                Err(fault) => inspected.faults.push(VerifyFault::NotAsked(fault)),
            }
        }
        Ok(())
    }

    /// Fetches a file and compares its content; again if it breaks off.
    fn fetch(&self, narinfo: &NarInfo) -> Result<Option<VerifyFault>, Fault> {
        let mut fetches = 1;
        loop {
            match content::check(self.caches.cache, narinfo)? {
                Fetched::Fits => return Ok(None),
                Fetched::Differs(fault) => return Ok(Some(fault)),
                Fetched::BrokeOff(fault) if fetches == FETCHES => return Ok(Some(VerifyFault::NotAsked(fault))),
                Fetched::BrokeOff(fault) => {
                    let pause = Duration::from_secs(1).mul_f64(f64::from(fetches) * self.listener.clock.chance());
                    (self.listener.tell)(retrying(fault, pause));
                    self.listener.clock.sleep(pause)?;
                    fetches += 1;
                }
            }
        }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of `paths` that nobody has asked about; the caller does.
    fn claim(&self, paths: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut found = self.found();
        let unclaimed = |path: &String| match found.entry(path.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(None);
                true
            }
            Entry::Occupied(_) => false,
        };
        paths.into_iter().filter(unclaimed).collect()
    }

    /// What is missing, or was not asked about in the end.
    fn open(&self) -> Vec<String> {
        let found = self.found();
        let open = found.iter().filter(|(_, inspected)| inspected.as_ref().is_none_or(Inspected::is_absent));
        open.map(|(path, _)| path.clone()).collect()
    }

    /// Whether something is wrong that time does not mend.
    fn is_spoilt(&self) -> bool {
        self.found().values().flatten().any(|inspected| !inspected.is_absent() && !inspected.faults.is_empty())
    }
}

/// Whether a fault may be over after a while.
fn may_pass(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Unreachable | FaultKind::Overloaded)
}

fn retrying(fault: Fault, pause: Duration) -> Event {
    Event::Retrying { fault, milliseconds: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) }
}
