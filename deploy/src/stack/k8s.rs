//! Kubernetes: objects for the operator of Prometheus and the sidecar of Grafana.

use std::fmt::Write as _;

use super::GENERATED;
use crate::cli::{Options, StackOptions};
use crate::files::Files;
use crate::queries::{DASHBOARDS, RULES};
use crate::rules::SCRAPE_INTERVAL;
use crate::yaml::{indent, quote};

/// The characters that a name of an object may have.
const LONGEST_NAME: usize = 63;

/// What an object may hold: of a `ConfigMap` by itself, of a `PrometheusRule` because the operator hands its rules on in
/// one.
const MOST_BYTES: usize = 1 << 20;

/// Which objects of the rules and dashboards of `files` Kubernetes will not take, and what to do.
pub(crate) fn too_long(files: &Files) -> Vec<String> {
    let of = |folder, ending: &'static str, object: &'static str| {
        let long = files.within(folder, ending).filter(|(_, text)| text.len() > MOST_BYTES);
        long.map(move |(path, text)| {
            let tenths = text.len() * 10 / MOST_BYTES;
            format!(
                "k8s/{object}-{}.yaml holds {}.{} MiB, and Kubernetes takes 1 MiB at most: divide the catalog, or give \
                 fewer functions objectives",
                stem(path, ending),
                tenths / 10,
                tenths % 10
            )
        })
    };
    of(RULES, ".yml", "prometheusrule").chain(of(DASHBOARDS, ".json", "dashboard")).collect()
}

/// The rules and dashboards of `files` as objects, with a `ServiceMonitor`; what is to be read stays as it is. Tests of
/// rules are about files of rules, so they are written with those only.
pub(crate) fn objects(options: &Options, stack: &StackOptions, files: &Files) -> Files {
    let mut objects = Files::default();
    let mut resources = Vec::new();
    // Whoever pushes has nothing to scrape.
    if !options.pushed {
        resources.push("servicemonitor.yaml".to_owned());
        objects.add("k8s/servicemonitor.yaml", service_monitor(options, stack));
    }
    for (path, text) in files.within(RULES, ".yml") {
        let stem = stem(path, ".yml");
        let file = format!("prometheusrule-{stem}.yaml");
        objects.add(format!("k8s/{file}"), prometheus_rule(options, stack, &stem, text));
        resources.push(file);
    }
    for (path, text) in files.within(DASHBOARDS, ".json") {
        let stem = stem(path, ".json");
        let file = format!("dashboard-{stem}.yaml");
        objects.add(format!("k8s/{file}"), dashboard(options, stack, &stem, text));
        resources.push(file);
    }
    objects.add("k8s/kustomization.yaml", kustomization(&resources));
    for (path, text) in files.iter().filter(|(path, _)| !path.contains('/')) {
        objects.add(path, text);
    }
    objects
}

fn stem(path: &str, ending: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(ending).unwrap_or(name).to_owned()
}

/// A name of an object, made of the job and what it is for.
fn name(job: &str, of: &str) -> String {
    let mut name = String::new();
    for letter in format!("{job}-{of}").chars().flat_map(char::to_lowercase) {
        let letter = if letter.is_ascii_lowercase() || letter.is_ascii_digit() { letter } else { '-' };
        // None at the beginning, and no two beside each other.
        if letter != '-' || !(name.is_empty() || name.ends_with('-')) {
            name.push(letter);
        }
    }
    name.truncate(LONGEST_NAME);
    name.trim_end_matches('-').to_owned()
}

fn metadata(options: &Options, stack: &StackOptions, of: &str, more: &[(&str, &str)]) -> String {
    let mut text = format!(
        "metadata:\n  name: {}\n  namespace: {}\n  labels:\n    app.kubernetes.io/managed-by: tta\n",
        quote(&name(&options.job, of)),
        quote(&stack.namespace)
    );
    let more = more.iter().copied();
    let said = stack.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    for (key, value) in more.chain(said).filter(|(key, _)| *key != "app.kubernetes.io/managed-by") {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {}: {}", quote(key), quote(value));
    }
    text
}

fn service_monitor(options: &Options, stack: &StackOptions) -> String {
    let by_job = [("app.kubernetes.io/name".to_owned(), name(&options.job, ""))];
    let selectors = if stack.selectors.is_empty() { &by_job[..] } else { &stack.selectors };
    let mut labels = String::new();
    for (key, value) in selectors {
        // Writing to a String cannot fail.
        let _ = writeln!(labels, "      {}: {}", quote(key), quote(value));
    }
    let service_namespace = stack.service_namespace.as_ref().unwrap_or(&stack.namespace);
    format!(
        r"{GENERATED}#
# For links from a latency to a trace, the Prometheus object needs spec.enableFeatures: [exemplar-storage].
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
{metadata}spec:
  namespaceSelector:
    matchNames: [{namespace}]
  selector:
    matchLabels:
{labels}  endpoints:
    - port: {port}
      path: /metrics
      interval: {SCRAPE_INTERVAL}
      scrapeTimeout: 10s
      relabelings:
        # The name of the Service otherwise; rules and dashboards are for this one.
        - action: replace
          targetLabel: job
          replacement: {job}
",
        metadata = metadata(options, stack, "metrics", &[]),
        namespace = quote(service_namespace),
        port = quote(&stack.port_name),
        // A dollar sign there begins the number of a group.
        job = quote(&options.job.replace('$', "$$")),
    )
}

fn prometheus_rule(options: &Options, stack: &StackOptions, stem: &str, rules: &str) -> String {
    format!(
        "{GENERATED}apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n{}spec:\n{}",
        metadata(options, stack, stem, &[("prometheus", "k8s"), ("role", "alert-rules")]),
        indent(rules, 2)
    )
}

fn dashboard(options: &Options, stack: &StackOptions, stem: &str, json: &str) -> String {
    format!(
        "{GENERATED}apiVersion: v1\nkind: ConfigMap\n{}data:\n  {}: |\n{}",
        // The label that the sidecar of Grafana's chart looks for.
        metadata(options, stack, stem, &[("grafana_dashboard", "1")]),
        quote(&format!("{stem}.json")),
        indent(json, 4)
    )
}

fn kustomization(resources: &[String]) -> String {
    let mut text = format!(
        "{GENERATED}#\n#   kubectl apply --server-side -k .\n#\n# Dashboards are too long for the annotation that apply writes otherwise.\n\
         apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
    );
    for resource in resources {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  - {}", quote(resource));
    }
    text
}
