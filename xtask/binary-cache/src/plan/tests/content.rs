//! What is filtered, what goes first, and what a budget leaves behind.

use super::*;

#[test]
fn what_is_excluded_stays_behind_unless_something_refers_to_it() {
    let free = store("app:5 -> lib; lib:3").also("source", Closure::Runtime);
    let free = Case { store: "app:5 -> lib; lib:3; source:9", ..free };
    check(&free.clone().exclude("-source$"), "excluded(-source$) source, push app, push lib");
    check(&free.exclude("^nothing$").exclude("source"), "excluded(source) source, push app, push lib");
    // The filter that would take a path from under another.
    let case = store("app:5 -> lib; lib:3 -> doc; doc:1");
    check(&case.clone().exclude("-lib$"), "push app, push lib [-lib$ for app], push doc");
    check(&case.clone().exclude("-doc$"), "push app, push lib, push doc [-doc$ for lib]");
    check(
        &case.clone().exclude("-(lib|doc)$"),
        "push app, push lib [-(lib|doc)$ for app], push doc [-(lib|doc)$ for lib]",
    );
    // An excluded output leaves what only it needs behind only if that is excluded as well.
    check(&case.clone().exclude("-app$"), "excluded(-app$) app, push lib, push doc");
    check(&case.clone().exclude("."), "excluded(.) app, excluded(.) lib, excluded(.) doc");
    // What the cache has must not miss it either; what upstream caches have brings its own.
    check(&case.clone().present("app lib").exclude("doc"), "present app, present lib, push doc [doc for lib]");
    check(&store("app:5 @up-1 -> lib; lib:3").exclude("lib"), "upstream(up-1) app, excluded(lib) lib");
    check(&case.clone().present("app lib").exclude("."), "present app, present lib, push doc [. for lib]");
    // A path that refers to itself is not kept for that.
    check(&store("app:5 -> lib; lib:9 -> lib").exclude("lib"), "push lib [lib for app], push app");
    check(&store("app:5 -> app").exclude("app"), "excluded(app) app");
    check(&case.present("lib doc").exclude("lib"), "push app, present lib, present doc");
}

#[test]
fn strict_filters_say_what_they_would_break() {
    let case = store("app:5 -> lib; lib:3").exclude("-lib$");
    assert_eq!(case.plan().unwrap().strict_faults, Vec::<String>::new());
    let fault = format!("`{}` matches `-lib$` of `exclude`, and `{}` refers to it", path("lib"), path("app"));
    assert_eq!(case.strict().plan().unwrap().strict_faults, [fault]);
    let harmless = store("app:5 -> lib; lib:3").exclude("-app$").strict();
    assert_eq!(harmless.plan().unwrap().strict_faults, Vec::<String>::new());
}

#[test]
fn what_is_no_expression_is_an_error() {
    let what = "Usage: `*.iso` in `exclude`: `*` repeats what is before it, and there is nothing: `.*` is any text";
    check(&store("app").exclude("*.iso"), what);
    check(&store("app").priority("(", 1), "Usage: `(` in `priorities`: found open group without closing ')'");
}

#[test]
fn higher_priorities_go_first_and_then_what_is_bigger() {
    let case = store("app:1 -> big small tool; big:9; small:2; tool:2");
    check(&case, "push big, push small, push tool, push app");
    check(&case.clone().priority("tool", 5), "push tool, push big, push small, push app");
    check(&case.clone().priority("big", -5), "push big, push small, push tool, push app");
    check(&case.clone().priority("t[o]+l", 1).priority("tool|small", 2), "push small, push tool, push big, push app");
    // Whatever is needed for it goes with it.
    check(
        &store("app:1 -> big; big:9 -> low; low:3; x:99").also("x", Closure::Runtime).priority("-app$", 7),
        "push big, push low, push app, push x",
    );
    check(&store("app:1 -> big; big:9").also("x", Closure::Runtime).priority("-app$", 7), &{
        format!("Local: `{}` of `x` is not in this machine's store: build it first", path("x"))
    });
    // What upstream caches have is there without that.
    let x = |text| store(text).also("x", Closure::Runtime).priority("-app$", 7);
    check(&x("app:5 @up-1 -> lib; lib:1; x:9"), "upstream(up-1) app, push x, push lib");
    check(&x("app:5 -> lib; lib:1 @up-1 -> doc; doc:1; x:9"), "push app, upstream(up-1) lib, push x, push doc");
    // What is kept has a priority of its own.
    let kept = store("app:5 -> lib; lib:1").exclude("lib").priority("lib", 5);
    check(&kept, "push lib [lib for app], push app");
    // What is excluded needs nothing.
    check(
        &store("app:1 -> big; big:9; x:3").also("x", Closure::Runtime).exclude("-app$").priority("-app$", 7),
        "excluded(-app$) app, push big, push x",
    );
}

#[test]
fn a_budget_leaves_whole_closures_behind() {
    let case = store("app:5 -> lib; lib:3; web:4 -> lib huge; huge:90").also("web", Closure::Runtime);
    check(&case.clone().budget(102), "push huge, push app, push web, push lib");
    // What refers to what does not fit stays behind with it; what it refers to itself goes along.
    check(&case.clone().budget(101), "push huge, push app, over web, push lib");
    check(&case.clone().budget(20), "over huge, push app, over web, push lib");
    check(&case.clone().budget(8), "over huge, push app, over web, push lib");
    check(&case.clone().budget(7), "over huge, over app, over web, push lib");
    check(&case.clone().budget(0), "over huge, over app, over web, over lib");
    // By priority, not by size.
    check(&case.clone().priority("-web$", 1).budget(97), "push huge, push web, push lib, over app");
    // What is there already costs nothing.
    check(&case.clone().present("huge").budget(12), "present huge, push app, push web, push lib");
    // What is excluded does not come back because its referrer did not fit.
    check(&case.exclude("huge").budget(20), "excluded(huge) huge, push app, over web, push lib");
}
