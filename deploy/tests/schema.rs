//! Grafana's own types, from npm, accept the dashboards.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/catalog.json");
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schema");

/// Which of these the compiler refuses, by their place in the list, and what it says.
fn refused(dashboards: &[String]) -> (BTreeSet<usize>, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schema");
    let mut text = format!("import type {{ Dashboard }} from '{SCHEMA}/dashboard';\n");
    for (at, json) in dashboards.iter().enumerate() {
        // In one statement with its type, so that fields that the type does not have are mistakes, too; and in one
        // line, by which a mistake tells where it is.
        let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
        writeln!(text, "export const dashboard{at}: Dashboard = {json};").expect("a String");
    }
    fs::write(folder.join("check.ts"), text).expect("a file");
    let options = serde_json::json!({
        "compilerOptions": {
            "strict": true, "noEmit": true, "skipLibCheck": true, "module": "esnext", "moduleResolution": "bundler",
            "target": "es2022", "types": []
        },
        "files": ["check.ts"]
    });
    fs::write(folder.join("tsconfig.json"), options.to_string()).expect("a file");
    let output = Command::new("node")
        .arg(format!("{SCHEMA}/node_modules/typescript/bin/tsc"))
        .args(["--pretty", "false", "-p", "."])
        .current_dir(&folder)
        .output()
        .expect("needs node: tests/run installs it");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("Cannot find module"), "{said}\ntests/run installs what is missing");
    let lines =
        said.lines().filter_map(|line| line.strip_prefix("check.ts(")?.split(',').next()?.parse().ok());
    // The first line is the import.
    let refused: BTreeSet<usize> = lines.map(|line: usize| line - 2).collect();
    assert_eq!(output.status.success(), refused.is_empty(), "{said}");
    (refused, said)
}

fn generated() -> Vec<String> {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schema").join("generated");
    let _ = fs::remove_dir_all(&out);
    let status = Command::new(env!("CARGO_BIN_EXE_tta"))
        .args(["generate", "--catalog", CATALOG, "--out", out.to_str().unwrap()])
        .status()
        .unwrap();
    assert!(status.success());
    let dashboards = fs::read_dir(out.join("grafana/dashboards")).unwrap();
    dashboards.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
}

#[test]
fn types_of_grafana_accept_the_dashboards_and_refuse_others() {
    let mut dashboards = generated();
    assert!(!dashboards.is_empty());
    let right = dashboards.len();
    for (from, to) in [
        ("\"showLegend\": true", "\"showLegend\": \"yes\""),
        ("\"displayMode\": \"table\"", "\"displayMode\": \"tabel\""),
        ("\"schemaVersion\": 39", "\"schemaVersion\": \"39\""),
        ("\"editable\": false", "\"edditable\": false"),
        ("\"gridPos\": {", "\"gridPosition\": {"),
        ("\"useValueForTime\"", "\"useValueAsTime\""),
        ("\"includeAll\": false", "\"includeAll\": 0"),
        ("\"cellHeight\": \"sm\"", "\"cellHeight\": \"small\""),
        ("\"yHistogram\": false", "\"yHistogramm\": false"),
    ] {
        let wrong = dashboards[..right]
            .iter()
            .find(|json| json.contains(from))
            .unwrap_or_else(|| panic!("no {from}"));
        dashboards.push(wrong.replacen(from, to, 1));
    }
    let (refused, said) = refused(&dashboards);
    assert_eq!(refused, (right..dashboards.len()).collect(), "{said}");
}
