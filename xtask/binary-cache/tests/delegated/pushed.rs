//! What is copied to a store behind sshd, and what is not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use cache_protocol::{Answer, Decision, FaultKind, KeySource, Request, Scan};

use crate::remote::{Remote, behind};
use crate::sandbox::{Said, Sandbox, TestNix, succeeded};

#[test]
fn what_must_not_leave_is_not_copied_and_what_is_copied_is_signed() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        let remote = Remote::start(&mut sandbox, nix);
        let age = succeeded(Command::new("age-keygen").output().unwrap()).stdout;
        fs::write(sandbox.path("age-key"), age).unwrap();
        let expression = format!(
            r#"let key = builtins.path {{ path = {key}; name = "age-key"; }}; in map toString [
                 (builtins.toFile "clean" "clean") key (builtins.toFile "app" "runs ${{key}}") (builtins.toFile "altered" "before")
               ]"#,
            key = sandbox.path("age-key").display()
        );
        let [clean, key, app, altered] = <[String; 4]>::try_from(sandbox.evaluate(&expression)).unwrap();
        fs::set_permissions(&altered, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&altered, "behind").unwrap();
        let mut request = sandbox.push_request(&[&clean, &app, &altered]);
        request.plan.cache.url.clone_from(&remote.url);
        request.scan = Scan { patterns: true, ..Scan::default() };
        if nix == TestNix::Modern {
            // A key in a variable is as good as one in a file.
            sandbox.set("FLEET_KEY", &fs::read_to_string(sandbox.path("key")).unwrap());
            request.plan.cache.signing_key = Some(KeySource::Variable("FLEET_KEY".to_owned()));
        }
        let pushed = sandbox.push(&request);
        let there: Vec<&str> = pushed.pushed.iter().map(|pushed| pushed.path.as_str()).collect();
        assert_eq!(there, [clean.as_str()], "{nix:?}: {:?}", pushed.not_pushed);
        let mut not_pushed: Vec<_> =
            pushed.not_pushed.iter().map(|it| (it.path.as_str(), it.fault.kind, it.because_of.as_deref())).collect();
        let mut expected = [
            (key.as_str(), FaultKind::Secret, None),
            (app.as_str(), FaultKind::Secret, Some(key.as_str())),
            (altered.as_str(), FaultKind::Local, None),
        ];
        not_pushed.sort_unstable_by_key(|it| it.0);
        expected.sort_unstable_by_key(|it| it.0);
        assert_eq!(not_pushed, expected, "{nix:?}");
        for path in [&key, &app, &altered] {
            assert!(!behind(&sandbox, path).exists(), "{nix:?}: {path} left");
        }
        // What the store behind sshd knows: who signed it.
        let signed = sandbox.nix(&["nix", "path-info", "--sigs", "--store", &remote.url, &clean]);
        assert!(signed.contains(" fleet-1:"), "{nix:?}: {signed}");
        // Without any key it goes as it is.
        request.plan.cache.signing_key = None;
        request.plan.roots[0].paths = sandbox.evaluate(r#"[ (builtins.toFile "unsigned" "unsigned") ]"#);
        assert_eq!(sandbox.push(&request).pushed.len(), 1, "{nix:?}");
    }
}

#[test]
fn a_store_behind_ssh_is_pushed_to_and_asked_what_it_has() {
    for nix in TestNix::ALL {
        let mut sandbox = Sandbox::new(nix);
        let all = sandbox.small_paths(64, 200);
        let remote = Remote::start(&mut sandbox, nix);
        let mut request = sandbox.push_request(&[&all]);
        request.plan.cache.url.clone_from(&remote.url);
        let planned = |request: &cache_protocol::PushRequest, wanted: &Decision| {
            let Answer::Plan(plan) = sandbox.ask(&Request::Plan(request.plan.clone())).answer() else { unreachable!() };
            assert_eq!(plan.fault, None);
            assert_eq!(plan.cache, remote.login);
            plan.paths.iter().filter(|path| path.decision == *wanted).count()
        };
        assert_eq!(planned(&request, &Decision::Push), 63, "{nix:?}");
        let pushed = sandbox.push(&request);
        assert_eq!((pushed.pushed.len(), pushed.not_pushed.len()), (63, 0), "{nix:?}: {:?}", pushed.not_pushed);
        assert!(behind(&sandbox, &all).exists(), "{nix:?}: it is there");
        assert_eq!(planned(&request, &Decision::Present), 63, "{nix:?}");
        assert_eq!(sandbox.push(&request).pushed, []);
        // Nobody answers any more.
        drop(remote.sshd);
        let Answer::Plan(plan) = sandbox.ask(&Request::Plan(request.plan.clone())).answer() else { unreachable!() };
        assert!(plan.fault.unwrap().what.contains("Connection refused"), "{nix:?}");
        let output = sandbox.client(&Request::Push(request)).wait_with_output().unwrap();
        assert_eq!(Said::new(&output).fault().kind, FaultKind::Unreachable, "{nix:?}");
    }
}
