//! The facts of this machine that a step depends on, as plain data.

use std::path::{Path, PathBuf};

use crate::context::system_root;

/// This machine and this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Where `/etc`, `/usr` and `/run` are: `/`, unless a test stands in for a machine.
    pub root: PathBuf,
    /// Linux or macOS.
    pub platform: Platform,
    /// What /etc/os-release says.
    pub distribution: Distribution,
    /// Whether systemd runs, so that a daemon can be started by it.
    pub systemd: bool,
    /// The user's number: 0 may install packages.
    pub uid: u32,
    /// The user's home folder.
    pub home: PathBuf,
    /// `XDG_CONFIG_HOME` or its default.
    pub config_home: PathBuf,
    /// `XDG_DATA_HOME` or its default.
    pub data_home: PathBuf,
    /// The name of the login shell: `bash`, `zsh`, `fish`, …
    pub shell: String,
    /// `NIX_CONF_DIR`: where Nix reads the machine's nix.conf instead of /etc/nix.
    pub nix_conf_dir: Option<PathBuf>,
    /// `NIX_CONFIG`: settings that win over every file.
    pub nix_config: String,
    /// The first of `NIX_USER_CONF_FILES`: the user's nix.conf instead of the one below the configuration folder.
    pub nix_user_conf: Option<PathBuf>,
    /// `SOPS_AGE_KEY_FILE`: where sops looks for age keys first.
    pub sops_age_key_file: Option<PathBuf>,
    /// Whether `SOPS_AGE_KEY` or `SOPS_AGE_KEY_CMD` hands sops a key without a file.
    pub sops_age_key: bool,
    /// The groups of /etc/group.
    pub groups: Vec<String>,
    /// The user's name; the number where nobody has given it one.
    pub user: String,
    /// The names of the groups that the user is in.
    pub member_of: Vec<String>,
}

/// The systems that steps know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Any Linux.
    Linux,
    /// macOS.
    MacOs,
}

/// What /etc/os-release says of a Linux.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Distribution {
    /// `debian`, `ubuntu`, `nixos`, …
    pub id: String,
    /// The distributions it is made from.
    pub like: Vec<String>,
    /// `12`, `24.04`, …; rolling distributions have none.
    pub version: String,
}

impl Distribution {
    /// Whether packages are installed with apt.
    #[must_use]
    pub fn is_debian(&self) -> bool {
        ["debian", "ubuntu"].iter().any(|name| self.id == *name || self.like.iter().any(|like| like == name))
    }
}

impl Machine {
    /// Where sops looks for age keys.
    #[must_use]
    pub fn age_key_file(&self) -> PathBuf {
        match (&self.sops_age_key_file, self.platform) {
            (Some(named), _) => named.clone(),
            (None, Platform::Linux) => self.config_home.join("sops/age/keys.txt"),
            (None, Platform::MacOs) => self.home.join("Library/Application Support/sops/age/keys.txt"),
        }
    }

    /// Where tools are put that no package manager brings.
    #[must_use]
    pub fn tools_folder(&self) -> PathBuf {
        self.data_home.join("xtask/bin")
    }

    /// Reads the facts; a file that is not there is a fact too.
    #[must_use]
    pub fn read() -> Self {
        let root = system_root();
        let uid = rustix::process::getuid().as_raw();
        let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = std::env::home_dir().unwrap_or_default();
        let shell = std::env::var("SHELL").unwrap_or_default();
        Self {
            platform: if cfg!(target_os = "macos") { Platform::MacOs } else { Platform::Linux },
            distribution: parse_os_release(&text("etc/os-release")),
            systemd: root.join("run/systemd/system").is_dir(),
            uid,
            config_home: folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            data_home: folder("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")),
            shell: Path::new(&shell).file_name().unwrap_or_default().to_string_lossy().into_owned(),
            nix_conf_dir: folder("NIX_CONF_DIR"),
            nix_config: std::env::var("NIX_CONFIG").unwrap_or_default(),
            nix_user_conf: std::env::var_os("NIX_USER_CONF_FILES")
                .and_then(|files| std::env::split_paths(&files).next())
                .filter(|file| !file.as_os_str().is_empty()),
            sops_age_key_file: folder("SOPS_AGE_KEY_FILE"),
            sops_age_key: folder("SOPS_AGE_KEY").or_else(|| folder("SOPS_AGE_KEY_CMD")).is_some(),
            groups: parse_groups(&text("etc/group")),
            user: name_of(&text("etc/passwd"), uid).unwrap_or_else(|| uid.to_string()),
            member_of: member_of(&text("etc/group")),
            home,
            root,
        }
    }

    /// Whether packages can be installed here and now.
    #[must_use]
    pub fn may_install(&self) -> bool {
        self.uid == 0 && self.platform == Platform::Linux && self.distribution.is_debian()
    }
}

/// The three fields of os-release that matter; values may be quoted in either way.
fn parse_os_release(text: &str) -> Distribution {
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
    };
    Distribution {
        id: value("ID"),
        like: value("ID_LIKE").split_whitespace().map(str::to_owned).collect(),
        version: value("VERSION_ID"),
    }
}

/// The name that a file such as /etc/passwd or /etc/group gives to a number: `NAME:…:NUMBER:…`.
fn name_of(text: &str, number: u32) -> Option<String> {
    let number = number.to_string();
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    })
}

/// The names of the groups that this process is in.
fn member_of(groups: &str) -> Vec<String> {
    let own = std::iter::once(rustix::process::getgid());
    let numbers = own.chain(rustix::process::getgroups().unwrap_or_default());
    numbers.filter_map(|group| name_of(groups, group.as_raw())).collect()
}

fn parse_groups(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.split(':').next()).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
impl Machine {
    /// A Debian 12 whose user is root, below `root`.
    pub fn example(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            platform: Platform::Linux,
            distribution: Distribution { id: "debian".into(), like: Vec::new(), version: "12".into() },
            systemd: false,
            uid: 0,
            home: root.join("root"),
            config_home: root.join("root/.config"),
            data_home: root.join("root/.local/share"),
            shell: "bash".into(),
            nix_conf_dir: None,
            nix_config: String::new(),
            nix_user_conf: None,
            sops_age_key_file: None,
            sops_age_key: false,
            groups: vec!["root".into()],
            user: "root".into(),
            member_of: vec!["root".into()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_for_keys_where_sops_looks() {
        let linux = Machine::example(Path::new("/m"));
        let check = |machine: &Machine, expected: &str| assert_eq!(machine.age_key_file(), Path::new(expected));
        check(&linux, "/m/root/.config/sops/age/keys.txt");
        check(
            &Machine { platform: Platform::MacOs, ..linux.clone() },
            "/m/root/Library/Application Support/sops/age/keys.txt",
        );
        check(&Machine { sops_age_key_file: Some("/k".into()), ..linux }, "/k");
    }

    #[test]
    fn tells_distributions_apart() {
        let check = |text: &str, id: &str, version: &str, debian: bool| {
            let distribution = parse_os_release(text);
            assert_eq!((distribution.id.as_str(), distribution.version.as_str()), (id, version), "{text}");
            assert_eq!(distribution.is_debian(), debian, "{text}");
        };
        check("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n", "debian", "12", true);
        check("ID=ubuntu\nID_LIKE=debian\nVERSION_ID='24.04'\n", "ubuntu", "24.04", true);
        check("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"22\"\n", "linuxmint", "22", true);
        check("ID=nixos\nVERSION_ID=\"25.05\"\n", "nixos", "25.05", false);
        check("ID=arch\n", "arch", "", false);
        check("ID=fedora\nID_LIKE=\n", "fedora", "", false);
        check("", "", "", false);
    }

    #[test]
    fn names_of_numbers() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nada:x:10:0::/:\n";
        assert_eq!(name_of(passwd, 10).as_deref(), Some("ada"));
        assert_eq!(name_of(passwd, 1), None);
    }

    #[test]
    fn reads_group_names() {
        assert_eq!(parse_groups("root:x:0:\nnixbld:x:30000:a,b\n\n"), ["root", "nixbld"]);
    }
}
