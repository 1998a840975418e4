//! Two functions of one name whose series would not add up.

use std::process::Command;

#[tta::primitive(name = "lookup", labels(cached: bool))]
async fn lookup_here(cached: bool) -> bool {
    cached
}
const LINE_HERE: u32 = line!() - 3;

mod elsewhere {
    #[tta::primitive(name = "lookup", labels(fast: bool))]
    pub(crate) async fn lookup_there(fast: bool) -> bool {
        fast
    }
    pub(crate) const LINE_THERE: u32 = line!() - 3;
}

/// Shares its name, kind and labels with another, which is no conflict: their calls add up.
#[tta::primitive(name = "shared", labels(cached: bool = true))]
async fn shared_here() {}

#[tta::primitive(name = "shared", labels(cached: bool = false))]
async fn shared_there() {}

/// Both places, as file and line.
fn places() -> [String; 2] {
    [LINE_HERE, elsewhere::LINE_THERE].map(|line| format!("{}:{line}", file!()))
}

#[test]
fn the_catalog_names_both_places_of_a_conflict() {
    let conflicts = tta::catalog().conflicts();
    let [conflict] = conflicts.as_slice() else {
        panic!("one conflict, and not {conflicts:?}");
    };
    let said = conflict.to_string();
    for part in places().iter().map(String::as_str).chain(["`lookup`", "give one of them another `name`"]) {
        assert!(said.contains(part), "no {part:?} in {said:?}");
    }
    drop((lookup_here(true), elsewhere::lookup_there(true), shared_here(), shared_there()));
}

const CHILD: &str = "TTA_TESTS_INITIALISES";

/// Run by the test below in a process of its own.
#[test]
fn initialises() {
    if std::env::var_os(CHILD).is_some() {
        drop(tta::init().expect("a configuration"));
    }
}

#[test]
fn init_warns_of_a_conflict_with_both_places() {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args(["--exact", "initialises", "--nocapture"])
        .envs([(CHILD, "1"), ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "none")])
        .output()
        .expect("the child's output");
    assert!(output.status.success());
    let stderr = String::from_utf8(output.stderr).expect("text");
    let warnings: Vec<&str> = stderr.lines().filter(|line| line.starts_with("tta: warning")).collect();
    assert_eq!(warnings.len(), 1, "{stderr}");
    for place in places() {
        assert!(warnings[0].contains(&place), "no {place} in {stderr}");
    }
}
