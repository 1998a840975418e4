//! A catalog that somebody edited: whatever is in it, it is used or refused with a sentence.

mod support;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};
use support::{CATALOG, Folder, Said, catalog, check, tta};

fn generate(folder: &Folder, catalog: &str) -> Said {
    let file = folder.write("catalog.json", catalog);
    let out = folder.join("out");
    tta(&["generate", "--catalog", file.to_str().expect("UTF-8"), "--out", out.to_str().expect("UTF-8")])
}

#[test]
fn a_catalog_that_cannot_be_right_is_refused_with_the_place_and_what_is_accepted() {
    let checkout = "workflow checkout (sites[0], examples/fleet/main.rs:20)";
    let calls = "family tta_workflow_executions_total (families[0])";
    let cases: [(&str, Value, String); 24] = [
        (
            "/sites/0/slo/objectives/0/target",
            json!(1.5),
            format!("{checkout}, objective success: target is 1.5; accepted: more than 0 and less than 1"),
        ),
        ("/sites/0/slo/objectives/0/target", json!(1), "target is 1; ".to_owned()),
        ("/sites/0/slo/objectives/0/target", json!(0), "target is 0; ".to_owned()),
        (
            "/sites/0/slo/window_days",
            json!(4_000_000_000_u32),
            format!("{checkout}: window_days is 4000000000; accepted: 1 to 90"),
        ),
        ("/sites/0/slo/window_days", json!(0), "window_days is 0; ".to_owned()),
        ("/sites/0/slo/objectives", json!([]), format!("{checkout}: objectives is empty; accepted: one")),
        (
            "/sites/0/slo/objectives/1/threshold_seconds",
            json!(0),
            format!("{checkout}, objective latency: threshold_seconds is 0; accepted: more than 0 and at most 86400"),
        ),
        (
            "/sites/0/slo/objectives/1/threshold_seconds",
            Value::Null,
            "objective latency: threshold_seconds is missing".to_owned(),
        ),
        (
            "/sites/0/slo/objectives/1/objective",
            json!("success"),
            "objective success: objective is there twice; accepted: each once".to_owned(),
        ),
        (
            "/sites/0/slo/objectives/1/objective",
            json!("speed"),
            "objective speed: objective is speed; accepted: success, latency or cost".to_owned(),
        ),
        ("/sites/0/name", json!(""), "function fleet::checkout (sites[0]): name is \"\"; ".to_owned()),
        ("/sites/0/name", json!("a\nb"), "name is \"a\\nb\"; accepted: a text without control".to_owned()),
        (
            "/sites/0/labels",
            json!([{ "name": "tier" }, { "name": "tier" }]),
            format!("{checkout}, label tier: label is there twice; accepted: each once"),
        ),
        ("/sites/0/labels/0/name", json!("a-b"), "label a-b: name is \"a-b\"; accepted: letters".to_owned()),
        ("/sites/0/labels/0/limit", json!(0), "label tier: limit is 0; accepted: 1 and more".to_owned()),
        (
            "/sites/0/labels/0/values",
            json!(["free", "free"]),
            "label tier: the value free is there twice".to_owned(),
        ),
        (
            "/families/0/name",
            json!("tta.workflow"),
            "family tta.workflow (families[0]): name is \"tta.workflow\"; accepted: letters".to_owned(),
        ),
        ("/families/0/labels/0/name", json!("le"), format!("{calls}: a label's name is le; accepted: another")),
        ("/families/0/labels/1/name", json!("status"), "label status: label is there twice".to_owned()),
        ("/families/0/buckets", json!([1.0]), format!("{calls}: buckets is there; accepted: none")),
        (
            "/families/1/buckets/1",
            json!(7.5),
            "(families[1]): a bucket is 0.001 after 7.5; accepted: each more than the one before".to_owned(),
        ),
        (
            "/families/2/name",
            json!("tta_workflow_executions_total"),
            "(families[2]): the series tta_workflow_executions_total is made by tta_workflow_executions_total as well"
                .to_owned(),
        ),
        (
            "/families/0/name",
            json!("tta_workflow_duration_seconds_sum"),
            "the series tta_workflow_duration_seconds_sum is made by tta_workflow_duration_seconds_sum".to_owned(),
        ),
        ("/families/0/unit", json!("m/s"), format!("{calls}: unit is \"m/s\"; accepted: seconds, bytes, ")),
    ];
    let folder = Folder::new();
    for (at, value, expected) in cases {
        let text = catalog(|catalog| {
            let (parent, key) = at.rsplit_once('/').expect("a path");
            let parent = catalog.pointer_mut(parent).expect("it is there");
            match parent {
                Value::Array(all) => all[key.parse::<usize>().expect("a number")] = value.clone(),
                other => other[key] = value.clone(),
            }
        });
        let said = generate(&folder, &text);
        assert_eq!(said.code, 2, "{at}: {said:?}");
        assert!(said.err.contains(&expected), "{at}: no {expected:?} in {}", said.err);
        assert!(!folder.join("out").exists());
    }
}

#[test]
fn all_mistakes_of_a_catalog_are_told_at_once() {
    let folder = Folder::new();
    let text = catalog(|catalog| {
        catalog["sites"][0]["slo"]["window_days"] = 0.into();
        catalog["families"][0]["unit"] = "?".into();
    });
    let said = generate(&folder, &text);
    assert_eq!(said.err.lines().count(), 3, "{}", said.err);
}

/// Every leaf, as the keys that lead to it.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(all) => {
            all.iter().for_each(|(key, inner)| leaves(inner, &format!("{path}/{key}"), found));
        }
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(at, inner)| leaves(inner, &format!("{path}/{at}"), found));
        }
        _ => found.push(path.to_owned()),
    }
}

/// The path without numbers: what kind of leaf it is.
fn shape(path: &str) -> String {
    path.split('/')
        .map(|key| if key.parse::<u32>().is_ok() { "#" } else { key })
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn whatever_a_leaf_of_the_catalog_is_it_is_used_or_refused_and_nothing_panics() {
    const HOSTILE: &str = "{{ $x }} \"'`\\|}] #";

    let sample: Value = serde_json::from_str(&catalog(|_| {})).expect("JSON");
    let mut paths = Vec::new();
    leaves(&sample, "", &mut paths);
    let (mut seen, mut tried) = (BTreeSet::new(), BTreeSet::new());
    let mut mutants: Vec<(String, Value)> = Vec::new();
    for path in &paths {
        let leaf = sample.pointer(path).expect("it is there");
        let shape = shape(path);
        // What is refused is refused soon, so it is tried with every value that there is in such a place.
        let everywhere = match leaf {
            _ if !tried.insert((shape.clone(), leaf.to_string())) => Vec::new(),
            Value::String(_) => vec![json!("a\u{7}b\nc"), json!(4)],
            Value::Number(_) => vec![json!(-1), json!(1e300), json!("NaN")],
            _ => vec![json!("true")],
        };
        let mut values = everywhere;
        // What other files are made of depends on which families and labels there are.
        if shape.ends_with("/name") && shape.starts_with("/families") && seen.insert(leaf.to_string()) {
            values.push(json!("renamed"));
        }
        if seen.insert(shape) {
            let whatever = [
                json!(null),
                json!(true),
                json!([]),
                json!({}),
                json!(0),
                json!(1.5),
                json!(4_000_000_000_u64),
                json!(1e-300),
                json!(""),
                json!("NaN"),
                json!(HOSTILE),
                json!("x".repeat(10_000)),
            ];
            values.extend(whatever);
        }
        mutants.extend(values.into_iter().map(|value| (path.clone(), value)));
    }
    assert!(mutants.len() > 1_200, "{}", mutants.len());
    let left = Mutex::new(mutants.into_iter());
    let used = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("no thread has panicked").next();
                    let Some((path, value)) = next else { break };
                    let mut mutant = sample.clone();
                    *mutant.pointer_mut(&path).expect("it is there") = value.clone();
                    let folder = Folder::new();
                    let said = generate(&folder, &mutant.to_string());
                    let value = value.to_string().chars().take(40).collect::<String>();
                    assert!(!said.err.contains("panicked"), "{path} = {value}: {}", said.err);
                    match said.code {
                        0 => {
                            *used.lock().expect("no thread has panicked") += 1;
                            if value.contains("$x") {
                                let rules = folder.join("out/prometheus/rules/alerts.yml");
                                check("promtool", &["check", "rules"], &rules);
                            }
                        }
                        2 => {
                            assert!(said.err.starts_with("tta: "), "{path} = {value}: {}", said.err);
                            assert!(!folder.join("out").exists(), "{path} = {value}: {}", said.err);
                        }
                        other => panic!("{path} = {value}: exit code {other}: {said:?}"),
                    }
                }
            });
        }
    });
    let used = used.into_inner().expect("no thread has panicked");
    assert!(
        used > 50,
        "only {used} were used, so that most of what is generated from them was not looked at"
    );
}

#[test]
fn a_catalog_with_a_number_that_is_none_is_refused() {
    let folder = Folder::new();
    let text = std::fs::read_to_string(CATALOG).expect("the sample is there");
    for number in ["NaN", "Infinity", "1e999", "-", "0x10", "01"] {
        let said = generate(&folder, &text.replace("\"target\": 0.995", &format!("\"target\": {number}")));
        assert_eq!(said.code, 2, "{number}: {said:?}");
        assert!(said.err.contains("is no catalog of tta: ") && said.err.contains(" line "), "{}", said.err);
    }
}
