//! What dashboards ask and where they lead.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use serde_json::{Value, json};

use super::*;
use crate::catalog::{Objective, Slo};
use crate::promql::quote;
use crate::rules;

fn sample() -> Catalog {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/catalog.json"));
    Catalog::read(path).expect("the sample can be read")
}

/// Every dashboard, as Grafana reads it.
fn generated(catalog: &Catalog, arguments: &[&str]) -> Vec<Value> {
    let options = Options::of(arguments);
    let dashboards = generate(catalog, &options, &rules::generate(catalog, &options));
    dashboards.iter().map(|dashboard| serde_json::to_value(dashboard).expect("JSON")).collect()
}

/// A panel by its dashboard and title.
fn panel<'a>(dashboards: &'a [Value], uid: &str, title: &str) -> &'a Value {
    let dashboard = dashboards.iter().find(|dashboard| dashboard["uid"] == uid);
    let panels = dashboard.and_then(|dashboard| dashboard["panels"].as_array()).into_iter().flatten();
    let mut of_title = panels.filter(|panel| panel["title"] == title);
    of_title.next().unwrap_or_else(|| panic!("{uid} has no panel {title}"))
}

/// What a panel asks first, with everything chosen.
fn asked(panel: &Value) -> String {
    asked_at(panel, 0)
}

fn asked_at(panel: &Value, at: usize) -> String {
    let expr = panel["targets"][at]["expr"].as_str().expect("a query");
    ["$job", "$instance", "$slo", "$workflow", "$primitive", "$component"]
        .iter()
        .fold(expr.to_owned(), |expr, variable| expr.replace(variable, ".+"))
        .replace("$__rate_interval", "5m")
}

/// Whether each expression has these samples (labels and value) after a quarter of an hour with these series, which
/// are (name, values) in promtool's notation.
#[track_caller]
fn answers(rules: &[RuleFile], series: &[(&str, &str)], expected: &[(String, Vec<(&str, f64)>)]) {
    static NEXT: AtomicU32 = AtomicU32::new(0);

    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("tta-dashboards-{}-{number}", process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let files: Vec<_> = rules
        .iter()
        .map(|file| {
            let path = folder.join(format!("{}.yml", file.name()));
            fs::write(&path, file.to_yaml().expect("YAML")).expect("rules are written");
            path
        })
        .collect();
    let sample = |(labels, value): &(&str, f64)| json!({ "labels": labels, "value": value });
    let test = |(expr, samples): &(String, Vec<(&str, f64)>)| {
        let samples: Vec<Value> = samples.iter().map(sample).collect();
        json!({ "expr": expr, "eval_time": "15m", "exp_samples": samples })
    };
    let input: Vec<Value> =
        series.iter().map(|(series, values)| json!({ "series": series, "values": values })).collect();
    let tests = json!({
        "rule_files": files, "evaluation_interval": "1m",
        "tests": [{
            "interval": "1m", "input_series": input,
            "promql_expr_test": expected.iter().map(test).collect::<Vec<_>>()
        }]
    });
    let path = folder.join("test.json");
    fs::write(&path, tests.to_string()).expect("the test is written");
    let output =
        Command::new("promtool").args(["test", "rules"]).arg(&path).output().unwrap_or_else(|error| {
            panic!(
                "this test needs promtool, of Debian's package prometheus (tests/run installs it): {error}"
            )
        });
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    // What cannot be removed is in the folder for what is temporary.
    let _ = fs::remove_dir_all(&folder);
    assert!(output.status.success(), "{said}");
}

#[test]
fn a_budget_is_whole_while_nothing_is_called_and_unknown_while_the_rules_are_missing() {
    let catalog = sample();
    let dashboards = generated(&catalog, &[]);
    let of_slo = |title: &str| asked(panel(&dashboards, "tta-slo", title));
    let budget = [of_slo("Error budget left"), asked(panel(&dashboards, "tta-overview", "Error budget"))];
    let burn = ["1h", "6h", "1d", "3d"].map(|window| of_slo(&format!("Burn over {window}")));
    let series = [
        (
            r#"tta_slo_objective_ratio{job="tta", instance="i", slo="checkout", objective="success"}"#,
            "0.995x20",
        ),
        (
            r#"tta_slo_events_total{job="tta", instance="i", slo="checkout", objective="success", outcome="good"}"#,
            "0x20",
        ),
        (
            r#"tta_slo_events_total{job="tta", instance="i", slo="checkout", objective="success", outcome="bad"}"#,
            "0x20",
        ),
    ];
    let exprs = budget.iter().map(|expr| (expr, 1.0)).chain(burn.iter().map(|expr| (expr, 0.0)));
    let labels = r#"{job="tta", objective="success", slo="checkout"}"#;
    let idle: Vec<_> = exprs.clone().map(|(expr, value)| (expr.clone(), vec![(labels, value)])).collect();
    answers(&rules::generate(&catalog, &Options::of(&[])), &series, &idle);
    let unknown: Vec<_> = exprs.map(|(expr, _)| (expr.clone(), Vec::new())).collect();
    answers(&[], &series, &unknown);
}

/// The catalog in which the primitive `charge_card` has objectives, too.
fn with_objectives_of_a_primitive() -> Catalog {
    let mut catalog = sample();
    let site = catalog.sites.iter_mut().find(|site| site.name == "charge_card").expect("a primitive");
    let objective = |name: &str, target, threshold_seconds| Objective {
        name: name.to_owned(),
        target,
        threshold_seconds,
        threshold_dollars: None,
    };
    let objectives = vec![objective("success", 0.98, None), objective("latency", 0.9, Some(0.4))];
    site.slo = Some(Slo { window_days: 30, objectives });
    let labels = catalog.families.iter_mut().flat_map(|family| &mut family.labels);
    for label in labels.filter(|label| label.name == "slo") {
        label.values.get_or_insert_default().push("charge_card".to_owned());
    }
    catalog
}

/// Whether a pattern fits all of a text, as patterns do in Grafana and Prometheus.
fn fits(pattern: &str, text: &str) -> bool {
    let parsed = promql_parser::parser::parse(&format!("up{{a=~{}}}", quote(pattern)));
    let Ok(promql_parser::parser::Expr::VectorSelector(selector)) = parsed else {
        panic!("{pattern:?} is no pattern: {parsed:?}")
    };
    selector.matchers.matchers[0].is_match(text)
}

/// What a panel has of its own for the series of this name, as Grafana finds it: the last one that is set.
fn own<'a>(panel: &'a Value, series: &str, property: &str) -> &'a Value {
    let overrides = panel["fieldConfig"]["overrides"].as_array().into_iter().flatten();
    let is_for_it = |set: &&Value| {
        let options = set["matcher"]["options"].as_str().unwrap_or_default();
        match set["matcher"]["id"].as_str() {
            Some("byName") => options == series,
            Some("byRegexp") => fits(options, series),
            _ => false,
        }
    };
    let mut properties = overrides.filter(is_for_it).filter_map(|set| set["properties"].as_array()).flatten();
    properties.rfind(|set| set["id"] == property).map_or(&Value::Null, |set| &set["value"])
}

#[test]
fn an_objective_leads_to_the_calls_that_broke_it() {
    let dashboards = generated(&with_objectives_of_a_primitive(), &[]);
    let panels = [
        ("Error budget left", ""),
        ("Burn over 1h", ""),
        ("Burn over the short windows", " 5m"),
        ("Bad calls", ""),
        ("Judged calls", " bad"),
    ];
    for (title, end) in panels {
        let panel = panel(&dashboards, "tta-slo", title);
        for (series, attribute, broken, duration) in [
            ("checkout success", "tta%2Eworkflow%2Ename", true, None),
            ("checkout latency", "tta%2Eworkflow%2Ename", false, Some("2000ms")),
            ("search latency", "tta%2Eworkflow%2Ename", false, Some("250ms")),
            ("charge_card success", "tta%2Eprimitive%2Ename", true, None),
            ("charge_card latency", "tta%2Eprimitive%2Ename", false, Some("400ms")),
        ] {
            let links = own(panel, &format!("{series}{end}"), "links").as_array().expect("links");
            let url = |title| {
                let link = links.iter().find(|link| link["title"] == title);
                link.and_then(|link| link["url"].as_str()).unwrap_or_else(|| panic!("{series}: no {title}"))
            };
            let (jaeger, tempo) = (url("Traces in Jaeger"), url("Traces in Tempo"));
            assert!(jaeger.contains(attribute) && tempo.contains(attribute), "{series}: {jaeger}");
            assert_eq!(jaeger.contains("error"), broken, "{series}: {jaeger}");
            assert_eq!(tempo.contains("error"), broken, "{series}: {tempo}");
            let least = duration.map(|duration| format!("&minDuration={duration}&"));
            assert_eq!(jaeger.contains("minDuration"), least.is_some(), "{series}: {jaeger}");
            assert!(least.is_none_or(|least| jaeger.contains(&least)), "{series}: {jaeger}");
            let longer = duration.map(|duration| format!("duration%20%3E%20{duration}"));
            assert!(longer.is_none_or(|longer| tempo.contains(&longer)), "{series}: {tempo}");
            let chosen = if attribute.contains("primitive") { "?var-primitive=" } else { "?var-workflow=" };
            assert!(url("Drill down").contains(chosen), "{series}: {}", url("Drill down"));
        }
    }
    for (title, chosen) in
        [("Objectives of workflows", "workflow"), ("Objectives of primitives", "primitive")]
    {
        let panel = panel(&dashboards, "tta-slo", title);
        let url = panel["fieldConfig"]["defaults"]["links"][0]["url"].as_str().expect("a link");
        assert!(url.contains(&format!("?var-{chosen}=${{__data.fields.slo")), "{url}");
        assert_eq!(asked(panel).contains("charge_card"), chosen == "primitive", "{}", asked(panel));
    }
}

#[test]
fn a_burn_is_red_where_the_alert_of_its_objective_fires() {
    let dashboards = generated(&with_objectives_of_a_primitive(), &[]);
    for (title, series, red) in [
        ("Burn over 1h", "checkout success", Some(14.4)),
        ("Burn over 6h", "checkout latency", Some(6.0)),
        ("Burn over 6h", "search latency", Some(3.5)),
        ("Burn over 1d", "search latency", Some(1.4)),
        ("Burn over 6h", "refund success", Some(5.6)),
        ("Burn over 3d", "charge_card success", Some(1.0)),
        ("Burn over the short windows", "checkout success 5m", Some(14.4)),
        ("Burn over the short windows", "search latency 30m", Some(3.5)),
        ("Burn over the short windows", "refund success 2h", Some(2.8)),
        // With 28 days and 90 %, everything that can fail is no burn of 13.44.
        ("Burn over 1h", "refund success", None),
        ("Burn over the short windows", "refund success 5m", None),
    ] {
        let panel = panel(&dashboards, "tta-slo", title);
        assert_eq!(red_from(panel, series), red, "{title}: {series}");
    }
}

#[test]
fn a_primitive_is_judged_by_its_own_objective() {
    let dashboards = generated(&with_objectives_of_a_primitive(), &[]);
    for (uid, title, name, expected) in [
        ("tta-errors", "Error ratio by primitive", "charge_card", 0.02),
        ("tta-workflow", "Error ratio of primitives", "charge_card", 0.02),
        ("tta-workflow", "Errors of steps", "checkout charge_card", 0.02),
        ("tta-workflow", "p95 of steps", "checkout charge_card", 0.4),
        ("tta-workflow", "p95 of primitives", "charge_card", 0.4),
        ("tta-performance", "p50 by primitive", "charge_card", 0.4),
        ("tta-performance", "p99 by primitive", "charge_card", 0.4),
        ("tta-workflow", "Duration", "search p95", 0.25),
        ("tta-workflow", "Errors of workflows by tier", "checkout paid", 0.005),
        ("tta-performance", "Mean time by workflow", "search", 0.25),
        ("tta-overview", "Errors by workflow", "checkout", 0.005),
        // Nothing is promised of these.
        ("tta-workflow", "p95 of primitives", "classify", 5.0),
        ("tta-errors", "Error ratio by primitive", "classify", 0.05),
    ] {
        assert_eq!(red_from(panel(&dashboards, uid, title), name), Some(expected), "{title}: {name}");
    }
}

#[test]
fn what_is_no_longer_scraped_has_no_rate() {
    let catalog = sample();
    let rules = rules::generate(&catalog, &Options::of(&[]));
    let dashboards = generated(&catalog, &[]);
    let glance = panel(&dashboards, "tta-overview", "Workflows at a glance");
    let executions = |status: &str| {
        format!(
            "tta_workflow_executions_total{{job=\"tta\", instance=\"i\", workflow_name=\"checkout\", status=\"{status}\"}}"
        )
    };
    let (success, error) = (executions("success"), executions("error"));
    let labels = r#"{workflow_name="checkout"}"#;
    let columns = |values: &[Option<f64>]| -> Vec<(String, Vec<(&str, f64)>)> {
        let sample = |value: &Option<f64>| value.map(|value| (labels, value)).into_iter().collect();
        values.iter().enumerate().map(|(at, value)| (asked_at(glance, at), sample(value))).collect()
    };
    // Of 60 calls a minute a tenth fails.
    let lives = [(success.as_str(), "0+54x15"), (error.as_str(), "0+6x15")];
    answers(&rules, &lives, &columns(&[Some(1.0)]));
    // It has been gone for ten minutes, and no rate of five minutes is left of it.
    let is_gone = [(success.as_str(), "0+54x5 stale"), (error.as_str(), "0+6x5 stale")];
    let columns = columns(&[None, None, None]);
    // Between them is how many calls there were in the hour.
    answers(&rules, &is_gone, &[columns[0].clone(), columns[2].clone()]);
}

#[test]
fn what_nobody_calls_has_no_ratio() {
    let dashboards = generated(&sample(), &[]);
    let series = |family: &str, labels: &str| format!("{family}{{job=\"tta\", instance=\"i\", {labels}}}");
    let executions = |status| {
        let labels = format!("workflow_name=\"checkout\", status=\"{status}\"");
        series("tta_workflow_executions_total", &labels)
    };
    let events = |outcome| {
        let labels = format!("slo=\"checkout\", objective=\"success\", outcome=\"{outcome}\"");
        series("tta_slo_events_total", &labels)
    };
    let export = |status| {
        let labels = format!("exporter=\"otlp\", status=\"{status}\"");
        series("tta_telemetry_export_duration_seconds_count", &labels)
    };
    let spans = |outcome| series("tta_telemetry_spans_total", &format!("outcome=\"{outcome}\""));
    let duration =
        |part: &str| series(&format!("tta_workflow_duration_seconds_{part}"), "workflow_name=\"checkout\"");
    let of_workflow = "{workflow_name=\"checkout\"}";
    let panels = [
        ("tta-overview", "Errors", "{}", 0.1),
        ("tta-overview", "Errors by workflow", of_workflow, 0.1),
        ("tta-slo", "Bad calls", "{objective=\"success\", slo=\"checkout\"}", 0.1),
        ("tta-telemetry", "Failed exports", "{exporter=\"otlp\"}", 0.1),
        ("tta-telemetry", "Lost spans", "{}", 0.1),
        ("tta-performance", "Mean time by workflow", of_workflow, 9.0),
    ];
    let expected = |is_called: bool| -> Vec<(String, Vec<(&str, f64)>)> {
        let samples = |labels, value| if is_called { vec![(labels, value)] } else { Vec::new() };
        let of_panel =
            |&(uid, title, labels, value)| (asked(panel(&dashboards, uid, title)), samples(labels, value));
        panels.iter().map(of_panel).collect()
    };
    let good = [executions("success"), events("good"), export("success"), spans("exported"), duration("sum")];
    let bad = [executions("error"), events("bad"), export("error"), spans("dropped"), duration("count")];
    let with = |of_good, of_bad| -> Vec<(&str, &str)> {
        let good = good.iter().map(move |series| (series.as_str(), of_good));
        good.chain(bad.iter().map(move |series| (series.as_str(), of_bad))).collect()
    };
    answers(&[], &with("0+54x15", "0+6x15"), &expected(true));
    answers(&[], &with("7x15", "3x15"), &expected(false));
}

/// From which value on a series is red.
fn red_from(panel: &Value, series: &str) -> Option<f64> {
    let own = own(panel, series, "thresholds");
    let thresholds = if own.is_null() { &panel["fieldConfig"]["defaults"]["thresholds"] } else { own };
    let mut steps = thresholds["steps"].as_array().into_iter().flatten();
    steps.find(|step| step["color"] == "red").and_then(|step| step["value"].as_f64())
}

/// Panels are left out where the catalog lacks something. Where it lacks nothing, only a misspelled name can be
/// the reason.
#[test]
fn of_everything_nothing_is_left_out() {
    let catalog = sample();
    let options = Options::of(&["--anomaly-all"]);
    let (_, missing) = drafts(&catalog, &options, &rules::generate(&catalog, &options));
    assert_eq!(missing, []);
}

#[test]
fn every_line_of_a_latency_has_exemplars() {
    let catalog = sample();
    let options = Options::of(&["--anomaly-all"]);
    let dashboards = generate(&catalog, &options, &rules::generate(&catalog, &options));
    let json = serde_json::to_value(&dashboards).expect("dashboards are JSON");
    let panels = json.as_array().into_iter().flatten().filter_map(|dashboard| dashboard["panels"].as_array());
    let mut titles = Vec::new();
    for panel in panels.flatten() {
        let targets = panel["targets"].as_array().into_iter().flatten();
        let exprs: Vec<&str> = targets.clone().filter_map(|target| target["expr"].as_str()).collect();
        // Time in a queue, of a read in a cache, of a decision's call and of an attempt is no time of a span, and what it costs
        // is no time at all: they have no exemplars.
        let is_of_no_span = |expr: &&str| {
            let families = [
                "tta_bulkhead_wait_seconds",
                "tta_cache_operation_duration",
                "tta_llm_latency_seconds",
                "tta_llm_time_to_first_token_seconds",
                "tta_router_",
                "tta_workflow_call_cost_dollars",
            ];
            families.iter().any(|family| expr.contains(family))
        };
        if exprs.iter().any(is_of_no_span) {
            continue;
        }
        let is_line = panel["type"] == "timeseries" || panel["type"] == "heatmap";
        let is_latency = ["_bucket{", ":p50_5m{", ":p95_5m{", ":p99_5m{"]
            .iter()
            .any(|part| exprs.iter().any(|expr| expr.contains(part)));
        if is_line && is_latency {
            assert!(exprs[0].contains("_bucket{"), "{}: {}", panel["title"], exprs[0]);
            assert!(targets.clone().all(|target| target["exemplar"] == true), "{}", panel["title"]);
            titles.push(panel["title"].clone());
        }
    }
    assert!(titles.len() > 10, "{titles:?}");
}

#[test]
fn a_choice_of_functions_is_a_choice_on_every_panel_about_them() {
    let mut filtered = 0;
    for dashboard in generated(&sample(), &["--anomaly-all"]) {
        let uid = dashboard["uid"].as_str().expect("a uid");
        let panels = dashboard["panels"].as_array().into_iter().flatten();
        let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
        for expr in targets.filter_map(|target| target["expr"].as_str()) {
            for (at, _) in expr.match_indices('{') {
                let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "_:".contains(letter);
                let name = expr[..at].rsplit(|letter| !is_of_name(letter)).next().unwrap_or_default();
                let matchers = expr[at..].split('}').next().unwrap_or_default();
                let about =
                    name.strip_prefix("tta_").or_else(|| name.split_once(":tta_").map(|(_, name)| name));
                let about = about.unwrap_or_default();
                let needed = match about.split(['_', ':']).next().unwrap_or_default() {
                    "workflow" | "workflows" => "$workflow",
                    "primitive" | "primitives" => "$primitive",
                    "component" => "$component",
                    "slo" if uid == "tta-slo" => "$slo",
                    _ => continue,
                };
                assert!(matchers.contains(&format!("{needed}\"")), "{uid}: {expr}");
                filtered += 1;
            }
        }
    }
    assert!(filtered > 100, "{filtered}");
}

/// The uids that are in addresses of dashboards.
fn addressed(text: &str) -> BTreeSet<String> {
    let ends = |letter: char| !(letter.is_ascii_alphanumeric() || letter == '-');
    text.split("/d/").skip(1).map(|rest| rest.split(ends).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn programs_in_one_grafana_have_dashboards_of_their_own() {
    let catalog = sample();
    let long = "a job with a name that is longer than any uid can be";
    let jobs = ["tta", "shop", "shop-", "Shop", "shop_1", "shop.1", "\u{fc}", long, "2"];
    let mut uids = BTreeSet::new();
    let mut titles = BTreeSet::new();
    for job in jobs {
        let dashboards = generated(&catalog, &["--job", job]);
        let text = |key: &str| -> BTreeSet<String> {
            dashboards.iter().filter_map(|dashboard| dashboard[key].as_str().map(str::to_owned)).collect()
        };
        let own = text("uid");
        assert_eq!(own.len(), 10, "{job}");
        let is_allowed =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        for uid in &own {
            assert!(uid.len() <= 40 && uid.chars().all(is_allowed) && !uid.ends_with('-'), "{uid}");
        }
        let rules = rules::generate(&catalog, &Options::of(&["--job", job]));
        let alerts: String = rules.iter().map(|file| file.to_yaml().expect("YAML")).collect();
        let of_alerts = addressed(&alerts);
        assert!(of_alerts.len() > 1 && of_alerts.is_subset(&own), "{job}: {of_alerts:?}");
        let of_dashboards: BTreeSet<String> =
            dashboards.iter().flat_map(|dashboard| addressed(&dashboard.to_string())).collect();
        assert_eq!(of_dashboards, own, "{job}");
        uids.extend(own);
        titles.extend(text("title"));
    }
    assert_eq!((uids.len(), titles.len()), (10 * jobs.len(), 10 * jobs.len()));
    assert!(uids.contains("tta-slo") && uids.contains("tta-slo-shop"), "{uids:?}");
}

#[test]
fn a_breaker_is_shown_as_the_worst_of_its_circuits() {
    let dashboards = generated(&sample(), &[]);
    let panel = panel(&dashboards, "tta-resilience", "State of breakers");
    let state = |primitive: &str, state: &str| {
        format!(
            "tta_circuit_breaker_state{{job=\"tta\", instance=\"i\", primitive_name=\"{primitive}\", state=\"{state}\"}}"
        )
    };
    // How many circuits are closed, half open and open, and what is shown.
    let cases = [
        ("closed", ["1x15", "0x15", "0x15"], 0.0),
        ("half_open", ["0x15", "1x15", "0x15"], 1.0),
        ("open", ["0x15", "0x15", "1x15"], 2.0),
        ("of_keys", ["90x15", "5x15", "5x15"], 2.0),
        ("all_but_closed", ["9x15", "3x15", "0x15"], 1.0),
    ];
    let series: Vec<(String, &str)> = cases
        .iter()
        .flat_map(|(primitive, values, _)| {
            let states = ["closed", "half_open", "open"].into_iter().zip(values);
            states.map(|(of, values)| (state(primitive, of), *values))
        })
        .collect();
    let series: Vec<(&str, &str)> =
        series.iter().map(|(series, values)| (series.as_str(), *values)).collect();
    let labels = cases.map(|(primitive, ..)| format!("{{instance=\"i\", primitive_name=\"{primitive}\"}}"));
    let shown = labels.iter().zip(&cases).map(|(labels, (.., value))| (labels.as_str(), *value)).collect();
    answers(&[], &series, &[(asked(panel), shown)]);
    let words = &panel["fieldConfig"]["defaults"]["mappings"][0]["options"];
    let of_value = |value: &str| words[value]["text"].as_str();
    assert_eq!(["0", "1", "2"].map(of_value), [Some("closed"), Some("half open"), Some("open")]);
}

#[test]
fn only_policies_that_there_are_have_panels() {
    let with = |families: &[&str]| {
        let mut catalog = sample();
        catalog
            .families
            .retain(|family| family.producer != "policies" || families.contains(&family.name.as_str()));
        generated(&catalog, &[])
    };
    let titles = |dashboards: &[Value], uid: &str| -> Vec<String> {
        let dashboard = dashboards.iter().find(|dashboard| dashboard["uid"] == uid);
        let panels = dashboard.and_then(|dashboard| dashboard["panels"].as_array()).into_iter().flatten();
        panels.filter_map(|panel| panel["title"].as_str().map(str::to_owned)).collect()
    };
    let none = with(&[]);
    assert_eq!(titles(&none, "tta-resilience"), [""; 0]);
    for uid in ["tta-overview", "tta-workflow"] {
        assert!(!titles(&none, uid).contains(&"Policies".to_owned()), "{uid}");
    }
    let one = with(&["tta_timeouts_total"]);
    assert_eq!(
        titles(&one, "tta-resilience"),
        ["Policies", "Policies at a glance", "Timeouts", "Timeouts by phase", "Timeouts for each call"]
    );
    // Grafana calls the column of an only query differently.
    let renamed = &panel(&one, "tta-resilience", "Policies at a glance")["transformations"][0]["options"];
    assert_eq!(renamed["renameByName"]["Value"], "timeouts for each call");
    let breaker = with(&["tta_circuit_breaker_state"]);
    for uid in ["tta-overview", "tta-workflow"] {
        let titles = titles(&breaker, uid);
        let at = titles.iter().position(|title| title == "Policies").expect("a row");
        assert_eq!(titles[at + 1], "Open circuits", "{uid}");
    }
}

/// Grafana shows the answer to one query only, unless it is told to put them together.
#[test]
fn the_columns_of_a_table_are_one_table() {
    let mut tables = 0;
    for dashboard in generated(&sample(), &["--anomaly-all"]) {
        for panel in dashboard["panels"].as_array().into_iter().flatten() {
            let has_columns = panel["targets"].as_array().is_some_and(|targets| targets.len() > 1);
            if panel["type"] == "table" && has_columns {
                let first = &panel["transformations"][0]["id"];
                assert!(first == "merge" || first == "joinByField", "{}: {first}", panel["title"]);
                tables += 1;
            }
        }
    }
    assert!(tables > 2, "{tables}");
}
