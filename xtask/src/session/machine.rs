//! What this machine has to offer a run: cores, and memory that is free.

use std::path::{Path, PathBuf};

const MIB: u64 = 1 << 20;

/// How many processes this machine runs well at once.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

/// Half of the memory in MiB that is free now, to this machine and to the container this runs in; 4 GiB where the system does
/// not say.
#[must_use]
pub fn half_of_free_memory() -> u64 {
    free_memory().map_or(4096, |bytes| bytes / MIB / 2)
}

fn free_memory() -> Option<u64> {
    if cfg!(target_os = "macos") {
        let mut sysctl = std::process::Command::new("/usr/sbin/sysctl");
        let told = crate::process::ask(sysctl.args(["-n", "hw.memsize"])).ok()?;
        // What is free there is hard to tell, since much of what is in use would be given back: half counts as free.
        return Some(told.trim().parse::<u64>().ok()? / 2);
    }
    let text = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let of_machine = available(&text(Path::new("/proc/meminfo")));
    let groups = groups(&text(Path::new("/proc/self/cgroup")));
    let of_groups = groups.iter().filter_map(|(folder, version)| {
        let (limit, used, cache) = version.files();
        let cache = counted(&text(&folder.join("memory.stat")), cache).unwrap_or(0);
        left(&text(&folder.join(limit)), &text(&folder.join(used)), cache)
    });
    of_machine.into_iter().chain(of_groups).min()
}

/// The two kinds of control groups, whose files have different names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

impl Version {
    /// The files with the limit and with what is in use, and the line of memory.stat with the file cache that would be given back.
    fn files(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::V1 => ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
            Self::V2 => ("memory.max", "memory.current", "inactive_file"),
        }
    }
}

/// The bytes that `MemAvailable` of /proc/meminfo says.
fn available(meminfo: &str) -> Option<u64> {
    Some(counted(meminfo, "MemAvailable:")? * 1024)
}

/// The folders of the memory groups that /proc/self/cgroup says this process is in: its own and all above, each of which may
/// limit it. Inside a container the names may be those of outside, where only the root is to be seen.
fn groups(cgroup: &str) -> Vec<(PathBuf, Version)> {
    let mut found = Vec::new();
    for line in cgroup.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(name)) = (parts.next(), parts.next()) else { continue };
        let (root, version) = match controllers {
            "" => ("/sys/fs/cgroup", Version::V2),
            _ if controllers.split(',').any(|one| one == "memory") => ("/sys/fs/cgroup/memory", Version::V1),
            _ => continue,
        };
        let name = Path::new(name.trim_start_matches('/'));
        found.extend(name.ancestors().map(|group| (Path::new(root).join(group), version)));
    }
    found
}

/// The bytes that a group may still take; `None` where it has no limit. What is `cache` would be given back.
fn left(limit: &str, used: &str, cache: u64) -> Option<u64> {
    let limit: u64 = limit.trim().parse().ok()?;
    let used: u64 = used.trim().parse().ok()?;
    // Version 1 says "none" as the greatest number of whole pages.
    (limit < 1 << 60).then(|| limit.saturating_sub(used.saturating_sub(cache)))
}

/// The number in the line that begins with the word `name`.
fn counted(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    lines.find_map(|mut words| (words.next() == Some(name)).then(|| words.next()?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_the_machine() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2 * MIB));
        assert_eq!(available("MemTotal: 9 kB\n"), None);
        assert_eq!(available(""), None);
    }

    #[test]
    fn groups_of_both_versions() {
        let check = |cgroup: &str, expected: &[(&str, Version)]| {
            let expected: Vec<_> = expected.iter().map(|(folder, version)| (PathBuf::from(folder), *version)).collect();
            assert_eq!(groups(cgroup), expected, "{cgroup:?}");
        };
        check("", &[]);
        check("0::/\n", &[("/sys/fs/cgroup/", Version::V2)]);
        let both =
            [("/sys/fs/cgroup/a/b", Version::V2), ("/sys/fs/cgroup/a", Version::V2), ("/sys/fs/cgroup/", Version::V2)];
        check("0::/a/b\n", &both);
        let old = [("/sys/fs/cgroup/memory/a:b", Version::V1), ("/sys/fs/cgroup/memory/", Version::V1)];
        check("5:cpu,cpuacct:/x\n4:memory:/a:b\n1:name=systemd:/y\n", &old);
    }

    #[test]
    fn what_a_group_may_still_take() {
        let check = |limit: &str, used: &str, cache: u64, expected: Option<u64>| {
            assert_eq!(left(limit, used, cache), expected, "{limit:?} {used:?}");
        };
        check("100\n", "40\n", 0, Some(60));
        check("100\n", "40\n", 30, Some(90));
        check("100\n", "140\n", 0, Some(0));
        check("max\n", "40\n", 0, None);
        check("9223372036854771712\n", "40\n", 0, None);
        check("", "", 0, None);
        assert_eq!(counted("anon 5\ninactive_file 7\n", "inactive_file"), Some(7));
        assert_eq!(counted("anon 5\n", "inactive_file"), None);
    }
}
