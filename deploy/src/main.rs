//! `tta`: from the catalog of a program to its dashboards, recording rules, alerts and their tests.

mod catalog;
mod cli;
mod doctor;
mod explain;
mod files;
mod generate;
mod lock;
mod markdown;
mod promql;
mod queries;
mod reference;
mod stack;
mod terminal;
mod yaml;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
