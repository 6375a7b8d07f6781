//! Where paths are, and who signed them.

use super::*;
use crate::signature::SigningKey;

#[test]
fn a_closure_over_both_caches_is_whole() {
    let store = "app -> lib glibc app; lib -> doc; doc";
    check(&fleet(store).up("glibc -> linux; linux"), "3+2: ");
    let verified = fleet(store).up("glibc").verify().unwrap();
    let bytes: usize = fleet(store).fleet.content().files.values().map(Vec::len).sum();
    assert_eq!((verified.bytes, verified.cache.as_str()), (bytes as u64, "memory://fleet"));
}

#[test]
fn what_is_missing_is_found_however_deep_it_lies() {
    let store = "app -> lib; lib -> deep; deep -> deeper; deeper -> deepest";
    check(&fleet(store), "4+0: deepest of app by deeper: Absent");
    check(&fleet(store).up("deepest -> gone"), "4+1: gone of app by deepest: Absent");
    check(&fleet(""), "0+0: app of app: Absent");
    // Each is named, with the first of those that need it.
    let mut case = fleet("app -> one two; web -> two three");
    case.required = vec!["app", "web", "app"];
    check(&case, "2+0: one of app by app: Absent, two of app by app: Absent, three of web by web: Absent");
}

#[test]
fn each_path_is_asked_about_once() {
    let case = fleet("app -> a b c; a -> lib; b -> lib; c -> lib; lib -> lib doc; doc");
    check(&case, "6+0: ");
    let mut asked = case.fleet.content().asked.clone();
    asked.sort();
    let mut expected: Vec<String> = ["app", "a", "b", "c", "lib", "doc"]
        .iter()
        .flat_map(|name| [hash(name), format!("nar/{name}.nar.zst")])
        .chain(["greet".to_owned()])
        .collect();
    expected.sort();
    assert_eq!(asked, expected);
    // What is in the cache is not asked for elsewhere, and of what is elsewhere no file.
    assert_eq!(case.up.content().asked, Vec::<String>::new());
    let case = fleet("").up("app");
    check(&case, "0+1: ");
    assert_eq!(case.up.content().asked, [hash("app")]);
}

#[test]
fn only_the_configured_key_is_trusted() {
    let with = |change: &dyn Fn(&mut Vec<String>, &str)| {
        let case = fleet("app -> lib; lib");
        case.fleet.tamper("lib", |narinfo| {
            let fingerprint = narinfo.fingerprint();
            change(&mut narinfo.signatures, &fingerprint);
        });
        case
    };
    let sign = |name: &str, text: &str| SigningKey::from_seed(name, [9; 32]).sign(text);
    check(&with(&|signatures, _| signatures.clear()), "2+0: lib of app by app: Unsigned; again lib");
    check(
        &with(&|signatures, text| *signatures = vec![sign("other-1", text), sign("another-1", text)]),
        "2+0: lib of app by app: OtherKeys([\"other-1\", \"another-1\"]); again lib",
    );
    // The name fits, and the bytes differ.
    check(
        &with(&|signatures, text| *signatures = vec![sign("fleet-1", text)]),
        "2+0: lib of app by app: BadSignature(\"fleet-1\"); again lib",
    );
    check(&with(&|signatures, text| signatures.insert(0, sign("other-1", text))), "2+0: ");
    let case = fleet("app");
    case.fleet.tamper("app", |narinfo| narinfo.nar_size += 1);
    check(&case, "1+0: app of app: BadSignature(\"fleet-1\"); again app");
    // Each cache has keys of its own.
    let case = fleet("app -> glibc").up("glibc");
    case.up.tamper("glibc", |narinfo| narinfo.signatures = vec![sign("fleet-1", &narinfo.fingerprint())]);
    check(&case, "1+1: glibc of app by app: OtherKeys([\"fleet-1\"])");
    let case = fleet("app");
    let request = VerifyRequest {
        cache: cache_protocol::Cache { public_keys: Vec::new(), ..case.fleet.cache() },
        ..case.request()
    };
    let problems = case.verify_as(&request).unwrap().problems;
    assert_eq!(problems[0].fault, VerifyFault::OtherKeys(vec!["fleet-1".to_owned()]));
}

#[test]
fn the_form_of_a_narinfo_does_not_matter_to_its_signature() {
    let case = fleet("app -> a b c; a; b; c");
    case.fleet.tamper("app", |narinfo| {
        narinfo.references.sort();
        narinfo.references.reverse();
        let bytes = crate::hash_text::decode(&narinfo.nar_hash).unwrap();
        narinfo.nar_hash = format!("sha256:{}", data_encoding::HEXLOWER.encode(&bytes));
    });
    check(&case, "4+0: ");
}

#[test]
fn a_narinfo_must_be_that_of_its_path() {
    let case = fleet("app -> lib; lib; other");
    let other = case.fleet.content().narinfos[&hash("other")].clone();
    case.fleet.content().narinfos.insert(hash("lib"), other);
    let what = format!("lib of app by app: Damaged(\"it is the narinfo of `{}`\")", path("other"));
    check(&case, &format!("2+0: {what}; again lib"));
    // The same hash does not make it the same path.
    let case = fleet("app");
    case.fleet.edit("app", |narinfo| narinfo.store_path = format!("{}-x", narinfo.store_path));
    let what = format!("app of app: Damaged(\"it is the narinfo of `{}-x`\")", path("app"));
    check(&case, &format!("1+0: {what}; again app"));
    let case = fleet("app");
    case.fleet.edit("app", |narinfo| narinfo.references.push("../../etc/passwd".to_owned()));
    let what = "it refers to `../../etc/passwd`, which is no name of a store path";
    check(&case, &format!("1+0: app of app: Damaged(\"{what}\"); again app"));
    let case = fleet("app -> lib; lib");
    case.fleet.edit("app", |narinfo| narinfo.compression = "snappy".to_owned());
    check(&case, "2+0: app of app: Damaged(\"Nix knows no compression `snappy`\"); again app");
}

#[test]
fn of_several_other_caches_the_first_that_is_trusted_counts() {
    let case = fleet("app -> lib");
    let second = Planted::new("second", "lib -> doc; doc");
    case.up.add("lib");
    case.up.tamper("lib", |narinfo| narinfo.signatures.clear());
    let request = VerifyRequest { upstream: vec![case.up.cache(), second.cache()], ..case.request() };
    let clock = Slept { now: Mutex::default(), while_asleep: &|_| {} };
    let listener = Listener { tell: &|_| {}, stop: &AtomicBool::new(false), clock: &clock };
    let verified =
        verify(&request, &Caches { cache: &case.fleet, upstream: &[Ok(&case.up), Ok(&second)] }, listener).unwrap();
    assert_eq!(shown(&verified), "1+2: ");
}

#[test]
fn a_cache_that_does_not_answer_is_asked_no_more() {
    let (case, second) = (fleet("app -> a b c"), Planted::new("second", "a; b; c"));
    case.up.content().faults.extend(["a", "b", "c"].map(|name| (hash(name), fault(FaultKind::Unreachable))));
    let upstream = vec![case.up.cache(), second.cache()];
    let request = VerifyRequest { upstream, in_flight: 1, ..case.request() };
    let clock = Slept { now: Mutex::default(), while_asleep: &|_| {} };
    let listener = Listener { tell: &|_| {}, stop: &AtomicBool::new(false), clock: &clock };
    let caches = Caches { cache: &case.fleet, upstream: &[Ok(&case.up), Ok(&second)] };
    assert_eq!(shown(&verify(&request, &caches, listener).unwrap()), "1+3: ");
    assert_eq!(case.up.content().asked.len(), 1);
}

#[test]
fn a_cache_that_cannot_be_opened_is_a_problem_only_of_what_is_nowhere_else() {
    let (case, second) = (fleet("app -> lib doc"), Planted::new("second", "lib"));
    let request = VerifyRequest { upstream: vec![case.up.cache(), second.cache()], wait: 10, ..case.request() };
    let at = Mutex::new(Duration::ZERO);
    let clock = Slept { now: Mutex::default(), while_asleep: &|now| *at.lock().unwrap() = now };
    let listener = Listener { tell: &|_| {}, stop: &AtomicBool::new(false), clock: &clock };
    let unknown = Fault::new(FaultKind::Usage, "no cache is known there");
    let caches = Caches { cache: &case.fleet, upstream: &[Err(unknown), Ok(&second)] };
    let expected = "1+1: doc of app by app: \
        NotAsked(Fault { kind: Usage, what: \"no cache is known there\" })";
    assert_eq!(shown(&verify(&request, &caches, listener).unwrap()), expected);
    // Somebody may still push it, so that it is waited for as what is absent.
    assert_eq!(*at.lock().unwrap(), Duration::from_secs(10));
}
