//! Step `nix`: a Nix that starts, wherever it is; else the distribution's, else the official installer's.

use anyhow::Result;

use crate::bootstrap::machine::{Machine, Platform};
use crate::bootstrap::step::{Action, NeededBy, State, Step, Surroundings, install_packages};
use crate::network;
use crate::nix::{self, Search};

pub const STEP: Step = Step { name: "nix", brings: "Nix itself", needed_by: NeededBy::Ci, after: &[], detect };

fn detect(surroundings: &Surroundings) -> Result<State> {
    let reachable = || !surroundings.offline && network::reachable(nix::INSTALLER_HOST, 443);
    Ok(decide(nix::search()?, &surroundings.machine, reachable))
}

fn decide(found: Search, machine: &Machine, installer_reachable: impl FnOnce() -> bool) -> State {
    let service_manager = machine.systemd || machine.platform == Platform::MacOs;
    match found {
        Search::Found(nix) => State::Satisfied(match nix.on_path {
            true => nix.description,
            false => format!("{} in `{}`, which is not on PATH", nix.description, nix.bin.display()),
        }),
        Search::Broken { program, reason } => State::Blocked {
            reason: format!("`{}` does not start: {reason}", program.display()),
            remedy: "correct that configuration".to_owned(),
        },
        Search::TooOld { program, description } => State::Blocked {
            reason: format!("`{}` is {description}, older than {}", program.display(), nix::OLDEST),
            remedy: "upgrade it the way it was installed: this program never replaces a Nix".to_owned(),
        },
        Search::Absent if machine.root.join("etc/NIXOS").exists() => State::Blocked {
            reason: "this is NixOS, and yet no Nix was found".to_owned(),
            remedy: "export PATH=/run/current-system/sw/bin:$PATH".to_owned(),
        },
        Search::Absent if machine.distribution.is_debian() => {
            install_packages(machine, &nix::debian_packages(machine.systemd), "")
        }
        Search::Absent if installer_reachable() => State::Missing(vec![Action::RunNixInstaller]),
        Search::Absent => State::Blocked {
            reason: "no Nix was found, and its installer cannot be reached".to_owned(),
            remedy: nix::installer_by_hand(service_manager),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_decides() {
        let folder = tempfile::tempdir().unwrap();
        let debian = Machine::example(folder.path());
        let mut arch = debian.clone();
        arch.distribution.id = "arch".into();
        let user = Machine { uid: 1000, ..debian.clone() };
        let check = |found: &Search, machine: &Machine, reachable: bool, expected: &str| {
            let state = format!("{:?}", decide(found.clone(), machine, || reachable));
            assert!(state.contains(expected), "{state} has no {expected}");
        };
        let program = || "/usr/bin/nix".into();
        check(
            &Search::Absent,
            &debian,
            false,
            "Missing([Run([\"apt-get\", \"update\"]), Run([\"apt-get\", \"install\"",
        );
        check(
            &Search::Absent,
            &user,
            true,
            "Blocked { reason: \"nix-bin is not installed\", remedy: \"sudo apt-get install --yes nix-bin\"",
        );
        check(&Search::Absent, &arch, true, "Missing([RunNixInstaller])");
        check(
            &Search::Absent,
            &arch,
            false,
            "cannot be reached\", remedy: \"curl --location https://nixos.org/nix/install | sh",
        );
        let broken = Search::Broken { program: program(), reason: "/etc/nix/nix.conf:3: malformed line \"x\"".into() };
        check(&broken, &debian, true, "does not start: /etc/nix/nix.conf:3");
        let old = Search::TooOld { program: program(), description: "nix (Nix) 2.3".into() };
        check(&old, &debian, true, "older than 2.8");
        std::fs::create_dir(folder.path().join("etc")).unwrap();
        std::fs::write(folder.path().join("etc/NIXOS"), "").unwrap();
        check(&Search::Absent, &debian, true, "this is NixOS");
    }

    #[test]
    fn systemd_gets_the_daemon_too() {
        let folder = tempfile::tempdir().unwrap();
        let machine = Machine { systemd: true, ..Machine::example(folder.path()) };
        let state = format!("{:?}", decide(Search::Absent, &machine, || false));
        assert!(state.contains("\"nix-bin\", \"nix-setup-systemd\""), "{state}");
    }
}
