//! Whether Prometheus keeps what is needed, and tells somebody of alerts.

use std::time::Duration;

use super::duration::duration;
use super::{Check, Examined, array};
use crate::catalog::FamilyType;
use crate::queries::Purpose;
use crate::stack;

impl Examined<'_> {
    /// Whether it keeps enough, and exemplars at all.
    pub(super) fn settings(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        let days = stack::retention_days(self.catalog);
        let needed = Duration::from_secs(u64::from(days) * 86_400);
        let periods = self.catalog.objectives().iter().map(|(_, slo, _)| slo.window_days).max();
        match self.prometheus.api("status/runtimeinfo") {
            Ok(info) => {
                let kept = info["storageRetention"].as_str().unwrap_or_default();
                // `15d or 10GiB`: whichever comes first.
                let time = kept.split(" or ").find_map(duration);
                checks.push(match (periods, time) {
                    (None, _) => Check::ok("retention", format!("{kept}; no objective needs any")),
                    (Some(_), None) => Check::note("retention", format!("limited by size only ({kept})")),
                    (Some(period), Some(time)) if time.as_secs() >= u64::from(period) * 86_400 => Check::ok(
                        "retention",
                        format!("{kept}; the longest period of an objective is {period}d"),
                    ),
                    (Some(period), Some(_)) => Check::failed(
                        "retention",
                        format!(
                            "{kept}, and the longest period of an objective is {period}d: its budget is wrong"
                        ),
                        format!(
                            "start Prometheus with --storage.tsdb.retention.time={}d",
                            needed.as_secs() / 86_400
                        ),
                    ),
                });
            }
            Err(error) => {
                checks.push(Check::failed("retention", error.to_string(), "see the log of Prometheus"));
            }
        }
        if !self.catalog.families.iter().any(|family| family.type_ == FamilyType::Histogram) {
            return checks;
        }
        match self.prometheus.api("status/flags") {
            Ok(flags) => {
                let features = flags["enable-feature"].as_str().unwrap_or_default();
                let is_on = features.split(',').any(|feature| feature.trim() == "exemplar-storage");
                checks.push(if is_on {
                    Check::ok("exemplars", "are kept")
                } else {
                    Check::failed(
                        "exemplars",
                        "are not kept, so no panel of a latency has a link to a trace",
                        "start Prometheus with --enable-feature=exemplar-storage",
                    )
                });
            }
            Err(error) => {
                checks.push(Check::failed("exemplars", error.to_string(), "see the log of Prometheus"));
            }
        }
        checks
    }

    /// Whether somebody is told of alerts.
    pub(super) fn alertmanagers(&self) -> Vec<Check> {
        const CHECK: &str = "alertmanager";
        if !self.rules.iter().any(|rule| rule.purpose == Purpose::Alert) {
            return Vec::new();
        }
        let known = match self.prometheus.api("alertmanagers") {
            Ok(known) => known,
            Err(error) => return vec![Check::failed(CHECK, error.to_string(), "see the log of Prometheus")],
        };
        let active = array(&known["activeAlertmanagers"]);
        if active.is_empty() {
            return vec![Check::failed(
                CHECK,
                "Prometheus knows none, so nobody is told of alerts",
                "add it to alerting in the configuration (prometheus/prometheus.yml has it)",
            )];
        }
        let mut checks = Vec::new();
        for url in active.iter().filter_map(|known| known["url"].as_str()) {
            let base = url.split("/api/").next().unwrap_or(url).trim_end_matches('/');
            checks.push(match self.prometheus.other(base).status("/-/ready") {
                Ok(200) => Check::ok(CHECK, format!("{base} is ready")),
                Ok(status) => Check::failed(CHECK, format!("{base} answers HTTP {status}"), "see its log"),
                Err(error) => Check::failed(
                    CHECK,
                    format!("{base}: {error}"),
                    "start it, or correct alerting in the configuration; run doctor where it can be reached",
                ),
            });
        }
        checks
    }
}
