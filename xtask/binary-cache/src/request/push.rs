//! `push`: the plan, and then the upload of what it says.

use std::collections::HashMap;
use std::time::Instant;

use cache_protocol::{Compression, Decision, Event, Fault, PathInfo, Plan, PushRequest, Pushed};

use super::{Asker, plan};
use crate::backend::Backend;
use crate::backend::open::to_push;
use crate::key_source;
use crate::pack::Unobserved;
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
    let backend = to_push(&request.plan.cache, asker.settings(Some(&request.limits)))?;
    let facts = plan::gather(&request.plan)?;
    let missing = plan::missing(&*backend, &request.plan, &facts)?;
    let plan = plan::decide(&request.plan, &*backend, &facts, &missing)?;
    let outcome = if plan.strict_faults.is_empty() {
        upload(request, &*backend, &plan, &facts.infos, key.as_ref(), asker)?
    } else {
        Outcome::default()
    };
    let (pushed, not_pushed) = (outcome.pushed, outcome.not_pushed);
    Ok(Pushed { plan, pushed, not_pushed, seconds: started.elapsed().as_secs_f64() })
}

fn upload(
    request: &PushRequest,
    backend: &dyn Backend,
    plan: &Plan,
    infos: &[PathInfo],
    key: Option<&SigningKey>,
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
    backend.prepare(&store.folder())?;
    let compression = request.compression.or(backend.greet()?.compression).unwrap_or(Compression::Zstd);
    let upload = Upload {
        backend,
        store,
        paths,
        compression,
        limits: request.limits,
        key,
        observers: &|_| Box::new(Unobserved),
        tell: &**asker.tell,
        stop: asker.stop,
    };
    Ok(upload.run())
}
