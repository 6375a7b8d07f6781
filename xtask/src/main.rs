//! The automation of this repository: `cargo xtask COMMAND`.

mod age;
mod bootstrap;
mod ci;
mod commands;
mod config;
mod context;
mod debian;
mod doctor;
mod files;
mod flake_lock;
mod fleet;
mod git;
mod interrupt;
mod kept;
mod network;
mod nix;
mod pipeline;
mod process;
mod report;
mod rules;
mod session;
mod sops;
mod standin;
mod supervise;
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
    Build(commands::build::Args),
    Doctor(commands::doctor::Args),
    Outputs(commands::outputs::Args),
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
    if let Err(error) = interrupt::install() {
        context.console.error(&error);
        return ExitCode::from(2);
    }
    let ending = match &cli.command {
        Command::Bootstrap(args) => commands::bootstrap::run(&context, args),
        Command::Build(args) => commands::build::run(&context, args),
        Command::Doctor(args) => commands::doctor::run(&context, args),
        Command::Outputs(args) => commands::outputs::run(&context, args),
        Command::Test(args) => commands::test::run(&context, args),
    };
    match ending {
        _ if interrupt::count() > 0 => ExitCode::from(130),
        Ok(Ending::Clean) => ExitCode::SUCCESS,
        Ok(Ending::Problems) => ExitCode::from(1),
        Err(error) => {
            context.console.error(&error);
            ExitCode::from(2)
        }
    }
}
