//! A panel and its queries, as Grafana's classic JSON has them.

use serde::Serialize;
use serde_json::{Value, json};

use super::links::DataLink;

/// The datasource that the variable of that name selects.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Datasource {
    #[serde(rename = "type")]
    type_: &'static str,
    uid: &'static str,
}

pub(super) const PROMETHEUS: Datasource = Datasource { type_: "prometheus", uid: "${datasource}" };

/// Columns of a heatmap: it reads every bucket of every series for each, and more are too narrow to be told apart.
const COLUMNS: u32 = 100;

/// A panel without its place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Panel {
    #[serde(rename = "type")]
    type_: &'static str,
    pub(super) title: String,
    description: String,
    datasource: Datasource,
    pub(super) targets: Vec<Target>,
    field_config: FieldConfig,
    options: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transformations: Vec<Value>,
    /// How many points in time are shown; as many as there are pixels if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_data_points: Option<u32>,
    #[serde(skip)]
    pub(super) width: u32,
    #[serde(skip)]
    pub(super) height: u32,
}

/// A query.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Target {
    datasource: Datasource,
    ref_id: String,
    pub(super) expr: String,
    legend_format: String,
    /// At one time only, rather than over the time range.
    instant: bool,
    range: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    exemplar: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
struct FieldConfig {
    defaults: Defaults,
    overrides: Vec<Override>,
}

#[derive(Clone, Debug, Serialize)]
struct Defaults {
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    #[serde(rename = "noValue", skip_serializing_if = "Option::is_none")]
    no_value: Option<&'static str>,
    color: Value,
    custom: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mappings: Vec<Value>,
    thresholds: Thresholds,
    links: Vec<DataLink>,
}

#[derive(Clone, Debug, Serialize)]
struct Override {
    matcher: Value,
    properties: Vec<Value>,
}

/// From which value on which colour.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Thresholds {
    mode: &'static str,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, Serialize)]
struct Step {
    /// `null` is from the lowest value on.
    value: Option<f64>,
    color: &'static str,
}

impl Thresholds {
    /// Nothing here is good or bad.
    pub(super) fn none() -> Self {
        Self::of(vec![(None, "green")])
    }

    /// More is worse, and nothing is bad.
    pub(super) fn yellow(from: f64) -> Self {
        Self::of(vec![(None, "green"), (Some(from), "yellow")])
    }

    /// More is worse.
    pub(super) fn rising(yellow: f64, red: f64) -> Self {
        Self::of(vec![(None, "green"), (Some(yellow), "yellow"), (Some(red), "red")])
    }

    /// Less is worse: red below `yellow`, yellow below `green`.
    pub(super) fn falling(yellow: f64, green: f64) -> Self {
        Self::of(vec![(None, "red"), (Some(yellow), "yellow"), (Some(green), "green")])
    }

    fn of(steps: Vec<(Option<f64>, &'static str)>) -> Self {
        let steps =
            steps.into_iter().map(|(value, color)| Step { value: value.map(rounded), color }).collect();
        Self { mode: "absolute", steps }
    }
}

/// Without the noise of binary fractions.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

impl Panel {
    /// Lines over time.
    pub(super) fn lines(
        title: impl Into<String>,
        description: impl Into<String>,
        unit: &'static str,
    ) -> Self {
        let custom = json!({
            "drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 8,
            "showPoints": "auto", "spanNulls": false, "thresholdsStyle": { "mode": "off" }
        });
        let options = json!({
            "legend": { "displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": ["lastNotNull", "max"] },
            "tooltip": { "mode": "multi", "sort": "desc" }
        });
        Self::new("timeseries", title, description, unit, custom, options).color("palette-classic").size(8, 8)
    }

    /// What something is over time, as words for the numbers 0, 1, .. with a colour for each.
    pub(super) fn states(
        title: impl Into<String>,
        description: impl Into<String>,
        words: &[(&str, &str)],
    ) -> Self {
        let options = json!({
            "alignValue": "left", "mergeValues": true, "rowHeight": 0.9, "showValue": "auto",
            "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": [] },
            "tooltip": { "mode": "single", "sort": "none" }
        });
        let custom = json!({ "fillOpacity": 70, "lineWidth": 0 });
        let mut panel = Self::new("state-timeline", title, description, "short", custom, options);
        let word = |(at, (text, color)): (usize, &(&str, &str))| {
            (at.to_string(), json!({ "text": text, "color": color, "index": at }))
        };
        let mapped: serde_json::Map<String, Value> = words.iter().enumerate().map(word).collect();
        panel.field_config.defaults.mappings.push(json!({ "type": "value", "options": mapped }));
        panel.color("thresholds").size(12, 8)
    }

    /// One number, or one for each series.
    pub(super) fn number(
        title: impl Into<String>,
        description: impl Into<String>,
        unit: &'static str,
    ) -> Self {
        let options = json!({
            "colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto",
            "textMode": "auto", "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false }
        });
        Self::new("stat", title, description, unit, json!({}), options).color("thresholds").size(4, 4)
    }

    /// One row for each series, with its labels as columns.
    pub(super) fn table(
        title: impl Into<String>,
        description: impl Into<String>,
        unit: &'static str,
    ) -> Self {
        let custom = json!({ "align": "auto", "cellOptions": { "type": "auto" }, "inspect": false, "filterable": true });
        let options = json!({ "showHeader": true, "cellHeight": "sm" });
        let mut table =
            Self::new("table", title, description, unit, custom, options).color("thresholds").size(12, 8);
        let hidden =
            json!({ "id": "organize", "options": { "excludeByName": { "Time": true, "__name__": true } } });
        table.transformations.push(hidden);
        let coloured = json!({ "id": "custom.cellOptions", "value": { "type": "color-text" } });
        table.field_config.overrides.push(Override {
            matcher: json!({ "id": "byType", "options": "number" }),
            properties: vec![coloured],
        });
        table
    }

    /// How many calls fell into each bucket of a histogram.
    pub(super) fn heatmap(
        title: impl Into<String>,
        description: impl Into<String>,
        unit: &'static str,
    ) -> Self {
        let custom = json!({ "hideFrom": { "legend": false, "tooltip": false, "viz": false } });
        let options = json!({
            "calculate": false, "cellGap": 1, "exemplars": { "color": "rgba(255,0,255,0.7)" },
            "color": { "mode": "scheme", "scheme": "Oranges", "exponent": 0.5, "fill": "dark-orange",
                       "scale": "exponential", "steps": 64, "reverse": false },
            "filterValues": { "le": 1e-9 }, "legend": { "show": true }, "rowsFrame": { "layout": "auto" },
            "showValue": "never", "yAxis": { "axisPlacement": "left", "reverse": false, "unit": unit },
            "tooltip": { "mode": "single", "yHistogram": false }
        });
        let mut panel = Self::new("heatmap", title, description, unit, custom, options);
        panel.max_data_points = Some(COLUMNS);
        panel.color("palette-classic").size(12, 8)
    }

    fn new(
        type_: &'static str,
        title: impl Into<String>,
        description: impl Into<String>,
        unit: &'static str,
        custom: Value,
        options: Value,
    ) -> Self {
        let defaults = Defaults {
            unit,
            min: None,
            max: None,
            no_value: None,
            color: Value::Null,
            custom,
            mappings: Vec::new(),
            thresholds: Thresholds::none(),
            links: Vec::new(),
        };
        Self {
            type_,
            title: title.into(),
            description: description.into(),
            datasource: PROMETHEUS,
            targets: Vec::new(),
            field_config: FieldConfig { defaults, overrides: Vec::new() },
            options,
            transformations: Vec::new(),
            max_data_points: None,
            width: 0,
            height: 0,
        }
    }

    /// A query, in the notation of [`super::scope::Scope::expand`], and the name of its series.
    pub(super) fn target(mut self, expr: impl Into<String>, legend: impl Into<String>) -> Self {
        let at = u8::try_from(self.targets.len()).unwrap_or(u8::MAX);
        let ref_id = char::from(b'A'.saturating_add(at)).to_string();
        let is_table = self.type_ == "table";
        let format = match self.type_ {
            "table" => Some("table"),
            "heatmap" => Some("heatmap"),
            _ => None,
        };
        self.targets.push(Target {
            datasource: PROMETHEUS,
            ref_id,
            expr: expr.into(),
            legend_format: legend.into(),
            instant: is_table,
            range: !is_table,
            exemplar: false,
            format,
        });
        self
    }

    /// A column of a table with a query of its own, whose rows are matched by their labels.
    pub(super) fn column(
        self,
        expr: impl Into<String>,
        name: &str,
        unit: &'static str,
        thresholds: &Thresholds,
    ) -> Self {
        let mut table = self.target(expr, name);
        if table.targets.len() == 2 {
            // Otherwise the answer to each query is a table of its own, of which one is shown.
            table.transformations.insert(0, json!({ "id": "merge", "options": {} }));
        }
        let ref_id = table.targets.last().map(|target| target.ref_id.clone()).unwrap_or_default();
        if let Some(organize) = table.transformations.last_mut() {
            let names = &mut organize["options"]["renameByName"];
            names[format!("Value #{ref_id}")] = json!(name);
            if ref_id == "A" {
                // What Grafana calls the column of the only query.
                names["Value"] = json!(name);
            }
        }
        table.field_config.overrides.push(Override {
            matcher: json!({ "id": "byName", "options": name }),
            properties: vec![
                json!({ "id": "unit", "value": unit }),
                json!({ "id": "thresholds", "value": thresholds }),
            ],
        });
        table
    }

    /// Rows in the order of a column, the highest first.
    pub(super) fn sorted_by(mut self, column: &str) -> Self {
        self.options["sortBy"] = json!([{ "displayName": column, "desc": true }]);
        self
    }

    /// Shows the calls that the store kept a trace of.
    pub(super) fn exemplars(mut self) -> Self {
        for target in &mut self.targets {
            target.exemplar = true;
        }
        self
    }

    pub(super) fn thresholds(mut self, thresholds: Thresholds) -> Self {
        if self.type_ == "timeseries" {
            // Lines have the colours of their series.
            self.field_config.defaults.custom["thresholdsStyle"]["mode"] = json!("dashed");
        }
        self.field_config.defaults.thresholds = thresholds;
        self
    }

    /// Thresholds of those series whose whole names fit a pattern.
    pub(super) fn thresholds_like(mut self, pattern: &str, thresholds: &Thresholds) -> Self {
        self.field_config.overrides.push(Override {
            matcher: json!({ "id": "byRegexp", "options": pattern }),
            properties: vec![json!({ "id": "thresholds", "value": thresholds })],
        });
        self
    }

    /// Links of those series whose whole names fit a pattern.
    pub(super) fn links_like(mut self, pattern: &str, links: &[DataLink]) -> Self {
        if !links.is_empty() {
            self.field_config.overrides.push(Override {
                matcher: json!({ "id": "byRegexp", "options": pattern }),
                properties: vec![json!({ "id": "links", "value": links })],
            });
        }
        self
    }

    /// Series of another unit, by a pattern of their names, on an axis of their own.
    pub(super) fn right_axis(mut self, pattern: &str, unit: &'static str) -> Self {
        self.field_config.overrides.push(Override {
            matcher: json!({ "id": "byRegexp", "options": pattern }),
            properties: vec![
                json!({ "id": "unit", "value": unit }),
                json!({ "id": "custom.axisPlacement", "value": "right" }),
                json!({ "id": "custom.fillOpacity", "value": 0 }),
            ],
        });
        self
    }

    /// What stands there without a value.
    pub(super) fn no_value(mut self, text: &'static str) -> Self {
        self.field_config.defaults.no_value = Some(text);
        self
    }

    /// The axis begins at nothing.
    pub(super) fn up_from_zero(mut self) -> Self {
        self.field_config.defaults.min = Some(0.0);
        self
    }

    /// The axis is that of a ratio.
    pub(super) fn zero_to_one(mut self) -> Self {
        self.field_config.defaults.max = Some(1.0);
        self.up_from_zero()
    }

    pub(super) fn links(mut self, links: impl IntoIterator<Item = DataLink>) -> Self {
        self.field_config.defaults.links.extend(links);
        self
    }

    fn color(mut self, mode: &'static str) -> Self {
        self.field_config.defaults.color = json!({ "mode": mode });
        self
    }

    /// Of the 24 columns that a dashboard has, and in Grafana's rows of 30 pixels.
    pub(super) fn size(mut self, width: u32, height: u32) -> Self {
        self.width = width;
        self.height = height;
        self
    }
}
