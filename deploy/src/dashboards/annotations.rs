//! What happened when, across all panels: deployments and alerts.

use serde::Serialize;

use crate::catalog::Catalog;

use super::panel::{Datasource, PROMETHEUS};

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Annotations {
    list: Vec<Annotation>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    name: &'static str,
    datasource: Datasource,
    enable: bool,
    icon_color: &'static str,
    expr: String,
    step: &'static str,
    title_format: &'static str,
    text_format: &'static str,
    tag_keys: &'static str,
    /// The time of the annotation is the value, in milliseconds.
    #[serde(rename = "useValueForTime")]
    value_is_time: bool,
}

impl Annotations {
    pub(super) fn new(catalog: &Catalog) -> Self {
        let chosen = "job=~\"$job\", instance=~\"$instance\"";
        let build = format!("tta_build_info{{{chosen}}}");
        let started = format!("process_start_time_seconds{{{chosen}}} * 1000");
        // A new version is a new process: its start is when it came.
        let deployment = match (catalog.has("tta_build_info"), catalog.has("process_start_time_seconds")) {
            (true, true) => Some((
                format!("{started} * on (job, instance) group_left (version) {build}"),
                "version {{version}} on {{instance}}",
                true,
            )),
            (true, false) => Some((
                format!("{build} unless {build} offset 5m"),
                "version {{version}} on {{instance}}",
                false,
            )),
            (false, true) => Some((started, "{{instance}}", true)),
            (false, false) => None,
        };
        let deployments = deployment.map(|(expr, text_format, value_is_time)| Annotation {
            name: "Deployments",
            datasource: PROMETHEUS,
            enable: true,
            icon_color: "blue",
            expr,
            step: "60s",
            title_format: "{{job}} started",
            text_format,
            tag_keys: "job,instance",
            value_is_time,
        });
        let alerts = Annotation {
            name: "Alerts",
            datasource: PROMETHEUS,
            enable: true,
            icon_color: "red",
            expr: "ALERTS{job=~\"$job\", alertstate=\"firing\"}".to_owned(),
            step: "60s",
            title_format: "{{alertname}}",
            text_format: "{{severity}}",
            tag_keys: "alertname,severity",
            value_is_time: false,
        };
        Self { list: deployments.into_iter().chain([alerts]).collect() }
    }
}
