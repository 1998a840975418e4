//! `tta`: from the catalog of a program to its dashboards, recording rules, alerts and their tests.

mod catalog;
mod cli;
mod dashboards;
mod doctor;
mod explain;
mod files;
mod generate;
mod lint;
mod lock;
mod markdown;
mod promql;
mod queries;
mod reference;
mod rule_tests;
mod rules;
mod stack;
mod terminal;
mod yaml;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
