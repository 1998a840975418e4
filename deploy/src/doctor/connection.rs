//! Whether Prometheus is there, and what time it has.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Check, Examined};
use crate::promql::number;

/// How far the clocks may be apart.
const SKEW: Duration = Duration::from_secs(5);

impl Examined<'_> {
    /// Whether it answers as Prometheus does.
    pub(super) fn reached(&self) -> Check {
        let shown = self.prometheus.shown();
        match self.prometheus.api("status/buildinfo") {
            Ok(info) => {
                let version = info["version"].as_str().unwrap_or("of an unknown version");
                Check::ok("prometheus", format!("{version} at {shown}"))
            }
            Err(error) => Check::failed(
                "prometheus",
                format!("{shown}: {error}"),
                "start Prometheus, or give the URL where it is with --prometheus",
            ),
        }
    }

    /// Whether its clock and ours agree: scrapes bear its time, spans that of the program.
    pub(super) fn clock(&self) -> Check {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let before = now();
        let there = self.prometheus.query("time()");
        let after = now();
        match there {
            Ok(result) => {
                let there =
                    result["result"][1].as_str().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
                // It read its clock between the two.
                let apart = (before - there).max(there - after).max(0.0);
                if apart <= SKEW.as_secs_f64() {
                    Check::ok(
                        "clock",
                        format!("at most {} s from that of this machine", number(round(apart))),
                    )
                } else {
                    Check::failed(
                        "clock",
                        format!("{} s from that of this machine", number(round(apart))),
                        "run a time service (chrony, systemd-timesyncd) on both machines",
                    )
                }
            }
            Err(error) => Check::failed("clock", error.to_string(), "see the log of Prometheus"),
        }
    }
}

/// To a hundredth.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
