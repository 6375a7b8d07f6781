//! Where encrypted files are changed: on a private copy, judged by the rule before and after, and put back whole or not at all.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::{check, private};
use crate::bootstrap::Machine;
use crate::config::Config;
use crate::context::Context;
use crate::rules::secrets::{self, File, Verdict, nearest, policies, sort, sort_those};
use crate::sops::program::Sops;
use crate::tree::Tree;
use crate::{files, git};

/// The repository's files, and the place to change some.
#[derive(Debug)]
pub struct Workshop {
    /// The repository's files.
    pub files: Vec<File>,
    /// The genuine sops.
    pub sops: Sops,
    repository: PathBuf,
    folder: TempDir,
}

impl Workshop {
    /// Reads the repository.
    ///
    /// # Errors
    /// When sops is missing or a file cannot be read.
    pub fn open(context: &Context) -> Result<Self> {
        let config = Config::read(&context.repository)?;
        let checkout = git::checkout(&context.repository)?;
        let files = check::files(&Tree::read(&context.repository, checkout.as_ref())?, &config.secrets.ignore)?;
        Self::of(files, &context.repository)
    }

    /// Takes the files of the repository in the folder `repository`, which were read already.
    ///
    /// # Errors
    /// When sops is missing, or a private folder cannot be made.
    pub fn of(files: Vec<File>, repository: &Path) -> Result<Self> {
        let sops = Sops::find(&Machine::read().tools_folder())?;
        Ok(Self { files, sops, repository: repository.to_owned(), folder: private::folder()? })
    }

    /// An empty folder beside the private copy of `path`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn empty_folder(&self, path: &Path) -> Result<PathBuf> {
        let folder = self.folder.path().join(format!("{}.empty", path.display()));
        std::fs::create_dir_all(&folder).context("make an empty folder")?;
        Ok(folder)
    }

    /// What is wrong with the encrypted file at `path`, as it is in `files`; nothing where there is no such file.
    #[must_use]
    pub fn verdict(&self, path: &Path) -> Option<Verdict> {
        let sorted = sort_those(&self.files, |file| file == path);
        let file = sorted.encrypted.iter().find(|file| file.path == path)?;
        Some(secrets::verdict(file, &sorted.policies))
    }

    /// Every encrypted file, sorted.
    #[must_use]
    pub fn encrypted(&self) -> Vec<PathBuf> {
        sort(&self.files).encrypted.iter().map(|file| file.path.to_owned()).collect()
    }

    /// A path that a user typed, relative to the repository.
    ///
    /// # Errors
    /// When it lies outside.
    pub fn named(&self, typed: &Path) -> Result<PathBuf> {
        let absolute = std::path::absolute(typed).with_context(|| format!("find `{}`", typed.display()))?;
        // The folder counts with its links followed, as the repository does; the file may not be there yet.
        let folder = absolute.parent().and_then(|folder| folder.canonicalize().ok()).unwrap_or_default();
        let real = folder.join(absolute.file_name().unwrap_or_default());
        let below = real.strip_prefix(&self.repository).map(Path::to_owned);
        below.or_else(|_| {
            // From another folder, as with `--repo`, the path is one of the repository's.
            let known = self.files.iter().any(|file| file.path == typed);
            if known { Ok(typed.to_owned()) } else { bail!("`{}` is not in the repository", typed.display()) }
        })
    }

    /// Takes another text in place of the file's own, here only.
    pub fn replace(&mut self, path: &Path, text: String) {
        match self.files.iter_mut().find(|file| file.path == path) {
            Some(file) => file.text = text,
            None => self.files.push(File { path: path.to_owned(), tracked: true, text }),
        }
    }

    /// Lays the file at `path`, if there is one, and its rules into the private folder, and returns a sops that works on it there.
    /// Private keys are looked for where sops looks for its user's.
    ///
    /// # Errors
    /// When a file cannot be written, or no `.sops.yaml` is for it.
    pub fn bench(&self, path: &Path, arguments: &[&str]) -> Result<Command> {
        // Called once for each file: what the others hold is not read again for it.
        let policies = policies(&self.files);
        let policy = nearest(&policies, path).with_context(|| format!("no .sops.yaml is for `{}`", path.display()))?;
        let top = policy.path.parent().unwrap_or(Path::new(""));
        for laid in [policy.path.as_path(), path] {
            let text = self.files.iter().find(|file| file.path == laid).map(|file| file.text.as_bytes());
            let target = self.folder.path().join(laid);
            std::fs::create_dir_all(target.parent().unwrap_or(self.folder.path())).context("make a private folder")?;
            if let Some(text) = text {
                files::write_atomically(&target, text)?;
            }
        }
        let mut command = self.sops.command();
        command.args(arguments).arg(path.strip_prefix(top).unwrap_or(path));
        command.current_dir(self.folder.path().join(top)).env("TMPDIR", self.folder.path()).env_remove("SOPS_CONFIG");
        if let Some(file) = std::env::var_os("SOPS_AGE_KEY_FILE").filter(|file| !file.is_empty()) {
            command.env("SOPS_AGE_KEY_FILE", std::path::absolute(file).context("find SOPS_AGE_KEY_FILE")?);
        }
        Ok(command)
    }

    /// Takes what sops made of the file at `path`, if nothing is wrong with it now.
    ///
    /// # Errors
    /// When something is: nothing was changed then.
    pub fn take(&mut self, path: &Path) -> Result<()> {
        self.keep(path)?;
        let shown = path.display();
        let verdict = self
            .verdict(path)
            .with_context(|| format!("sops made no encrypted file of `{shown}`: nothing was changed"))?;
        let faults: Vec<&str> = verdict.failing().map(|problem| problem.fault.as_str()).collect();
        if !faults.is_empty() {
            bail!("what sops made of `{shown}` is not in order ({}): nothing was changed", faults.join("; "));
        }
        Ok(())
    }

    /// Takes what sops made of the file at `path` so far.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn keep(&mut self, path: &Path) -> Result<()> {
        let made = std::fs::read_to_string(self.folder.path().join(path)).context("read what sops made")?;
        self.replace(path, made);
        Ok(())
    }

    /// Puts the files back into the repository, each in one step.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn put_back(self, paths: &[PathBuf]) -> Result<()> {
        for path in paths {
            let file = self.files.iter().find(|file| file.path == *path).context("find the file again")?;
            files::write_atomically(&self.repository.join(path), file.text.as_bytes())?;
        }
        self.folder.close().context("remove the private folder")
    }
}

#[cfg(test)]
pub mod tests {
    use std::fmt::Write as _;
    use std::time::Instant;

    use super::*;
    use crate::rules::secrets::tests::{POLICY, encrypted_for, value};

    /// A workshop on `files`, with a sops that is never started.
    pub fn workshop(files: Vec<File>) -> Workshop {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("sops"), "").unwrap();
        std::fs::set_permissions(folder.path().join("sops"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        let sops = Sops::find(folder.path()).unwrap();
        Workshop { files, sops, repository: folder.path().to_owned(), folder }
    }

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), tracked: true, text: text.to_owned() }
    }

    #[test]
    fn other_files_are_not_read_anew_for_each_that_is_opened() {
        let mut body = String::new();
        for number in 0..5000 {
            writeln!(body, "key{number}: {}", value("str")).unwrap();
        }
        let large = encrypted_for(&body, &["age1aaa"]);
        let small = encrypted_for(&format!("token: {}\n", value("str")), &["age1aaa", "age1www"]);
        let files = [("large.yaml", large.as_str()), ("secrets/web.yaml", &small), (".sops.yaml", POLICY)];
        let workshop = workshop(files.map(|(path, text)| file(path, text)).into());
        let begun = Instant::now();
        assert_eq!(workshop.encrypted().len(), 2);
        let once = begun.elapsed();
        let begun = Instant::now();
        for _ in 0..50 {
            workshop.bench(Path::new("secrets/web.yaml"), &["decrypt"]).unwrap();
            assert!(workshop.verdict(Path::new("secrets/web.yaml")).is_some());
        }
        assert!(begun.elapsed() < 10 * once, "{:?} for 50, and to read all once {once:?}", begun.elapsed());
    }
}
