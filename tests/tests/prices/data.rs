//! The data, as another program would read it.

use std::sync::LazyLock;

use serde_json::Value;

static DATA: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/data/prices.json"));
    serde_json::from_str(text).expect("it is JSON")
});

pub(crate) struct Model {
    pub(crate) provider: &'static str,
    pub(crate) id: &'static str,
    pub(crate) json: &'static Value,
}

impl Model {
    /// Names that may mean it: its id, and whatever its rules are looking for.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let mut names = vec![self.id];
        literals(&self.json["match"], &mut names);
        names
    }
}

fn literals(rule: &'static Value, names: &mut Vec<&'static str>) {
    match rule {
        Value::Array(rules) => rules.iter().for_each(|rule| literals(rule, names)),
        Value::Object(rule) => {
            for (key, value) in rule {
                match value {
                    Value::String(text) if key != "regex" => names.push(text),
                    value => literals(value, names),
                }
            }
        }
        _ => {}
    }
}

/// Every model of the data.
pub(crate) fn models() -> impl Iterator<Item = Model> {
    DATA["providers"].as_array().expect("providers").iter().flat_map(|provider| {
        let id = provider["id"].as_str().expect("every provider has one");
        provider["models"].as_array().expect("models").iter().map(move |json| Model {
            provider: id,
            id: json["id"].as_str().expect("every model has one"),
            json,
        })
    })
}

/// Every model with the providers that are asked for it: its own, and those for whom its own stands in.
pub(crate) fn asked() -> impl Iterator<Item = (&'static str, Model)> {
    let providers = DATA["providers"].as_array().expect("providers");
    let stands_in = |for_whom: &Value, provider: &str| {
        for_whom["fallback_model_providers"].as_array().is_some_and(|ids| ids.iter().any(|id| id == provider))
    };
    models().map(|model| (model.provider, model)).chain(providers.iter().flat_map(move |for_whom| {
        let id = for_whom["id"].as_str().expect("every provider has one");
        models().filter(move |model| stands_in(for_whom, model.provider)).map(move |model| (id, model))
    }))
}
