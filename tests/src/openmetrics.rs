//! An exposition as Prometheus' own parser reads it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What to say in `Accept` to be given exemplars.
pub const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0";

/// The exemplars, as a strict parser reads them: one array of family, labels, ids, value and timestamp each.
///
/// # Panics
/// When the parser refuses the exposition, or is not installed; `tests/run` installs it.
#[must_use]
pub fn exemplars(exposition: &str) -> Vec<Value> {
    let script = "
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        if sample.exemplar:
            exemplar = sample.exemplar
            print(json.dumps([family.name, sample.labels, exemplar.labels, exemplar.value, float(exemplar.timestamp)]))
";
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/.tools/python/bin/python");
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {python}, which tests/run installs: {error}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(exposition.as_bytes()).expect("it reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "a strict parser refuses\n{exposition}");
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
