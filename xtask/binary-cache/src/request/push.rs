//! `push`: the plan, and then the upload of what it says.

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::time::Instant;

use cache_protocol::{
    Compression, Decision, Event, Fault, FaultKind, PathInfo, Plan, PlannedPath, PushRequest, Pushed, SecretText,
};

use super::destination::Destination;
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
    let mut sought = Sought::read(&request.scan, &|name| std::env::var(name).ok())?;
    let destination = Destination::open(&request.plan, asker.settings(Some(&request.limits)))?;
    let facts = plan::gather(&request.plan)?;
    let missing = plan::missing(&request.plan, &destination, &facts)?;
    let plan = plan::decide(&request.plan, &destination, &facts, &missing)?;
    let outcome = if plan.strict_faults.is_empty() {
        // To open what holds them takes longer than a push with nothing to do.
        if request.scan.later && plan.paths.iter().any(|path| path.decision == Decision::Push) {
            (asker.tell)(Event::ValuesWanted);
            sought.add(&later(&mut std::io::stdin().lock())?);
        }
        let sealing = Sealing { key: key.as_ref(), sought: &sought };
        let goods = Goods { plan: &plan, infos: &facts.infos, missing: &missing };
        upload(request, &destination, &goods, &sealing, asker)?
    } else {
        Outcome::default()
    };
    let (pushed, not_pushed) = (outcome.pushed, outcome.not_pushed);
    let unscanned = sought.short().to_vec();
    Ok(Pushed { plan, pushed, not_pushed, unscanned, seconds: started.elapsed().as_secs_f64() })
}

/// The values that are named later.
fn later(input: &mut dyn BufRead) -> Result<Vec<SecretText>, Fault> {
    let mut line = Vec::new();
    let read = input.read_until(b'\n', &mut line);
    // What the line is must not be told, not even in parts.
    read.ok().and_then(|_| serde_json::from_slice(&line).ok()).ok_or_else(|| {
        Fault::new(
            FaultKind::Usage,
            "nothing is pushed: the values that must not leave were promised, and did not come",
        )
    })
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
    /// By hash, what the destination lacks.
    missing: &'a HashSet<String>,
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
    let paths: Vec<&PathInfo> = pushed.filter_map(|planned| by_path.get(planned.path.as_str()).copied()).collect();
    let bytes = paths.iter().map(|info| info.nar_size).sum();
    (asker.tell)(Event::Planned { paths: paths.len(), bytes });
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
