//! How the program is observed.

use std::env;

/// What the environment says, with one exception: no collector is looked for where none is named.
pub(crate) fn start(service: &str) -> Result<tta::Telemetry, tta::ConfigError> {
    let telemetry = tta::Telemetry::builder().service_name(service);
    let names_one = |variable: &str| {
        variable.starts_with("OTEL_EXPORTER_OTLP_")
            || matches!(variable, "OTEL_TRACES_EXPORTER" | "OTEL_METRICS_EXPORTER")
    };
    if env::vars_os().any(|(variable, _)| variable.to_str().is_some_and(names_one)) {
        telemetry.init()
    } else {
        telemetry.otlp(false).init()
    }
}
