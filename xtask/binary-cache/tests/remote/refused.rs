//! Tokens, logins and keys that are refused from the middle of a push on: what was pushed stays whole, and who reads of it learns
//! what to mend.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use cache_protocol::{Answer, FaultKind, Request, Token};

use crate::sandbox::cache_folder::whole;
use crate::servers::faulty::{Faulty, Trouble};
use crate::servers::s3::SECRET;
use crate::troubled::{PATHS, Place, Server};

/// A token, and the password of a login.
const PASSWORD: &str = "hunter2-of-the-middle";
/// Puts that pass: all files, `nix-cache-info`, and some narinfos.
const PASSING: usize = 85;

#[test]
fn who_is_refused_in_the_middle_leaves_a_whole_cache_behind_a_network() {
    let mut place = Place::new();
    place.sandbox.set("HTTP_TOKEN", PASSWORD);
    fs::write(place.sandbox.path("netrc"), format!("machine 127.0.0.1 login me password {PASSWORD}")).unwrap();
    // As the real one, these repeat what must not be repeated.
    let unknown = "<Error><Code>InvalidAccessKeyId</Code><Message>hunter2-of-s3</Message></Error>";
    let expired = "<Error><Code>ExpiredToken</Code><Token-0>hunter2-of-s3</Token-0></Error>";
    assert!([unknown, expired].iter().all(|body| body.contains(SECRET)));
    let token = |is_set: bool| is_set.then(|| Token { variable: "HTTP_TOKEN".to_owned() });
    let keys =
        "with the keys that were sent: put some that may do this into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
    let [http, s3] = Server::all();
    for (number, (server, token, status, body, mend)) in [
        (&http, token(true), 401, "", "put one that may do this into `HTTP_TOKEN`"),
        (&http, token(true), 403, "", "put one that may do this into `HTTP_TOKEN`"),
        (&http, token(false), 401, "", "put one that may do this into the netrc entry for `127.0.0.1`"),
        (&s3, None, 403, unknown, keys),
        (&s3, None, 400, expired, keys),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("refused-{number}");
        let puts = AtomicUsize::new(0);
        let proxy = Faulty::before(server.address(), move |_, seen| {
            let is_refused = seen.method == "PUT" && puts.fetch_add(1, Ordering::Relaxed) >= PASSING;
            is_refused.then(|| Trouble::Answer(status, Vec::new(), body))
        });
        let mut request = place.request(server.url(proxy.address, &name));
        request.plan.cache.token = token;
        request.plan.cache.netrc.push(place.sandbox.path("netrc"));
        let said = place.sandbox.ask(&Request::Push(request.clone()));
        let shown = format!("{said:?}");
        assert!(!shown.contains(PASSWORD) && !shown.contains(SECRET), "{name}: {shown}");
        let Answer::Push(pushed) = said.answer() else { unreachable!("another answer") };
        let there = whole(&server.folder(&name)).len();
        assert!(there > 0 && there == pushed.pushed.len(), "{name}: {there} there, {:?}", pushed.pushed);
        assert_eq!(pushed.not_pushed.len(), PATHS - there, "{name}");
        for path in &pushed.not_pushed {
            let fault = &path.fault;
            assert_eq!(fault.kind, FaultKind::Unauthorised, "{name}: {fault}");
            assert!(fault.what.contains(&format!(": {status} ")) && fault.what.contains(mend), "{name}: {fault}");
        }
        let pushed = place.push(server.url(server.address(), &name));
        assert_eq!((pushed.pushed.len(), pushed.not_pushed.len()), (PATHS - there, 0), "{name}");
        assert_eq!(whole(&server.folder(&name)).len(), PATHS, "{name}");
    }
}
