//! What the program pushes over a network is what genuine Nix fetches, under the public key and under no other.

use std::fs;

use binary_cache::signature::SigningKey;
use cache_protocol::{Event, Fault, PushRequest, Request};

use crate::sandbox::{Sandbox, TestNix};
use crate::servers::faulty::{Faulty, Trouble};
use crate::servers::nginx::{Nginx, PASSWORD, USER};
use crate::servers::s3::{BUCKET, KEY, S3Server, SECRET};

/// A built path that refers to another built one: such paths are taken under a signature only.
fn built(sandbox: &Sandbox) -> String {
    let expression = r#"let
        make = name: text: derivation {
          inherit name;
          system = builtins.currentSystem;
          builder = "/bin/sh";
          args = [ "-c" "echo '${text}' > $out" ];
        };
      in make "upper" "${make "lower" "ground"}""#;
    sandbox.nix(&["nix-build", "--no-out-link", "--expr", expression])
}

/// A request to push `path` to `url`.
fn request(sandbox: &Sandbox, url: &str, path: &str) -> PushRequest {
    let mut request = sandbox.push_request(&[path]);
    url.clone_into(&mut request.plan.cache.url);
    request
}

/// Fetches `path` from `url` under the key that signed it, and under another of the same name.
fn fetched(sandbox: &Sandbox, url: &str, path: &str) {
    assert_eq!(sandbox.fetch_from(url, &sandbox.public_key(), path), Ok(2));
    let other = SigningKey::from_seed("fleet-1", [9; 32]).public();
    let error = sandbox.fetch_from(url, &other, path).unwrap_err();
    assert!(error.contains("sign"), "{error}");
}

#[test]
fn what_was_pushed_to_nginx_is_what_nix_fetches() {
    for nix in TestNix::ALL {
        let (sandbox, nginx) = (Sandbox::new(nix), Nginx::start());
        let path = built(&sandbox);
        fs::write(sandbox.path("netrc"), format!("machine 127.0.0.1 login {USER} password {PASSWORD}")).unwrap();
        for (url, netrc) in [("/open/fleet", None), ("/locked/fleet", Some(sandbox.path("netrc")))] {
            let mut request = request(&sandbox, &nginx.url(url), &path);
            request.plan.cache.netrc.extend(netrc);
            let pushed = sandbox.push(&request);
            assert_eq!((pushed.pushed.len(), pushed.not_pushed), (2, vec![]), "{nix:?} {url}");
            fetched(&sandbox, &nginx.url(url), &path);
            assert_eq!(sandbox.push(&request).pushed, [], "{nix:?} {url}");
        }
    }
}

#[test]
fn what_was_pushed_to_a_bucket_is_what_nix_fetches() {
    let (sandbox, server) = (Sandbox::new(TestNix::Distribution), S3Server::start());
    let path = built(&sandbox);
    fs::create_dir_all(sandbox.path("home/.aws")).unwrap();
    let keys = format!("[ci]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
    fs::write(sandbox.path("home/.aws/credentials"), keys).unwrap();
    let url = format!("s3://{BUCKET}/fleet?endpoint={}&scheme=http&profile=ci", server.address);
    let request = request(&sandbox, &url, &path);
    let pushed = sandbox.push(&request);
    assert_eq!((pushed.pushed.len(), pushed.not_pushed), (2, vec![]));
    // The server lets nobody read without keys, and keeps each file as it is in a folder.
    fetched(&sandbox, &format!("file://{}/fleet", server.files().display()), &path);
    assert_eq!(sandbox.push(&request).pushed, []);
}

#[test]
fn retries_are_told_and_secrets_are_not() {
    let (sandbox, nginx) = (Sandbox::new(TestNix::Distribution), Nginx::start());
    let path = built(&sandbox);
    fs::write(sandbox.path("netrc"), format!("machine 127.0.0.1 login {USER} password {PASSWORD}")).unwrap();
    let wait = vec![("Retry-After", "0".to_owned())];
    let check = |trouble: Trouble, times: usize| {
        let proxy = Faulty::before(nginx.address, move |count, _| (count < times).then(|| trouble.clone()));
        let mut request = request(&sandbox, &proxy.url("/locked/fleet"), &path);
        request.plan.cache.netrc.push(sandbox.path("netrc"));
        let said = sandbox.ask(&Request::Push(request));
        let shown = format!("{said:?}");
        assert!(!shown.contains(PASSWORD), "{shown}");
        said
    };
    let said = check(Trouble::Answer(429, wait, ""), 3);
    let told =
        |event: &&Event| matches!(event, Event::Retrying { fault: Fault { what, .. }, .. } if what.contains(": 429 "));
    assert_eq!(said.events.iter().filter(told).count(), 3, "{said:?}");
    let fault = check(Trouble::Answer(401, Vec::new(), ""), 999).fault();
    assert!(fault.what.contains("401 Unauthorized, with the login that was sent"), "{fault}");
}
