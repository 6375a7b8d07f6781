//! `cargo bench --profile dev --package binary-cache --bench push`: pushes by this client and by `nix copy`, one after the
//! other in one run, as ratios.
//!
//! Everything is below `TMPDIR`: a folder in memory, where there is room, leaves out how busy the disk is.
//!
//! It ends with an error when a push fails or leaves something behind; a missed target is said, and is no error, since a busy machine
//! misses it too. With `-- --quick`, there are few runs on the first Nix, and none with xz, which takes minutes. Without `--bench`
//! (as `cargo test --benches` runs it) everything is tiny: that proves that it works.

// What goes wrong in a benchmark ends it.
#![allow(clippy::unwrap_used)]

#[path = "../tests/sandbox/mod.rs"]
mod sandbox;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use cache_protocol::{Answer, Request};
use sandbox::{Said, Sandbox, TestNix, succeeded};

/// After so long the client relies on what the store said.
const UNCHANGED: Duration = Duration::from_secs(4);

/// What one run took.
#[derive(Debug, Clone, Copy)]
struct Took {
    seconds: f64,
    mebibytes: u64,
}

/// What is measured.
struct Sizes {
    small: usize,
    big_mebibytes: usize,
    runs: usize,
}

fn main() {
    let given = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let (real, quick) = (given("--bench"), given("--quick"));
    let sizes = match (real, quick) {
        (true, false) => Sizes { small: 1_001, big_mebibytes: 50, runs: 7 },
        (true, true) => Sizes { small: 1_001, big_mebibytes: 50, runs: 3 },
        (false, _) => Sizes { small: 64, big_mebibytes: 1, runs: 1 },
    };
    for nix in TestNix::ALL.into_iter().take(if quick { 1 } else { 2 }) {
        let bench = Bench { sandbox: Sandbox::new(nix), runs: sizes.runs };
        say(&format!("{}, {}", bench.sandbox.nix(&["nix", "--version"]), load()));
        let all = bench.sandbox.small_paths(sizes.small, 22_000);
        bench.row("small paths, zstd", &all, 0.7, true);
        bench.row("nothing to do", &all, 0.6, false);
        let big = bench.big_paths(sizes.big_mebibytes);
        bench.row("big paths, zstd", &big, 0.7, true);
        // What goes over HTTP, with 40 ms for each round trip, has its place here.
        if real && !quick {
            bench.once("big paths, Nix's default xz", &big, 0.02);
        }
    }
}

struct Bench {
    sandbox: Sandbox,
    runs: usize,
}

impl Bench {
    /// Alternating runs of both, of which the medians count.
    fn row(&self, name: &str, path: &str, target: f64, afresh: bool) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        // The first of each is not counted: it pays for memory and disk that the machine has not used yet.
        for run in 0..=self.runs {
            if afresh || run == 0 {
                self.remove_caches();
            }
            if !afresh && run == 1 {
                // Nothing to do: neither has anything happened in the store for a while. The first run after that is not counted.
                std::thread::sleep(UNCHANGED);
                self.client(path);
            }
            let took = [self.nix(path, "zstd"), self.client(path)];
            if run > 0 {
                theirs.push(took[0]);
                ours.push(took[1]);
            }
        }
        self.say(name, median(&mut ours), median(&mut theirs), target);
    }

    /// One run of each, where one takes minutes.
    fn once(&self, name: &str, path: &str, target: f64) {
        self.remove_caches();
        let theirs = self.nix(path, "xz");
        let ours = self.client(path);
        self.say(name, ours, theirs, target);
    }

    fn say(&self, name: &str, ours: Took, theirs: Took, target: f64) {
        let ratio = ours.seconds / theirs.seconds;
        let met = if ratio <= target { "met" } else { "missed" };
        say(&format!(
            "{name:<28} nix {:>8.3} s {:>4} MiB   ours {:>7.3} s {:>4} MiB   ratio {ratio:.3}, at most {target}: {met}",
            theirs.seconds, theirs.mebibytes, ours.seconds, ours.mebibytes
        ));
    }

    fn remove_caches(&self) {
        for name in ["cache", "nix-cache"] {
            let folder = self.sandbox.path(name);
            if folder.exists() {
                fs::remove_dir_all(folder).unwrap();
            }
        }
    }

    fn nix(&self, path: &str, compression: &str) -> Took {
        let url = format!(
            "file://{}?compression={compression}&secret-key={}",
            self.sandbox.path("nix-cache").display(),
            self.sandbox.path("key").display()
        );
        let mut command = self.sandbox.command("nix");
        let command = command.args(["copy", "--to", &url, path]);
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (took, output) = measured(child, started);
        succeeded(output);
        took
    }

    fn client(&self, path: &str) -> Took {
        let mut request = self.sandbox.push_request(&[path]);
        request.limits.memory = 64 << 20;
        request.limits.in_flight = 64;
        request.plan.kept = Some(self.sandbox.path("closure"));
        let started = Instant::now();
        let (took, output) = measured(self.sandbox.client(&Request::Push(request)), started);
        match Said::new(&output).answer() {
            Answer::Push(pushed) => assert_eq!(pushed.not_pushed, []),
            other => unreachable!("{other:?}"),
        }
        took
    }

    /// One path that refers to eight others: four big ones of which half is noise, and four small ones.
    fn big_paths(&self, mebibytes: usize) -> String {
        let mut paths = Vec::new();
        for number in 0..8_u64 {
            let size = if number < 4 { mebibytes << 20 } else { mebibytes << 14 };
            let file = self.sandbox.path(&format!("big-{number}"));
            write_half_noise(&file, size, number);
            paths.push(self.sandbox.add(&file));
        }
        let texts: Vec<String> = paths.iter().map(|path| format!("(builtins.storePath {path})")).collect();
        let expression = format!("[ (builtins.toFile \"big\" (toString [ {} ])) ]", texts.join(" "));
        self.sandbox.evaluate(&expression).remove(0)
    }
}

/// Waits for `child`, and looks at the most memory that it had.
fn measured(child: Child, started: Instant) -> (Took, std::process::Output) {
    let status = format!("/proc/{}/status", child.id());
    let watcher = std::thread::spawn(move || {
        let mut most = 0;
        while let Some(now) = fs::read_to_string(&status).ok().and_then(|text| peak(&text)) {
            most = now;
            std::thread::sleep(Duration::from_millis(5));
        }
        most
    });
    let output = child.wait_with_output().unwrap();
    let seconds = started.elapsed().as_secs_f64();
    (Took { seconds, mebibytes: watcher.join().unwrap() / 1024 }, output)
}

/// KiB of the high water mark; nothing once the process has ended.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn median(runs: &mut [Took]) -> Took {
    runs.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    let mebibytes = runs.iter().map(|took| took.mebibytes).max().unwrap_or_default();
    Took { mebibytes, ..runs[runs.len() / 2] }
}

/// Blocks of noise and of repetition in turn.
fn write_half_noise(file: &Path, size: usize, seed: u64) {
    let mut state = seed + 1;
    let mut content = Vec::with_capacity(size);
    while content.len() < size {
        let noisy = (content.len() >> 16) % 2 == 0;
        for _ in 0..(1 << 13) {
            if noisy {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
            }
            content.extend_from_slice(&state.to_le_bytes());
        }
    }
    content.truncate(size);
    fs::write(file, content).unwrap();
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load {} at the start", text.split(' ').next().unwrap_or_default())
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").unwrap();
}
