//! What a piece of work costs: wall and CPU seconds, and resident memory over all processes it starts.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(25);
/// The kernel's unit of CPU time as it shows it, on every Linux that Rust supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a piece of work took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Wall seconds.
    pub seconds: f64,
    /// CPU seconds of all processes, user and system.
    pub cpu_seconds: f64,
    /// The most resident memory in MiB seen over all processes at once.
    pub peak_mib: u64,
    /// The same over processes that only evaluate (`nix eval`); 0 where the builder evaluates too.
    pub workers_mib: u64,
}

/// Does `work` and says what it cost. Only one piece of work may go on at a time: all descendants of this process are counted.
///
/// # Errors
/// When `work` fails, or the system does not say what it cost.
pub fn measure<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Cost)> {
    let over = AtomicBool::new(false);
    let cpu_before = cpu_of_children()?;
    let started = Instant::now();
    let (done, seconds, (peak_mib, workers_mib)) = std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut peaks = (0, 0);
            while !over.load(Ordering::Relaxed) {
                let (all, workers) = resident_mib();
                peaks = (peaks.0.max(all), peaks.1.max(workers));
                std::thread::sleep(LOOK);
            }
            peaks
        });
        let done = work();
        let seconds = started.elapsed().as_secs_f64();
        over.store(true, Ordering::Relaxed);
        (done, seconds, sampler.join().unwrap_or_default())
    });
    Ok((done?, Cost { seconds, cpu_seconds: cpu_of_children()? - cpu_before, peak_mib, workers_mib }))
}

/// Runs `command`, which must succeed; what it says is shown only if it does not.
///
/// # Errors
/// When it cannot be started or fails, with what it said.
pub fn succeed(command: &mut Command) -> Result<()> {
    answer(command).map(drop)
}

/// The standard output of `command`, which must succeed.
///
/// # Errors
/// When it cannot be started or fails, with what it said.
pub fn answer(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("start {command:?}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let tail: Vec<&str> = said.lines().rev().take(20).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        let program = command.get_program().to_string_lossy();
        bail!("`{program}` failed ({}):\n{}", output.status, tail.join("\n"));
    }
    Ok(output.stdout)
}

/// CPU seconds of all ended children of this process and of their own.
fn cpu_of_children() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("read the CPU time of child processes")?;
    // The second field is the program's name in parentheses; the times are the 16th and 17th.
    let fields = stat.rsplit_once(") ").map(|(_, fields)| fields.split(' ').collect::<Vec<_>>()).unwrap_or_default();
    let ticks = |at: usize| fields.get(at - 3)?.parse::<f64>().ok();
    match (ticks(16), ticks(17)) {
        (Some(user), Some(system)) => Ok((user + system) / TICKS_PER_SECOND),
        _ => bail!("`/proc/self/stat` names no CPU time of child processes"),
    }
}

struct Process {
    parent: u32,
    resident_kib: u64,
    command: Vec<u8>,
}

/// Resident memory in MiB of all descendants of this process, and of those that only evaluate.
///
/// A process that was forked and has not become another program yet is not counted: its pages are its parent's.
fn resident_mib() -> (u64, u64) {
    let family = family();
    let forked = |process: &Process| family.get(&process.parent).is_some_and(|of| of.command == process.command);
    let evaluates = |process: &Process| process.command.split(|&byte| byte == 0).nth(1) == Some(b"eval");
    let (mut all, mut workers) = (0, 0);
    for process in family.values().filter(|process| !forked(process)) {
        all += process.resident_kib;
        workers += if evaluates(process) { process.resident_kib } else { 0 };
    }
    (all / 1024, workers / 1024)
}

/// Every descendant of this process by its number. One that ends while it is looked at counts no more.
fn family() -> HashMap<u32, Process> {
    let parents = parents();
    let own = std::process::id();
    let descends = |pid: &u32| {
        let mut ancestors = std::iter::successors(parents.get(pid), |parent| parents.get(parent));
        ancestors.any(|&ancestor| ancestor == own)
    };
    let process = |pid: u32, parent: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let resident_kib = resident.split_whitespace().next()?.parse().ok()?;
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        Some((pid, Process { parent, resident_kib, command }))
    };
    parents.iter().filter(|(pid, _)| descends(pid)).filter_map(|(&pid, &parent)| process(pid, parent)).collect()
}

/// The parent of every process on this machine.
fn parents() -> HashMap<u32, u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pair = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, after_name) = stat.rsplit_once(") ")?;
        Some((pid, after_name.split(' ').nth(1)?.parse().ok()?))
    };
    pids.filter_map(pair).collect()
}
