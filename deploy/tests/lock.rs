//! `metrics.lock.json`: what is gone has to be accepted, and lives on under its old name if it has a new one.

mod support;

use serde_json::Value;
use support::{Folder, Said, catalog, check, family, tta};

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

fn rename<'a>(from: &'a str, to: &'a str) -> impl FnOnce(&mut Value) + use<'a> {
    move |catalog| family(catalog, from)["name"] = to.into()
}

fn remove(catalog: &mut Value, name: &str) {
    catalog["families"].as_array_mut().expect("an array").retain(|family| family["name"] != name);
}

#[test]
fn a_family_that_is_renamed_lives_on_under_its_old_name_once_accepted() {
    let folder = Folder::new();
    assert_eq!(generate(&folder, unchanged, &[]).code, 0);
    let (lock, reference) = (folder.read(LOCK), folder.read("out/metrics.md"));
    let renamed = || rename("tta_build_info", "tta_release_info");

    for check in [&["--check"][..], &[]] {
        let said = generate(&folder, renamed(), check);
        assert_eq!(said.code, 1, "{said:?}");
        let sentence =
            "changed   tta_build_info is gone; tta_release_info is new and has its type, unit and labels";
        assert!(said.out.contains(sentence), "{}", said.out);
        let command = format!(" --out {} --accept-changes\n", folder.join("out").display());
        assert!(said.out.contains(&command), "{}", said.out);
        assert_eq!((folder.read(LOCK), folder.read("out/metrics.md")), (lock.clone(), reference.clone()));
    }

    let said = generate(&folder, renamed(), &["--accept-changes"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("accepted  tta_build_info is gone"), "{}", said.out);
    let aliases = folder.read(ALIASES);
    assert!(aliases.contains("record: tta_build_info\n"), "{aliases}");
    assert!(aliases.contains(r#"expr: tta_release_info{job="tta"}"#), "{aliases}");
    check("promtool", &["check", "rules"], &folder.join(ALIASES));
    assert!(folder.read("out/metrics.md").contains("| `tta_build_info` | `tta_release_info` |"));
    assert_eq!(generate(&folder, renamed(), &["--check"]).code, 0, "once is enough");

    // A second new name: both old ones are of it.
    let again = || rename("tta_build_info", "tta_version_info");
    assert_eq!(generate(&folder, again(), &["--accept-changes"]).code, 0);
    let aliases = folder.read(ALIASES);
    for old in ["tta_build_info", "tta_release_info"] {
        assert!(aliases.contains(&format!("record: {old}\n")), "{aliases}");
    }
    assert_eq!(aliases.matches(r#"expr: tta_version_info{job="tta"}"#).count(), 2, "{aliases}");

    // The first name comes back. Two things of one name would be in the way of each other.
    let said = generate(&folder, unchanged, &["--accept-changes"]);
    assert_eq!(said.code, 0, "{said:?}");
    let aliases = folder.read(ALIASES);
    assert!(!aliases.contains("record: tta_build_info\n"), "{aliases}");
    assert_eq!(aliases.matches(r#"expr: tta_build_info{job="tta"}"#).count(), 2, "{aliases}");
}

#[test]
fn an_alias_of_a_histogram_has_each_of_its_series() {
    let folder = Folder::new();
    generate(&folder, unchanged, &[]);
    let change = rename("tta_workflow_duration_seconds", "tta_workflow_seconds");
    assert_eq!(generate(&folder, change, &["--accept-changes"]).code, 0);
    let aliases = folder.read(ALIASES);
    for end in ["bucket", "count", "sum"] {
        assert!(aliases.contains(&format!("record: tta_workflow_duration_seconds_{end}\n")), "{aliases}");
        assert!(aliases.contains(&format!("tta_workflow_seconds_{end}{{job=\"tta\"}}")), "{aliases}");
    }
    check("promtool", &["check", "rules"], &folder.join(ALIASES));
}

#[test]
fn what_could_be_two_things_is_asked_for() {
    let folder = Folder::new();
    generate(&folder, unchanged, &[]);
    // Both are gauges without labels, and so are those that are new.
    let change = |catalog: &mut Value| {
        family(catalog, "process_open_fds")["name"] = "process_files".into();
        family(catalog, "process_threads")["name"] = "process_tasks".into();
    };
    let said = generate(&folder, change, &[]);
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("process_open_fds is gone; new and of its type: process_files, process_tasks"),
        "{}",
        said.out
    );
    assert!(said.out.contains("--rename process_open_fds=NEW"), "{}", said.out);

    let renames = ["--accept-changes", "--rename", "process_open_fds=process_files"];
    let said = generate(&folder, change, &renames);
    assert_eq!(said.code, 0, "{said:?}");
    let aliases = folder.read(ALIASES);
    assert!(aliases.contains("record: process_open_fds\n"), "{aliases}");
}

#[test]
fn a_rename_that_is_none_is_refused() {
    let folder = Folder::new();
    generate(&folder, unchanged, &[]);
    let change = || rename("tta_build_info", "tta_release_info");
    for (rename, expected) in [
        ("tta_release_info=tta_build_info", "tta_release_info is not gone; what is gone: tta_build_info"),
        ("tta_build_info=tta_nothing", "the catalog has no family tta_nothing"),
        (
            "tta_build_info=tta_workflow_executions_total",
            "tta_build_info is a gauge, and tta_workflow_executions_total is a counter",
        ),
    ] {
        let said = generate(&folder, change(), &["--accept-changes", "--rename", rename]);
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
    let change = |catalog: &mut Value| {
        family(catalog, "tta_build_info")["labels"][0]["name"] = "release".into();
        family(catalog, "process_threads")["type"] = "counter".into();
        family(catalog, "process_start_time_seconds")["unit"] = "".into();
    };
    let said = generate(&folder, change, &[]);
    assert_eq!(said.code, 1);
    for sentence in [
        "tta_build_info has no label version any more; new there: release",
        "process_threads was a gauge and is a counter",
        "process_start_time_seconds was in seconds and is in no unit",
    ] {
        assert!(said.out.contains(sentence), "no {sentence:?} in {}", said.out);
    }
    let changes = generate(&folder, change, &["--json"]).json()["changes"].clone();
    assert_eq!(
        changes[2],
        serde_json::json!({
            "change": "label_removed", "family": "tta_build_info", "label": "version", "candidates": ["release"],
        })
    );
    assert_eq!(generate(&folder, change, &["--accept-changes"]).code, 0);
    let lock: Value = serde_json::from_str(&folder.read(LOCK)).expect("JSON");
    assert_eq!(lock["families"]["tta_build_info"]["removed_labels"], serde_json::json!(["version"]));
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
    assert!(generate(&folder, unchanged, &[]).err.contains("has format 9, and this tta reads format 1"));
}
