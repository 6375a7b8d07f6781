//! Small graphs of derivations, and what makes one another.

use anyhow::Context as _;

use super::*;

/// A store path whose hash is made of one letter.
fn path(hash: char, name: &str) -> String {
    format!("/nix/store/{}-{name}", hash.to_string().repeat(HASH))
}

/// Inputs and texts of a derivation.
type Parts<'a> = (&'a [(char, &'a str)], &'a [(&'a str, &'a str)]);

/// Derivations by their paths; each is written as its hash, its name, its inputs, its sources and its texts.
#[derive(Debug, Default)]
struct Graph(HashMap<String, Arc<Derivation>>);

impl Graph {
    fn with(mut self, hash: char, name: &str, inputs: &[(char, &str)], texts: &[(&str, &str)]) -> Self {
        let (inputs, sources): (Vec<_>, Vec<_>) = inputs.iter().partition(|(_, name)| !name.ends_with(".sh"));
        let derivation = Derivation {
            name: name.to_owned(),
            outputs: vec![("out".to_owned(), path(hash, name)), ("dev".to_owned(), path(hash, &format!("{name}-dev")))],
            inputs: inputs.iter().map(|(hash, name)| path(*hash, &format!("{name}.drv"))).collect(),
            sources: sources.iter().map(|(hash, name)| path(*hash, name)).collect(),
            texts: texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
        };
        self.0.insert(path(hash, &format!("{name}.drv")), Arc::new(derivation));
        self
    }

    /// The causes, as `name: texts | sources | added | removed`.
    #[track_caller]
    fn check(&self, base: (char, &str), head: (char, &str), expected: &[&str]) -> Causes {
        let mut read = |path: &str| self.0.get(path).cloned().with_context(|| format!("{path} is not there"));
        let drv = |(hash, name): (char, &str)| path(hash, &format!("{name}.drv"));
        let causes = Pairs::default().causes(&drv(base), &drv(head), &mut read).unwrap();
        let said = |cause: &Arc<Cause>| {
            let was = cause.was.as_ref().map(|was| format!(" was {was}")).unwrap_or_default();
            let lists = [&cause.texts, &cause.sources, &cause.added, &cause.removed].map(|list| list.join(","));
            format!("{}{was}: {}", cause.name, lists.join(" | "))
        };
        assert_eq!(causes.nearest.iter().map(said).collect::<Vec<_>>(), expected);
        causes
    }
}

#[test]
fn the_change_is_told_where_it_is() {
    // The host differs only by what it needs.
    let graph = Graph::default()
        .with('a', "motd", &[], &[("text", "hello")])
        .with('b', "motd", &[], &[("text", "bye")])
        .with('c', "etc", &[('a', "motd")], &[("files", &path('a', "motd"))])
        .with('d', "etc", &[('b', "motd")], &[("files", &path('b', "motd"))])
        .with('e', "host", &[('c', "etc")], &[("etc", &path('c', "etc")), ("out", &path('e', "host"))])
        .with('f', "host", &[('d', "etc")], &[("etc", &path('d', "etc")), ("out", &path('f', "host"))]);
    let causes = graph.check(('e', "host"), ('f', "host"), &["motd: text |  |  | "]);
    assert_eq!((causes.total, causes.differing), (1, 3));
}

#[test]
fn what_differs_in_a_derivation() {
    let check = |base: Parts<'_>, head: Parts<'_>, expected: &str| {
        let graph = Graph::default().with('a', "x", base.0, base.1).with('b', "x", head.0, head.1);
        graph.check(('a', "x"), ('b', "x"), &[expected]);
    };
    check((&[], &[("builder", "sh")]), (&[], &[("builder", "bash")]), "x: builder |  |  | ");
    check((&[], &[("one", "1")]), (&[], &[("two", "1")]), "x: one,two |  |  | ");
    check((&[('m', "a.sh")], &[]), (&[('n', "a.sh")], &[]), "x:  | a.sh |  | ");
    check((&[('m', "a.sh")], &[]), (&[('n', "b.sh")], &[]), "x:  |  | b.sh | a.sh");
    // Whatever it is that makes them differ is their own, since there is nothing else.
    check((&[], &[]), (&[], &[]), "x:  |  |  | ");
}

#[test]
fn an_input_with_another_version_is_the_same_input() {
    let graph = Graph::default()
        .with('a', "hello-2.12", &[], &[("version", "2.12")])
        .with('b', "hello-2.13", &[], &[("version", "2.13")])
        .with('c', "host", &[('a', "hello-2.12")], &[("packages", &path('a', "hello-2.12-dev"))])
        .with('d', "host", &[('b', "hello-2.13")], &[("packages", &path('b', "hello-2.13-dev"))]);
    graph.check(('c', "host"), ('d', "host"), &["hello-2.13 was hello-2.12: version |  |  | "]);
}

#[test]
fn an_input_more_or_less() {
    let graph = Graph::default()
        .with('a', "git", &[], &[])
        .with('b', "vim", &[], &[])
        .with('c', "host", &[('a', "git")], &[("packages", &path('a', "git"))])
        .with(
            'd',
            "host",
            &[('a', "git"), ('b', "vim")],
            &[("packages", &format!("{} {}", path('a', "git"), path('b', "vim")))],
        );
    graph.check(('c', "host"), ('d', "host"), &["host: packages |  | vim | "]);
    graph.check(('d', "host"), ('c', "host"), &["host: packages |  |  | vim"]);
}

#[test]
fn the_nearest_are_told_first_and_each_once() {
    let graph = Graph::default()
        .with('a', "deep", &[], &[("v", "1")])
        .with('b', "deep", &[], &[("v", "2")])
        .with('c', "left", &[('a', "deep")], &[])
        .with('d', "left", &[('b', "deep")], &[])
        .with('e', "right", &[('a', "deep")], &[("v", "1")])
        .with('f', "right", &[('b', "deep")], &[("v", "2")])
        .with('g', "host", &[('c', "left"), ('e', "right")], &[])
        .with('h', "host", &[('d', "left"), ('f', "right")], &[]);
    graph.check(('g', "host"), ('h', "host"), &["right: v |  |  | ", "deep: v |  |  | "]);
}

#[test]
fn hashes_are_left_out() {
    let check = |text: &str, expected: &str| assert_eq!(without_hashes(text), expected);
    check(&format!("PATH={}/bin:{}", path('a', "x"), path('b', "y")), "PATH=/nix/store/-x/bin:/nix/store/-y");
    check(&format!("/{}/bin", "1".repeat(PLACEHOLDER)), "//bin");
    check("/etc/motd", "/etc/motd");
    check(&format!("/{}", "a".repeat(HASH)), &format!("/{}", "a".repeat(HASH)));
}
