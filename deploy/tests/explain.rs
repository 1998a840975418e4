//! `tta explain`: what is said of a name.

mod support;

use support::{CATALOG, Folder, catalog, family, tta};

fn explain(name: &str, more: &[&str]) -> support::Said {
    let mut args = vec!["explain", name, "--catalog", CATALOG];
    args.extend(more);
    tta(&args)
}

#[test]
fn a_metric_is_explained_with_its_labels_functions_and_queries() {
    for name in ["tta_workflow_duration_seconds", "tta_workflow_duration_seconds_bucket"] {
        let said = explain(name, &[]);
        assert_eq!(said.code, 0, "{said:?}");
        for line in [
            "tta_workflow_duration_seconds: histogram in seconds\n",
            "  from: workflows\n",
            "  workflow_name: checkout, refund, support_ticket, nightly_report, search\n",
            "  workflow checkout (examples/fleet/main.rs:20)\n",
            "  histogram_quantile(0.95, sum by (job, workflow_name, le) (rate(tta_workflow_duration_seconds_bucket{job=\"tta\"}[5m])))\n",
        ] {
            assert!(said.out.contains(line), "no {line:?} in\n{}", said.out);
        }
    }
    let said = explain("tta_slo_events_total", &[]);
    for user in ["  panel tta-slo/", "  rule tta-slo-"] {
        let is_used =
            said.out.lines().skip_while(|line| *line != "used by").any(|line| line.starts_with(user));
        assert!(is_used, "no {user:?} in\n{}", said.out);
    }
    let said = explain("TtaTargetDown", &[]);
    assert!(said.out.contains("  severity: page\n") && said.out.contains("reads\n  up\n"), "{}", said.out);
    let said = explain("tta_label_overflow_total", &["--json"]).json();
    assert_eq!(said["found"][0]["sites"][0]["name"], "classify", "only it has a label with a limit: {said}");
    for name in ["tta_workflow_executions_total", "tta_telemetry_spans_total", "process_threads"] {
        for example in explain(name, &["--job", "a\"b", "--json"]).json()["found"][0]["examples"]
            .as_array()
            .expect("an array")
        {
            let parsed = promql_parser::parser::parse(example.as_str().expect("a query"));
            assert!(parsed.is_ok(), "{example}: {parsed:?}");
        }
    }
}

#[test]
fn a_function_is_explained_with_its_spans_metrics_and_objectives() {
    for name in ["checkout", "fleet::checkout", "invoke_workflow checkout"] {
        let said = explain(name, &[]);
        assert_eq!(said.code, 0, "{said:?}");
        for line in [
            "checkout: workflow, sequential\n",
            "  fleet::checkout (examples/fleet/main.rs:20)\n",
            "  spans: invoke_workflow checkout\n",
            "  tier: free, paid\n",
            "  declined: permanent, error, code 402\n",
            "objective latency: 95 % of calls within 2 s over 30 days\n",
            "  TtaSloSuccessBurn1h: page from a burn of 14.4 on, which is 7.2 % of bad calls, over 1h and 5m, for 2m\n",
            "  TtaSloLatencyBurn3d: ticket from a burn of 1 on, which is 5 % of bad calls, over 3d and 6h, for 3h\n",
            "  TtaErrorBudgetExhausted\n",
            "dashboards\n",
            "  tta-slo\n",
            "  tta_slo_events_total\n",
        ] {
            assert!(said.out.contains(line), "no {line:?} in\n{}", said.out);
        }
        assert!(!said.out.contains("tta_primitive"), "{}", said.out);
    }
    let found = explain("classify", &["--json"]).json()["found"][0].clone();
    assert_eq!((&found["is"], &found["kind"]), (&"site".into(), &"primitive".into()));
    assert_eq!(found["labels"][0]["values"], "any, at most 64, the rest as other");
}

#[test]
fn an_unknown_name_is_answered_with_those_that_are_like_it() {
    for (name, meant) in [
        ("chekcout", "checkout"),
        ("tta_workflow_execution_total", "tta_workflow_executions_total"),
        ("Nightly", "nightly_report"),
        ("stauts", "status"),
        ("fleet::chekout", "fleet::checkout"),
        ("severty", "severity"),
    ] {
        let said = explain(name, &[]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(
            said.out.contains(&format!(
                "{name}: no metric, label, recorded series, alert or function of this name\ndid you mean "
            )),
            "{}",
            said.out
        );
        assert!(said.out.contains(meant), "{}", said.out);
        let json = explain(name, &["--json"]).json();
        assert_eq!(json["ok"], false);
        assert!(json["did_you_mean"].as_array().expect("an array").contains(&meant.into()), "{json}");
    }
    assert!(!explain("zzz", &[]).out.contains("did you mean"));
}

#[test]
fn a_label_is_explained_with_its_families_and_values() {
    let said = explain("status", &[]);
    assert_eq!(said.code, 0, "{said:?}");
    for line in [
        "status: label\n",
        "  tta_workflow_executions_total: success, error, cancelled\n",
        "  tta_telemetry_export_duration_seconds: success, error\n",
        "  rule tta-workflow/workflow_status:tta_workflow_executions:rate5m\n",
        "  panel tta-errors/",
    ] {
        assert!(said.out.contains(line), "no {line:?} in\n{}", said.out);
    }
    assert!(!said.out.contains("tta_workflows_active"), "{}", said.out);
    // Those of a family that says what runs, of a function, of alerts, and of Prometheus.
    for (name, line) in [
        ("environment", "  tta_build_info: any\n"),
        ("tier", "  workflow checkout (examples/fleet/main.rs:20)\n"),
        ("severity", "  rules and alerts give it: "),
        ("instance", "  the target that was scraped, as HOST:PORT\n"),
    ] {
        let said = explain(name, &[]);
        assert!(said.code == 0 && said.out.contains(line), "no {line:?} in\n{}", said.all());
    }
    let found = explain("version", &["--json"]).json()["found"][0].clone();
    assert_eq!(found["is"], "label");
    let families: Vec<&str> = found["families"]
        .as_array()
        .expect("an array")
        .iter()
        .filter_map(|of| of["family"].as_str())
        .collect();
    assert_eq!(families, ["tta_component_info", "tta_build_info"]);
}

#[test]
fn what_prometheus_makes_is_explained() {
    let said = explain("up", &[]);
    assert_eq!(said.code, 0, "{said:?}");
    for line in ["up: gauge, made by Prometheus\n", "  instance\n", "  alert tta-program/TtaTargetDown\n"] {
        assert!(said.out.contains(line), "no {line:?} in\n{}", said.out);
    }
    let json = explain("ALERTS", &["--json"]).json();
    assert_eq!(json["found"][0]["is"], "prometheus", "{json}");
}

#[test]
fn names_are_shown_as_they_are() {
    let folder = Folder::new();
    let name = "check<T>::out-2";
    // Two with one target, so that a pattern names both.
    let text = catalog(|catalog| {
        let checkout = catalog["sites"]
            .as_array()
            .expect("an array")
            .iter()
            .find(|site| site["name"] == "checkout")
            .cloned();
        let checkout = checkout.expect("it is there");
        let mut other = checkout.clone();
        other["name"] = name.into();
        other["span"] = format!("invoke_workflow {name}").into();
        catalog["sites"].as_array_mut().expect("an array").push(other);
        let all = catalog["families"].as_array_mut().expect("an array").iter_mut();
        for label in all.flat_map(|family| family["labels"].as_array_mut().expect("an array")) {
            let values = label["values"].as_array_mut().filter(|values| values.contains(&"checkout".into()));
            if let Some(values) = values {
                values.push(name.into());
            }
        }
        family(catalog, "tta_slo_events_total")["help"] = "two\nlines".into();
    });
    let file = folder.write("catalog.json", &text);
    let file = file.to_str().expect("UTF-8");
    let said = tta(&["explain", "slo:tta_slo_burn:ratio_rate1h", "--catalog", file]);
    let pattern = format!("slo=~\"{name}|checkout\"");
    assert!(said.out.contains(&pattern), "no {pattern} in {}", said.out);
    // And what is about it is found.
    let said = tta(&["explain", name, "--catalog", file]);
    assert!(said.out.contains("  TtaSloSuccessBurn1h: page from a burn of 14.4 on"), "{}", said.out);
    let said = tta(&["explain", "tta_slo_events_total", "--catalog", file]);
    assert!(said.out.contains("  two\\nlines\n"), "{}", said.out);
}
