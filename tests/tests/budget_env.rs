//! The budget that the environment has for a process, which needs one of its own for each test.
#![allow(clippy::print_stdout, reason = "the tests read it")]
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use std::process::Command;

use tta::budget::{Budgets, Limits};
use tta::llm::Response;
use tta::{LlmResponse, PolicyError, Telemetry, Usage};

struct Answer;

impl LlmResponse for Answer {
    fn response(&self) -> Response<'_> {
        Response::new().usage(Usage::openai(1_600, 100))
    }
}

/// Half a cent.
#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_600, max_tokens = 100))]
async fn ask() -> Result<Answer, PolicyError> {
    Ok(Answer)
}

/// Run by the tests.
#[test]
#[ignore = "it needs a process of its own"]
fn alone() {
    let own = std::env::var("OWN").ok();
    let shown = || {
        let names: Vec<_> = tta::catalog().families().iter().map(|family| family.name()).collect();
        let limit = tta::catalog()
            .families()
            .iter()
            .find(|family| family.name() == "tta_budget_limit_dollars")
            .copied();
        let of = limit.map_or_else(Vec::new, |family| tta::catalog().labels(family)[0].values().to_vec());
        format!("{} {of:?}", names.contains(&"tta_budget_rejections_total"))
    };
    println!("written: {}", shown());
    let builder = Telemetry::builder().console(false).otlp(false).prometheus(false);
    let _telemetry = match builder.init() {
        Ok(telemetry) => telemetry,
        Err(error) => return println!("refused: {error}"),
    };
    if let Some(own) = &own {
        let limits = Limits::new().money(own.parse().expect("it is money"));
        let first = tta::budget::install(Budgets::new().process(limits));
        let second = tta::budget::install(Budgets::new().process(limits));
        println!("installed: {} {}", first.is_ok(), second.is_ok());
    }
    println!("running: {}", shown());
    let mut made = 0;
    let refused = futures::executor::block_on(async {
        loop {
            match ask().await {
                Ok(_) if made > 20 => return None,
                Ok(_) => made += 1,
                Err(refused) => return Some(refused),
            }
        }
    });
    println!("made: {made}, then {:?}", refused.map(|refused| refused.to_string()));
}

fn said(budget: Option<&str>, own: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "alone", "--ignored", "--nocapture"]).env_remove("TTA_BUDGET");
    command.envs(budget.map(|budget| ("TTA_BUDGET", budget))).envs(own.map(|own| ("OWN", own)));
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
fn says(said: &str, lines: &[&str]) {
    for line in lines {
        assert!(said.contains(line), "no {line:?} in\n{said}");
    }
}

#[test]
fn a_budget_of_the_environment_holds_and_is_in_the_catalog_before_the_program_runs() {
    let shown = "true [\"process\"]";
    let lines =
        [&*format!("written: {shown}"), &*format!("running: {shown}"), "made: 4, then Some(\"", "process"];
    says(&said(Some("$0.02/day"), None), &lines);
    says(&said(None, None), &["written: false []", "running: false []", "made: 21, then None"]);
}

#[test]
fn what_the_program_installs_takes_its_place() {
    let lines = ["installed: true false", "running: true [\"process\"]", "made: 2, then Some(\"", "$0.01"];
    says(&said(Some("$0.02/day"), Some("$0.01")), &lines);
    says(&said(Some("$0.005"), Some("$0.01")), &lines);
    says(&said(None, Some("$0.01")), &lines);
}

#[test]
fn what_is_no_budget_is_refused_before_anything_starts() {
    for wrong in ["0", "-1", "ten", "$1/fortnight", "$1/0s", "$1e3"] {
        says(&said(Some(wrong), None), &["refused: ", "TTA_BUDGET", wrong, "$100/day"]);
    }
}
