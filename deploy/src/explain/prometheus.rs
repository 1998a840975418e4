//! What Prometheus makes itself, of every target and every alert.

/// A metric: its name, what it says, and its labels. All are gauges.
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) labels: &'static [&'static str],
}

pub(super) const METRICS: [Metric; 5] = [
    Metric {
        name: "up",
        help: "1 if Prometheus has scraped the target, 0 if it could not. There is none of a program that pushes.",
        labels: &["job", "instance"],
    },
    Metric {
        name: "scrape_duration_seconds",
        help: "How long the last scrape of the target took.",
        labels: &["job", "instance"],
    },
    Metric {
        name: "scrape_samples_scraped",
        help: "How many samples the target had in its last scrape.",
        labels: &["job", "instance"],
    },
    Metric {
        name: "ALERTS",
        help: "1 for each alert that is pending or fires; nothing otherwise. It has the alert's own labels too.",
        labels: &["alertname", "alertstate"],
    },
    Metric {
        name: "ALERTS_FOR_STATE",
        help: "When each alert that is pending or fires became so, in seconds since 1970.",
        labels: &["alertname"],
    },
];

/// Labels, and what they say.
pub(super) const LABELS: [(&str, &str); 5] = [
    ("job", "the job under which Prometheus scrapes the program, which is the --job of tta"),
    ("instance", "the target that was scraped, as HOST:PORT"),
    ("le", "the upper bound of a histogram's bucket, of its _bucket series"),
    ("alertname", "the name of an alert, of ALERTS"),
    ("alertstate", "pending or firing, of ALERTS"),
];
