//! Prove this program itself: bring the tools that its tests need, then run every test

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;
use clap::builder::FalseyValueParser;

use crate::context::{Context, Ending};
use crate::{cache_client, process, tools};

/// Prove this program itself: bring the tools that its tests need, then run every test
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Install nothing; a missing tool is an error that names the command
    #[arg(long, env = "XTASK_NO_INSTALL", value_parser = FalseyValueParser::new())]
    no_install: bool,
    /// Bring the tools, and run nothing
    #[arg(long, conflicts_with = "no_install", env = "XTASK_TOOLS_ONLY", value_parser = FalseyValueParser::new())]
    tools_only: bool,
    /// Arguments for `cargo test`
    #[arg(last = true, value_name = "CARGO_TEST_ARGS")]
    cargo: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask test                  everything, and what it needs is installed first
  cargo xtask test -- --test help   one file of tests
  cargo xtask test --tools-only     what the tests need, and no test";

/// Brings the tools and runs the tests.
///
/// # Errors
/// When a tool is missing and could not be brought, or cargo does not start.
pub fn run(context: &Context, args: &Args) -> Result<Ending> {
    let folder = context.state.join("tools");
    tools::ensure(&context.console, &folder, !args.no_install)?;
    if args.tools_only {
        return Ok(Ending::Clean);
    }
    // Built once before the tests: their binaries would wait for each other's cargo.
    let client = cache_client::ready(context)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut tests = Command::new(cargo);
    tests
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(&args.cargo)
        .current_dir(&context.repository)
        .env("XTASK_TEST_TOOLS", &folder)
        .env("XTASK_TEST_CLIENT", client);
    // What was asked of this run is not asked of those that the tests start.
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("XTASK_") && !name_text.starts_with("XTASK_TEST_") {
            tests.env_remove(name);
        }
    }
    let status = process::attempt(&context.console, &mut tests)?;
    Ok(if status.success() { Ending::Clean } else { Ending::Problems })
}
