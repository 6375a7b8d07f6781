//! What is wrong with a cache as a whole is one answer, and not one for each path.

use super::*;

#[test]
fn a_cache_that_cannot_be_asked_ends_it_as_one_fault() {
    let store = "app -> a b c d; a; b; c; d";
    for kind in [
        FaultKind::Unreachable,
        FaultKind::Unauthorised,
        FaultKind::Missing,
        FaultKind::NotACache,
        FaultKind::Overloaded,
    ] {
        let case = fleet(store);
        case.fleet.content().faults.insert("greet".to_owned(), fault(kind));
        check(&case, &format!("{kind:?}: {kind:?}"));
    }
    for kind in [FaultKind::Unreachable, FaultKind::Unauthorised, FaultKind::Missing, FaultKind::Overloaded] {
        let case = fleet(store);
        case.fleet.content().faults.insert(hash("c"), fault(kind));
        check(&case, &format!("{kind:?}: memory://fleet: {kind:?}"));
        for file in ["nar/c.nar.zst", "file nar/c.nar.zst"].iter().filter(|_| kind != FaultKind::Missing) {
            let case = Case { deep: true, ..fleet(store) };
            case.fleet.content().faults.insert((*file).to_owned(), fault(kind));
            check(&case, &format!("{kind:?}: {kind:?}"));
        }
        // One of the others matters only for what is not found.
        let case = fleet(store);
        case.up.content().faults.extend([(hash("c"), fault(kind)), (hash("x"), fault(kind))]);
        check(&case, "5+0: ");
        let case = fleet("app -> x");
        case.up.content().faults.insert(hash("x"), fault(kind));
        check(&case, &format!("{kind:?}: memory://up: {kind:?}"));
    }
}

#[test]
fn what_one_path_is_refused_is_its_own_problem() {
    let case = fleet("app -> a b; a; b");
    case.fleet.content().faults.insert(hash("a"), fault(FaultKind::Refused));
    case.fleet.content().faults.insert("nar/b.nar.zst".to_owned(), fault(FaultKind::Local));
    let not_asked = |kind: FaultKind| format!("{:?}", VerifyFault::NotAsked(fault(kind)));
    let (a, b) = (not_asked(FaultKind::Refused), not_asked(FaultKind::Local));
    check(&case, &format!("3+0: a of app by app: {a}, b of app by app: {b}"));
    let case = Case { deep: true, ..fleet("app") };
    case.fleet.content().faults.insert("file nar/app.nar.zst".to_owned(), fault(FaultKind::Refused));
    check(&case, &format!("1+0: app of app: {a}"));
    let case = Case { deep: true, ..fleet("app") };
    case.fleet.content().faults.insert("file nar/app.nar.zst".to_owned(), fault(FaultKind::Missing));
    check(&case, "1+0: app of app: NoFile(\"nar/app.nar.zst\"); again app");
}

#[test]
fn a_web_page_with_status_200_is_no_narinfo() {
    let case = fleet("app -> lib; lib");
    case.fleet.content().narinfos.insert(hash("lib"), "<!DOCTYPE html>\n<title>Log in</title>\n".to_owned());
    let what = "a narinfo with a line that is no field: `<!DOCTYPE html>`";
    check(&case, &format!("2+0: lib of app by app: Damaged({what:?}); again lib"));
    // What another cache has wrong is nothing that a push here would mend.
    let case = fleet("app -> lib").up("lib");
    case.up.content().narinfos.insert(hash("lib"), "<html>".to_owned());
    check(&case, "1+1: lib of app by app: Damaged(\"a narinfo with a line that is no field: `<html>`\")");
}

#[test]
fn a_file_outside_the_cache_is_not_fetched() {
    let case = fleet("app");
    case.fleet.content().faults.insert("nar/app.nar.zst".to_owned(), fault(FaultKind::NotACache));
    check(&case, "1+0: app of app: Damaged(\"NotACache\"); again app");
}

#[test]
fn an_empty_cache_lacks_everything() {
    let case = fleet("");
    case.fleet.content().greeting = crate::backend::Greeting::default();
    check(&case, "0+0: app of app: Absent");
}

#[test]
fn requests_without_sense_are_refused() {
    let mut case = fleet("app");
    case.fleet.content().greeting.store_dir = Some("/gnu/store".to_owned());
    check(&case, "Usage: `memory://fleet` is a cache for the store `/gnu/store`, and not for `/nix/store`");
    case.required.clear();
    check(&case, "Usage: no path is required, so that there is nothing to verify");
    for stray in ["/nix/store/short", "/elsewhere/00bgd045z0d4icpbc2yyz4gx48ak44la-x", "/nix/store/a/b"] {
        let case = fleet("app");
        let required = vec![Required { name: "web".to_owned(), path: stray.to_owned() }];
        let fault = case.verify_as(&VerifyRequest { required, ..case.request() }).unwrap_err();
        assert_eq!(fault.what, format!("`{stray}` of `web` is no path of the store `/nix/store`"));
    }
}

#[test]
fn the_user_may_interrupt() {
    let case = fleet("app");
    let clock = Slept { now: Mutex::default(), while_asleep: &|_| {} };
    let listener = Listener { tell: &|_| {}, stop: &AtomicBool::new(true), clock: &clock };
    let caches = Caches { cache: &case.fleet, upstream: &[Ok(&case.up)] };
    assert_eq!(verify(&case.request(), &caches, listener).unwrap_err().kind, FaultKind::Interrupted);
}
