//! The client: connections that are kept, timeouts that tell a stalled server from a slow one, redirects, and retries.

use std::io::Read;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use cache_protocol::{Fault, FaultKind};
use ureq::http::{Method, StatusCode};
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector as _, DefaultConnector};
use ureq::{Agent, SendBody};
use url::Url;

use super::answer::{self, Answer};
use super::early::EarlyAnswers;
use super::request::{Request, Watched};
use super::retry::{self, Failure, Hope, Patience, Retrying};
use super::{authorization::Authorization, certificates};

/// The largest answer that is read into memory: a list of narinfos, or what the server says about a fault.
const LARGEST_ANSWER: u64 = 64 << 20;
/// How often a server may send us elsewhere.
const REDIRECTS: usize = 5;
/// Bodies from this size on are sent only after the server agreed to the headers: a round trip more, against a NAR in vain.
const ASKED_BEFORE: u64 = 1 << 20;

/// How to go about it.
#[derive(Clone)]
pub struct Settings {
    /// How long all waits of one request may take together, with the time in which nothing moved.
    pub patience: Duration,
    /// How often a request is tried at least, however soon the patience ends.
    pub tries: u32,
    /// The longest first wait before a retry; it doubles from then on, up to 15 s.
    pub backoff: Duration,
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long a connection may stand still; a body that makes progress may take as long as it needs.
    pub idle: Duration,
    /// Requests in flight, where the client itself sends many.
    pub in_flight: usize,
    /// Who is told of each retry.
    pub retrying: Retrying,
    /// Set when the user interrupts: nothing is tried again then.
    pub stop: Arc<AtomicBool>,
}

impl Settings {
    /// The usual ones, with so much patience, requests in flight and somebody to tell of retries.
    #[must_use]
    pub fn new(patience: Duration, in_flight: usize, retrying: Retrying) -> Self {
        Self {
            patience,
            tries: 3,
            backoff: Duration::from_secs(1),
            connect: Duration::from_secs(15),
            // Well below the patience of a push: what stands still is tried again.
            idle: Duration::from_secs(30),
            in_flight,
            retrying,
            stop: Arc::default(),
        }
    }
}

/// Sends requests; one for all threads.
pub struct Client {
    settings: Settings,
    /// Whether a request used up its patience, and none was answered since.
    lost: AtomicBool,
    plain: Agent,
    /// Certificates take milliseconds to read, which only those pay who need them.
    secure: OnceLock<Result<Agent, Fault>>,
}

impl Client {
    /// A client.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let plain = agent(&settings, TlsConfig::default());
        Self { settings, lost: AtomicBool::new(false), plain, secure: OnceLock::new() }
    }

    /// How it goes about it.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sends `request` and reads the whole answer, whatever its status; what may pass is tried again.
    ///
    /// # Errors
    /// When no answer comes, or only such as may pass, until there is no patience left.
    pub fn ask(&self, request: &Request) -> Result<Answer<Vec<u8>>, Fault> {
        self.patience().persist(|| {
            let answer = self.attempt(request)?;
            let mut body = Vec::new();
            answer.body.take(LARGEST_ANSWER).read_to_end(&mut body).map_err(|error| {
                Failure::passing(unreachable(request, &format!("the answer broke off: {}", broken(&error))))
            })?;
            let passing = request.passing.is_some_and(|passing| passing(answer.status.as_u16(), &body));
            let answer =
                Answer { body, status: answer.status, headers: answer.headers, what: answer.what, hint: answer.hint };
            if passing {
                return Err(Failure::passing(Fault::new(FaultKind::Overloaded, answer.fault(&answer.text()).what)));
            }
            Ok(answer)
        })
    }

    /// Sends `request` and hands the body on as it comes; what may pass is tried again, until a body begins.
    ///
    /// # Errors
    /// When no answer comes, or only such as may pass, until there is no patience left.
    pub fn stream(&self, request: &Request) -> Result<Answer<Box<dyn Read + Send>>, Fault> {
        self.patience().persist(|| self.attempt(request))
    }

    fn patience(&self) -> Patience<'_> {
        Patience {
            total: self.settings.patience,
            idle: self.settings.idle,
            tries: self.settings.tries,
            base: self.settings.backoff,
            retrying: &self.settings.retrying,
            stop: &self.settings.stop,
            lost: &self.lost,
        }
    }

    /// One try, redirects included.
    fn attempt(&self, request: &Request) -> Result<Answer<Box<dyn Read + Send>>, Failure> {
        let mut url = request.url.clone();
        for _ in 0..REDIRECTS {
            let answer = self.send(request, &url)?;
            let Some(next) = redirected(&request.method, &url, &answer) else { return judged(answer) };
            url = next.map_err(Failure::last)?;
        }
        Err(Failure::last(Fault::new(
            FaultKind::Refused,
            format!("{}: sent elsewhere more than {REDIRECTS} times", request.what),
        )))
    }

    /// One request to one URL.
    fn send(&self, request: &Request, url: &Url) -> Result<Answer<Box<dyn Read + Send>>, Failure> {
        let mut message = ureq::http::Request::builder().method(request.method.clone()).uri(url.as_str());
        for (name, value) in &request.headers {
            message = message.header(*name, value);
        }
        // Credentials are for the host that they were found for, and for no other that it names.
        let ours = url.origin() == request.url.origin();
        if let Some(value) = request.authorization.filter(|_| ours).and_then(Authorization::header) {
            message = message.header("authorization", value);
        }
        let unfit = |_| {
            Failure::last(Fault::new(FaultKind::Usage, format!("{}: it cannot be put into a request", request.what)))
        };
        let agent = self.agent(url).map_err(Failure::last)?;
        let response = match request.body {
            None => agent.run(message.body(()).map_err(unfit)?),
            Some(body) => {
                let local = |why: &str| {
                    Failure::last(Fault::new(FaultKind::Local, format!("{}: read what is sent: {why}", request.what)))
                };
                let mut watched = Watched::open(body).map_err(|error| local(&error.to_string()))?;
                message = message.header("content-length", body.size());
                if body.size() >= ASKED_BEFORE {
                    message = message.header("expect", "100-continue");
                }
                let sent = agent.run(message.body(SendBody::from_reader(&mut watched)).map_err(unfit)?);
                if let Some(why) = &watched.fault {
                    return Err(local(why));
                }
                sent
            }
        };
        let response = response.map_err(|error| failure(request, &error))?;
        let (parts, body) = response.into_parts();
        let hint = request.authorization.map_or_else(String::new, Authorization::hint);
        let body: Box<dyn Read + Send> = Box::new(body.into_with_config().limit(u64::MAX).reader());
        Ok(Answer { status: parts.status, headers: parts.headers, body, what: request.what.clone(), hint })
    }

    fn agent(&self, url: &Url) -> Result<&Agent, Fault> {
        if url.scheme() != "https" {
            return Ok(&self.plain);
        }
        let secure = self.secure.get_or_init(|| {
            let roots = certificates::roots()?;
            Ok(agent(&self.settings, TlsConfig::builder().root_certs(roots).build()))
        });
        secure.as_ref().map_err(Clone::clone)
    }
}

fn agent(settings: &Settings, tls: TlsConfig) -> Agent {
    let kept = settings.in_flight.max(128);
    let config = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("xtask-binary-cache/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(settings.connect))
        .timeout_resolve(Some(settings.connect))
        .timeout_per_read(Some(settings.idle))
        .timeout_per_write(Some(settings.idle))
        .max_idle_connections(kept)
        .max_idle_connections_per_host(kept)
        .build();
    Agent::with_parts(config, DefaultConnector::new().chain(EarlyAnswers), DefaultResolver::default())
}

/// The answer, unless its status may pass.
fn judged(answer: Answer<Box<dyn Read + Send>>) -> Result<Answer<Box<dyn Read + Send>>, Failure> {
    if !answer::is_passing(answer.status()) {
        return Ok(answer);
    }
    let fault = answer.fault("");
    let header = answer.header("retry-after").map(str::to_owned);
    let mut body = Vec::new();
    // What cannot be read of it says nothing about when to come back.
    let body = answer.body.take(LARGEST_ANSWER).read_to_end(&mut body).map_or(&[][..], |_| &body);
    let hope = retry::asked(header.as_deref(), body, SystemTime::now()).map_or(Hope::Later, Hope::After);
    Err(Failure { fault, hope })
}

/// Where the server sends this request to, if it does.
fn redirected<B>(method: &Method, url: &Url, answer: &Answer<B>) -> Option<Result<Url, Fault>> {
    let reads = *method == Method::GET || *method == Method::HEAD;
    let moved = match answer.status {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        // With these, browsers turn whatever was sent into a GET: a NAR would be lost and nobody told.
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => reads,
        _ => false,
    };
    let next = url.join(answer.header("location").filter(|_| moved)?);
    Some(match next {
        Ok(next) if matches!(next.scheme(), "http" | "https") => Ok(next),
        _ => Err(answer.fault("it leads nowhere")),
    })
}

fn unreachable(request: &Request, why: &str) -> Fault {
    Fault::new(
        FaultKind::Unreachable,
        format!("{}: {}: {why}", request.what, request.url.origin().ascii_serialization()),
    )
}

/// Why a body broke off.
fn broken(error: &std::io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        Some(ureq::Error::Timeout(_)) => "it stands still".to_owned(),
        _ => error.to_string(),
    }
}

/// What became of a request without an answer. Nothing of the URL is repeated: it may hold a signature.
fn failure(request: &Request, error: &ureq::Error) -> Failure {
    use ureq::Error;
    let passing = |why: &str| Failure::passing(unreachable(request, why));
    let last = |why: &str| Failure::last(unreachable(request, why));
    match error {
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(inner) => failure(request, inner),
            None => passing(&error.to_string()),
        },
        Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => passing("no connection came about in time"),
        Error::Timeout(_) => passing("it stands still"),
        Error::HostNotFound => passing("no such host"),
        Error::ConnectionFailed => passing("no connection came about"),
        Error::Rustls(error) => last(&format!("TLS: {error}")),
        Error::Tls(error) => last(&format!("TLS: {error}")),
        Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => last("the proxy does not let through"),
        Error::Protocol(error) => passing(&format!("what it answers is no HTTP: {error}")),
        Error::LargeResponseHeader(..) => last("the headers of its answer are too long"),
        _ => last("the request cannot be sent"),
    }
}
