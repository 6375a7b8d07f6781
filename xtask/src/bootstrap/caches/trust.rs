//! Whether what a user sets about caches counts: a daemon heeds the settings of those that its `trusted-users` names.

use crate::bootstrap::machine::Machine;
use crate::nix::Reach;

/// Whether what the user sets counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The user opens the store without a daemon.
    OwnStore,
    /// The daemon heeds the user.
    Heeded,
    /// The daemon ignores what the user, or a flake's `nixConfig`, says of caches.
    Ignored,
}

/// Whether the store that was reached heeds the user of `machine`. Where the daemon itself does not say (before Nix 2.15), its
/// setting `trusted_users` does.
#[must_use]
pub fn heeds(reach: &Reach, machine: &Machine, trusted_users: &str) -> Trust {
    let Reach::Open { url, trusted } = reach else { return Trust::OwnStore };
    if url != "daemon" && !url.starts_with("unix://") {
        return Trust::OwnStore;
    }
    let named = || {
        trusted_users.split_whitespace().any(|word| match word.strip_prefix('@') {
            Some(group) => machine.member_of.iter().any(|name| name == group),
            None => word == "*" || word == machine.user,
        })
    };
    if trusted.unwrap_or_else(named) { Trust::Heeded } else { Trust::Ignored }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemon_says_whom_it_heeds_or_its_settings_do() {
        let machine = Machine { user: "ada".into(), member_of: vec!["wheel".into()], ..Machine::example("/".as_ref()) };
        let check = |url: &str, told: Option<bool>, users: &str, expected: Trust| {
            let reach = Reach::Open { url: url.into(), trusted: told };
            assert_eq!(heeds(&reach, &machine, users), expected, "{url} {told:?} {users}");
        };
        check("local", None, "root", Trust::OwnStore);
        check("/chroot", Some(false), "root", Trust::OwnStore);
        check("daemon", Some(true), "root", Trust::Heeded);
        check("daemon", Some(false), "ada", Trust::Ignored);
        check("unix:///socket", Some(false), "ada", Trust::Ignored);
        check("daemon", None, "root", Trust::Ignored);
        check("daemon", None, "root adam", Trust::Ignored);
        check("daemon", None, "root ada", Trust::Heeded);
        check("daemon", None, "root @wheel", Trust::Heeded);
        check("daemon", None, "@staff wheel", Trust::Ignored);
        check("daemon", None, "*", Trust::Heeded);
    }
}
