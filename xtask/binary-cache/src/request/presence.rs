//! `presence`: the substituters opened, and which of them has what.

use std::time::Duration;

use cache_protocol::{Fault, PresenceRequest, Presences};

use super::Asker;
use crate::backend::Backend;
use crate::backend::open::open;
use crate::presence;
use crate::transport::Settings;

/// Which substituter has which path. One that cannot be opened is part of the answer.
///
/// # Errors
/// When the request makes no sense.
pub fn presence(request: &PresenceRequest, asker: Asker) -> Result<Presences, Fault> {
    // A build may wait for this, and goes on without a substituter that does not answer.
    let settings = Settings { patience: Duration::from_millis(request.patience), ..asker.settings(None) };
    let opened: Vec<Result<Box<dyn Backend>, Fault>> =
        request.substituters.iter().map(|cache| open(cache, settings.clone())).collect();
    let opened: Vec<Result<&dyn Backend, Fault>> =
        opened.iter().map(|opened| opened.as_ref().map(|backend| &**backend).map_err(Clone::clone)).collect();
    presence::presence(request, &opened)
}
