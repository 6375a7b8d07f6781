//! Running what a flake has for people to call: its apps, and commands in its development shell.

use std::path::Path;
use std::process::Command;

use super::query::InputOverride;
use super::{Nix, path_reference};

/// The flake, as called from its own folder: whatever Nix makes of that folder (git or not, a part of a checkout) is what a person
/// there gets too.
const HERE: &str = ".";

impl Nix {
    /// A call that runs the app `app` of the flake in `folder`, its inputs replaced by `overrides`.
    #[must_use]
    pub fn run_app(&self, folder: &Path, overrides: &[InputOverride], app: &str) -> Command {
        let mut command = self.call(folder, overrides, "run");
        command.arg(format!("{HERE}#{app}"));
        command
    }

    /// A call that runs `words` in the development shell of the flake in `folder`, its inputs replaced by `overrides`.
    #[must_use]
    pub fn in_development_shell(&self, folder: &Path, overrides: &[InputOverride], words: &[String]) -> Command {
        let mut command = self.call(folder, overrides, "develop");
        command.arg(HERE).arg("--command").args(words);
        command
    }

    fn call(&self, folder: &Path, overrides: &[InputOverride], verb: &str) -> Command {
        let mut command = self.command("nix");
        command.current_dir(folder).args([verb, "--no-write-lock-file"]);
        for replaced in overrides {
            let reference = path_reference(&replaced.folder);
            command.args(["--override-input", &replaced.input.join("/"), &reference]);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::process::spelled;

    #[test]
    fn what_is_called_gets_the_inputs_of_the_run() {
        let nix = Nix::at(Path::new("/n"));
        let input = vec!["sops-nix".to_owned(), "nixpkgs".to_owned()];
        let overrides = [InputOverride { input, folder: PathBuf::from("/s/a b") }];
        let app = nix.run_app(Path::new("/r"), &overrides, "deploy");
        assert_eq!(
            spelled(&app),
            "/n/nix run --no-write-lock-file --override-input sops-nix/nixpkgs path:/s/a%20b '.#deploy'"
        );
        let words = ["make".to_owned(), "--version".to_owned()];
        let shell = nix.in_development_shell(Path::new("/r"), &[], &words);
        assert_eq!(spelled(&shell), "/n/nix develop --no-write-lock-file . --command make --version");
        assert_eq!(shell.get_current_dir(), Some(Path::new("/r")));
    }
}
