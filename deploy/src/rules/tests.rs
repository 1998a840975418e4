use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::burn::{LEAST_FACTOR, LONG_PERIOD, PAIRS};
use super::{RuleFile, generate};
use crate::catalog::Catalog;
use crate::cli::Options;
use crate::rule_tests;
use crate::rule_tests::promtool::{passes, sample};

const ODD: [&str; 8] = [
    "say \"hi\"",
    "back\\slash",
    "{{ $labels.job }}",
    "a|b.*",
    "two words",
    "größe",
    "new\nline",
    "}] > 0 or vector(1) #",
];

fn json_of_sample() -> Value {
    serde_json::from_str(include_str!("../../tests/catalog.json")).expect("the catalog of the tests is JSON")
}

fn catalog(json: Value) -> Catalog {
    serde_json::from_value(json).expect("a catalog")
}

/// Without the families of which the name begins so, and without sites that `keeps` does not want.
fn without(families: &[&str], keeps: impl Fn(&Value) -> bool) -> Catalog {
    let mut json = json_of_sample();
    let list = |json: &mut Value, name: &str| json[name].as_array().expect("a list").clone();
    let sites: Vec<Value> = list(&mut json, "sites").into_iter().filter(keeps).collect();
    let is_kept = |family: &Value| {
        let name = family["name"].as_str().expect("a name");
        !families.iter().any(|prefix| name.starts_with(prefix))
    };
    let kept: Vec<Value> = list(&mut json, "families").into_iter().filter(is_kept).collect();
    json["sites"] = sites.into();
    json["families"] = kept.into();
    catalog(json)
}

/// The catalog of the tests with these workflows and their objectives in the place of its own.
fn of_workflows(names: &[String], slo: impl Fn(usize) -> Value) -> Catalog {
    let mut json = json_of_sample();
    let workflow = json["sites"][0].clone();
    let sites = names.iter().enumerate().map(|(at, name)| {
        let mut site = workflow.clone();
        site["name"] = json!(name);
        site["slo"] = slo(at);
        site
    });
    json["sites"] = sites.collect();
    catalog(json)
}

fn success(target: f64, days: u32) -> Value {
    json!({ "window_days": days, "objectives": [{ "objective": "success", "target": target }] })
}

fn texts(catalog: &Catalog, options: &Options) -> Vec<String> {
    let rules = generate(catalog, options);
    let tests = rule_tests::generate(catalog, options, &rules);
    let rules = rules.iter().map(|file| file.to_yaml().expect("rules as YAML"));
    rules.chain(tests.iter().map(|file| file.to_yaml().expect("tests as YAML"))).collect()
}

fn file<'a>(files: &'a [RuleFile], name: &str) -> Option<&'a RuleFile> {
    files.iter().find(|file| file.name() == name)
}

#[test]
fn the_same_catalog_gives_the_same_bytes() {
    let options = Options::of(&["--anomaly-all"]);
    assert_eq!(texts(&sample(), &options), texts(&sample(), &options));
}

#[test]
fn every_expression_is_promql() {
    for job in ODD.iter().chain(&["tta"]) {
        let options = Options::of(&["--anomaly-all", "--job", job]);
        for file in generate(&sample(), &options) {
            for rule in file.rules() {
                let parsed = promql_parser::parser::parse(&rule.expr);
                assert!(parsed.is_ok(), "{}: {}: {parsed:?}", rule.name(), rule.expr);
            }
        }
    }
}

#[test]
fn what_is_written_reads_back_as_it_was() {
    let names: Vec<String> = ODD.map(str::to_owned).into();
    let catalog = of_workflows(&names, |_| success(0.99, 30));
    for job in ODD {
        for file in generate(&catalog, &Options::of(&["--anomaly-all", "--job", job])) {
            let text = file.to_yaml().expect("rules as YAML");
            let read: Value = serde_saphyr::from_str(&text).expect("YAML");
            for (group, read) in file.groups.iter().zip(read["groups"].as_array().expect("groups")) {
                for (rule, read) in group.rules.iter().zip(read["rules"].as_array().expect("rules")) {
                    assert_eq!(read["expr"], rule.expr);
                    for (name, annotation) in &rule.annotations {
                        assert_eq!(read["annotations"][name], *annotation);
                    }
                }
            }
        }
    }
}

#[test]
fn names_stand_for_themselves_whatever_is_in_them() {
    let names: Vec<String> = ODD.map(str::to_owned).into();
    let catalog = of_workflows(&names, |_| success(0.99, 30));
    let odd = "it's \"{{ .Value }}\" \\ größe";
    passes(&catalog, &Options::of(&["--anomaly-all", "--job", odd, "--runbook-url", "https://wiki/{{ x }}"]));
}

#[test]
fn a_program_without_workflows_has_no_rules_of_workflows() {
    let catalog = without(&["tta_workflow", "tta_slo", "tta_saga"], |site| site["kind"] == "primitive");
    let options = Options::of(&["--anomaly-all"]);
    let texts = texts(&catalog, &options).concat();
    let rules: String = texts.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(!rules.contains("workflow"), "{rules}");
    passes(&catalog, &options);
}

#[test]
fn a_program_without_objectives_has_no_file_of_them() {
    let catalog = without(&["tta_slo"], |site| site["slo"].is_null());
    let options = Options::of(&[]);
    let files = generate(&catalog, &options);
    assert!(file(&files, "slo").is_none());
    let texts = texts(&catalog, &options).concat();
    assert!(!texts.contains("tta_slo"), "{texts}");
    passes(&catalog, &options);
}

#[test]
fn a_program_without_primitives_telemetry_and_http_has_the_rest() {
    let catalog = without(&["tta_primitive", "tta_telemetry", "tta_log", "tta_label", "http_"], |site| {
        site["kind"] == "workflow"
    });
    passes(&catalog, &Options::of(&[]));
}

#[test]
fn an_empty_program_is_still_missed_when_it_is_gone() {
    let catalog = without(&[""], |_| false);
    let files = generate(&catalog, &Options::of(&[]));
    let alerts: Vec<&str> =
        files.iter().flat_map(RuleFile::rules).filter_map(|rule| rule.alert.as_deref()).collect();
    assert_eq!(alerts, ["TtaTargetDown"]);
    passes(&catalog, &Options::of(&[]));
}

#[test]
fn a_program_that_pushes_is_not_asked_for_up() {
    let options = Options::of(&["--pushed", "--anomaly-all"]);
    let files = generate(&sample(), &options);
    for rule in files.iter().flat_map(RuleFile::rules) {
        let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "_:".contains(letter);
        assert!(!rule.expr.split(|letter| !is_of_name(letter)).any(|name| name == "up"), "{}", rule.expr);
    }
    let down = files.iter().flat_map(RuleFile::rules).find(|rule| rule.name() == "TtaTargetDown");
    assert_eq!(down.expect("the alert").expr, "absent(tta_build_info{job=\"tta\"})");
    passes(&sample(), &options);
    passes(&without(&["tta_build"], |_| true), &options);
}

#[test]
fn a_rule_names_no_family_that_the_catalog_lacks() {
    let catalogs = [
        sample(),
        without(&["tta_workflow", "tta_slo"], |site| site["kind"] == "primitive"),
        without(&["tta_slo"], |_| true),
        without(&["tta_component", "tta_build"], |_| true),
        without(&["tta_workflow_step", "tta_workflow_duration"], |_| true),
        without(&["tta_telemetry_queue_capacity", "tta_primitive_executions"], |_| true),
    ];
    for catalog in catalogs {
        let files = generate(&catalog, &Options::of(&["--anomaly-all"]));
        let recorded: Vec<&str> =
            files.iter().flat_map(RuleFile::rules).filter_map(|rule| rule.record.as_deref()).collect();
        for rule in files.iter().flat_map(RuleFile::rules) {
            let words = rule.expr.split(|letter: char| !letter.is_alphanumeric() && !"_:".contains(letter));
            for word in words.filter(|word| word.starts_with("tta_") || word.contains(':')) {
                if word.contains("tta_") {
                    let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end));
                    let is_there = recorded.contains(&word)
                        || catalog.has(word)
                        || family.is_some_and(|family| catalog.has(family));
                    assert!(is_there, "{} reads {word}", rule.name());
                }
            }
        }
    }
}

#[test]
fn windows_without_use_are_left_out_and_named() {
    let names = ["odd \"one\"".to_owned(), "half".to_owned(), "day".to_owned()];
    let slos = [success(0.9, 30), success(0.5, 30), success(0.99, 1)];
    let catalog = of_workflows(&names, |at| slos[at].clone());
    let files = generate(&catalog, &Options::of(&[]));
    let alerts = file(&files, "alerts").expect("alerts");
    let left_out: Vec<&str> = alerts.about.lines().filter(|line| line.starts_with("- ")).collect();
    let expected = [
        r#"- "odd \"one\"", success 90 % over 30d: 1h and 5m; its factor 14.4 needs a target above 93.06 %"#,
        r#"- "half", success 50 % over 30d: 1h and 5m; its factor 14.4 needs a target above 93.06 %"#,
        r#"- "half", success 50 % over 30d: 6h and 30m; its factor 6 needs a target above 83.34 %"#,
        r#"- "day", success 99 % over 1d: 6h and 30m; its factor would be 0.5, which the budget allows"#,
        r#"- "half", success 50 % over 30d: 1d and 2h; its factor 3 needs a target above 66.67 %"#,
        r#"- "day", success 99 % over 1d: 1d and 2h; its factor would be 0.2, which the budget allows"#,
        r#"- "day", success 99 % over 1d: 3d and 6h; its factor would be 0.14, which the budget allows"#,
    ];
    assert_eq!(left_out, expected);
    passes(&catalog, &Options::of(&[]));
}

#[test]
fn objectives_of_every_kind_have_tests_that_pass() {
    let targets = [0.3, 0.5, 0.9, 0.999, 0.99999];
    let days = [1, 3, 7, 14, 30, 90];
    let names: Vec<String> = (0..targets.len() * days.len()).map(|at| format!("workflow_{at}")).collect();
    let catalog = of_workflows(&names, |at| success(targets[at % targets.len()], days[at / targets.len()]));
    passes(&catalog, &Options::of(&[]));
}

#[test]
fn five_hundred_functions_take_no_second() {
    let names: Vec<String> = (0..500).map(|at| format!("workflow_{at}")).collect();
    let catalog = of_workflows(&names, |at| {
        let (days, target) = [(7, 0.9), (28, 0.99), (30, 0.999)][at % 3];
        json!({ "window_days": days, "objectives": [
            { "objective": "success", "target": target },
            { "objective": "latency", "target": 0.95, "threshold_seconds": 1.0 },
        ] })
    });
    let begun = Instant::now();
    let texts = texts(&catalog, &Options::of(&["--anomaly-all"]));
    let taken = begun.elapsed();
    assert!(texts.iter().any(|text| text.contains("workflow_499")));
    // Without optimization it is several times as much.
    let allowed = if cfg!(debug_assertions) { Duration::from_secs(10) } else { Duration::from_secs(1) };
    assert!(taken < allowed, "{taken:?}");
}

#[test]
fn the_runbook_has_a_section_for_each_alert() {
    let names = ["checkout".to_owned()];
    let slo = json!({ "window_days": 30, "objectives": [
        { "objective": "success", "target": 0.99 },
        { "objective": "latency", "target": 0.99, "threshold_seconds": 1.0 },
    ] });
    let catalog = of_workflows(&names, |_| slo.clone());
    let files = generate(&catalog, &Options::of(&["--anomaly-all", "--monthly-budget", "300"]));
    let alerts: BTreeSet<&str> =
        files.iter().flat_map(RuleFile::rules).filter_map(|rule| rule.alert.as_deref()).collect();
    let mut sections = BTreeSet::new();
    for section in include_str!("../../../docs/runbook.md").split("\n## ").skip(1) {
        let (name, text) = section.split_once('\n').expect("a section has a text");
        for part in ["**Meaning.**", "**Impact.**", "**Look at.**", "**Do.**"] {
            assert!(text.contains(part), "{name} has no {part}");
        }
        sections.insert(name);
    }
    assert_eq!(sections, alerts);
}

#[test]
fn bands_are_made_for_those_who_ask() {
    let catalog = sample();
    assert!(file(&generate(&catalog, &Options::of(&[])), "anomaly").is_none());
    let files = generate(&catalog, &Options::of(&["--anomaly", "search"]));
    let anomaly = file(&files, "anomaly").expect("bands").to_yaml().expect("YAML");
    assert!(anomaly.contains("workflow_name=\"search\"") && !anomaly.contains("checkout"), "{anomaly}");
}

#[test]
fn the_compatible_success_rate_is_what_did_not_fail() {
    let files = generate(&sample(), &Options::of(&[]));
    let compatibility = file(&files, "compatibility").expect("older names");
    let rule = compatibility.rules().find(|rule| rule.name() == "tta:success_rate_5m").expect("the rate");
    assert_eq!(rule.expr, "1 - workflow:tta_workflow_errors_per_execution:ratio_rate5m{job=\"tta\"}");
    let files = generate(&without(&["tta_llm", "tta_workflow_cost"], |_| true), &Options::of(&[]));
    let compatibility = file(&files, "compatibility").expect("older names");
    assert!(compatibility.about.contains("- tta:cost_per_hour_dollars, from tta_llm_cost_dollars_total"));
}

#[test]
fn an_objective_without_a_budget_has_no_alerts_and_is_named() {
    let names = ["always".to_owned(), "mostly".to_owned()];
    let catalog = of_workflows(&names, |at| success([1.0, 0.99][at], [30, 28][at]));
    let files = generate(&catalog, &Options::of(&[]));
    let alerts = file(&files, "alerts").expect("alerts");
    assert!(alerts.about.contains(r#"- "always", success: every window"#), "{}", alerts.about);
    assert!(!alerts.rules().any(|rule| rule.expr.contains("always")));
    passes(&catalog, &Options::of(&[]));

    let catalog = of_workflows(&names[..1], |_| success(1.0, 30));
    assert!(file(&generate(&catalog, &Options::of(&[])), "slo").is_none());
    passes(&catalog, &Options::of(&[]));
}

/// Numbers of `text`, in order.
fn numbers(text: &str) -> Vec<u32> {
    let digits = text.split(|letter: char| !letter.is_ascii_digit());
    digits.filter_map(|digits| digits.parse().ok()).collect()
}

#[test]
fn what_the_attribute_accepts_has_an_alert_that_can_fire() {
    // The macros cannot depend on this crate, nor it on them: their table is read where it is written.
    let source = include_str!("../../../macros/src/valid/slo.rs");
    let after = |begin: &str, end: &str| {
        let (_, rest) = source.split_once(begin).unwrap_or_else(|| panic!("the attribute has no {begin}"));
        numbers(rest.split(end).next().unwrap_or_default())
    };
    let pairs = after("const PAIRS: [(u32, u32, u32); 4] = ", ";");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred")]
    let per_mille = |part: f64| (part * 1000.0).round() as u32;
    let ours =
        PAIRS.map(|pair| [pair.long_hours, per_mille(pair.budget), per_mille(pair.budget_of_short_period)]);
    assert_eq!(pairs, ours.concat());
    assert_eq!(after("if days >= ", " "), [LONG_PERIOD]);
    assert_eq!(after("filter(|burn| *burn >= ", ")"), [per_mille(LEAST_FACTOR)]);
    let days = after("const DAYS: std::ops::RangeInclusive<u32> = ", ";");
    let [first, last] = days[..] else { panic!("{days:?} are no days") };
    for days in first..=last {
        let slowest = pairs
            .chunks(3)
            .map(|pair| pair[if days >= LONG_PERIOD { 1 } else { 2 }] * 24 * days / pair[0])
            .filter(|burn| *burn >= per_mille(LEAST_FACTOR))
            .min()
            .expect("a pair");
        for tenths in 1..1000 {
            let target = f64::from(tenths) / 1000.0;
            let is_accepted = slowest * (1000 - tenths) < 1_000_000;
            let has_alert = PAIRS.iter().any(|pair| pair.factor_for(days, target).is_ok());
            // What the attribute rounds down may be refused here by a hair's breadth only.
            let is_near = (slowest * (1000 - tenths)).abs_diff(1_000_000) < 1_000;
            assert!(is_accepted == has_alert || is_near, "{target} over {days}d: {is_accepted}, {has_alert}");
        }
    }
}
