//! `push`: the plan, and then the upload of what it says.

use std::collections::HashMap;
use std::time::Instant;

use cache_protocol::{Compression, Decision, Event, Fault, PathInfo, Plan, PushRequest, Pushed};

use super::destination::Destination;
use super::{Asker, plan};
use crate::key_source;
use crate::scan::Scanner;
use crate::signature::SigningKey;
use crate::store::Store;
use crate::upload::{Outcome, Upload};

/// Pushes what the plan says.
///
/// # Errors
/// When there is no plan: the store or the cache cannot be asked, or the request makes no sense. What fails after that is part of the
/// answer.
pub fn push(request: &PushRequest, asker: Asker) -> Result<Pushed, Fault> {
    let started = Instant::now();
    let key = key_source::signing_key(&request.plan.cache)?;
    let scanner = Scanner::new(&request.scan, &|name| std::env::var(name).ok())?;
    let destination = Destination::open(&request.plan, asker.settings(Some(&request.limits)))?;
    let facts = plan::gather(&request.plan)?;
    let missing = plan::missing(&request.plan, &destination, &facts)?;
    let plan = plan::decide(&request.plan, &destination, &facts, &missing)?;
    let outcome = if plan.strict_faults.is_empty() {
        upload(request, &destination, &plan, &facts.infos, &Sealing { key: key.as_ref(), scanner: &scanner }, asker)?
    } else {
        Outcome::default()
    };
    let (pushed, not_pushed) = (outcome.pushed, outcome.not_pushed);
    Ok(Pushed { plan, pushed, not_pushed, seconds: started.elapsed().as_secs_f64() })
}

/// What every path passes before it leaves.
struct Sealing<'a> {
    key: Option<&'a SigningKey>,
    scanner: &'a Scanner,
}

fn upload(
    request: &PushRequest,
    destination: &Destination,
    plan: &Plan,
    infos: &[PathInfo],
    sealing: &Sealing,
    asker: Asker,
) -> Result<Outcome, Fault> {
    let by_path: HashMap<&str, &PathInfo> = infos.iter().map(|info| (info.path.as_str(), info)).collect();
    let pushed = plan.paths.iter().filter(|planned| planned.decision == Decision::Push);
    let paths: Vec<&PathInfo> = pushed.filter_map(|planned| by_path.get(planned.path.as_str()).copied()).collect();
    let bytes = paths.iter().map(|info| info.nar_size).sum();
    (asker.tell)(Event::Planned { paths: paths.len(), bytes });
    if paths.is_empty() {
        return Ok(Outcome::default());
    }
    let store = Store::new(&request.plan.store);
    let backend = match destination {
        Destination::Cache(backend) => &**backend,
        Destination::Delegated(store) => return store.push(&paths),
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
        observers: &|path| Box::new(sealing.scanner.watch(&path.path)),
        tell: &**asker.tell,
        stop: asker.stop,
    };
    Ok(upload.run())
}
