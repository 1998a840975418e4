//! `tta generate`: what it writes, what it leaves alone, and what it says.

mod support;

use std::io::Read as _;
use std::process::Stdio;

use support::{CATALOG, Folder, catalog, command, tta};

fn generate(folder: &Folder, more: &[&str]) -> support::Said {
    let mut args = vec!["generate", "--catalog", CATALOG, "--out", folder.path()];
    args.extend(more);
    tta(&args)
}

#[test]
fn a_second_run_changes_nothing_and_check_agrees() {
    let (first, second) = (Folder::new(), Folder::new());
    let said = generate(&first, &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("written   prometheus/prometheus.yml\n"), "{}", said.out);

    let said = generate(&first, &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.ends_with(", none changed\n") && said.out.lines().count() == 1, "{}", said.out);
    assert_eq!(generate(&first, &["--check"]).code, 0);
    assert_eq!(generate(&first, &["--check", "--json"]).json()["ok"], true);

    generate(&second, &[]);
    assert_eq!(first.files(), second.files(), "the same catalog gives the same bytes");
}

#[test]
fn check_shows_how_a_file_differs_and_writes_nothing() {
    let folder = Folder::new();
    generate(&folder, &[]);
    let as_generated = folder.read("prometheus/prometheus.yml");
    let changed = as_generated.replace("scrape_interval: 15s", "scrape_interval: 60s");
    folder.write("prometheus/prometheus.yml", &changed);
    std::fs::remove_file(folder.join("compose.yml")).expect("it is there");

    let said = generate(&folder, &["--check"]);
    assert_eq!(said.code, 1, "{said:?}");
    for line in [
        "missing   compose.yml\n",
        "differs   prometheus/prometheus.yml\n",
        "\n    -  scrape_interval: 60s\n    +  scrape_interval: 15s\n",
        &format!("to write them, run\n    tta generate --catalog {CATALOG} --out {}\n", folder.path()),
    ] {
        assert!(said.out.contains(line), "no {line:?} in\n{}", said.out);
    }
    assert_eq!(folder.read("prometheus/prometheus.yml"), changed);
    assert!(!folder.join("compose.yml").exists());
    let differences = &generate(&folder, &["--check", "--json"]).json()["differences"];
    assert_eq!(differences[0], serde_json::json!({ "path": "compose.yml", "difference": "missing" }));

    let said = generate(&folder, &[]);
    assert!(said.out.contains("changed   prometheus/prometheus.yml\n"), "{}", said.out);
    assert_eq!(folder.read("prometheus/prometheus.yml"), as_generated);
}

#[test]
fn a_long_difference_is_cut() {
    let folder = Folder::new();
    generate(&folder, &[]);
    folder.write("metrics.md", &"something else\n".repeat(10_000));
    let said = generate(&folder, &["--check"]);
    assert!(said.out.lines().count() < 60, "{}", said.out);
    assert!(said.out.contains(" more lines\n"), "{}", said.out);
}

#[test]
fn a_file_of_its_owner_is_neither_overwritten_nor_removed() {
    let folder = Folder::new();
    folder.write("compose.yml", "mine\n");
    folder.write("prometheus/rules/mine.yml", "mine\n");
    let said = generate(&folder, &[]);
    assert_eq!(said.code, 2, "{said:?}");
    let compose = folder.join("compose.yml");
    let expected = format!("tta: {} exists, and tta did not write it: ", compose.display());
    assert!(said.err.starts_with(&expected) && said.err.contains("--overwrite"), "{}", said.err);
    assert_eq!(folder.files().len(), 2, "nothing was written");

    let said = generate(&folder, &["--overwrite"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_ne!(folder.read("compose.yml"), "mine\n");
    assert_eq!(folder.read("prometheus/rules/mine.yml"), "mine\n");
    assert_eq!(generate(&folder, &["--check"]).code, 0, "what is not ours is no difference");
}

#[test]
fn what_nothing_generates_any_more_is_removed_and_said() {
    let folder = Folder::new();
    generate(&folder, &[]);
    folder.write("jaeger/mine.yml", "mine\n");
    let said = generate(&folder, &["--traces", "zipkin", "--check"]);
    assert!(said.out.contains("left over jaeger/config.yml\n"), "{}", said.out);
    let said = generate(&folder, &["--traces", "zipkin"]);
    assert!(said.out.contains("removed   jaeger/config.yml\n"), "{}", said.out);
    assert!(!folder.join("jaeger/config.yml").exists());
    assert_eq!(folder.read("jaeger/mine.yml"), "mine\n");

    generate(&folder, &["--format", "k8s"]);
    assert!(!folder.join("collector").exists(), "a folder that is empty then goes as well");
    assert_eq!(generate(&folder, &["--format", "k8s", "--check"]).code, 0);
}

#[test]
fn a_manifest_that_points_outside_is_refused() {
    let folder = Folder::new();
    let outside = Folder::new();
    let file = outside.write("precious", "mine\n");
    for name in [file.to_str().expect("UTF-8"), "../precious", "prometheus/../../precious", ""] {
        let manifest = serde_json::json!({ "about": "", "format": 1, "files": [name] });
        folder.write(".tta-generated.json", &manifest.to_string());
        let said = generate(&folder, &[]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("which is not a path below that folder"), "{}", said.err);
    }
    assert_eq!(outside.read("precious"), "mine\n");
    assert_eq!(folder.files().len(), 1);
}

#[test]
fn what_cannot_be_done_is_said_and_is_2() {
    let folder = Folder::new();
    let not_json = folder.write("not.json", "families:");
    let newer = folder.write("newer.json", &catalog(|catalog| catalog["format"] = 2.into()));
    let file = folder.write("file", "");
    for (catalog, out, expected) in [
        ("no/such/file", "out", "tta: cannot read the catalog no/such/file: "),
        (not_json.to_str().expect("UTF-8"), "out", "not.json is no catalog of tta: "),
        (newer.to_str().expect("UTF-8"), "out", "has format 2, and this tta reads format 1"),
        (CATALOG, file.to_str().expect("UTF-8"), "/file: that is a file; name a folder"),
        (
            CATALOG,
            &format!("{}/below/it", file.display()),
            "/file is a file, and there can be no folder below it",
        ),
    ] {
        let said = tta(&["generate", "--catalog", catalog, "--out", out]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains(expected), "{}", said.err);
        let said = tta(&["generate", "--catalog", catalog, "--out", out, "--json"]);
        assert_eq!((said.json()["ok"].as_bool(), said.code), (Some(false), 2));
    }
    for (args, expected) in [
        (&["--target", "http://host:1/metrics"][..], "expected HOST:PORT"),
        (&["--target", "host"], "expected HOST:PORT"),
        (&["--job", ""], "it is empty"),
        (&["--namespace", "No_Name"], "expected 1 to 63 lower-case letters"),
        (&["--label", "a b=c"], "no key of a Kubernetes label"),
        (&["--label", "a=b c"], "no value of a Kubernetes label"),
        (&["--rename", "a=b"], "--accept-changes"),
        (&["--check", "--overwrite"], "cannot be used with"),
    ] {
        let said = generate(&folder, args);
        assert_eq!(said.code, 2, "{args:?}: {said:?}");
        assert!(said.err.contains(expected), "{args:?}: {}", said.err);
    }
    for help in [&["--help"][..], &["generate", "--help"], &["doctor", "--help"], &["explain", "--help"]] {
        assert!(tta(help).out.contains("Exit codes:\n  0  "), "{help:?}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = Folder::new();
    let mut args = vec!["generate", "--catalog", CATALOG, "--out", folder.path()];
    args.push("--check");
    let mut child = command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let mut error = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut error).expect("UTF-8");
    assert_eq!((child.wait().expect("it ends").code(), error.as_str()), (Some(1), ""));
}

/// How long it takes to generate from as many functions, each with two objectives if `with_objectives`.
fn seconds_for(count: usize, with_objectives: bool) -> f64 {
    let folder = Folder::new();
    let text = catalog(|catalog| {
        let sites = catalog["sites"].as_array().expect("an array").clone();
        let slo = sites[0]["slo"].clone();
        let mut all = Vec::new();
        let mut names = std::collections::BTreeMap::<String, Vec<String>>::new();
        for at in 0..count {
            let mut site = sites[at % sites.len()].clone();
            let kind = site["kind"].as_str().expect("a kind").to_owned();
            let name = format!("{}_{at}", site["name"].as_str().expect("a name"));
            site["name"] = name.clone().into();
            if with_objectives {
                site["slo"] = slo.clone();
            }
            if !site["slo"].is_null() {
                names.entry("slo".to_owned()).or_default().push(name.clone());
            }
            names.entry("name".to_owned()).or_default().push(name.clone());
            names.entry(format!("{kind}_name")).or_default().push(name);
            all.push(site);
        }
        catalog["sites"] = all.into();
        for family in catalog["families"].as_array_mut().expect("an array") {
            for label in family["labels"].as_array_mut().expect("an array") {
                if let Some(values) = label["name"].as_str().and_then(|name| names.get(name)) {
                    label["values"] = values.clone().into();
                }
            }
        }
    });
    let file = folder.write("catalog.json", &text);
    let out = folder.join("out");
    let begun = std::time::Instant::now();
    let said =
        tta(&["generate", "--catalog", file.to_str().expect("UTF-8"), "--out", out.to_str().expect("UTF-8")]);
    assert_eq!(said.code, 0, "{said:?}");
    begun.elapsed().as_secs_f64()
}

#[test]
fn five_hundred_functions_take_a_second_at_most() {
    let took = seconds_for(500, false);
    // Without optimization it is ten times slower, and the machine has other things to do.
    let allowed = if cfg!(debug_assertions) { 10.0 } else { 1.0 };
    assert!(took < allowed, "{took}");
}

#[test]
fn eight_times_as_many_functions_take_about_eight_times_as_long() {
    // What grows with the square takes up to sixty times as long. The quicker of two is the less disturbed one.
    let quickest = |count| seconds_for(count, true).min(seconds_for(count, true));
    let (few, many) = (quickest(250), quickest(2_000));
    assert!(many < few * 13.0, "{few} s for 250 functions, {many} s for 2000");
}

#[test]
fn functions_that_contradict_each_other_are_refused_with_both_places() {
    /// A copy of a function of the sample, at another place.
    fn beside(name: &str, change: impl Fn(&mut serde_json::Value)) -> String {
        catalog(|catalog| {
            let sites = catalog["sites"].as_array_mut().expect("an array");
            let mut copy = sites.iter().find(|site| site["name"] == name).expect("it is there").clone();
            (copy["file"], copy["line"]) = ("src/other.rs".into(), 7.into());
            change(&mut copy);
            // Between the two is one that has nothing to do with it.
            sites.push(copy);
        })
    }

    let folder = Folder::new();
    let out = folder.join("out");
    let out = out.to_str().expect("UTF-8");
    let generated = |text: &str| {
        let file = folder.write("catalog.json", text);
        tta(&["generate", "--catalog", file.to_str().expect("UTF-8"), "--out", out])
    };
    let same = generated(&beside("checkout", |_| {}));
    assert_eq!(same.code, 0, "{same:?}");
    let kind_alone = generated(&beside("charge_card", |site| site["kind"] = "workflow".into()));
    assert_eq!(kind_alone.code, 0, "{kind_alone:?}");
    for (what, text) in [
        ("slo", beside("checkout", |site| site["slo"]["window_days"] = 7.into())),
        ("none", beside("checkout", |site| site["slo"] = serde_json::Value::Null)),
        ("type", beside("checkout", |site| site["type"] = "parallel".into())),
        ("labels", beside("checkout", |site| site["labels"] = serde_json::json!([]))),
        ("kind", beside("checkout", |site| site["kind"] = "primitive".into())),
    ] {
        let said = generated(&text);
        assert_eq!(said.code, 2, "{what}: {said:?}");
        for expected in
            ["two functions are named \"checkout\"", "examples/fleet/main.rs:20", "src/other.rs:7"]
        {
            assert!(said.err.contains(expected), "{what}: {}", said.err);
        }
    }
}

#[test]
fn bands_are_written_for_those_workflows_that_are_named() {
    let folder = Folder::new();
    let said = generate(&folder, &["--anomaly", "search", "--anomaly", "checkout"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(folder.read("prometheus/rules/anomaly.yml").contains("workflow_name=~\"checkout|search\""));
    let said = generate(&folder, &["--anomaly-all"]);
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn older_names_are_left_out_if_nobody_asks_for_them() {
    let folder = Folder::new();
    generate(&folder, &[]);
    let older = "prometheus/rules/compatibility.yml";
    assert!(folder.join(older).exists());
    let said = generate(&folder, &["--no-older-names"]);
    assert!(said.out.contains(&format!("removed   {older}\n")), "{}", said.out);
    for (name, text) in folder.files() {
        assert!(!text.contains("tta:success_rate_5m") && !text.contains("compatibility"), "{name}");
    }
    support::check("promtool", &["test", "rules"], &folder.join("prometheus/tests/recording.test.yml"));
    assert_eq!(generate(&folder, &["--no-older-names", "--check"]).code, 0);
}
