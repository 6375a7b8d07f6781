//! What the client does with servers that make trouble, and what it tells.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant, SystemTime};

use binary_cache::transport::{Authorization, Bytes, Client, Login, Method, Request, Secret, Url};
use cache_protocol::FaultKind;

use crate::servers::faulty::{Faulty, Trouble};
use crate::settings;

const SECRET: &str = "hunter2-of-transport";

fn fine() -> Trouble {
    Trouble::Answer(200, Vec::new(), "fine")
}

/// Puts a body to a server that makes `trouble` for the first `times` requests; what came of it, retries and requests.
fn put(trouble: Trouble, times: usize, patience: u64) -> (Result<String, (FaultKind, String)>, usize, usize) {
    let server = Faulty::alone(move |count, _| if count < times { trouble.clone() } else { fine() });
    let (settings, told) = settings(Duration::from_millis(patience));
    let client = Client::new(settings);
    let url = Url::parse(&server.url(&format!("/x?signature={SECRET}"))).unwrap();
    let authorization = Authorization::Bearer(Secret::new(SECRET), "TOKEN".to_owned());
    let body = Bytes(b"what is sent");
    let request = Request::new(Method::PUT, url, "put x").authorized(&authorization).body(&body);
    let result = client.ask(&request).and_then(|answer| answer.success());
    let told = told.lock().unwrap();
    let shown = format!("{request:?} {result:?} {told:?}");
    assert!(!shown.contains(SECRET), "{shown}");
    let result = result.map(|answer| answer.text().into_owned()).map_err(|fault| (fault.kind, fault.what));
    (result, told.len(), server.seen().len())
}

#[test]
fn what_passes_is_tried_again() {
    let check = |trouble: Trouble| {
        let (result, told, seen) = put(trouble.clone(), 2, 10_000);
        assert_eq!((result, told, seen), (Ok("fine".to_owned()), 2, 3), "{trouble:?}");
    };
    check(Trouble::Answer(429, Vec::new(), ""));
    check(Trouble::Answer(429, vec![("Retry-After", "0".to_owned())], ""));
    check(Trouble::Answer(500, Vec::new(), "oops"));
    check(Trouble::Answer(502, Vec::new(), ""));
    check(Trouble::Answer(503, Vec::new(), ""));
    check(Trouble::Reset);
    check(Trouble::Stalled(Duration::from_millis(700)));
}

#[test]
fn what_does_not_pass_is_a_fault_by_its_kind() {
    let check =
        |trouble: Trouble, times: usize, patience: u64, kind: FaultKind, expected: &str, tries: Option<usize>| {
            let (result, told, seen) = put(trouble.clone(), times, patience);
            let (found, what) = result.unwrap_err();
            assert!(found == kind && what.starts_with(expected), "{trouble:?}: {found:?} {what}");
            assert_eq!(seen, told + 1, "{trouble:?}");
            assert!(tries.is_none_or(|tries| tries == seen), "{trouble:?}: {seen}");
        };
    let answer = |status| Trouble::Answer(status, Vec::new(), "");
    check(answer(400), 9, 5000, FaultKind::Refused, "put x: 400 Bad Request", Some(1));
    check(
        answer(401),
        9,
        5000,
        FaultKind::Unauthorised,
        "put x: 401 Unauthorized, with the token that was sent: put one that may do this into `TOKEN`",
        Some(1),
    );
    check(answer(403), 9, 5000, FaultKind::Unauthorised, "put x: 403 Forbidden", Some(1));
    check(answer(404), 9, 5000, FaultKind::Missing, "put x: 404 Not Found", Some(1));
    check(answer(413), 9, 5000, FaultKind::Full, "put x: 413", Some(1));
    check(answer(507), 9, 5000, FaultKind::Full, "put x: 507 Insufficient Storage", Some(1));
    check(answer(503), 999, 100, FaultKind::Overloaded, "put x: 503 Service Unavailable (tried ", None);
    check(Trouble::Reset, 999, 100, FaultKind::Unreachable, "put x: http://127.0.0.1:", None);
    check(
        Trouble::Stalled(Duration::from_secs(2)),
        9,
        100,
        FaultKind::Unreachable,
        "put x: http://127.0.0.1:",
        Some(3),
    );
    // In the middle: the first try is too much, the second not let in.
    let server = Faulty::alone(move |count, _| answer(if count == 0 { 429 } else { 401 }));
    let client = Client::new(settings(Duration::from_secs(5)).0);
    let request = Request::new(Method::GET, Url::parse(&server.url("/x")).unwrap(), "get x");
    assert_eq!(client.ask(&request).unwrap().success().unwrap_err().kind, FaultKind::Unauthorised);
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn waits_as_long_as_the_server_asks() {
    let check = |headers: Vec<(&'static str, String)>, body: &'static str| {
        let begun = Instant::now();
        let (result, told, _) = put(Trouble::Answer(429, headers.clone(), body), 1, 10_000);
        let waited = begun.elapsed();
        assert_eq!((result, told), (Ok("fine".to_owned()), 1));
        assert!((900..2500).contains(&waited.as_millis()), "{headers:?} {waited:?}");
    };
    check(vec![("Retry-After", "1".to_owned())], "");
    check(vec![], "{\"retry_after\": 1}");
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(4));
    let begun = Instant::now();
    let (result, _, _) = put(Trouble::Answer(503, vec![("Retry-After", date)], ""), 1, 10_000);
    assert_eq!(result, Ok("fine".to_owned()));
    assert!(begun.elapsed() > Duration::from_millis(1500), "{:?}", begun.elapsed());
    let (result, told, _) = put(Trouble::Answer(429, vec![("Retry-After", "3600".to_owned())], ""), 1, 2000);
    let fault = (FaultKind::Overloaded, "put x: 429 Too Many Requests; it asks to come back in 3600 s".to_owned());
    assert_eq!((result, told), (Err(fault), 0));
}

#[test]
fn who_is_interrupted_asks_no_more() {
    let server = Faulty::alone(|_, _| Trouble::Answer(429, vec![("Retry-After", "5".to_owned())], ""));
    let (settings, _) = settings(Duration::from_secs(20));
    settings.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let request = Request::new(Method::GET, Url::parse(&server.url("/x")).unwrap(), "get x");
    let fault = Client::new(settings).ask(&request).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Interrupted, "{fault}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn nobody_there_is_unreachable() {
    let check = |url: &str, expected: &str| {
        let client = Client::new(settings(Duration::from_millis(50)).0);
        let fault = client.ask(&Request::new(Method::GET, Url::parse(url).unwrap(), "get x")).unwrap_err();
        assert!(fault.kind == FaultKind::Unreachable && fault.what.contains(expected), "{fault}");
    };
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    // Where a connection goes out, nobody listens, and nobody else is let to.
    let outgoing = TcpStream::connect(open.local_addr().unwrap()).unwrap();
    let closed = outgoing.local_addr().unwrap();
    check(&format!("http://{closed}/"), "refused");
    check("http://no-such-host.invalid/", "get x: http://no-such-host.invalid: ");
    let garbage = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = garbage.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut client in garbage.incoming().map_while(Result::ok) {
            drop(std::io::Write::write_all(&mut client, b"SSH-2.0-OpenSSH_9.2\r\n\r\n"));
        }
    });
    check(&format!("http://{address}/"), "get x: ");
    check(&format!("https://{address}/"), "get x: ");
}

/// Reads a stream from a server that makes `trouble` with every answer.
fn stream(trouble: Trouble) -> Result<String, String> {
    let upstream = Faulty::alone(|_, _| Trouble::Answer(200, Vec::new(), "0123456789"));
    let server = Faulty::before(upstream.address, move |_, _| Some(trouble.clone()));
    let client = Client::new(settings(Duration::from_secs(5)).0);
    let answer = client.stream(&Request::new(Method::GET, Url::parse(&server.url("/x")).unwrap(), "get x"));
    let mut text = String::new();
    match answer.unwrap().body.read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn bodies_that_are_slow_are_read_and_bodies_that_break_off_are_not_taken_for_whole() {
    // Longer than the time that a connection may stand still, and never standing still that long.
    assert_eq!(stream(Trouble::Slow(Duration::from_millis(80))), Ok("0123456789".to_owned()));
    assert!(stream(Trouble::Truncated(4)).is_err());
    assert!(stream(Trouble::Slow(Duration::from_secs(1))).is_err());
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again() {
    let upstream = Faulty::alone(|_, _| Trouble::Answer(200, Vec::new(), "0123456789"));
    let server = Faulty::before(upstream.address, |count, _| (count < 2).then_some(Trouble::Truncated(4)));
    let (settings, told) = settings(Duration::from_secs(5));
    let request = Request::new(Method::GET, Url::parse(&server.url("/x")).unwrap(), "get x");
    assert_eq!(Client::new(settings).ask(&request).unwrap().text(), "0123456789");
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2);
    assert!(told[0].0.what.contains("the answer broke off"), "{:?}", told[0]);
}

#[test]
fn a_refusal_before_a_large_body_is_heard() {
    let server = Faulty::alone(|_, _| Trouble::Early(413));
    let client = Client::new(settings(Duration::from_millis(50)).0);
    let bytes = vec![0; 8 << 20];
    let body = Bytes(&bytes);
    let request = Request::new(Method::PUT, Url::parse(&server.url("/x")).unwrap(), "put x").body(&body);
    let fault = client.ask(&request).unwrap().success().unwrap_err();
    assert_eq!((fault.kind, fault.what.as_str()), (FaultKind::Full, "put x: 413 Payload Too Large"));
}

#[test]
fn connections_are_kept() {
    let ports = std::sync::Arc::new(std::sync::Mutex::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (count, server) = (ports.clone(), Faulty::alone(|_, _| fine()));
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            *count.lock().unwrap() += 1;
            let mut upstream = TcpStream::connect(server.address).unwrap();
            let (mut back, mut forth) = (client.try_clone().unwrap(), upstream.try_clone().unwrap());
            std::thread::spawn(move || drop(std::io::copy(&mut client, &mut forth)));
            std::thread::spawn(move || drop(std::io::copy(&mut upstream, &mut back)));
        }
    });
    let client = Client::new(settings(Duration::from_secs(5)).0);
    for _ in 0..20 {
        let url = Url::parse(&format!("http://{address}/x")).unwrap();
        client.ask(&Request::new(Method::GET, url, "get x")).unwrap().success().unwrap();
    }
    assert_eq!(*ports.lock().unwrap(), 1);
}

#[test]
fn credentials_do_not_follow_to_another_host() {
    let other = Faulty::alone(|_, _| fine());
    let elsewhere = other.url("/y");
    let server = Faulty::alone(move |_, seen| match seen.target.as_str() {
        "/away" => Trouble::Answer(307, vec![("Location", elsewhere.clone())], ""),
        "/here" => Trouble::Answer(302, vec![("Location", "/end".to_owned())], ""),
        "/round" => Trouble::Answer(302, vec![("Location", "/round".to_owned())], ""),
        "/file" => Trouble::Answer(302, vec![("Location", "file:///etc/passwd".to_owned())], ""),
        _ => fine(),
    });
    let login = Login { name: "me".to_owned(), password: Secret::new(SECRET) };
    let authorization = Authorization::Basic(login, "netrc".to_owned());
    let client = Client::new(settings(Duration::from_secs(5)).0);
    let body = Bytes(b"x");
    let ask = |method: Method, path: &str| {
        let request =
            Request::new(method.clone(), Url::parse(&server.url(path)).unwrap(), "ask").authorized(&authorization);
        client
            .ask(&if method == Method::PUT { request.body(&body) } else { request })
            .and_then(|answer| answer.success())
    };
    for method in [Method::GET, Method::PUT] {
        ask(method, "/away").unwrap();
    }
    assert_eq!(other.seen().len(), 2);
    assert!(other.seen().iter().all(|seen| seen.header("authorization").is_none()));
    ask(Method::GET, "/here").unwrap();
    assert!(server.seen().iter().all(|seen| seen.header("authorization").is_some()));
    assert_eq!(ask(Method::PUT, "/here").unwrap_err().what, "ask: 302 Found");
    assert_eq!(ask(Method::GET, "/round").unwrap_err().what, "ask: sent elsewhere more than 5 times");
    assert_eq!(ask(Method::GET, "/file").unwrap_err().what, "ask: 302 Found: it leads nowhere");
}
