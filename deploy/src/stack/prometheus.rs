//! Prometheus: what it scrapes, evaluates and tells.

use super::GENERATED;
use crate::cli::{Options, StackOptions};
use crate::rules::SCRAPE_INTERVAL;
use crate::yaml::quote;

pub(super) fn config(options: &Options, stack: &StackOptions, retention_days: u32) -> String {
    let targets: Vec<String> = stack.targets.iter().map(|target| quote(target)).collect();
    let program = if options.pushed {
        "  # The program pushes its metrics to the Collector over OTLP, as others may; their own job and instance are kept.\n"
            .to_owned()
    } else {
        format!(
            "  - job_name: {job}
    static_configs:
      - targets: [{targets}]

  # Metrics that programs push to the Collector over OTLP; their own job and instance are kept. A program that is scraped
  # above must not push as well, or every value of it is there twice.
",
            job = quote(&options.job),
            targets = targets.join(", "),
        )
    };
    format!(
        r#"{GENERATED}#
# Start it with
#   --enable-feature=exemplar-storage            or the links from a latency to a trace are empty
#   --storage.tsdb.retention.time={retention_days}d            or the period of an objective is not covered
#   --web.listen-address=127.0.0.1:9090
global:
  # The shortest window of the rules is 5m, and needs four scrapes at least.
  scrape_interval: {SCRAPE_INTERVAL}
  scrape_timeout: 10s
  evaluation_interval: 15s

rule_files:
  - rules/*.yml

alerting:
  alertmanagers:
    - static_configs:
        - targets: ["127.0.0.1:9093"]

scrape_configs:
{program}  - job_name: otlp
    honor_labels: true
    static_configs:
      - targets: ["127.0.0.1:8889"]

  - job_name: collector
    static_configs:
      - targets: ["127.0.0.1:8888"]
  - job_name: prometheus
    static_configs:
      - targets: ["127.0.0.1:9090"]
  - job_name: alertmanager
    static_configs:
      - targets: ["127.0.0.1:9093"]
"#
    )
}
