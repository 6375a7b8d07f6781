//! The automation of this repository: `cargo xtask COMMAND`.

mod age;
mod bootstrap;
mod commands;
mod context;
mod debian;
mod doctor;
mod git;
mod network;
mod nix;
mod process;
mod report;
mod sops;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use context::{Context, Ending, GlobalArgs};

/// The automation of a Nix configuration repository
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: GlobalArgs,
}

const EXIT_CODES: &str = "\
Exit status: 0 clean · 1 problems found or something failed · 2 could not check (usage, configuration, environment, a tool \
missing or broken) · 130 interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    Bootstrap(commands::bootstrap::Args),
    Doctor(commands::doctor::Args),
    Test(commands::test::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = cli.global.console();
    let context = match Context::new(&cli.global, console) {
        Ok(context) => context,
        Err(error) => {
            cli.global.console().error(&error);
            return ExitCode::from(2);
        }
    };
    let ending = match &cli.command {
        Command::Bootstrap(args) => commands::bootstrap::run(&context, args),
        Command::Doctor(args) => commands::doctor::run(&context, args),
        Command::Test(args) => commands::test::run(&context, args),
    };
    match ending {
        Ok(Ending::Clean) => ExitCode::SUCCESS,
        Ok(Ending::Problems) => ExitCode::from(1),
        Err(error) => {
            context.console.error(&error);
            ExitCode::from(2)
        }
    }
}
