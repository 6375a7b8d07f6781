//! What `[cache]` may say, what it means, and what is refused with its place.

use super::*;
use crate::config::Config;

fn read(text: &str) -> CacheConfig {
    Config::parse(&format!("[cache]\n{text}\n")).unwrap().cache
}

/// `text`, below `[cache]` in the first line, is refused.
fn refused(text: &str, expected: &str) {
    let error = format!("{:#}", Config::parse(&format!("[cache]\n{text}\n")).unwrap_err());
    assert_eq!(error, format!("xtask.toml{expected}"), "{text}");
}

const WHOLE: &str = r#"
url = "s3://bucket?region=eu-central-1"
token_env = ["AWS_SECRET_ACCESS_KEY"]
signing_key_file = "secrets/cache.key"
on_failure = "fail"
allow_dirty = true
compression = "xz"
preset = "prs-no-forks"

[cache.content]
closure = "outputs"
expensive_systems = ["*-darwin"]
exclude = ["-source$"]
strict = true
budget = "5GB"
upstream = ["cache.nixos.org-1"]

[[cache.content.priority]]
name = "rust-dependencies"
pattern = "-deps-"
priority = 100

[[cache.rule]]
event = ["push", "tag"]
ref = ["default-branch", "refs/tags/*"]
same_repository = true
systems = ["x86_64-linux"]
action = "push"

[cache.targets]
overall = 85
rust-dependencies = 95
"#;

#[test]
fn everything_at_once() {
    let cache = read(WHOLE);
    assert_eq!(cache.destination(Path::new("/state")).to_string(), "s3://bucket?region=eu-central-1");
    assert_eq!(cache.token_variables(), ["AWS_SECRET_ACCESS_KEY"]);
    assert_eq!((cache.on_failure(), cache.compression), (OnFailure::Fail, Some(Compression::Xz)));
    assert_eq!((cache.rules().allow_dirty, cache.rules().preset), (true, Preset::PrsNoForks));
    assert_eq!(cache.content.budget.map(|size| size.0), Some(5_000_000_000));
    assert_eq!((cache.content.strict, cache.content.upstream.len()), (true, 1));
    assert_eq!(cache.content.priority[0].priority, 100);
    assert_eq!(cache.exclude(), ["-source$"]);
    assert_eq!(cache.target(None), Some(85));
    assert_eq!((cache.target(Some("rust-dependencies")), cache.target(Some("images"))), (Some(95), None));
    let rule = &cache.rules().own[0];
    assert_eq!((rule.place, rule.references.len(), rule.systems.len()), (Place::Line(24), 2, 1));
}

#[test]
fn without_a_cache_there_is_an_embedded_one() {
    let (cache, state) = (CacheConfig::default(), Path::new("/a b"));
    assert_eq!(cache.destination(state).to_string(), "file:///a%20b/binary-cache");
    assert_eq!((cache.reach(), cache.rules().allow_dirty), (Reach::Embedded, true));
    let key = cache.signing_key(Path::new("/repository"), state, &Variables::new());
    assert_eq!(key, Some(SigningKey::Embedded("/a b/binary-cache.key".into())));
    assert!(cache.token_variables().is_empty());
}

#[test]
fn who_can_read_it_follows_from_the_url() {
    let check = |url: &str, expected: Reach| {
        let cache = read(&format!("url = \"{url}\""));
        assert_eq!((cache.reach(), cache.rules().allow_dirty), (expected, false), "{url}");
    };
    check("file:///srv/cache", Reach::Folder);
    for remote in ["http://127.0.0.1:1", "s3://bucket", "cachix://name", "attic+http://host/a", "ssh-ng://host"] {
        check(remote, Reach::Remote);
    }
}

#[test]
fn signing_keys() {
    let check = |text: &str, filled: bool, expected: Option<SigningKey>| {
        let variables = Variables::from([("CACHIX_SIGNING_KEY".to_owned(), filled)]);
        assert_eq!(read(text).signing_key(Path::new("/r"), Path::new("/s"), &variables), expected, "{text}");
    };
    let variable = |name: &str| Some(SigningKey::Variable(name.to_owned()));
    check("url = \"cachix://a\"", true, variable("CACHIX_SIGNING_KEY"));
    check("url = \"cachix://a\"", false, None);
    check("url = \"https://host\"", true, None);
    check("url = \"https://host\"\nsigning_key_env = \"KEY\"", true, variable("KEY"));
    let file = Some(SigningKey::File("/r/secrets/key".into()));
    check("url = \"cachix://a\"\nsigning_key_file = \"secrets/key\"", true, file);
    check("signing_key_file = \"/etc/key\"", true, Some(SigningKey::File("/etc/key".into())));
}

#[test]
fn presets_set_what_is_not_said() {
    let check = |preset: &str, closures: [Closure; 2], exclude: usize, on_failure: OnFailure| {
        let cache = read(&format!("preset = \"{preset}\""));
        assert_eq!([cache.closure("x86_64-linux"), cache.closure("aarch64-darwin")], closures, "{preset}");
        assert_eq!((cache.exclude().len(), cache.on_failure()), (exclude, on_failure), "{preset}");
    };
    use Closure::{Build, BuildAndDerivations, Runtime};
    check("darwin-build-closure", [Runtime, BuildAndDerivations], 0, OnFailure::Fail);
    check("built-on-branch", [Build, Build], 0, OnFailure::Fail);
    check("targets-on-main", [Build, Build], 0, OnFailure::Fail);
    check("main-and-tags", [Runtime, Runtime], 0, OnFailure::Warn);
    check("prs-no-forks", [Build, Build], 2, OnFailure::Fail);
    assert_eq!(CacheConfig::default().on_failure(), OnFailure::Warn);
    assert_eq!(read("on_failure = \"warn\"\npreset = \"prs-no-forks\"").on_failure(), OnFailure::Warn);
    assert!(read("preset = \"prs-no-forks\"\ncontent.exclude = []").exclude().is_empty());
}

#[test]
fn expensive_systems_keep_all_that_they_were_built_from() {
    let check = |text: &str, system: &str, expected: Closure| {
        assert_eq!(read(text).closure(system), expected, "{text} {system}");
    };
    let riscv = "content.expensive_systems = [\"riscv64-*\"]";
    check(riscv, "riscv64-linux", Closure::Build);
    check(riscv, "aarch64-darwin", Closure::Runtime);
    check(&format!("{riscv}\ncontent.closure = \"outputs\""), "riscv64-linux", Closure::Build);
    check(
        &format!("{riscv}\ncontent.closure = \"build-and-derivations\""),
        "riscv64-linux",
        Closure::BuildAndDerivations,
    );
    check(&format!("{riscv}\npreset = \"darwin-build-closure\""), "riscv64-linux", Closure::BuildAndDerivations);
    check(&format!("{riscv}\npreset = \"darwin-build-closure\""), "aarch64-darwin", Closure::Runtime);
}

#[test]
fn unknown_keys_and_values_are_named_with_their_line() {
    refused("urls = \"file:///a\"", ":2:1: unknown key `urls`: did you mean `url`?");
    refused("[cache.content]\nclosre = \"build\"", ":3:1: unknown key `closre`: did you mean `closure`?");
    refused("[[cache.content.priority]]\npatern = \"a\"", ":3:1: unknown key `patern`: did you mean `pattern`?");
    refused("[[cache.rule]]\nevents = []", ":3:1: unknown key `events`: did you mean `event`?");
    refused("preset = \"main-and-tag\"", ":2:10: unknown value `main-and-tag`: did you mean `main-and-tags`?");
    refused("on_failure = \"wran\"", ":2:14: unknown value `wran`: did you mean `warn`?");
    refused("compression = \"zst\"", ":2:15: unknown value `zst`: did you mean `zstd`?");
    refused("content.closure = \"buid\"", ":2:19: unknown value `buid`: did you mean `build`?");
    let rule = "[[cache.rule]]\naction = \"push\"\n";
    refused(
        &format!("{rule}event = [\"push\", \"pull_reqest\"]"),
        ":4:18: unknown value `pull_reqest`: did you mean `pull_request`?",
    );
    refused(
        "[[cache.rule]]\nevent = [\"push\"]",
        ":2:1: the key `action` is missing here: write for example `action = \"push\"`",
    );
    let example = ":2:1: the key `event` is missing here: write for example `event = [\"push\"]`";
    refused("[[cache.rule]]\naction = \"push\"", example);
}

#[test]
fn values_that_make_no_sense_are_refused_where_they_stand() {
    refused("url = \"cachx://a\"", ":2:7: no cache is known by `cachx://`: did you mean `cachix://name`?");
    refused("content.budget = \"5\"", ":2:18: `` in the size `5` is no unit: write `5GB` or `500MiB`");
    refused("targets.overall = 101", ":2:19: 101 is no share in percent: write 0 to 100");
    let everything = "`.*` fits every store path: bind it to what is meant, such as `-source$`";
    refused("content.exclude = [\"-a$\", \".*\"]", &format!(":2:27: {everything}"));
    let key = "`a-1:AAAA` is a whole key: write its name, `a-1`, alone";
    refused("content.upstream = [\"a-1:AAAA\"]", &format!(":2:21: {key}"));
    refused("content.upstream = [\"\"]", ":2:21: `` is no name of a key");
    refused("content.upstream = [\"a b\"]", ":2:21: `a b` is no name of a key");
    let system = "is no system and no glob of systems: write `x86_64-linux` or `*-darwin`";
    refused("content.expensive_systems = [\"darwin\"]", &format!(":2:30: `darwin` {system}"));
    let error = format!("{:#}", Config::parse("[cache]\ncontent.exclude = [\"(\"]\n").unwrap_err());
    assert!(error.starts_with("xtask.toml:2:20: `(` is no regular expression: "), "{error}");
}

#[test]
fn a_secret_put_where_its_name_belongs_is_not_repeated() {
    let refusal =
        "this is no name of an environment variable, such as `CACHIX_AUTH_TOKEN`; a token itself never goes here";
    refused("token_env = [\"eyJhbGciOi.J9\"]", &format!(":2:14: {refusal}"));
    refused("signing_key_env = \"a-1:c2VjcmV0\"", &format!(":2:19: {refusal}"));
    refused("signing_key_env = \"\"", &format!(":2:19: {refusal}"));
    refused("signing_key_env = \"1A\"", &format!(":2:19: {refusal}"));
    assert!(read("signing_key_env = \"A_1\"").signing_key_env.is_some());
}

#[test]
fn rules_that_could_never_mean_anything_are_refused() {
    let check = |text: &str, place: &str, expected: &str| {
        refused(&format!("\n[[cache.rule]]\n{text}"), &format!(":{place}: {expected}"));
    };
    let nothing = "`event` of a rule names no event, so that the rule is about nothing";
    check("event = []\naction = \"push\"", "4:9", nothing);
    let fork =
        "what a fork built is never pushed, so that `same_repository = false` goes with `action = \"skip\"` alone";
    check("event = [\"push\"]\nsame_repository = false\naction = \"push\"", "5:19", fork);
    let rule = |key: &str, pattern: &str| format!("event = [\"push\"]\n{key} = ['{pattern}']\naction = \"push\"");
    let whole = "`main` in `ref` is no whole ref: write `refs/heads/main` or `refs/tags/main`";
    check(&rule("ref", "main"), "5:8", whole);
    for (pattern, foreign) in
        [("refs/heads/[ab]", '['), ("^refs/heads/a$", '^'), ("refs/heads/a b", ' '), (r"refs/\w", '\\')]
    {
        let refusal = format!("is no glob of refs: `{foreign}` is in no ref, and `*` and `?` alone stand for others");
        check(&rule("ref", pattern), "5:8", &format!("`{pattern}` in `ref` {refusal}"));
    }
    for pattern in ["darwin", "X86_64-linux", ""] {
        let refusal = "is no system and no glob of systems: write `x86_64-linux` or `*-darwin`";
        check(&rule("systems", pattern), "5:12", &format!("`{pattern}` {refusal}"));
    }
    for (key, pattern) in
        [("systems", "*"), ("systems", "aarch64-?inux"), ("ref", "*"), ("ref", "refs/*"), ("ref", "default-branch")]
    {
        assert_eq!(read(&format!("[[cache.rule]]\n{}", rule(key, pattern))).rules().own.len(), 1);
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let both = "`cache.signing_key_env` and `cache.signing_key_file` both name the signing key: keep one";
    refused("signing_key_env = \"A\"\nsigning_key_file = \"a\"", &format!(":3:1: {both}"));
    refused("token_env = []", ":2:13: `cache.token_env` names no variable: leave it out for the usual ones");
    let class = "is for no class (a `[[cache.content.priority]]` with that `name`)";
    refused("targets.overal = 85", &format!(":2:9: `cache.targets.overal` {class}: did you mean `overall`?"));
    let text = "targets.imges = 85\n[[cache.content.priority]]\nname = \"images\"\npattern = \"-image-\"";
    refused(text, &format!(":2:9: `cache.targets.imges` {class}: did you mean `images`?"));
}
