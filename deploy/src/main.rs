//! `tta`: from the catalog of a program to its dashboards, recording rules, alerts and their tests.

mod catalog;
mod cli;
mod dashboards;
mod files;
mod lint;
mod promql;
mod rule_tests;
mod rules;
mod yaml;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
