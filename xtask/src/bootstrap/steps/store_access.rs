//! Step `store-access`: this user can open the store that Nix uses.

use anyhow::Result;

use crate::bootstrap::machine::{Machine, Platform};
use crate::bootstrap::step::{Action, NeededBy, State, Step, Surroundings};
use crate::nix::{self, Failure, Reach, Search, Trouble};

pub const STEP: Step = Step {
    name: "store-access",
    brings: "a store that this user can use",
    needed_by: NeededBy::Ci,
    after: &["nix"],
    detect,
};

fn detect(surroundings: &Surroundings) -> Result<State> {
    match nix::search()? {
        Search::Found(nix) => Ok(decide(nix.reach_store()?, &surroundings.machine)),
        _ => Ok(State::Waiting("nix")),
    }
}

fn decide(reach: Reach, machine: &Machine) -> State {
    match reach {
        Reach::Open { url, trusted } => State::Satisfied(match trusted {
            Some(true) => format!("{url}, trusted"),
            Some(false) => format!("{url}, not trusted: the daemon ignores this user's caches and sandbox settings"),
            None => url,
        }),
        Reach::Closed(failure) => closed(&failure, machine),
    }
}

/// What can be done about a store that does not open.
pub fn closed(failure: &Failure, machine: &Machine) -> State {
    let blocked =
        |remedy: &str| State::Blocked { reason: format!("the store: {}", failure.said), remedy: remedy.to_owned() };
    match failure.trouble {
        Trouble::NoDaemon if machine.uid == 0 && machine.systemd => {
            State::Missing(vec![Action::run(&["systemctl", "restart", nix::DAEMON_UNIT])])
        }
        Trouble::NoDaemon if machine.systemd => blocked(&format!("sudo systemctl restart {}", nix::DAEMON_UNIT)),
        Trouble::NoDaemon if machine.platform == Platform::MacOs => blocked(nix::RESTART_DAEMON_ON_MACOS),
        Trouble::NoDaemon => blocked(nix::START_DAEMON_BY_HAND),
        Trouble::Permission if machine.groups.iter().any(|group| group == "nix-users") => {
            blocked("sudo usermod --append --groups nix-users \"$USER\", then log in anew")
        }
        Trouble::Permission if machine.uid == 0 => blocked("make the folders of the store writable for root"),
        Trouble::Permission => blocked(nix::START_DAEMON_BY_HAND),
        Trouble::ReadOnly => blocked("mount the file system of the store writable, or put the store elsewhere"),
        Trouble::DiskFull => blocked(nix::FREE_SPACE),
        Trouble::NoBuildUsers | Trouble::Sandbox | Trouble::Other => blocked("cargo xtask doctor"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_has_its_remedy() {
        let root = Machine::example(std::path::Path::new("/nowhere"));
        let user = Machine { uid: 1000, ..root.clone() };
        let with_systemd = Machine { systemd: true, ..root.clone() };
        let group = Machine { groups: vec!["nix-users".into()], ..user.clone() };
        let check = |trouble: Trouble, machine: &Machine, expected: &str| {
            let state = format!("{:?}", closed(&Failure { trouble, said: "why".into() }, machine));
            assert!(state.contains(expected), "{trouble:?}: {state} has no {expected}");
        };
        check(Trouble::NoDaemon, &with_systemd, "Missing([Run([\"systemctl\", \"restart\"");
        check(Trouble::NoDaemon, &Machine { systemd: true, ..user.clone() }, "sudo systemctl restart");
        check(Trouble::NoDaemon, &user, nix::START_DAEMON_BY_HAND);
        check(Trouble::NoDaemon, &Machine { platform: Platform::MacOs, ..user.clone() }, "launchctl");
        check(Trouble::Permission, &group, "usermod");
        check(Trouble::Permission, &user, nix::START_DAEMON_BY_HAND);
        check(Trouble::Permission, &root, "writable for root");
        check(Trouble::ReadOnly, &root, "reason: \"the store: why\", remedy: \"mount");
        check(Trouble::DiskFull, &root, nix::FREE_SPACE);
    }

    #[test]
    fn an_open_store_says_whether_it_trusts() {
        let machine = Machine::example(std::path::Path::new("/nowhere"));
        let check = |trusted: Option<bool>, expected: &str| {
            let state = decide(Reach::Open { url: "daemon".into(), trusted }, &machine);
            assert!(matches!(&state, State::Satisfied(what) if what.starts_with(expected)), "{state:?}");
        };
        check(Some(true), "daemon, trusted");
        check(Some(false), "daemon, not trusted");
        check(None, "daemon");
    }
}
