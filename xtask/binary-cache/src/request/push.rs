//! `push`: the plan, and then the upload of what it says.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Instant;

use cache_protocol::{
    Compression, Decision, Event, Fault, FaultKind, PathInfo, Plan, PlannedPath, PushRequest, Pushed, PushedPath,
};

use super::destination::Destination;
use super::plan::StoreFacts;
use super::{Asker, plan};
use crate::delegated::Consignment;
use crate::key_source;
use crate::pack::Observer;
use crate::scan::{Scanner, Sought};
use crate::signature::SigningKey;
use crate::store::Store;
use crate::store_path;
use crate::upload::{Outcome, Upload};

/// Pushes what the plan says.
///
/// # Errors
/// When there is no plan: the store or the cache cannot be asked, or the request makes no sense. What fails after that is part of the
/// answer.
pub fn push(request: &PushRequest, asker: Asker) -> Result<Pushed, Fault> {
    let started = Instant::now();
    let key = key_source::signing_key(&request.plan.cache)?;
    let sought = Sought::read(&request.scan, &|name| std::env::var(name).ok())?;
    let destination = Destination::open(&request.plan, asker.settings(Some(&request.limits)))?;
    let gathered = plan::gather(&request.plan)?;
    let pusher =
        Pusher { request, destination: &destination, sealing: Sealing { key: key.as_ref(), sought: &sought }, asker };
    let (mut plan, mut outcome) = pusher.push(&gathered.facts, &[])?;
    // What is kept may be wrong, and would be each time: whoever finds the store otherwise asks it, once.
    if gathered.is_kept && contradicts(&outcome) && !asker.stop.load(Ordering::Relaxed) {
        pusher.push_what_is_there(&gathered.facts, &mut plan, &mut outcome);
    }
    let (pushed, not_pushed) = (outcome.pushed, outcome.not_pushed);
    let unscanned = sought.short().to_vec();
    Ok(Pushed { plan, pushed, not_pushed, unscanned, seconds: started.elapsed().as_secs_f64() })
}

/// Whether something in the store is not what was said of it.
fn contradicts(outcome: &Outcome) -> bool {
    outcome.not_pushed.iter().any(|path| path.because_of.is_none() && path.fault.kind == FaultKind::Local)
}

/// Pushes what follows from what the store says.
struct Pusher<'a> {
    request: &'a PushRequest,
    destination: &'a Destination<'a>,
    sealing: Sealing<'a>,
    asker: Asker<'a>,
}

impl Pusher<'_> {
    /// Pushes what follows from `facts`, but for what was pushed before, which counts as if it were missing still.
    fn push(&self, facts: &StoreFacts, before: &[PushedPath]) -> Result<(Plan, Outcome), Fault> {
        let mut missing = plan::missing(&self.request.plan, self.destination, facts)?;
        missing.extend(before.iter().filter_map(|pushed| store_path::hash(&pushed.path)).map(str::to_owned));
        let plan = plan::decide(&self.request.plan, self.destination, facts, &missing)?;
        if !plan.strict_faults.is_empty() {
            return Ok((plan, Outcome::default()));
        }
        let goods = Goods { plan: &plan, infos: &facts.infos, missing: &missing, before };
        let outcome = upload(self.request, self.destination, &goods, &self.sealing, self.asker)?;
        Ok((plan, outcome))
    }

    /// Asks the store anew, and pushes what follows from that if it is something else than `kept`, to which `plan` and `outcome` are.
    fn push_what_is_there(&self, kept: &StoreFacts, plan: &mut Plan, outcome: &mut Outcome) {
        let facts = match plan::gather_anew(&self.request.plan) {
            Ok(facts) if facts == *kept => return,
            Ok(facts) => facts,
            Err(fault) => {
                // That something is not in the store any more says more than that its files are gone.
                let altered = outcome.not_pushed.iter_mut().filter(|path| path.fault.kind == FaultKind::Local);
                altered.for_each(|path| path.fault = fault.clone());
                return;
            }
        };
        // Where the cache cannot be asked any more, what became of the first attempt is all that there is.
        if let Ok((again, second)) = self.push(&facts, &outcome.pushed) {
            *plan = again;
            outcome.not_pushed = second.not_pushed;
            outcome.pushed.extend(second.pushed);
        }
    }
}

/// What every path passes before it leaves.
struct Sealing<'a> {
    key: Option<&'a SigningKey>,
    sought: &'a Sought,
}

/// What there is to push.
struct Goods<'a> {
    plan: &'a Plan,
    infos: &'a [PathInfo],
    /// By hash, what the destination lacked in the beginning.
    missing: &'a HashSet<String>,
    /// What was pushed since.
    before: &'a [PushedPath],
}

fn upload(
    request: &PushRequest,
    destination: &Destination,
    goods: &Goods,
    sealing: &Sealing,
    asker: Asker,
) -> Result<Outcome, Fault> {
    let by_path: HashMap<&str, &PathInfo> = goods.infos.iter().map(|info| (info.path.as_str(), info)).collect();
    let pushed = goods.plan.paths.iter().filter(|planned| planned.decision == Decision::Push);
    let mut paths: Vec<&PathInfo> = pushed.filter_map(|planned| by_path.get(planned.path.as_str()).copied()).collect();
    let bytes = paths.iter().map(|info| info.nar_size).sum();
    (asker.tell)(Event::Planned { paths: paths.len(), bytes });
    let before: HashSet<&str> = goods.before.iter().map(|pushed| pushed.path.as_str()).collect();
    paths.retain(|info| !before.contains(info.path.as_str()));
    let store = Store::new(&request.plan.store);
    if paths.is_empty() {
        // Whoever was killed after its last path left its folder behind all the same: who begins to stage takes that away.
        if let Destination::Cache(backend) = destination
            && backend.is_local()
            && backend.greet()?.exists
        {
            backend.staging();
        }
        return Ok(Outcome::default());
    }
    let scanner = Scanner::new(sealing.sought);
    let observers = |info: &PathInfo| -> Box<dyn Observer> { Box::new(scanner.watch(&info.path)) };
    let backend = match destination {
        Destination::Cache(backend) => &**backend,
        Destination::Delegated(delegated) => {
            let public = |planned: &&PlannedPath| matches!(planned.decision, Decision::Upstream(_));
            let public: HashSet<&str> = goods.plan.paths.iter().filter(public).map(|it| it.path.as_str()).collect();
            let lacks = |info: &PathInfo| store_path::hash(&info.path).is_none_or(|hash| goods.missing.contains(hash));
            let consignment = Consignment {
                paths,
                infos: goods.infos,
                may_go_unseen: &|info| public.contains(info.path.as_str()) || !lacks(info),
                key: request.plan.cache.signing_key.as_ref(),
                packers: request.limits.packers,
                observers: &observers,
                stop: asker.stop,
            };
            return delegated.push(&consignment);
        }
    };
    backend.prepare(&store.folder())?;
    let compression = request.compression.or(backend.greet()?.compression).unwrap_or(Compression::Zstd);
    let upload = Upload {
        backend,
        store,
        paths,
        compression,
        limits: request.limits,
        key: sealing.key,
        observers: &observers,
        tell: &**asker.tell,
        stop: asker.stop,
    };
    Ok(upload.run())
}
