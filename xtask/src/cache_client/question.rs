//! One function per question to the client, with an answer of the kind that was asked for.
//!
//! All of them fail when the client cannot be had, ends without an answer, or says why there is none; see [`ask`].

use anyhow::{Result, bail};
use cache_protocol::{
    Answer, Event, Plan, PlanRequest, PresenceRequest, Presences, Probe, ProbeRequest, ProvisionRequest, Provisioned,
    PushRequest, Pushed, Request, SecretText, Verified, VerifyRequest,
};

use super::ask;
use crate::context::Context;

macro_rules! questions {
    ($($(#[$about:meta])* $function:ident: $kind:ident($request:ident) -> $answer:ident;)*) => {$(
        $(#[$about])*
        ///
        /// # Errors
        /// As all of these.
        pub fn $function(context: &Context, request: $request, telling: &mut dyn FnMut(&Event)) -> Result<$answer> {
            match ask(context, &Request::$kind(request), None, telling)? {
                Answer::$kind(answer) => Ok(answer),
                _ => bail!("the binary-cache client answered something else than `{}` asks for", stringify!($function)),
            }
        }
    )*};
}

questions! {
    /// What a push would do.
    plan: Plan(PlanRequest) -> Plan;
    /// What is in a cache of what is required.
    verify: Verify(VerifyRequest) -> Verified;
    /// Which substituter has which path.
    presence: Presence(PresenceRequest) -> Presences;
    /// What can be found out about caches without changing anything.
    probe: Probe(ProbeRequest) -> Probe;
    /// Creates a cache, or finds it created.
    provision: Provision(ProvisionRequest) -> Provisioned;
}

/// Pushes, and says what became of it; `later` is asked for the values that must not leave once something does, if the request promises them.
///
/// # Errors
/// As all of these, and when `later` fails.
pub fn push(
    context: &Context,
    request: PushRequest,
    later: &mut dyn FnMut() -> Result<Vec<SecretText>>,
    telling: &mut dyn FnMut(&Event),
) -> Result<Pushed> {
    match ask(context, &Request::Push(request), Some(later), telling)? {
        Answer::Push(answer) => Ok(answer),
        _ => bail!("the binary-cache client answered something else than `push` asks for"),
    }
}
