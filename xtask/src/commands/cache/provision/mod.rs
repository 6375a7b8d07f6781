//! Create a binary cache, or find it created, and write its address and key into flake.nix

mod addition;
mod address;
mod nix_text;
mod signing;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use cache_protocol::{Cache, ProvisionRequest, Provisioned, Token};
use clap::builder::FalseyValueParser;

use super::{asked, known};
use crate::config::Config;
use crate::context::{Context, Ending};
use crate::files;
use crate::nix::{Caches, FlakeFile, Nix, Store};
use crate::report::cache_provision::{self as report, PlannedKey};
use crate::rules::cache_config::{List, entry_fault, identity};
use crate::session::find_nix;
use addition::{Refusal, with_value};

/// Create a binary cache, or find it created, and write its address and key into flake.nix
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The cache: `cachix://NAME`, `attic+https://HOST/NAME`, `s3://BUCKET?region=…`, `https://HOST`
    #[arg(value_name = "URL")]
    url: String,
    /// The cache is there already, and signs with this key: ask nobody, only write
    #[arg(long, value_name = "NAME:BASE64", env = "XTASK_KEY")]
    key: Vec<String>,
    /// Sign with the key in this folder, made there unless there is one; for caches that do not sign themselves
    #[arg(long, value_name = "DIR", env = "XTASK_NEW_KEY", conflicts_with = "key")]
    new_key: Option<PathBuf>,
    /// Only who has a token may read it
    #[arg(long, env = "XTASK_PRIVATE", value_parser = FalseyValueParser::new())]
    private: bool,
    /// Its priority, where a cache has one: lower is asked first, and cache.nixos.org has 40
    #[arg(long, value_name = "NUMBER", env = "XTASK_PRIORITY")]
    priority: Option<i64>,
    /// The variable that holds the token [default: the one that the service's own client reads]
    #[arg(long, value_name = "VARIABLE", env = "XTASK_TOKEN_VARIABLE")]
    token_variable: Option<String>,
    /// Create nothing and ask nobody: show what would be made, and what flake.nix would gain; exit status 1 if there is any
    #[arg(long, env = "XTASK_DRY_RUN", value_parser = FalseyValueParser::new())]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask cache provision cachix://my-fleet
  cargo xtask cache provision 's3://bucket?region=eu-central-1' --new-key ~/.config/nix/fleet-cache   with a key to sign with
  cargo xtask cache provision https://cache.our-fleet.net --key cache.our-fleet.net-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs=   made elsewhere: write it down
  cargo xtask cache provision https://cache.our-fleet.net --key cache.our-fleet.net-1:mB9FSh9qf2dCimDSUo8Zy7bkq5CX+/rkCWyvRCYg3Fs= --dry-run   what flake.nix would gain";

/// Creates the cache and writes it down.
///
/// # Errors
/// When the client cannot be had or the cache cannot be created, or flake.nix cannot be evaluated or written.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    address::opens_nothing(&args.url)?;
    let nix = find_nix()?;
    if args.dry_run && args.key.is_empty() {
        return planned(context, &nix, args);
    }
    let conventional = || known::token_variable(&args.url).map(str::to_owned);
    let variable = args.token_variable.clone().or_else(conventional);
    let provisioned = if args.key.is_empty() {
        let token = variable.clone().map(|variable| Token { variable });
        let signing_key = signing::source(context, &nix, &args.url, args.new_key.as_deref())?;
        let cache = Cache { url: args.url.clone(), public_keys: Vec::new(), signing_key, token, netrc: Vec::new() };
        let store_folder = Store::of(&nix.settings()?)?.folder.display().to_string();
        let request = ProvisionRequest { cache, public: !args.private, priority: args.priority, store_folder };
        asked::provision(context, request)?
    } else {
        let (url, substituter) = (args.url.clone(), args.url.clone());
        Provisioned { url, substituter, public_keys: args.key.clone(), ..Provisioned::default() }
    };
    if args.key.is_empty() {
        report::provisioned(&context.console, &provisioned);
        if provisioned.public_keys.is_empty() {
            report::unsigned(&context.console);
        }
    }
    let ending = write_down(context, &nix, &provisioned, args.dry_run)?;
    if let Some(variable) = variable.filter(|_| ending == Ending::Clean && !args.dry_run) {
        report::secret_hint(&context.console, &variable);
    }
    if let Some(folder) = args.new_key.as_deref().filter(|_| ending == Ending::Clean) {
        report::key_hint(&context.console, &folder.join("secret"));
    }
    Ok(ending)
}

/// Says what would be made: nobody is asked, so that what the cache would answer is not known, and its creation is always to be done.
fn planned(context: &Context, nix: &Nix, args: &Args) -> Result<Ending> {
    let key = match args.new_key.as_deref() {
        Some(folder) => Some(signing::planned(context, &args.url, folder)?),
        None => None,
    };
    report::planned(&context.console, &args.url, key.as_ref());
    let cache =
        Cache { url: args.url.clone(), public_keys: Vec::new(), signing_key: None, token: None, netrc: Vec::new() };
    let public_keys = key.into_iter().filter_map(PlannedKey::public).collect();
    let (url, substituter) = (args.url.clone(), cache.substituter());
    write_down(context, nix, &Provisioned { url, substituter, public_keys, ..Provisioned::default() }, true)?;
    Ok(Ending::Problems)
}

/// Writes the address and the keys into `nixConfig` of flake.nix, where they are not there.
fn write_down(context: &Context, nix: &Nix, cache: &Provisioned, dry_run: bool) -> Result<Ending> {
    let config = Config::read(&context.repository)?;
    if let Some((fault, fix)) =
        cache.public_keys.iter().find_map(|key| entry_fault(List::Keys, key, &config.cache.keys))
    {
        bail!("{fault}: {fix}");
    }
    if !cache.substituter.contains("://") {
        bail!(
            "`{}` is no address that Nix can substitute from: write `https://` and the cache's host",
            cache.substituter
        );
    }
    let path = context.repository.join("flake.nix");
    let path = path.canonicalize().unwrap_or(path);
    let before = std::fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let named = Caches::from(&nix.flake_file(&context.repository)?.config);
    if let Some((known, served)) = of_one_name(&named.keys, &cache.public_keys) {
        let line = before.lines().position(|line| line.contains(known)).map_or(1, |at| at + 1);
        report::other_bytes(&context.console, line, known, served);
        return Ok(Ending::Problems);
    }
    let additions = additions(&named, cache);
    let mut after = before.clone();
    for (setting, value) in &additions {
        match with_value(&after, setting, value) {
            Ok(text) => after = text,
            Err(Refusal { line, reason }) => {
                report::by_hand(&context.console, line, reason, &additions);
                return Ok(Ending::Problems);
            }
        }
    }
    if after == before {
        report::written_already(&context.console, &cache.substituter);
        return Ok(Ending::Clean);
    }
    proven(nix, &before, &after, &additions)?;
    if !dry_run {
        let now = std::fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
        if now != before {
            bail!("flake.nix was changed meanwhile: nothing was written; run the command again");
        }
        files::write_atomically(&path, after.as_bytes())?;
    }
    report::written(&context.console, &before, &after, dry_run);
    Ok(if dry_run { Ending::Problems } else { Ending::Clean })
}

/// What `nixConfig` lacks: setting and value.
fn additions(named: &Caches, cache: &Provisioned) -> Vec<(&'static str, String)> {
    let is_named = named.substituters.iter().any(|known| identity(known) == identity(&cache.substituter));
    let address = (!is_named).then(|| ("extra-substituters", cache.substituter.clone()));
    let keys = cache.public_keys.iter().filter(|key| !named.keys.contains(key));
    address.into_iter().chain(keys.map(|key| ("extra-trusted-public-keys", key.clone()))).collect()
}

/// A key that is known, and one of the same name with other bytes.
fn of_one_name<'a>(known: &'a [String], served: &'a [String]) -> Option<(&'a str, &'a str)> {
    let name = |key: &'a str| key.split(':').next();
    served.iter().find_map(|served| {
        let known = known.iter().find(|known| name(known) == name(served) && *known != served)?;
        Some((known.as_str(), served.as_str()))
    })
}

/// Evaluates the new text beside the old one: it says what it should, and nothing else has changed.
fn proven(nix: &Nix, before: &str, after: &str, additions: &[(&'static str, String)]) -> Result<()> {
    let read = |text: &str| {
        let folder = tempfile::tempdir().context("make a folder for the new flake.nix")?;
        std::fs::write(folder.path().join("flake.nix"), text).context("write the new flake.nix")?;
        nix.flake_file(folder.path())
    };
    let (old, new) = (read(before)?, read(after).context("the new flake.nix would not evaluate: nothing was written")?);
    if !says_besides(&old, &new, additions) {
        bail!("the new flake.nix would say something else than it should: nothing was written");
    }
    Ok(())
}

/// Whether the new file says what the old one does, and the additions, and nothing else.
fn says_besides(old: &FlakeFile, new: &FlakeFile, additions: &[(&'static str, String)]) -> bool {
    let words = |file: &FlakeFile| {
        let settings = file.config.words();
        let of_each = settings.flat_map(|(name, words)| words.into_iter().map(move |word| (name.to_owned(), word)));
        of_each.collect::<Vec<_>>()
    };
    let (mut expected, mut said) = (words(old), words(new));
    expected.extend(additions.iter().map(|(setting, value)| ((*setting).to_owned(), value.clone())));
    expected.sort();
    said.sort();
    old.inputs == new.inputs && said == expected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_is_added() {
        let texts = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let check = |caches: &[&str], keys: &[&str], expected: &[(&str, &str)]| {
            let named = Caches { substituters: texts(caches), keys: texts(keys) };
            let cache = Provisioned {
                substituter: "https://a".into(),
                public_keys: texts(&["a-1:A"]),
                ..Provisioned::default()
            };
            let added = additions(&named, &cache);
            let added: Vec<(&str, &str)> = added.iter().map(|(setting, value)| (*setting, value.as_str())).collect();
            assert_eq!(added, expected, "{caches:?} {keys:?}");
        };
        let (address, key) = (("extra-substituters", "https://a"), ("extra-trusted-public-keys", "a-1:A"));
        check(&[], &[], &[address, key]);
        check(&["https://a/"], &[], &[key]);
        check(&["https://a?priority=1"], &["b-1:B", "a-1:A"], &[]);
        check(&["https://ab"], &["a-1:A"], &[address]);
    }

    #[test]
    fn one_name_has_one_key() {
        let check = |known: &str, served: &str, expected: bool| {
            let (known, served) = (vec![known.to_owned()], vec![served.to_owned()]);
            assert_eq!(of_one_name(&known, &served).is_some(), expected);
        };
        check("a-1:A", "a-1:A", false);
        check("a-1:A", "a-1:B", true);
        check("a-1:A", "a-2:B", false);
    }

    #[test]
    fn a_new_text_says_the_additions_and_nothing_else() {
        let file = |json: &str| serde_json::from_str::<FlakeFile>(json).unwrap();
        let check = |new: &str, expected: bool| {
            let old = file(r#"{"inputs": {"a": {"url": "u"}}, "config": {"x": ["1"]}}"#);
            assert_eq!(says_besides(&old, &file(new), &[("y", "2".to_owned())]), expected, "{new}");
        };
        check(r#"{"inputs": {"a": {"url": "u"}}, "config": {"y": ["2"], "x": ["1"]}}"#, true);
        check(r#"{"inputs": {"a": {"url": "u"}}, "config": {"x": ["1"]}}"#, false);
        check(r#"{"inputs": {"a": {"url": "u"}}, "config": {"y": ["2"]}}"#, false);
        check(r#"{"inputs": {"a": {"url": "u"}}, "config": {"y": ["2", "3"], "x": ["1"]}}"#, false);
        check(r#"{"inputs": {"a": {"url": "v"}}, "config": {"y": ["2"], "x": ["1"]}}"#, false);
    }
}
