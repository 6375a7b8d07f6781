//! Links that keep results alive: this program's own, and those a user asks for with a prefix.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::{Session, Wish};
use crate::files;
use crate::fleet::{Output, OutputResult, Status};

impl Session<'_> {
    /// Links every result, so that no garbage collection takes it, and drops the links of results that are no more.
    pub(super) fn keep_alive(&self, wish: &Wish, results: &[OutputResult], interrupted: bool) -> Result<()> {
        let wanted = results.iter().flat_map(|result| in_store(result).map(|(_, path)| path));
        let roots = self.roots();
        std::fs::create_dir_all(&roots).with_context(|| format!("make the folder `{}`", roots.display()))?;
        let mut missing: std::collections::BTreeSet<&String> = wanted.collect();
        let whole = wish.selectors.is_empty() && wish.systems.is_empty() && !wish.only_configurations && !interrupted;
        for link in std::fs::read_dir(&roots)?.flatten() {
            let Ok(target) = std::fs::read_link(link.path()) else { continue };
            let target = target.display().to_string();
            // The second link to one path is as superfluous as one to a path that is no result any more.
            if !missing.remove(&target) && whole {
                std::fs::remove_file(link.path())?;
            }
        }
        if !missing.is_empty() {
            let missing: Vec<String> = missing.into_iter().cloned().collect();
            self.nix.add_roots(&roots.join(format!("{}-kept", files::unique_name())), &missing)?;
        }
        Ok(())
    }

    /// Makes the links that were asked for.
    pub(super) fn link(&self, wish: &Wish, results: &[OutputResult]) -> Result<()> {
        let Some(prefix) = wish.build.as_ref().and_then(|build| build.out_link.as_deref()) else { return Ok(()) };
        for result in results {
            for (output, path) in in_store(result) {
                self.nix.add_roots(&out_link(prefix, &result.output, output), std::slice::from_ref(path))?;
            }
        }
        Ok(())
    }
}

/// The outputs of a result that are in the store, each with its path. A floating content-addressed output names none.
pub(super) fn in_store(result: &OutputResult) -> impl Iterator<Item = &(String, String)> {
    let is_there = matches!(result.status, Status::Built | Status::Present);
    result.paths.iter().filter(move |(_, path)| is_there && !path.is_empty())
}

/// Where the link to one output of a result goes: `PREFIX-nixos-web`, `PREFIX-package-openssl-dev`.
fn out_link(prefix: &Path, output: &Output, name: &str) -> PathBuf {
    let plain = |c: char| if c.is_alphanumeric() || "-_.@+".contains(c) { c } else { '-' };
    let mut link = prefix.as_os_str().to_owned();
    link.push(format!("-{}-{}", output.kind, output.attr.name()).chars().map(plain).collect::<String>());
    if let Some(system) = &output.system {
        link.push(format!("-{system}"));
    }
    if name != "out" {
        link.push(format!("-{name}"));
    }
    PathBuf::from(link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::AttrPath;

    #[test]
    fn links_are_told_apart() {
        let check = |kind: &str, attr: &str, system: Option<&str>, name: &str, expected: &str| {
            let attr = AttrPath::parse(attr).unwrap();
            let output = Output { attr, kind: kind.to_owned(), system: system.map(str::to_owned) };
            assert_eq!(out_link(Path::new("r"), &output, name), Path::new(expected));
        };
        check("nixos", "nixosConfigurations.web", None, "out", "r-nixos-web");
        check("home", "homeConfigurations.\"a@b\"", None, "out", "r-home-a@b");
        check("package", "packages.s.\"a/b\"", Some("s"), "dev", "r-package-a-b-s-dev");
    }
}
