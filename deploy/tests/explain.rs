//! `tta explain`: what is said of a name.

mod support;

use support::{CATALOG, tta};

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
    ] {
        let said = explain(name, &[]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(
            said.out.contains(&format!(
                "{name}: no metric, recorded series, alert or function of this name\ndid you mean "
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
