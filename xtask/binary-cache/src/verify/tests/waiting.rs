//! What is missing is waited for, and nothing else.

use super::*;

/// Seconds that have passed when something is planted, and what.
type Plants<'a> = &'a [(u64, &'a str)];

fn check(wait: u64, plants: Plants<'_>, said: &[&str], expected: &str) {
    let case = Case { wait, ..fleet("app -> lib tool; tool") };
    let planted = Mutex::new(0);
    let plant = |now: Duration| {
        let mut planted = planted.lock().unwrap();
        while let Some((_, store)) = plants.get(*planted).filter(|(at, _)| now.as_secs() >= *at) {
            case.fleet.add(store);
            *planted += 1;
        }
    };
    let (verified, heard) = case.run(&case.request(), &plant);
    assert_eq!(shown(&verified.unwrap()), expected);
    assert_eq!(heard, said);
}

#[test]
fn what_comes_in_time_is_there() {
    check(0, &[(1, "lib")], &[], "2+0: lib of app by app: Absent");
    check(60, &[(3, "lib")], &["waiting for 1"], "3+0: ");
    // It may lack something itself.
    check(60, &[(3, "lib -> a b"), (9, "a; b")], &["waiting for 1", "waiting for 2"], "5+0: ");
    check(600, &[(100, "lib")], &["waiting for 1"; 7], "3+0: ");
}

#[test]
fn what_does_not_is_missing_when_the_time_is_over() {
    // 3.75 s, 5.6 s, and what is left of ten seconds.
    check(10, &[], &["waiting for 1"; 3], "2+0: lib of app by app: Absent");
    check(10, &[(10, "lib")], &["waiting for 1"; 3], "3+0: ");
}

#[test]
fn what_time_does_not_mend_is_not_waited_for() {
    let case = Case { wait: 60, ..fleet("app -> lib tool; tool") };
    case.fleet.tamper("tool", |narinfo| narinfo.signatures.clear());
    let (verified, said) = case.run(&case.request(), &|_| {});
    let problems = "lib of app by app: Absent, tool of app by app: Unsigned; again tool";
    assert_eq!((shown(&verified.unwrap()).as_str(), said.len()), (format!("2+0: {problems}").as_str(), 0));
}

#[test]
fn only_what_is_missing_is_asked_about_again() {
    let case = Case { wait: 4, ..fleet("app -> lib tool; tool") };
    let (verified, _) = case.run(&case.request(), &|_| {});
    assert_eq!(verified.unwrap().problems.len(), 1);
    let asked = |name: &str| case.fleet.content().asked.iter().filter(|asked| **asked == hash(name)).count();
    assert_eq!((asked("app"), asked("tool"), asked("lib")), (1, 1, 3));
}

#[test]
fn a_cache_that_fails_for_a_while_is_asked_again() {
    let run = |kind: FaultKind, until: u64| {
        let case = Case { wait: 20, ..fleet("app -> lib tool; tool; lib -> doc; doc") };
        case.fleet.content().faults.insert(hash("lib"), fault(kind));
        let mend = |now: Duration| {
            if now.as_secs() >= until {
                case.fleet.content().faults.clear();
            }
        };
        let (result, said) = case.run(&case.request(), &mend);
        (result.map(|verified| shown(&verified)).map_err(|fault| fault.kind), said)
    };
    let (result, said) = run(FaultKind::Overloaded, 3);
    assert_eq!(result, Ok("4+0: ".to_owned()));
    assert_eq!(said, ["memory://fleet: Overloaded: again in 3750 ms"]);
    assert_eq!(run(FaultKind::Unreachable, 3).0, Ok("4+0: ".to_owned()));
    let (result, said) = run(FaultKind::Unreachable, 99);
    assert_eq!((result, said.len()), (Err(FaultKind::Unreachable), 4));
    let (result, said) = run(FaultKind::Unauthorised, 3);
    assert_eq!((result, said.len()), (Err(FaultKind::Unauthorised), 0));
}
