//! What the validations cost on a fleet of many hosts in the layout of this repository, beyond what evaluating it costs.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::measure::{Cost, answer, measure, succeed};
use super::sandbox::Sandbox;

/// How many hosts the targets are set for.
pub const HOSTS: usize = 100;
/// How often a warm run is measured; the shortest counts, since a busy machine only ever adds.
const RUNS: usize = 5;
/// Every validation, as jobs of one run.
const JOBS: [&str; 7] = ["lock", "config", "activation", "autowiring", "independence", "secrets", "cache-config"];
/// The host of this repository that every generated one is like.
const MODEL: &str = "stibnite-nixos";

/// Measures them on this repository with as many hosts as to make `hosts`; the table and the targets, as Markdown.
///
/// # Errors
/// When the fleet cannot be made, or a validation fails.
pub fn run(folder: &Path, hosts: usize, sandbox: &Sandbox, binary: &Path) -> Result<(String, String)> {
    let repository = generate(folder, hosts, sandbox).context("generate a fleet in this repository's layout")?;
    let ours = |arguments: &[&str]| {
        let mut command = sandbox.command(binary);
        command.args(["--quiet", "--inputs", "standin", "--state-dir"]).arg(sandbox.state()).args(arguments);
        let ((), cost) = measure(|| answer(command.current_dir(&repository)).map(drop))?;
        Ok::<_, anyhow::Error>(cost)
    };
    let validations: Vec<&str> = ["ci", "--skip", "bootstrap"].into_iter().chain(JOBS).collect();
    let rows = [
        ("`cargo xtask outputs`", "cold", ours(&["outputs"])?),
        ("all validations", "evaluated", ours(&validations)?),
        ("`cargo xtask outputs`", "unchanged", shortest(|| ours(&["outputs"]))?),
        ("`cargo xtask ci lock`", "unchanged", shortest(|| ours(&["ci", "--skip", "bootstrap", "lock"]))?),
        ("all validations", "unchanged", shortest(|| ours(&validations))?),
    ];
    let mut table = format!("| {hosts} hosts, stand-in inputs | from | wall s | CPU s |\n|---|---|---:|---:|\n");
    for (what, from, cost) in &rows {
        table += &format!("| {what} | {from} | {:.2} | {:.2} |\n", cost.seconds, cost.cpu_seconds);
    }
    let [_, _, (.., outputs), _, (.., all)] = &rows;
    let target = |what: &str, seconds: f64, at_most: f64| {
        let verdict = if seconds <= at_most { "reached" } else { "missed" };
        format!("- all validations of {hosts} hosts, {what}: {verdict}: {seconds:.2} s (target {at_most:.2} s)\n")
    };
    let targets = target("unchanged", all.seconds, 0.5)
        + &target("unchanged, beyond `cargo xtask outputs`", all.seconds - outputs.seconds, 0.3);
    Ok((table, targets))
}

/// The shortest of [`RUNS`].
fn shortest(run: impl Fn() -> Result<Cost>) -> Result<Cost> {
    let costs = (0..RUNS).map(|_| run()).collect::<Result<Vec<_>>>()?;
    costs.into_iter().min_by(|a, b| a.seconds.total_cmp(&b.seconds)).context("no run was measured")
}

/// What git tracks in this repository, with more hosts, committed.
fn generate(folder: &Path, hosts: usize, sandbox: &Sandbox) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("find this repository")?;
    let repository = folder.join("validated");
    let names = answer(sandbox.command("git").arg("-C").arg(root).args(["ls-files", "-z"]))?;
    let names = String::from_utf8(names).context("read the names of this repository's files")?;
    // A file that was removed and is not committed yet is still listed.
    for name in names.split('\0').filter(|name| !name.is_empty() && root.join(name).is_file()) {
        let copy = repository.join(name);
        std::fs::create_dir_all(copy.parent().unwrap_or(&repository))?;
        std::fs::copy(root.join(name), copy).with_context(|| format!("copy `{name}`"))?;
    }
    let configurations = repository.join("configurations");
    let present = ["nixos", "darwin"].iter().map(|kind| Ok(std::fs::read_dir(configurations.join(kind))?.count()));
    let present: usize =
        present.collect::<Result<Vec<_>>>().context("count the hosts of this repository")?.iter().sum();
    let model = configurations.join(format!("nixos/{MODEL}.nix"));
    let model = std::fs::read_to_string(&model).with_context(|| format!("read `{}`", model.display()))?;
    for number in present..hosts {
        let name = format!("host{number}");
        let path = configurations.join(format!("nixos/{name}.nix"));
        std::fs::write(&path, model.replace(MODEL, &name)).with_context(|| format!("write `{}`", path.display()))?;
    }
    let identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
    for arguments in [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message", "A fleet"]] {
        succeed(sandbox.command("git").args(identity).args(arguments).current_dir(&repository))?;
    }
    Ok(repository)
}
