//! Generated fleets: git repositories with locked inputs, whose hosts are as heavy as their modules are many.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::measure::succeed;
use super::sandbox::Sandbox;

/// What every host of a fleet consists of.
#[derive(Debug, Clone, Copy)]
pub struct Weight {
    /// The word for it in the table.
    pub name: &'static str,
    modules: usize,
    options: usize,
    shared_steps: usize,
    own_steps: usize,
}

/// About one CPU-second and 300 MB a host: as many options as a real host evaluates, and a few files of its own to build.
pub const HEAVY: Weight = Weight { name: "heavy", modules: 600, options: 60, shared_steps: 5, own_steps: 10 };
/// A host that declares next to nothing: what is left is the price of starting, asking and scheduling.
pub const LIGHT: Weight = Weight { name: "light", modules: 1, options: 8, shared_steps: 1, own_steps: 1 };

/// A fleet on disk.
#[derive(Debug)]
pub struct Fleet {
    /// The repository.
    pub repository: PathBuf,
    /// The names of its hosts.
    pub hosts: Vec<String>,
    /// What its hosts consist of.
    pub weight: Weight,
}

impl Fleet {
    /// Writes a fleet of `count` hosts below `folder`, locks its inputs with `sandbox`'s Nix and commits it.
    ///
    /// # Errors
    /// When it cannot be written, locked or committed.
    pub fn generate(folder: &Path, weight: Weight, count: usize, sandbox: &Sandbox) -> Result<Self> {
        let standin = folder.join("standin");
        if !standin.is_dir() {
            copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("standin"), &standin).context("copy the stand-in")?;
        }
        let repository = folder.join(weight.name);
        let write = |name: &str, text: &str| {
            let path = repository.join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(&repository))?;
            std::fs::write(&path, text).with_context(|| format!("write `{}`", path.display()))
        };
        let reference = format!("path:{}", standin.display());
        write("flake.nix", &include_str!("nix/flake.nix").replace("@standin@", &reference))?;
        let system = format!("{}-linux", std::env::consts::ARCH);
        write("host.nix", &include_str!("nix/host.nix").replace("@system@", &system))?;
        for number in 0..weight.modules {
            write(&format!("modules/m{number}.nix"), &module(number, weight.options)?)?;
        }
        let fleet = Self { repository, hosts: (0..count).map(|number| format!("host{number}")).collect(), weight };
        for number in 0..count {
            fleet.write_host(number, "site")?;
        }
        let git = |args: &[&str]| {
            let identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
            succeed(sandbox.command("git").args(identity).args(args).current_dir(&fleet.repository))
        };
        git(&["init", "--quiet"])?;
        git(&["add", "--all"])?;
        succeed(sandbox.command("nix").args(["flake", "lock"]).current_dir(&fleet.repository))?;
        git(&["add", "--all"])?;
        git(&["commit", "--quiet", "--message", "A generated fleet"])?;
        Ok(fleet)
    }

    /// The attribute that `nix build` gives for `host`.
    pub fn attribute(host: &str) -> String {
        format!(".#nixosConfigurations.{host}.config.system.build.toplevel")
    }

    /// Changes the first host, as a user who edits one file does.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn edit(&self) -> Result<()> {
        self.write_host(0, "edited")
    }

    /// Takes the edit back.
    ///
    /// # Errors
    /// As [`Fleet::edit`].
    pub fn restore(&self) -> Result<()> {
        self.write_host(0, "site")
    }

    fn write_host(&self, number: usize, site: &str) -> Result<()> {
        let Weight { shared_steps, own_steps, .. } = self.weight;
        let text = format!(
            "{{\n  fleet = {{\n    site = \"{site}-{number}\";\n    number = {number};\n    \
             sharedSteps = {shared_steps};\n    ownSteps = {own_steps};\n  }};\n}}\n"
        );
        let path = self.repository.join(format!("hosts/host{number}.nix"));
        std::fs::create_dir_all(self.repository.join("hosts"))?;
        std::fs::write(&path, text).with_context(|| format!("write `{}`", path.display()))
    }
}

/// A module of `options` options of the usual types, half with a default, half defined, all with values of the host's own.
fn module(number: usize, options: usize) -> Result<String> {
    let mut declared = String::new();
    let mut defined = String::new();
    for option in 0..options {
        let (declaration, definition) = match option % 4 {
            0 => ("type = types.strMatching \"[a-z0-9-]+\"; default = \"${site}-@\";", None),
            1 => ("type = types.int; default = number + @;", None),
            2 => ("type = types.listOf types.str; default = [ ];", Some("lib.mkIf (number >= 0) [ \"@\" site ]")),
            _ => ("type = types.attrsOf types.str; default = { };", Some("{ name = site; other = \"@\"; }")),
        };
        let declaration = declaration.replace('@', &option.to_string());
        writeln!(declared, "    o{option} = mkOption {{ {declaration} }};")?;
        if let Some(definition) = definition {
            writeln!(defined, "    o{option} = {};", definition.replace('@', &option.to_string()))?;
        }
    }
    Ok(format!(
        "{{ config, lib, ... }}:\nlet\n  inherit (lib) mkOption types;\n  inherit (config.fleet) site number;\nin\n{{\n  \
         options.fleet.modules.m{number} = {{\n{declared}  }};\n  config.fleet.modules.m{number} = {{\n{defined}  }};\n}}\n"
    ))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
