//! Whether an address may be written into flake.nix, which Nix copies to where everybody reads it: it opens nothing.

use anyhow::{Result, bail};
use cache_protocol::shown;

/// Settings of a cache that tell nobody anything: those of Nix's stores (`nix help-stores`), and of this program for a server of one's
/// own.
const HARMLESS: [&str; 25] = [
    "addressing-style",
    "api",
    "base64-ssh-public-host-key",
    "buffer-size",
    "compress",
    "compression",
    "compression-level",
    "endpoint",
    "index-debug-info",
    "log-compression",
    "ls-compression",
    "max-connections",
    "multipart-upload",
    "narinfo-compression",
    "parallel-compression",
    "path-info-cache-size",
    "priority",
    "profile",
    "region",
    "scheme",
    "store",
    "substituter",
    "trusted",
    "want-mass-query",
    "write-nar-listing",
];

/// Refuses an address with a login, or with a setting that is not known to be harmless; it is not repeated then.
///
/// # Errors
/// When it is such an address.
pub fn opens_nothing(url: &str) -> Result<()> {
    const KEPT: &str = "nothing was created or written";
    let (bare, settings) = url.split_once('?').unwrap_or((url, ""));
    let named = shown(url);
    if bare.contains("://") && !has_no_login(bare) {
        bail!(
            "`{named}` holds a login, or is no address, and flake.nix is read by everybody: {KEPT}; leave the login out, and keep it in \
             a variable (`--token-variable`) or in netrc"
        );
    }
    for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
        let (name, value) = setting.split_once('=').unwrap_or(("", setting));
        let lower = value.to_ascii_lowercase();
        let holds_login = ["@", "%40", "#"].iter().any(|sign| lower.contains(sign));
        match HARMLESS.contains(&name) {
            true if !holds_login => {}
            true => bail!(
                "the setting `{name}` of `{named}` holds a login, and flake.nix is read by everybody: {KEPT}; leave the login out"
            ),
            // What has no known name may be a secret itself.
            false => bail!(
                "{} of `{named}` is not known to be harmless, and flake.nix is read by everybody: {KEPT}; leave it out",
                if is_word(name) { format!("the setting `{name}`") } else { "a setting".to_owned() }
            ),
        }
    }
    Ok(())
}

/// Whether `bare`, an address without settings, is all that may be shown of it. Who logs in by SSH, by a key, may be named.
fn has_no_login(bare: &str) -> bool {
    let named = shown(bare);
    let by_ssh = || {
        let (scheme, rest) = bare.split_once("://")?;
        let (user, rest) = rest.split_once('@')?;
        Some(["ssh", "ssh-ng"].contains(&scheme) && is_word(user) && named == format!("{scheme}://{rest}"))
    };
    named == bare || by_ssh().unwrap_or(false)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() < 32 && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_something_is_refused_and_not_repeated() {
        for url in [
            "https://nix.fleet.io",
            "cachix://fleet?api=http://127.0.0.1:9/api/v1&substituter=http://127.0.0.1:9/fleet",
            "attic+https://a.org/fleet",
            "s3://bucket?region=eu-central-1&endpoint=http://127.0.0.1:9&priority=3",
            "ssh-ng://builder@host",
            "file:///srv/cache?compression=zstd",
            "nix.fleet.io",
        ] {
            assert_eq!(opens_nothing(url).map_err(|error| error.to_string()), Ok(()), "{url}");
        }
        let check = |url: &str, expected: &str| {
            let refused = opens_nothing(url).unwrap_err().to_string();
            assert!(refused.starts_with(expected) && !refused.contains("hunt"), "{url}: {refused}");
        };
        check("https://me:hunter2@h/c", "`https://h/c` holds a login");
        check("https://me:hunt/er2@h/c", "`https:…` holds a login");
        check("https://hunter2@h/c", "`https://h/c` holds a login");
        check("ssh-ng://me:hunter2@h", "`ssh-ng://h` holds a login");
        check("https://h/c#hunter2", "`https://h/c` holds a login");
        check("https://h/?token=hunter2", "the setting `token` of `https://h/` is not known to be harmless");
        check("https://h/?priority=1&HUNTer2=1", "a setting of `https://h/` is not known");
        check("https://h/?hunter2", "a setting of `https://h/` is not known");
        check("s3://b?endpoint=http://me:hunter2@h", "the setting `endpoint` of `s3://b` holds a login");
        check("file:///x?secret-key=/hunter2", "the setting `secret-key` of `file:///x` is not known");
    }
}
