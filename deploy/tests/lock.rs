//! `metrics.lock.json`: what is gone has to be accepted, and lives on under its old name if it has a new one.

mod support;

use serde_json::Value;
use support::{Folder, Said, catalog, check, tta};

const LOCK: &str = "out/metrics.lock.json";
const ALIASES: &str = "out/prometheus/rules/aliases.yml";

/// Generates into a folder that is kept, from the sample catalog as it is changed.
fn generate(folder: &Folder, change: impl FnOnce(&mut Value), more: &[&str]) -> Said {
    let file = folder.write("catalog.json", &catalog(change));
    let out = folder.join("out");
    let mut args =
        vec!["generate", "--catalog", file.to_str().expect("UTF-8"), "--out", out.to_str().expect("UTF-8")];
    args.extend(more);
    tta(&args)
}

fn unchanged(_: &mut Value) {}

fn remove(catalog: &mut Value, name: &str) {
    catalog["families"].as_array_mut().expect("an array").retain(|family| family["name"] != name);
}

/// Generates, and lets the lock be that of a time when some families had other names.
fn renamed_since(renames: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    assert_eq!(generate(&folder, unchanged, &[]).code, 0);
    rename_in_lock(&folder, renames);
    folder
}

fn rename_in_lock(folder: &Folder, renames: &[(&str, &str)]) {
    let mut lock: Value = serde_json::from_str(&folder.read(LOCK)).expect("JSON");
    for (old, new) in renames {
        let families = lock["families"].as_object_mut().expect("an object");
        let family = families.remove(*new).expect("it is there");
        families.insert((*old).to_owned(), family);
    }
    folder.write(LOCK, &lock.to_string());
}

#[test]
fn a_family_that_is_renamed_lives_on_under_its_old_name_once_accepted() {
    let folder = renamed_since(&[("tta_release_info", "tta_build_info")]);
    let (lock, reference) = (folder.read(LOCK), folder.read("out/metrics.md"));
    for check in [&["--check"][..], &[]] {
        let said = generate(&folder, unchanged, check);
        assert_eq!(said.code, 1, "{said:?}");
        let sentence =
            "changed   tta_release_info is gone; tta_build_info is new and has its type, unit and labels";
        assert!(said.out.contains(sentence), "{}", said.out);
        let command = format!(" --out {} --accept-changes\n", folder.join("out").display());
        assert!(said.out.contains(&command), "{}", said.out);
        assert_eq!((folder.read(LOCK), folder.read("out/metrics.md")), (lock.clone(), reference.clone()));
    }

    let said = generate(&folder, unchanged, &["--accept-changes"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("accepted  tta_release_info is gone"), "{}", said.out);
    let aliases = folder.read(ALIASES);
    assert!(aliases.contains("record: tta_release_info\n"), "{aliases}");
    assert!(aliases.contains(r#"expr: tta_build_info{job="tta"}"#), "{aliases}");
    check("promtool", &["check", "rules"], &folder.join(ALIASES));
    assert!(folder.read("out/metrics.md").contains("| `tta_release_info` | `tta_build_info` |"));
    assert_eq!(generate(&folder, unchanged, &["--check"]).code, 0, "once is enough");
}

#[test]
fn whatever_was_renamed_twice_is_an_alias_of_the_last_name() {
    let folder = renamed_since(&[("tta_first_info", "tta_build_info")]);
    generate(&folder, unchanged, &["--accept-changes"]);
    // As if tta_build_info had been called tta_second_info then.
    let lock = folder.read(LOCK).replace("tta_build_info", "tta_second_info");
    folder.write(LOCK, &lock);
    let said = generate(&folder, unchanged, &["--accept-changes"]);
    assert_eq!(said.code, 0, "{said:?}");
    let aliases = folder.read(ALIASES);
    for old in ["tta_first_info", "tta_second_info"] {
        assert!(aliases.contains(&format!("record: {old}\n")), "{aliases}");
    }
    assert_eq!(aliases.matches(r#"expr: tta_build_info{job="tta"}"#).count(), 2, "{aliases}");
}

#[test]
fn a_name_that_comes_back_is_no_alias() {
    let folder = renamed_since(&[("tta_first_info", "tta_build_info")]);
    generate(&folder, unchanged, &["--accept-changes"]);
    let lock = folder.read(LOCK);
    // Two things of one name would be in the way of each other.
    let lock = lock
        .replace("tta_build_info", "x_y_z")
        .replace("tta_first_info", "tta_build_info")
        .replace("x_y_z", "tta_first_info");
    folder.write(LOCK, &lock);
    let said = generate(&folder, unchanged, &["--accept-changes"]);
    assert_eq!(said.code, 0, "{said:?}");
    let aliases = folder.read(ALIASES);
    assert!(
        aliases.contains("record: tta_first_info\n") && !aliases.contains("record: tta_build_info\n"),
        "{aliases}"
    );
}

#[test]
fn an_alias_of_a_histogram_has_each_of_its_series() {
    let folder = renamed_since(&[("tta_workflow_seconds", "tta_workflow_duration_seconds")]);
    // That of the primitives is another one by its labels.
    let said = generate(&folder, unchanged, &["--accept-changes"]);
    assert_eq!(said.code, 0, "{said:?}");
    let aliases = folder.read(ALIASES);
    for end in ["bucket", "count", "sum"] {
        assert!(aliases.contains(&format!("record: tta_workflow_seconds_{end}\n")), "{aliases}");
        assert!(
            aliases.contains(&format!("tta_workflow_duration_seconds_{end}{{job=\"tta\"}}")),
            "{aliases}"
        );
    }
    check("promtool", &["check", "rules"], &folder.join(ALIASES));
}

#[test]
fn what_could_be_two_things_is_asked_for() {
    // Both are gauges without labels.
    let renames = [("process_files", "process_open_fds"), ("process_tasks", "process_threads")];
    let folder = renamed_since(&renames);
    let said = generate(&folder, unchanged, &[]);
    assert_eq!(said.code, 1, "{said:?}");
    let sentence = "process_files is gone; new and of its type: process_open_fds, process_threads";
    assert!(said.out.contains(sentence), "{}", said.out);
    assert!(said.out.contains("--rename process_files=NEW"), "{}", said.out);

    let renames = ["--accept-changes", "--rename", "process_files=process_open_fds"];
    let said = generate(&folder, unchanged, &renames);
    assert_eq!(said.code, 0, "{said:?}");
    let aliases = folder.read(ALIASES);
    assert!(aliases.contains("record: process_files\n"), "{aliases}");
}

#[test]
fn a_rename_that_is_none_is_refused() {
    let folder = renamed_since(&[("tta_release_info", "tta_build_info")]);
    for (rename, expected) in [
        ("tta_build_info=tta_release_info", "tta_build_info is not gone; what is gone: tta_release_info"),
        ("tta_release_info=tta_nothing", "the catalog has no family tta_nothing"),
        (
            "tta_release_info=tta_workflow_executions_total",
            "tta_release_info is a gauge, and tta_workflow_executions_total is a counter",
        ),
    ] {
        let said = generate(&folder, unchanged, &["--accept-changes", "--rename", rename]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains(expected), "{}", said.err);
    }
}

#[test]
fn what_is_gone_for_good_is_recorded() {
    let folder = Folder::new();
    generate(&folder, unchanged, &[]);
    let change = |catalog: &mut Value| remove(catalog, "tta_propagation_errors_total");
    let said = generate(&folder, change, &[]);
    assert!(
        said.out.contains("tta_propagation_errors_total is gone, and no new family could take its place"),
        "{}",
        said.out
    );
    assert_eq!(generate(&folder, change, &["--accept-changes"]).code, 0);
    assert!(!folder.join(ALIASES).exists());
    let lock: Value = serde_json::from_str(&folder.read(LOCK)).expect("JSON");
    assert_eq!(lock["removed"]["tta_propagation_errors_total"]["type"], "counter");
    assert!(folder.read("out/metrics.md").contains("## Gone\n\n`tta_propagation_errors_total`."));
    assert_eq!(generate(&folder, change, &["--check"]).code, 0);
}

#[test]
fn a_label_a_type_and_a_unit_are_promises_too() {
    let folder = Folder::new();
    generate(&folder, unchanged, &[]);
    let mut lock: Value = serde_json::from_str(&folder.read(LOCK)).expect("JSON");
    let families = &mut lock["families"];
    families["tta_build_info"]["labels"] =
        serde_json::json!({ "environment": "any", "prices": "any", "release": "any", "service": "any" });
    families["process_threads"]["type"] = "counter".into();
    families["process_start_time_seconds"]["unit"] = "bytes".into();
    folder.write(LOCK, &lock.to_string());
    let said = generate(&folder, unchanged, &[]);
    assert_eq!(said.code, 1);
    for sentence in [
        "tta_build_info has no label release any more; new there: version",
        "(a label has no alias: queries by release of tta_build_info have to be changed where they are)",
        "process_threads was a counter and is a gauge",
        "process_start_time_seconds was in bytes and is in seconds",
    ] {
        assert!(said.out.contains(sentence), "no {sentence:?} in {}", said.out);
    }
    let changes = generate(&folder, unchanged, &["--json"]).json()["changes"].clone();
    let expected = serde_json::json!({
        "change": "label_removed", "family": "tta_build_info", "label": "release", "candidates": ["version"],
    });
    assert_eq!(changes[2], expected);
    assert_eq!(generate(&folder, unchanged, &["--accept-changes"]).code, 0);
    let lock: Value = serde_json::from_str(&folder.read(LOCK)).expect("JSON");
    assert_eq!(lock["families"]["tta_build_info"]["removed_labels"], serde_json::json!(["release"]));
    assert_eq!(generate(&folder, unchanged, &["--check"]).code, 0);
}

#[test]
fn what_is_new_needs_nobody() {
    let folder = Folder::new();
    generate(&folder, |catalog| remove(catalog, "tta_build_info"), &[]);
    let said = generate(&folder, unchanged, &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(folder.read(LOCK).contains("tta_build_info"));
}

#[test]
fn a_lock_that_cannot_be_read_stops_everything() {
    let folder = Folder::new();
    generate(&folder, unchanged, &[]);
    folder.write(LOCK, "{");
    let said = generate(&folder, unchanged, &[]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("metrics.lock.json is no lock of tta: "), "{}", said.err);
    folder.write(LOCK, r#"{"format": 9}"#);
    assert!(generate(&folder, unchanged, &[]).err.contains("has format 9, and this tta reads format 2"));
}

/// What is said when the sample is changed after it was generated, and what the lock has once that is accepted.
fn changed_since(change: impl Fn(&mut Value)) -> (Vec<String>, Value) {
    let folder = Folder::new();
    assert_eq!(generate(&folder, unchanged, &[]).code, 0);
    let lock = folder.read(LOCK);
    let said = generate(&folder, &change, &["--check"]);
    let changes: Vec<String> =
        said.out.lines().filter_map(|line| Some(line.strip_prefix("changed   ")?.to_owned())).collect();
    assert_eq!(said.code, i32::from(!changes.is_empty() || said.code == 1), "{said:?}");
    if !changes.is_empty() {
        assert_eq!(generate(&folder, &change, &[]).code, 1, "{changes:?}");
        assert_eq!(folder.read(LOCK), lock, "nothing is written before it is accepted");
    }
    let said = generate(&folder, &change, &["--accept-changes"]);
    assert_eq!(said.code, 0, "{said:?}");
    for change in &changes {
        assert!(said.out.contains(&format!("accepted  {change}\n")), "no {change:?} in {}", said.out);
    }
    assert_eq!(generate(&folder, &change, &["--check"]).code, 0, "once is enough");
    (changes, serde_json::from_str(&folder.read(LOCK)).expect("JSON"))
}

/// Renames a function wherever the catalog has its name.
fn rename_function(catalog: &mut Value, old: &str, new: &str) {
    match catalog {
        Value::String(text) if text == old => new.clone_into(text),
        Value::Array(all) => all.iter_mut().for_each(|inner| rename_function(inner, old, new)),
        Value::Object(all) => all.values_mut().for_each(|inner| rename_function(inner, old, new)),
        _ => {}
    }
}

#[test]
fn a_function_that_is_gone_or_renamed_has_to_be_accepted() {
    let (changes, lock) = changed_since(|catalog| {
        catalog["sites"].as_array_mut().expect("an array").retain(|site| site["name"] != "nightly_report");
        for family in catalog["families"].as_array_mut().expect("an array") {
            for label in family["labels"].as_array_mut().expect("an array") {
                if let Some(values) = label["values"].as_array_mut() {
                    values.retain(|value| value != "nightly_report");
                }
            }
        }
    });
    // Told once, and not of each family that has its name.
    assert_eq!(changes, ["the workflow nightly_report is gone, and no new one is what it was"]);
    assert_eq!(lock["removed_functions"]["workflows"], serde_json::json!(["nightly_report"]));
    assert!(lock["functions"]["workflows"]["nightly_report"].is_null());

    let (changes, lock) = changed_since(|catalog| rename_function(catalog, "classify", "sort_out"));
    assert_eq!(changes, ["the primitive classify is gone; new and otherwise the same: sort_out"]);
    assert_eq!(lock["removed_functions"]["primitives"], serde_json::json!(["classify"]));
    assert_eq!(lock["functions"]["primitives"]["sort_out"]["type"], "llm");

    let (changes, _) = changed_since(|catalog| {
        let mut copy = catalog["sites"][3].clone();
        copy["name"] = "another".into();
        catalog["sites"].as_array_mut().expect("an array").push(copy);
    });
    assert_eq!(changes, Vec::<String>::new(), "what is new needs nobody");
}

#[test]
fn a_function_that_is_gone_is_in_the_reference_and_comes_back_without_a_word() {
    let folder = Folder::new();
    generate(&folder, unchanged, &[]);
    let change = |catalog: &mut Value| rename_function(catalog, "classify", "sort_out");
    let said = generate(&folder, change, &["--accept-changes", "--json"]).json();
    let expected = serde_json::json!({
        "change": "function_removed", "function": "primitive classify", "candidates": ["sort_out"],
    });
    assert_eq!(said["changes"], serde_json::json!([expected]));
    assert!(folder.read("out/metrics.md").contains("## Gone\n\nthe `primitive classify`.\n"));
    let said = generate(&folder, |catalog| rename_function(catalog, "none", "none"), &["--accept-changes"]);
    assert!(said.out.contains("accepted  the primitive sort_out is gone"), "{}", said.out);
    assert!(folder.read("out/metrics.md").contains("## Gone\n\nthe `primitive sort_out`.\n"));
}

#[test]
fn a_label_that_one_of_two_functions_drops_has_to_be_accepted() {
    let tier = serde_json::json!([{ "name": "tier", "values": ["free", "paid"] }]);
    let folder = Folder::new();
    let both = |catalog: &mut Value| catalog["sites"][1]["labels"] = tier.clone();
    assert_eq!(generate(&folder, both, &[]).code, 0);
    // The family still has it, of the other one.
    let said = generate(&folder, unchanged, &["--check"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("changed   the workflow refund has no label tier any more\n"), "{}", said.out);
    assert_eq!(said.out.matches("changed   ").count(), 1, "{}", said.out);
    assert_eq!(generate(&folder, unchanged, &["--accept-changes"]).code, 0);
    assert_eq!(generate(&folder, unchanged, &["--check"]).code, 0);
}

#[test]
fn a_value_of_a_closed_label_has_to_be_accepted_when_it_goes() {
    let (changes, lock) = changed_since(|catalog| rename_function(catalog, "paid", "member"));
    assert_eq!(changes, ["the workflow checkout has no tier \"paid\" any more; new there: member"]);
    let tier = &lock["functions"]["workflows"]["checkout"]["labels"]["tier"];
    assert_eq!(*tier, serde_json::json!(["free", "member"]));

    // Of what is no function's.
    let folder = Folder::new();
    generate(&folder, unchanged, &[]);
    let mut lock: Value = serde_json::from_str(&folder.read(LOCK)).expect("JSON");
    lock["families"]["tta_log_lines_total"]["labels"]["outcome"] =
        serde_json::json!(["dropped", "lost", "sampled_out"]);
    folder.write(LOCK, &lock.to_string());
    let said = generate(&folder, unchanged, &["--check"]);
    assert_eq!(said.code, 1, "{said:?}");
    let sentence = "changed   tta_log_lines_total has no outcome \"lost\" any more; new there: written\n";
    assert!(said.out.contains(sentence), "{}", said.out);
    assert!(said.out.contains("(a value has no alias: queries for outcome=\"lost\" of"), "{}", said.out);

    // What can be anything can be that as well.
    let (changes, _) = changed_since(|catalog| {
        let site = &mut catalog["sites"][0]["labels"][0];
        *site = serde_json::json!({ "name": "tier", "limit": 8 });
    });
    assert_eq!(changes, Vec::<String>::new());
}

#[test]
fn an_objective_that_goes_or_is_another_has_to_be_accepted() {
    let (changes, _) = changed_since(|catalog| {
        catalog["sites"][0]["slo"]["objectives"].as_array_mut().expect("an array").truncate(1);
    });
    assert_eq!(
        changes,
        ["the workflow checkout has no objective of latency any more; it was 95 % within 2 s over 30 days"]
    );
    let (changes, lock) = changed_since(|catalog| {
        catalog["sites"][0]["slo"]["objectives"][0]["target"] = 0.99.into();
        catalog["sites"][4]["slo"]["window_days"] = 14.into();
        catalog["sites"][5]["type"] = "db".into();
    });
    assert_eq!(
        changes,
        [
            "the workflow checkout has another objective of success: it was 99.5 % over 30 days, and is 99 % over 30 days",
            "the workflow search has another objective of latency: it was 99 % within 0.25 s over 7 days, and is 99 % \
             within 0.25 s over 14 days",
            "the primitive charge_card was tool and is db",
        ]
    );
    let objectives = &lock["functions"]["workflows"]["search"]["objectives"];
    assert_eq!(*objectives, serde_json::json!({ "latency": "99 % within 0.25 s over 14 days" }));
}

#[test]
fn a_lock_of_an_earlier_release_is_read_and_brought_up_to_date() {
    let folder = Folder::new();
    generate(&folder, unchanged, &[]);
    let mut lock: Value = serde_json::from_str(&folder.read(LOCK)).expect("JSON");
    let as_it_is = lock.clone();
    lock["format"] = 1.into();
    lock.as_object_mut().expect("an object").remove("functions");
    for (_, family) in lock["families"].as_object_mut().expect("an object") {
        let names: Vec<String> = family["labels"].as_object().expect("an object").keys().cloned().collect();
        family["labels"] = names.into();
    }
    lock["families"]["tta_build_info"]["labels"] =
        serde_json::json!(["environment", "prices", "service", "release", "version"]);
    folder.write(LOCK, &lock.to_string());
    let said = generate(&folder, unchanged, &["--check"]);
    assert!(said.out.contains("changed   tta_build_info has no label release any more\n"), "{}", said.out);
    assert_eq!(said.out.matches("changed   ").count(), 1, "{}", said.out);
    generate(&folder, unchanged, &["--accept-changes"]);
    let now: Value = serde_json::from_str(&folder.read(LOCK)).expect("JSON");
    assert_eq!((&now["format"], &now["functions"]), (&2.into(), &as_it_is["functions"]));
}

#[test]
fn the_command_that_check_ends_with_does_what_it_says() {
    let folder = renamed_since(&[("tta_release_info", "tta_build_info")]);
    let said = generate(&folder, unchanged, &["--check"]);
    assert_eq!(said.code, 1);
    let last = said.out.lines().last().expect("a line");
    assert!(
        said.out.contains(" files in ") && said.out.contains("to accept the changes and write them, run\n")
    );
    let args: Vec<&str> = last.trim().strip_prefix("tta ").expect("a command").split(' ').collect();
    let said = tta(&args);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(generate(&folder, unchanged, &["--check"]).code, 0);
}
