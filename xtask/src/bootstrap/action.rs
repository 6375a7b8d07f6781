//! Making one change to the machine.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::step::{Action, Surroundings};
use crate::report::{Console, steps};
use crate::{age, nix, process, sops};

/// The end of the name of what stood in a file before this program first wrote it.
const BEFORE: &str = ".before-xtask";
/// The mode of a file that its owner alone may read.
const PRIVATE: u32 = 0o600;

/// Makes the change.
///
/// # Errors
/// When it cannot be made; a file is then as it was.
pub fn apply(console: &Console, surroundings: &Surroundings, action: &Action) -> Result<()> {
    match action {
        Action::Run(words) => {
            let [program, arguments @ ..] = words.as_slice() else { bail!("an action without a command") };
            let mut command = Command::new(program);
            process::act(console, command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
        }
        Action::Write { path, text } => write(path, text, Keeping::ModeAndFirstText),
        Action::WriteOwn { path, text } => write(path, text, Keeping::Mode),
        Action::Remove(path) => fs::remove_file(path).with_context(|| format!("remove `{}`", path.display())),
        Action::Restrict { path, mode } => fs::set_permissions(path, Permissions::from_mode(*mode))
            .with_context(|| format!("restrict `{}`", path.display())),
        Action::MakeAgeKey(path) => {
            if age::lies_within(path, &surroundings.repository)? {
                bail!("the age key `{}` would lie inside the repository", path.display());
            }
            let public = age::make_key(path)?;
            steps::new_key(console, path, &public);
            Ok(())
        }
        Action::InstallSops(bin) => sops::install(console, bin),
        Action::RunNixInstaller => {
            let folder = tempfile::tempdir().context("make a folder for the installer")?;
            nix::run_installer(console, folder.path(), surroundings.machine.systemd)
        }
    }
}

/// What becomes of the file that is written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Its mode is kept, and its first text beside it.
    ModeAndFirstText,
    /// Its mode is kept: what is written can be taken out again.
    Mode,
    /// It becomes its owner's alone, and no copy is made: it holds secrets.
    Private,
}

/// Writes a file whole or not at all. Links to it stay links.
///
/// # Errors
/// When it cannot be written; it is then as it was.
pub fn write(path: &Path, text: &str, keeping: Keeping) -> Result<()> {
    let what = || format!("write `{}`", path.display());
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().with_context(what)?;
    fs::create_dir_all(folder).with_context(what)?;
    let mut mode = if keeping == Keeping::Private { PRIVATE } else { 0o644 };
    if keeping != Keeping::Private
        && let Ok(metadata) = path.metadata()
    {
        mode = metadata.permissions().mode() & 0o7777;
        let before = copy_of(path);
        if keeping == Keeping::ModeAndFirstText && !before.exists() {
            fs::copy(path, before).with_context(what)?;
        }
    }
    let mut file = tempfile::Builder::new().prefix(".xtask-").tempfile_in(folder).with_context(what)?;
    file.write_all(text.as_bytes()).with_context(what)?;
    file.as_file().set_permissions(Permissions::from_mode(mode)).with_context(what)?;
    file.as_file().sync_all().with_context(what)?;
    file.persist(path).with_context(what)?;
    Ok(())
}

/// Whether the file is its owner's alone.
#[must_use]
pub fn is_private(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o777 == PRIVATE)
}

fn copy_of(path: &Path) -> PathBuf {
    let mut copy = path.as_os_str().to_owned();
    copy.push(BEFORE);
    PathBuf::from(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_first_text_and_link_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("dotfile"), folder.path().join("link"));
        fs::write(&file, "one").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, "two", Keeping::ModeAndFirstText).unwrap();
        write(&link, "three", Keeping::ModeAndFirstText).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "three");
        assert_eq!(fs::read_to_string(folder.path().join("dotfile.before-xtask")).unwrap(), "one");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_new_file_has_no_copy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/file");
        write(&file, "one", Keeping::ModeAndFirstText).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_secret_is_its_owners_alone_and_not_everything_has_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("netrc");
        fs::write(&file, "one").unwrap();
        assert!(!is_private(&file));
        write(&file, "two", Keeping::Private).unwrap();
        assert!(is_private(&file));
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        write(&file, "three", Keeping::Mode).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
