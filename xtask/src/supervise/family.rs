//! Processes and those they have started, as the system shows them: who belongs to whom, how large one is, and their end.

use std::process::Command;

use rustix::process::{Pid, Signal};

use crate::process;

/// Ends the child with the number `pid`, which need not have a process group of its own, and all its descendants at once.
pub fn kill_family(pid: u32) {
    let Ok(pid) = i32::try_from(pid) else { return };
    let family = descendants(pid);
    kill_all(std::iter::once(pid).chain(family));
}

/// Ends every process of these numbers at once.
pub fn kill_all(pids: impl IntoIterator<Item = i32>) {
    for pid in pids.into_iter().filter_map(Pid::from_raw) {
        // One that is gone needs no end.
        rustix::process::kill_process(pid, Signal::KILL).ok();
    }
}

/// Resident memory of a process in MiB; 0 when it cannot be read, as for one that just ended.
pub fn resident_mib(pid: i32) -> u64 {
    match std::fs::read_to_string(format!("/proc/{pid}/status")) {
        Ok(status) => resident(&status).unwrap_or(0),
        Err(_) if cfg!(target_os = "linux") => 0,
        Err(_) => resident_by_ps(pid).unwrap_or(0),
    }
}

/// `VmRSS` of a `/proc/PID/status`, in MiB.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}

fn resident_by_ps(pid: i32) -> Option<u64> {
    let answer = process::ask(Command::new("ps").args(["-o", "rss=", "-p", &pid.to_string()])).ok()?;
    answer.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

/// Every descendant of `ancestor` that runs now.
pub fn descendants(ancestor: i32) -> Vec<i32> {
    let pairs = if cfg!(target_os = "linux") { parents_by_proc() } else { parents_by_ps() };
    family(ancestor, &pairs.unwrap_or_default())
}

/// Every process and its parent, as Linux shows them; `ps` is not on every machine.
fn parents_by_proc() -> Option<Vec<(i32, i32)>> {
    let pids = std::fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let pair = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
        let (_, after_name) = stat.rsplit_once(") ")?;
        Some((pid, after_name.split(' ').nth(1)?.parse().ok()?))
    };
    Some(pids.filter_map(pair).collect())
}

fn parents_by_ps() -> Option<Vec<(i32, i32)>> {
    let table = process::ask(Command::new("ps").args(["-A", "-o", "pid=,ppid="])).ok()?;
    let pair = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    Some(table.lines().filter_map(pair).collect())
}

fn family(ancestor: i32, pairs: &[(i32, i32)]) -> Vec<i32> {
    let mut found = vec![ancestor];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        found.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    found.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_says() {
        assert_eq!(resident("VmPeak:\t 9 kB\nVmRSS:\t  319488 kB\n"), Some(312));
        assert_eq!(resident("Name: x\n"), None);
        assert_eq!(family(1, &[(2, 1), (3, 2), (4, 9), (5, 3)]), [2, 3, 5]);
    }
}
