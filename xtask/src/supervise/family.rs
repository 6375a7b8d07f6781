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
    let table = if cfg!(target_os = "linux") { by_proc() } else { by_ps() }.unwrap_or_default();
    family(ancestor, &table.iter().map(|process| (process.pid, process.parent)).collect::<Vec<_>>())
}

/// Every process of the group of this number that runs now, and all their descendants.
pub fn group(number: i32) -> Vec<i32> {
    let table = if cfg!(target_os = "linux") { by_proc() } else { by_ps() }.unwrap_or_default();
    let mut found: Vec<i32> =
        table.iter().filter(|process| process.group == number).map(|process| process.pid).collect();
    let pairs: Vec<(i32, i32)> = table.iter().map(|process| (process.pid, process.parent)).collect();
    let below: Vec<i32> = found.iter().flat_map(|&pid| family(pid, &pairs)).collect();
    found.extend(below);
    found.sort_unstable();
    found.dedup();
    found
}

/// A process, its parent, and its process group.
struct Process {
    pid: i32,
    parent: i32,
    group: i32,
}

/// Every process, as Linux shows them; `ps` is not on every machine.
fn by_proc() -> Option<Vec<Process>> {
    let pids = std::fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let pair = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
        let (_, after_name) = stat.rsplit_once(") ")?;
        let mut fields = after_name.split(' ');
        // One that nobody has waited for yet runs no more, and belongs to no group that could be ended.
        let ended = matches!(fields.next()?, "Z" | "X");
        let (parent, group) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Process { pid, parent, group: if ended { 0 } else { group } })
    };
    Some(pids.filter_map(pair).collect())
}

fn by_ps() -> Option<Vec<Process>> {
    let table = process::ask(Command::new("ps").args(["-A", "-o", "pid=,ppid=,pgid="])).ok()?;
    let pair = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse);
        Some(Process { pid: numbers.next()?.ok()?, parent: numbers.next()?.ok()?, group: numbers.next()?.ok()? })
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
