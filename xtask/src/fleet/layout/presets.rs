//! The layouts that have a name, and how a repository shows that it follows one.
//!
//! The conventions are those of the projects themselves: nixos-unified's `flake-parts/autowire.nix`, blueprint's
//! `lib/default.nix`, snowfall-lib's `system`, `home`, `module` and `overlay`, ez-configs' `flake-module.nix`.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Entries, Layout, Naming, Part, Role, Wiring};

/// A layout with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// `configurations/{nixos,darwin,home}`, `modules/{nixos,darwin,home}`, `overlays`, `packages`.
    Configurations,
    /// <https://github.com/srid/nixos-unified>, with `autoWire`.
    NixosUnified,
    /// <https://github.com/numtide/blueprint>.
    Blueprint,
    /// <https://github.com/snowfallorg/lib>.
    SnowfallLib,
    /// <https://github.com/ehllie/ez-configs>.
    EzConfigs,
}

/// What tells which layout a repository follows.
#[derive(Debug)]
pub struct Signs<'a> {
    /// The names of the flake's inputs.
    pub inputs: &'a BTreeSet<String>,
    /// Every folder that git tracks something in, relative to the repository.
    pub folders: &'a BTreeSet<String>,
    /// Whether some tracked `.nix` file says `autoWire`.
    pub says_auto_wire: bool,
}

impl Preset {
    /// Every one, those that an input gives away first.
    pub const ALL: [Self; 5] =
        [Self::NixosUnified, Self::Blueprint, Self::SnowfallLib, Self::EzConfigs, Self::Configurations];

    /// The preset that a repository follows, as far as it shows.
    #[must_use]
    pub fn recognised(signs: &Signs<'_>) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.shows(signs))
    }

    fn shows(self, signs: &Signs<'_>) -> bool {
        let input = |name: &str| signs.inputs.contains(name);
        let has_folders = self.root_in(signs.folders).is_some();
        has_folders
            && match self {
                Self::NixosUnified => (input("nixos-unified") || input("nixos-flake")) && signs.says_auto_wire,
                Self::Blueprint => input("blueprint"),
                Self::SnowfallLib => input("snowfall-lib"),
                Self::EzConfigs => input("ez-configs"),
                // Folders alone; three of the four words must be where this layout has them.
                Self::Configurations => !input("nixos-unified") && !input("nixos-flake"),
            }
    }

    /// The folder that everything is below: the repository itself, or one folder down.
    #[must_use]
    pub fn root_in(self, folders: &BTreeSet<String>) -> Option<String> {
        let wirings = self.layout("").wirings;
        let configurations = wirings.iter().filter(|wiring| wiring.role == Role::Configuration);
        let wanted: Vec<String> = configurations
            .map(|wiring| {
                let named = wiring.folder.iter().map_while(|part| match part {
                    Part::Named(name) => Some(name.as_str()),
                    _ => None,
                });
                named.collect::<Vec<_>>().join("/")
            })
            .collect();
        let below =
            |root: &str, folder: &str| if root.is_empty() { folder.to_owned() } else { format!("{root}/{folder}") };
        let roots = [""].into_iter().chain(folders.iter().map(String::as_str).filter(|folder| !folder.contains('/')));
        let mut roots = roots.filter(|root| wanted.iter().any(|folder| folders.contains(&below(root, folder))));
        roots.next().map(str::to_owned)
    }

    /// Its folders, below `root`.
    #[must_use]
    pub fn layout(self, root: &str) -> Layout {
        let wirings = match self {
            Self::Configurations => configurations(),
            Self::NixosUnified => nixos_unified(),
            Self::Blueprint => blueprint(),
            Self::SnowfallLib => snowfall_lib(),
            Self::EzConfigs => ez_configs(),
        };
        Layout { preset: Some(self), root: root.trim_matches('/').to_owned(), wirings }
    }
}

fn configurations() -> Vec<Wiring> {
    let homes = ["homeConfigurations", "legacyPackages.<system>.homeConfigurations"];
    let mut packages = Wiring::simple("packages", &["packages.<system>"]);
    packages.entries.mains.push("package.nix".to_owned());
    vec![
        Wiring::simple("configurations/nixos", &["nixosConfigurations"]),
        Wiring::simple("configurations/darwin", &["darwinConfigurations"]),
        Wiring::simple("configurations/home", &homes),
        Wiring::simple("modules/nixos", &["nixosModules"]),
        Wiring::simple("modules/darwin", &["darwinModules"]),
        Wiring::simple("modules/home", &["homeModules", "homeManagerModules"]),
        Wiring::simple("overlays", &["overlays"]),
        packages,
    ]
}

fn nixos_unified() -> Vec<Wiring> {
    let mut wirings = configurations();
    // It leaves packages to the flake.
    wirings.pop();
    wirings
}

fn blueprint() -> Vec<Wiring> {
    let hosts = ["nixosConfigurations", "darwinConfigurations", "systemConfigs"];
    let mut host = Wiring::simple("hosts", &hosts);
    let mains = ["default.nix", "configuration.nix", "darwin-configuration.nix", "system-configuration.nix"];
    host.entries = Entries {
        files: false,
        mains: mains.map(str::to_owned).to_vec(),
        // A host of which only homes are declared has no configuration.
        excused: Some("users"),
        deep: false,
    };
    let mut home = Wiring::simple("hosts/<host>/users", &["legacyPackages.<system>.homeConfigurations"]);
    home.entries.mains = vec!["home-configuration.nix".to_owned()];
    // The flake's own packages may have been restricted to other systems.
    let of_any_folder = |folder: &str, sets: &[&str]| {
        let mut wiring = Wiring::simple(folder, sets);
        wiring.entries.mains.clear();
        wiring
    };
    vec![
        host,
        home,
        of_any_folder("modules/nixos", &["nixosModules"]),
        of_any_folder("modules/darwin", &["darwinModules"]),
        of_any_folder("modules/home", &["homeModules"]),
        of_any_folder("packages", &["packages.<system>"]),
    ]
}

fn snowfall_lib() -> Vec<Wiring> {
    let folder = |folder: &str, set: &str| {
        let mut wiring = Wiring::simple(folder, &[set]);
        wiring.entries.files = false;
        wiring
    };
    let deep = |path: &str, set: &str| {
        let mut wiring = folder(path, set);
        wiring.entries.deep = true;
        wiring.role = Role::Module { everywhere: true };
        wiring
    };
    let mut overlays = folder("overlays", "overlays");
    // Each package is an overlay too, and `default` is all of them.
    overlays.exhaustive = false;
    vec![
        folder("systems/<linux>", "nixosConfigurations"),
        folder("systems/<darwin>", "darwinConfigurations"),
        folder("homes/<system>", "homeConfigurations"),
        deep("modules/nixos", "nixosModules"),
        deep("modules/darwin", "darwinModules"),
        deep("modules/home", "homeModules"),
        overlays,
        folder("packages", "packages.<system>"),
    ]
}

fn ez_configs() -> Vec<Wiring> {
    let mut homes = Wiring::simple("home-configurations", &["homeConfigurations"]);
    homes.naming = Naming::PerHost;
    vec![
        Wiring::simple("nixos-configurations", &["nixosConfigurations"]),
        Wiring::simple("darwin-configurations", &["darwinConfigurations"]),
        homes,
        Wiring::simple("nixos-modules", &["nixosModules"]),
        Wiring::simple("darwin-modules", &["darwinModules"]),
        Wiring::simple("home-modules", &["homeModules"]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(inputs: &[&str], folders: &[&str], says_auto_wire: bool, expected: Option<(Preset, &str)>) {
        let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>();
        let (inputs, folders) = (set(inputs), set(folders));
        let found = Preset::recognised(&Signs { inputs: &inputs, folders: &folders, says_auto_wire });
        let found = found.map(|preset| (preset, preset.root_in(&folders).unwrap_or_default()));
        assert_eq!(found, expected.map(|(preset, root)| (preset, root.to_owned())), "{inputs:?} {folders:?}");
    }

    #[test]
    fn layouts_show_by_inputs_and_folders() {
        let ours = ["configurations", "configurations/nixos"];
        check(&["nixpkgs"], &ours, false, Some((Preset::Configurations, "")));
        check(&["nixos-unified"], &ours, true, Some((Preset::NixosUnified, "")));
        check(&["nixos-flake"], &ours, true, Some((Preset::NixosUnified, "")));
        check(&["blueprint"], &["nix", "nix/hosts", "nix/hosts/a"], false, Some((Preset::Blueprint, "nix")));
        check(&["blueprint"], &["hosts", "nix"], false, Some((Preset::Blueprint, "")));
        check(&["snowfall-lib"], &["systems", "systems/x86_64-linux"], false, Some((Preset::SnowfallLib, "")));
        check(&["ez-configs"], &["nixos-configurations"], false, Some((Preset::EzConfigs, "")));
    }

    #[test]
    fn what_does_not_show_is_not_guessed() {
        check(&["nixos-unified"], &["configurations", "configurations/nixos"], false, None);
        check(&["blueprint"], &["machines"], false, None);
        check(&["nixpkgs"], &["hosts", "systems"], false, None);
        check(&[], &[], true, None);
    }
}
