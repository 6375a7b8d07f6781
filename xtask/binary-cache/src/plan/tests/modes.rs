//! How much around an output goes along, and what is there already.

use super::*;

#[test]
fn everything_that_an_output_refers_to_goes_along_and_nothing_else() {
    check(&store("app:5 -> lib app; lib:3 -> doc; doc:1; other:9"), "push app, push lib, push doc");
    check(&store("app:5 -> lib; lib:3").also("other", Closure::Runtime), &absent("other", "other"));
}

#[test]
fn what_the_cache_has_is_not_pushed_and_what_lacks_below_it_is() {
    let case = store("app:5 -> lib; lib:3 -> doc; doc:1");
    check(&case.clone().present("lib doc"), "push app, present lib, present doc");
    check(&case.clone().present("lib"), "push app, present lib, push doc");
    check(&case.present("app lib doc"), "present app, present lib, present doc");
}

#[test]
fn what_an_upstream_key_signed_stays_there() {
    let case = store("app:5 -> lib glibc; lib:3 @up-1 -> glibc; glibc:9 @up-1; strange:2 @other-1");
    check(&case, "upstream(up-1) glibc, push app, upstream(up-1) lib");
    let strange = store("app:5 -> strange; strange:2 @other-1 @up-10 @up");
    check(&strange, "push app, push strange");
    // It is not even asked about, and need not be in the cache.
    let content = Content { upstream: vec!["up-1".to_owned()], ..Content::default() };
    let asked = hashes_to_ask(&infos(case.store), &content);
    assert_eq!(asked, ["app", "strange"].map(|name| store_path::hash(&path(name)).unwrap().to_owned()));
}

#[test]
fn outputs_alone_take_along_what_is_nowhere() {
    let outputs = |text| store(text).wanting("app", Closure::Outputs);
    check(&outputs("app:5 -> lib; lib:3 -> doc; doc:1"), "push app, push lib, push doc");
    check(&outputs("app:5 -> lib; lib:3 -> doc; doc:1").present("lib"), "push app, present lib");
    check(&outputs("app:5 -> lib; lib:3 @up-1 -> doc; doc:1"), "push app, upstream(up-1) lib");
    check(&outputs("app:5 -> lib; lib:3").present("app"), "present app");
}

#[test]
fn what_an_output_was_built_from_goes_along_where_that_is_asked() {
    let text = "app:5 -> lib; lib:3; gcc:9 -> glibc; glibc:8; app.drv:2 -> gcc.drv; gcc.drv:1";
    let build = |closure| store(text).wanting("app", closure).built_from("app.drv gcc.drv gcc collected-garbage");
    check(&build(Closure::Runtime), "push app, push lib");
    check(&build(Closure::Outputs), "push app, push lib");
    check(&build(Closure::Build), "push gcc, push glibc, push app, push lib");
    let all = "push gcc, push glibc, push app, push lib, push app.drv, push gcc.drv";
    check(&build(Closure::BuildAndDerivations), all);
    let mut named = build(Closure::BuildAndDerivations).built_from("gcc");
    named.wanted[0].root.drv = Some(path("app.drv"));
    check(&named, all);
    // A derivation that is itself referred to is part of the closure.
    let refers = store("app:5 -> app.drv; app.drv:2").wanting("app", Closure::Build);
    check(&refers, "push app, push app.drv");
}

#[test]
fn a_path_belongs_to_the_first_output_that_needs_it() {
    let case = store("app:5 -> lib; lib:3; web:4 -> lib doc; doc:1").also("web", Closure::Runtime);
    let roots: Vec<(String, String)> = case
        .plan()
        .unwrap()
        .paths
        .iter()
        .map(|planned| (name(&planned.path).to_owned(), planned.root.clone()))
        .collect();
    let expected = [("app", "app"), ("web", "web"), ("lib", "app"), ("doc", "web")];
    assert_eq!(roots, expected.map(|(path, root)| (path.to_owned(), root.to_owned())));
}

#[test]
fn what_the_cache_has_damaged_is_pushed_again_whoever_else_has_it() {
    let case = store("app:5 -> lib glibc; lib:3 -> doc; doc:1; glibc:9 @up-1").present("app lib doc glibc");
    check(&case.clone().again("lib"), "upstream(up-1) glibc, present app, push lib, present doc");
    check(&case.clone().again("glibc"), "push glibc, present app, present lib, present doc");
    check(&case.clone().again("doc").exclude("doc"), "upstream(up-1) glibc, present app, present lib, push doc");
    check(&case.clone().wanting("app", Closure::Outputs).again("doc"), "present app, push doc");
    let stray = format!(
        "Usage: `{}` should be pushed again, and belongs to none of the outputs that are wanted",
        path("elsewhere")
    );
    check(&case.again("elsewhere"), &stray);
}

#[test]
fn facts_that_are_not_about_what_is_wanted_are_refused() {
    check(&store("lib:3"), &absent("app", "app"));
    let hole =
        format!("Local: this machine's store knows nothing of `{}`, which `{}` refers to", path("lib"), path("app"));
    check(&store("app:5 -> lib"), &hole);
    check(&store("app:5").wanting("", Closure::Runtime), "Usage: no store path of `nothing` is known: build it first");
    let mut none = store("app:5");
    none.wanted.clear();
    check(&none, "Usage: no output is wanted, so that there is nothing to decide");
}

fn absent(path_name: &str, root: &str) -> String {
    format!("Local: `{}` of `{root}` is not in this machine's store: build it first", path(path_name))
}
