//! `cargo bench --bench fleet`: generated fleets, built by this program and by plain Nix in one run, as ratios with peak memory;
//! and what the validations cost.
//!
//! Every contender has a store, a home and a state folder of its own, with the locked inputs in place and nothing else. It ends with
//! an error when a contender fails or leaves a host unbuilt; a missed target is said, and is no error, since a busy machine
//! misses it too. Without `--bench` (as `cargo test --benches` runs it) the fleets are tiny: that proves that it works.

mod fleet {
    pub mod contenders;
    pub mod generate;
    pub mod measure;
    pub mod sandbox;
    pub mod table;
    pub mod validations;
}

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Parser;

use fleet::contenders::{Contender, Phase, check_built, cores};
use fleet::generate::{Fleet, HEAVY, LIGHT, Weight};
use fleet::measure::{answer, measure};
use fleet::sandbox::{self, Sandbox};
use fleet::table::{HEAVY_HOSTS, LIGHT_HOSTS, Row, Runs};
use fleet::validations;

/// Build generated fleets with this program and with plain Nix
#[derive(Debug, Parser)]
struct Args {
    /// How many heavy hosts; 0 for no such fleet [default: 100]
    #[arg(long, value_name = "N")]
    heavy: Option<usize>,
    /// How many light hosts; 0 for no such fleet [default: 300]
    #[arg(long, value_name = "N")]
    light: Option<usize>,
    /// How many hosts to validate; 0 for none [default: 100]
    #[arg(long, value_name = "N")]
    validated: Option<usize>,
    /// Few hosts: 8 heavy, 40 light, 20 to validate
    #[arg(long)]
    quick: bool,
    /// The folder of the Nix to use [default: the one on PATH]
    #[arg(long, value_name = "DIR")]
    nix: Option<PathBuf>,
    /// The program to measure [default: the one that Cargo built with this benchmark]
    #[arg(long, value_name = "FILE", env = "XTASK_BENCH_BINARY")]
    binary: Option<PathBuf>,
    /// Passed by Cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let (heavy, light, validated) = match (args.bench, args.quick) {
        (false, _) => (2, 3, 8),
        (true, true) => (8, 40, 20),
        (true, false) => (HEAVY_HOSTS, LIGHT_HOSTS, validations::HOSTS),
    };
    let bench = Bench::new(&args)?;
    say(&bench.setting()?)?;
    let fleets = [(HEAVY, args.heavy.unwrap_or(heavy)), (LIGHT, args.light.unwrap_or(light))];
    let mut targets = String::new();
    for (weight, hosts) in fleets {
        if hosts > 0 {
            let runs = bench.run(weight, hosts).with_context(|| format!("{hosts} {} hosts", weight.name))?;
            say(&format!("\n{}", runs.markdown()?))?;
            targets += &runs.targets()?;
        }
    }
    let validated = args.validated.unwrap_or(validated);
    if validated > 0 {
        let sandbox = Sandbox::new(&bench.folder()?.join("validator"), &bench.path)?;
        let (table, reached) = validations::run(&bench.folder()?, validated, &sandbox, &bench.binary)
            .with_context(|| format!("validate {validated} hosts"))?;
        say(&format!("\n{table}"))?;
        targets += &reached;
    }
    say(&format!("\nTargets:\n\n{targets}"))?;
    sandbox::remove(&bench.folder()?)
}

/// Where everything is.
struct Bench {
    folder: tempfile::TempDir,
    path: OsString,
    binary: PathBuf,
}

impl Bench {
    fn new(args: &Args) -> Result<Self> {
        let folder = tempfile::tempdir().context("make a folder for the fleets")?;
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(args.nix.iter().cloned().chain(std::env::split_paths(&inherited)))
            .context("put the Nix to use on PATH")?;
        let built = || PathBuf::from(env!("CARGO_BIN_EXE_xtask"));
        let binary = args.binary.clone().unwrap_or_else(built);
        let binary = binary.canonicalize().with_context(|| format!("find the program `{}`", binary.display()))?;
        Ok(Self { folder, path, binary })
    }

    /// The folder, without symbolic links, which Nix refuses in the path of a store.
    fn folder(&self) -> Result<PathBuf> {
        self.folder.path().canonicalize().context("find the folder of the fleets")
    }

    /// What the numbers depend on, for the reader.
    fn setting(&self) -> Result<String> {
        let sandbox = Sandbox::new(&self.folder()?.join("setting"), &self.path)?;
        let version = answer(sandbox.command("nix").arg("--version"))?;
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(format!(
            "{}, {} cores, load {} at the start\n",
            String::from_utf8_lossy(&version).trim(),
            cores(),
            load.split(' ').next().unwrap_or_default()
        ))
    }

    fn run(&self, weight: Weight, hosts: usize) -> Result<Runs> {
        let folder = self.folder()?;
        let sandbox = Sandbox::new(&folder.join("generator"), &self.path)?;
        let fleet = Fleet::generate(&folder, weight, hosts, &sandbox).context("generate the fleet")?;
        sandbox.fetch_inputs(&fleet.repository)?;
        self.weigh(&fleet, &sandbox)?;
        // Whoever comes first pays for memory and disk that the machine has not used yet: so that is nobody.
        let warm_up = folder.join(format!("{}-warm-up", weight.name));
        self.contend(Contender::Ours, &[Phase::Cold], &fleet, &warm_up).context("warm up")?;
        sandbox::remove(&warm_up)?;
        let mut rows = Vec::new();
        for (contender, phases) in Contender::ALL {
            let root = folder.join(format!("{}-{contender:?}", weight.name));
            rows.extend(self.contend(contender, phases, &fleet, &root).with_context(|| contender.name())?);
            // The next contender finds the disk as this one did.
            sandbox::remove(&root)?;
        }
        Ok(Runs { weight: weight.name, hosts, rows })
    }

    /// Says what evaluating one host costs plain Nix, since everything else is to be read against it.
    fn weigh(&self, fleet: &Fleet, sandbox: &Sandbox) -> Result<()> {
        let host = fleet.hosts.first().context("a fleet without hosts")?;
        let mut command = sandbox.command("nix");
        command.args(["eval", "--raw", &format!("{}.drvPath", Fleet::attribute(host))]);
        command.current_dir(&fleet.repository);
        let ((), cost) = measure(|| answer(&mut command).map(drop))?;
        say(&format!(
            "one {} host: {:.2} CPU seconds, {} MiB to evaluate\n",
            fleet.weight.name, cost.cpu_seconds, cost.peak_mib
        ))
    }

    fn contend(&self, contender: Contender, phases: &[Phase], fleet: &Fleet, root: &Path) -> Result<Vec<Row>> {
        let sandbox = Sandbox::new(root, &self.path)?;
        sandbox.fetch_inputs(&fleet.repository)?;
        let mut rows = Vec::new();
        let mut before = BTreeSet::new();
        for &phase in phases {
            if phase == Phase::Edited {
                fleet.edit()?;
            }
            let measured = measure(|| contender.build(fleet, &sandbox, &self.binary));
            fleet.restore()?;
            let (paths, cost) = measured.with_context(|| phase.name())?;
            check_built(fleet, phase, &paths, &before).with_context(|| phase.name())?;
            before.extend(paths);
            rows.push(Row { contender, phase, cost });
        }
        Ok(rows)
    }
}

fn say(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes()).context("print the result")
}
