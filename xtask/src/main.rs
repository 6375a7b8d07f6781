//! The automation of this repository: `cargo xtask COMMAND`.

mod age;
mod analytics;
mod bootstrap;
mod cache_client;
mod ci;
mod commands;
mod completion;
mod config;
mod context;
mod copies;
mod debian;
mod diff;
mod doctor;
mod files;
mod flake_lock;
mod flake_reference;
mod fleet;
mod git;
mod github;
mod interrupt;
mod kept;
mod network;
mod nix;
mod pipeline;
mod plain_text;
mod process;
mod push_policy;
mod recipes;
mod report;
mod rules;
mod session;
mod sops;
mod standin;
mod supervise;
mod tools;
mod tree;
mod wheel;

use std::process::ExitCode;

use context::{Cli, Context, Ending};

fn main() -> ExitCode {
    let cli = <Cli as clap::Parser>::parse();
    let console = cli.global.console().masked();
    let ending = interrupt::install()
        .and_then(|()| Context::new(&cli.global, cli.global.console()))
        .and_then(|context| cli.command.run(&context));
    if let Err(error) = &ending {
        console.error(error);
    }
    match ending {
        _ if interrupt::count() > 0 => ExitCode::from(130),
        Ok(ending) => ExitCode::from(ending.status()),
        Err(_) => ExitCode::from(Ending::Unchecked.status()),
    }
}
