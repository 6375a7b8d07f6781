//! The token is found under the names that are read, and its absence is told from its being under another.

use super::*;
use crate::config::Config;

fn check(text: &str, variables: &[(&str, bool)], expected: Result<Token, &str>) {
    let variables: Variables = variables.iter().map(|(name, filled)| ((*name).to_owned(), *filled)).collect();
    let token = Config::parse(&format!("[cache]\n{text}\n")).unwrap().cache.token(&variables);
    let read = token.complaint().map_or(Ok(token), Err);
    assert_eq!(read, expected.map_err(str::to_owned), "{text} {variables:?}");
}

fn ready(name: &str) -> Result<Token, &'static str> {
    Ok(Token::Ready(name.to_owned()))
}

const CACHIX: &str = "url = \"cachix://fleet\"";

#[test]
fn tokens_are_looked_for_under_the_names_that_are_read() {
    check(CACHIX, &[("CACHIX_AUTH_TOKEN", true)], ready("CACHIX_AUTH_TOKEN"));
    check("url = \"attic+https://host/cache\"", &[("ATTIC_TOKEN", true)], ready("ATTIC_TOKEN"));
    let two = "url = \"cachix://fleet\"\ntoken_env = [\"FIRST\", \"SECOND\"]";
    check(two, &[("FIRST", true), ("SECOND", true)], ready("FIRST"));
    check(two, &[("FIRST", false), ("SECOND", true)], ready("SECOND"));
    check("url = \"https://host\"\ntoken_env = [\"SECRET\"]", &[("SECRET", true)], ready("SECRET"));
    for without in
        ["", "url = \"file:///a\"", "url = \"https://host\"", "url = \"s3://bucket\"", "url = \"ssh-ng://host\""]
    {
        check(without, &[], Ok(Token::NotNeeded));
    }
}

#[test]
fn a_token_that_is_missing_is_explained() {
    let plain = "the cache needs a token, and `CACHIX_AUTH_TOKEN` is not set: store it as a secret and hand it on";
    check(CACHIX, &[], Err(plain));
    // None of these is about a token of the service.
    check(
        CACHIX,
        &[("CACHIX_SIGNING_KEY", true), ("NPM_TOKEN", true), ("AUTH", true), ("CACHIX_AUTH", false)],
        Err(plain),
    );
    let empty = "`CACHIX_AUTH_TOKEN` is there but empty, as a secret is that does not exist or is not handed to this job: store \
                 it, and hand it on";
    check(CACHIX, &[("CACHIX_AUTH_TOKEN", false)], Err(empty));
    for other in ["CACHIX_AUTH", "CACHIX_TOKEN", "cachix_auth_token"] {
        let instead = format!(
            "the token is looked for in `CACHIX_AUTH_TOKEN`, and there is only `{other}`, which nobody reads: hand it on under \
             the name that is wanted, or write `token_env = [\"{other}\"]` in `[cache]`"
        );
        check(CACHIX, &[(other, true)], Err(&instead));
        check(CACHIX, &[(other, true), ("CACHIX_AUTH_TOKEN", false)], Err(&instead));
    }
    let two = "url = \"https://host\"\ntoken_env = [\"FIRST\", \"SECOND\"]";
    check(
        two,
        &[],
        Err("the cache needs a token, and `FIRST` or `SECOND` is not set: store it as a secret and hand it on"),
    );
}

#[test]
fn a_missing_token_is_an_error_only_where_something_is_pushed() {
    let token = token::find(&["CACHIX_AUTH_TOKEN".to_owned()], true, &Variables::new());
    let decision = |reference: &str| {
        let facts = Facts { token: token.clone(), ..facts(run(&Event::Push, reference, &Origin::Own)) };
        decide(&facts, &Rules::default())
    };
    let expected = "the preset `main-and-tags` pushes the default branch and tags alone, but it cannot be pushed: the cache needs \
                    a token, and `CACHIX_AUTH_TOKEN` is not set: store it as a secret and hand it on";
    assert_eq!(decision("refs/heads/main"), Decision::Error(expected.to_owned()));
    assert!(matches!(decision("refs/heads/topic"), Decision::Skip(_)));
}

#[test]
fn dependabot_is_not_handed_secrets() {
    let decision = |actor: &str, token: Token| {
        let mut facts = Facts { token, ..facts(run(&Event::PullRequest, "refs/pull/7/merge", &Origin::Own)) };
        facts.trigger.actor = Some(actor.to_owned());
        decide(&facts, &Rules { preset: Preset::PrsNoForks, ..Rules::default() })
    };
    let missing = || token::find(&["CACHIX_AUTH_TOKEN".to_owned()], true, &Variables::new());
    let expected = "the preset `prs-no-forks` pushes the default branch and pull requests of this repository's own branches alone, \
                    but Dependabot's runs are not handed the repository's secrets: store the token as a secret of Dependabot too \
                    if they should push";
    assert_eq!(decision("dependabot[bot]", missing()), Decision::Skip(expected.to_owned()));
    assert!(matches!(decision("dependabot[bot]", Token::NotNeeded), Decision::Push { .. }));
    assert!(matches!(decision("ada", missing()), Decision::Error(_)));
}
