//! How the set-up of caches on a machine is told: what files gain and lose, without passwords, and what a person does besides.

use std::path::Path;

use super::steps::changes;
use super::{Console, Mark};
use crate::bootstrap::caches::{Change, Wanted, netrc};
use crate::bootstrap::{Machine, Platform};
use crate::{nix, process};

/// Says what becomes, or became, of a file.
pub fn change(console: &Console, change: &Change, done: bool) {
    let path = change.path.display();
    let what = match (&change.before, &change.after) {
        (None, _) => format!("make `{path}`"),
        (_, None) => format!("remove `{path}`"),
        _ => format!("write `{path}`"),
    };
    console.mark(if done { Mark::Ok } else { Mark::Planned }, &what);
    let text = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        if change.secret { netrc::shown(text) } else { text.to_owned() }
    };
    // A new password changes a line that shows none.
    let mut lines = changes(&text(&change.before), &text(&change.after));
    if lines.is_empty() {
        lines.push("  ~ its passwords, or who may read it".to_owned());
    }
    lines.iter().for_each(|line| console.line(&format!("  {line}")));
}

/// Says that everything is as it should be.
pub fn in_force(console: &Console, wanted: &Wanted) {
    let caches: Vec<String> = wanted.substituters.iter().map(|cache| format!("`{cache}`")).collect();
    console.mark(Mark::Ok, &format!("Nix asks {}: nothing to do", caches.join(", ")));
}

/// Says that a configuration has to say it.
pub fn declared(console: &Console, file: &Path, owner: &str, snippet: &str) {
    console.mark(
        Mark::Failed,
        &format!("`{}` is made by {owner}: add to that configuration, and activate it", file.display()),
    );
    console.answer(&format!("{snippet}\n"));
}

/// Says that the user is not heeded, what that means, and what root runs.
pub fn untrusted(console: &Console, user: &str, command: &str) {
    console.mark(
        Mark::Failed,
        &format!(
            "`{user}` is not among the `trusted-users` of Nix's daemon: what this user's nix.conf, or `nixConfig` of a flake, \
             says of caches is ignored; nothing was written"
        ),
    );
    console.always(&format!("    fix: {command}"));
}

/// Says that somebody else's entry for a host stays.
pub fn known_host(console: &Console, host: &str) {
    console.line(&format!("the netrc has an entry for `{host}` already: it stays as it is"));
}

/// Says that another netrc no longer counts.
pub fn netrc_left(console: &Console, left: &Path) {
    console.mark(Mark::Warning, &format!("entries of `{}` no longer count for this user", left.display()));
}

/// Says that it is not known whether a cache needs a password.
pub fn perhaps_private(console: &Console, host: &str, variable: &str, why: &str) {
    console.mark(
        Mark::Warning,
        &format!(
            "could not find out whether `{host}` is private ({why}): if it is, add `--token {host}={variable}`, which writes a \
             netrc entry"
        ),
    );
}

/// Says what takes the place of what was written.
pub fn not_in_force(console: &Console, missing: &[&str], reason: Option<String>) {
    let missing: Vec<String> = missing.iter().map(|one| format!("`{one}`")).collect();
    console.mark(Mark::Failed, &format!("written, and Nix still does not use {}", missing.join(", ")));
    let fix =
        reason.unwrap_or_else(|| "look in `nix show-config` and nix.conf for what sets `substituters` anew".to_owned());
    console.always(&format!("    fix: {fix}"));
}

/// Says that a daemon runs with the old settings.
pub fn restart_daemon(console: &Console, machine: &Machine) {
    let command = match (machine.systemd, machine.platform) {
        (true, _) => format!("systemctl restart {}", nix::DAEMON_UNIT),
        (_, Platform::MacOs) => nix::RESTART_DAEMON_ON_MACOS.to_owned(),
        (_, Platform::Linux) => nix::START_DAEMON_BY_HAND.to_owned(),
    };
    console.line(&format!("the daemon reads its settings when it starts; restart it: {command}"));
}

/// Says how all ended.
pub fn verdict(console: &Console, changed: usize, dry_run: bool) {
    let files = super::words::count(changed, "file");
    match (changed, dry_run) {
        (0, _) => console.mark(Mark::Ok, "cache setup: nothing to do"),
        (_, true) => console.mark(Mark::Planned, &format!("cache setup: {files} would change")),
        (_, false) => console.mark(Mark::Ok, &format!("cache setup: {files} changed; `--undo` takes it back")),
    }
}

/// The command that does the same as root.
#[must_use]
pub fn as_root(program: &Path, repository: &Path, variables: &[String]) -> String {
    let keep = if variables.is_empty() { String::new() } else { format!(" --preserve-env={}", variables.join(",")) };
    let quoted = |path: &Path| process::quoted(&path.to_string_lossy());
    format!("sudo{keep} {} --repo {} cache setup", quoted(program), quoted(repository))
}
