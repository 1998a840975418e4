//! What can be chosen at a dashboard's head.

use serde::Serialize;
use serde_json::{Value, json};

use super::panel::{Datasource, PROMETHEUS};

/// A variable.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Variable {
    name: String,
    #[serde(rename = "type")]
    type_: &'static str,
    label: String,
    description: String,
    /// 0 is shown, 2 is hidden.
    hide: u8,
    query: Value,
    current: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    datasource: Option<Datasource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    all_value: Option<&'static str>,
    include_all: bool,
    multi: bool,
    /// 2 asks anew when the time range changes.
    refresh: u8,
    /// By name.
    sort: u8,
    regex: &'static str,
}

/// Matches every value that is there.
const ANY: &str = ".+";

impl Variable {
    /// Which Prometheus is asked.
    pub(super) fn datasource() -> Self {
        Self {
            refresh: 1,
            sort: 0,
            ..Self::new("datasource", "datasource", "Data source", "The Prometheus that scrapes the program.")
        }
        .with_query(json!("prometheus"), json!({ "text": "default", "value": "default" }))
    }

    /// The values of `label` in `selector`: all of them until some are chosen, or `chosen`.
    pub(super) fn values(
        name: &str,
        label: &str,
        description: &str,
        selector: &str,
        chosen: Option<&str>,
    ) -> Self {
        let query = format!("label_values({selector}, {label})");
        let current = match chosen {
            Some(value) => json!({ "text": [value], "value": [value] }),
            None => json!({ "text": ["All"], "value": ["$__all"] }),
        };
        let title = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        let variable = Self {
            datasource: Some(PROMETHEUS),
            definition: Some(query.clone()),
            all_value: Some(ANY),
            include_all: true,
            multi: true,
            refresh: 2,
            sort: 1,
            ..Self::new(name, "query", &title, description)
        };
        variable.with_query(json!({ "query": query, "refId": format!("{name}-variable") }), current)
    }

    /// One value of `label` in `selector`, which nobody has to see.
    pub(super) fn hidden(name: &str, label: &str, description: &str, selector: &str) -> Self {
        Self {
            hide: 2,
            all_value: None,
            include_all: false,
            multi: false,
            ..Self::values(name, label, description, selector, None)
        }
        .without_choice()
    }

    /// Text that can be changed.
    pub(super) fn text(name: &str, label: &str, description: &str, value: &str) -> Self {
        let current = json!({ "text": value, "value": value });
        Self::new(name, "textbox", label, description).with_query(json!(value), current)
    }

    fn new(name: &str, type_: &'static str, label: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            type_,
            label: label.to_owned(),
            description: description.to_owned(),
            hide: 0,
            query: Value::Null,
            current: Value::Null,
            datasource: None,
            definition: None,
            all_value: None,
            include_all: false,
            multi: false,
            refresh: 0,
            sort: 0,
            regex: "",
        }
    }

    fn with_query(mut self, query: Value, current: Value) -> Self {
        self.query = query;
        self.current = current;
        self
    }

    fn without_choice(mut self) -> Self {
        self.current = json!({});
        self
    }
}
