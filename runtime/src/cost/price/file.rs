//! Prices of a file.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::decimal;
use super::error::{PricesError, listed};
use super::prices::{DOLLARS, Draft, Entry, Part, Prices};
use crate::cost::Money;

impl Prices {
    /// These, and those of a file, which replace what was said of the same provider, model and day before; see
    /// [`from_json`](Prices::from_json).
    ///
    /// # Errors
    ///
    /// As of [`from_json`](Prices::from_json).
    pub fn with_json(mut self, text: &str) -> Result<Prices, PricesError> {
        let file: BTreeMap<String, &RawValue> =
            serde_json::from_str(text).map_err(|error| PricesError::NotJson { reason: error.to_string() })?;
        if let Some(key) = file.keys().find(|key| *key != "models") {
            return Err(PricesError::UnknownKey {
                place: "prices".to_owned(),
                key: key.clone(),
                expected: listed(&["models"]),
            });
        }
        let models = file.get("models").ok_or_else(|| PricesError::Missing {
            place: "prices".to_owned(),
            missing: "models",
            needed_by: "a file of prices",
        })?;
        let models: Vec<&RawValue> =
            serde_json::from_str(models.get()).map_err(|_| PricesError::Invalid {
                place: "models".to_owned(),
                found: shown(models),
                expected: "an array of objects",
            })?;
        let mut entries: Vec<Entry> = Vec::with_capacity(models.len());
        for (index, model) in models.iter().enumerate() {
            let place = format!("models[{index}]");
            let entry = draft(model, &place)?.entry(&place)?;
            if let Some(first) = entries.iter().position(|known| known.is_of(&entry)) {
                return Err(PricesError::Duplicate {
                    place,
                    first: format!("models[{first}]"),
                    model: entry.model,
                    provider: entry.provider,
                });
            }
            entries.push(entry);
        }
        for entry in entries {
            self.put(entry);
        }
        Ok(self)
    }
}

fn draft(model: &RawValue, place: &str) -> Result<Draft, PricesError> {
    let fields: BTreeMap<String, &RawValue> =
        serde_json::from_str(model.get()).map_err(|_| PricesError::Invalid {
            place: place.to_owned(),
            found: shown(model),
            expected: "an object, such as {\"provider\": \"openai\", \"model\": \"my-model\", \"input\": 1.5}",
        })?;
    let mut draft = Draft {
        provider: String::new(),
        model: String::new(),
        from: None,
        rates: BTreeMap::new(),
        is_free: false,
    };
    for key in ["provider", "model"] {
        if !fields.contains_key(key) {
            return Err(PricesError::Missing {
                place: place.to_owned(),
                missing: key,
                needed_by: "every price",
            });
        }
    }
    for (key, value) in &fields {
        let invalid = |expected| PricesError::invalid(place, key, shown(value), expected);
        let text = |expected| serde_json::from_str::<String>(value.get()).map_err(|_| invalid(expected));
        match key.as_str() {
            "provider" => draft.provider = text("a name in quotes, or \"*\" for every provider")?,
            "model" => draft.model = text("a name in quotes")?,
            "from" => draft.from = Some(text("a day in quotes, such as \"2026-10-01\"")?),
            "free" => {
                draft.is_free = serde_json::from_str(value.get()).map_err(|_| invalid("true or false"))?;
            }
            key => {
                let part = Part::ALL.into_iter().find(|part| part.as_str() == key).ok_or_else(|| {
                    let keys =
                        [&["provider", "model", "from", "free"][..], &Part::ALL.map(Part::as_str)].concat();
                    PricesError::UnknownKey {
                        place: place.to_owned(),
                        key: key.to_owned(),
                        expected: listed(&keys),
                    }
                })?;
                let quoted = serde_json::from_str::<String>(value.get());
                let pico = match quoted {
                    Ok(dollars) => dollars.parse::<Money>().ok().map(Money::pico),
                    Err(_) => decimal::pico(value.get()),
                };
                draft.rates.insert(part, pico.ok_or_else(|| invalid(DOLLARS))?);
            }
        }
    }
    Ok(draft)
}

/// What was found, cut where it would fill the screen.
fn shown(value: &RawValue) -> String {
    const LONGEST: usize = 60;
    let text = value.get();
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
