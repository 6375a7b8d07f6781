//! `push` to a cache in a folder: what is in it afterwards, as Nix reads it.

// What goes wrong in a helper fails the test.
#![allow(clippy::unwrap_used)]

mod sandbox;

use std::fs;

use cache_protocol::{Compression, FaultKind, Request};
use sandbox::{Sandbox, TestNix};

#[test]
fn what_was_pushed_is_what_nix_fetches() {
    for nix in TestNix::ALL {
        for compression in [Compression::Zstd, Compression::Xz, Compression::None] {
            let sandbox = Sandbox::new(nix);
            let all = sandbox.small_paths(100, 2_000);
            let mut request = sandbox.push_request(&[&all]);
            request.compression = Some(compression);
            let pushed = sandbox.push(&request);
            assert_eq!((pushed.pushed.len(), pushed.not_pushed.len()), (94, 0), "{:?}", pushed.not_pushed);
            assert_eq!(sandbox.fetch(&all), 94);
            // A second push has nothing to do.
            assert_eq!(sandbox.push(&request).pushed, []);
        }
    }
}

#[test]
fn a_path_altered_on_disk_is_refused_with_what_refers_to_it() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    let all = sandbox.small_paths(100, 2_000);
    let request = sandbox.push_request(&[&all]);
    let below = fs::read_to_string(&all).unwrap();
    let victim = below.split_whitespace().next().unwrap();
    for (content, expected) in [("short", "bytes, and"), ("flip", "the hash of its NAR is")] {
        let mut altered = fs::read(victim).unwrap();
        match content {
            "flip" => altered[0] ^= 1,
            _ => altered = content.into(),
        }
        let kept = fs::read(victim).unwrap();
        replace(victim, &altered);
        let pushed = sandbox.push(&request);
        replace(victim, &kept);
        let not_pushed: Vec<(&str, Option<&str>)> =
            pushed.not_pushed.iter().map(|path| (path.path.as_str(), path.because_of.as_deref())).collect();
        assert_eq!(not_pushed.len(), 2, "{not_pushed:?}");
        assert!(not_pushed.contains(&(victim, None)) && not_pushed.contains(&(&all, Some(victim))), "{not_pushed:?}");
        for path in &pushed.not_pushed {
            assert_eq!(path.fault.kind, FaultKind::Local);
            assert!(path.fault.what.contains(expected) && path.fault.what.contains(victim), "{}", path.fault);
        }
    }
    // Mended, it goes along with what was left.
    assert_eq!(sandbox.push(&request).pushed.len(), 2);
    assert_eq!(sandbox.fetch(&all), 94);
}

fn replace(path: &str, content: &[u8]) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
}

#[test]
fn a_value_that_is_too_short_to_be_looked_for_is_told_and_stops_nothing() {
    let mut sandbox = Sandbox::new(TestNix::Distribution);
    sandbox.set("PIN", "1234");
    let [path] = <[String; 1]>::try_from(sandbox.evaluate(r#"[ (builtins.toFile "pin" "1234") ]"#)).unwrap();
    let mut request = sandbox.push_request(&[&path]);
    request.scan.values = vec![cache_protocol::ScanValue::Variable("PIN".to_owned())];
    let pushed = sandbox.push(&request);
    assert_eq!((pushed.pushed.len(), pushed.unscanned), (1, vec!["the value of `PIN`".to_owned()]));
}

#[test]
fn a_folder_whose_cache_info_names_no_store_is_refused_with_what_mends_it() {
    let sandbox = Sandbox::new(TestNix::Distribution);
    let [path] = <[String; 1]>::try_from(sandbox.evaluate(r#"[ (builtins.toFile "path" "path") ]"#)).unwrap();
    let info = sandbox.path("cache/nix-cache-info");
    fs::create_dir(sandbox.path("cache")).unwrap();
    fs::write(&info, "WantMassQuery: 1\n").unwrap();
    let fault = sandbox.ask(&Request::Push(sandbox.push_request(&[&path]))).fault();
    let expected = format!("`{}` is a `nix-cache-info` without StoreDir: add the line `StoreDir: ", info.display());
    assert!(fault.kind == FaultKind::NotACache && fault.what.starts_with(&expected), "{fault}");
    // As it says.
    fs::write(&info, format!("WantMassQuery: 1\nStoreDir: {}\n", sandbox.local_store().folder.display())).unwrap();
    assert_eq!(sandbox.push(&sandbox.push_request(&[&path])).pushed.len(), 1);
}
