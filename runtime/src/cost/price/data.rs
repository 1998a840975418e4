//! The prices that come along, and who knows which model is meant.
//!
//! `runtime/data/prices.json` is what the crate genai-prices has in it, which it keeps to itself. The crate is asked what
//! its matching rules say, for which it gets those rules and nothing else. The prices are read here, digit by digit.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::SystemTime;

use genai_prices::{Calculator, PriceRequest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const JSON: &str = include_str!("../../../data/prices.json");

static DATA: LazyLock<Data> = LazyLock::new(Data::read);

/// All that is known from the beginning.
pub(super) struct Data {
    providers: Vec<Provider<'static>>,
    /// `None` only if the file that was compiled in cannot be read, which a test excludes. Then every price is unknown.
    matching: Option<Calculator>,
}

/// The file.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    providers: Vec<Provider<'a>>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "as in the file")]
struct Provider<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    provider_match: Option<&'a RawValue>,
    #[serde(borrow)]
    model_match: Option<&'a RawValue>,
    #[serde(borrow)]
    fallback_model_providers: Option<&'a RawValue>,
    #[serde(borrow)]
    extractors: Option<&'a RawValue>,
    #[serde(borrow)]
    models: Vec<Model<'a>>,
}

/// A model of the file, with its prices still as text.
#[derive(Deserialize)]
pub(super) struct Model<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    r#match: &'a RawValue,
    #[serde(borrow)]
    pub(super) prices: &'a RawValue,
    #[serde(borrow)]
    pub(super) price_variants: Option<&'a RawValue>,
}

/// What the crate is given of a provider: what it finds things by.
#[derive(Serialize)]
struct Rules<'a> {
    id: &'a str,
    // Without these two it refuses; they are for error messages, and for finding providers by URL.
    name: &'a str,
    api_pattern: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_match: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_match: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_model_providers: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extractors: Option<&'a RawValue>,
    models: Vec<Rule<'a>>,
}

/// What the crate is given of a model. Its id is the place in the file: a model that the crate finds at a provider which
/// stands in for the one that was asked for can have the id of another one there.
#[derive(Serialize)]
struct Rule<'a> {
    id: String,
    r#match: &'a RawValue,
}

/// A model that was meant.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// The provider that was asked for, or that the model's name belongs to.
    pub(super) provider: &'static str,
    pub(super) model: &'static Model<'static>,
    /// Whether the provider lists the model itself. The variants of another one's prices do not apply.
    pub(super) is_own: bool,
}

impl Data {
    pub(super) fn get() -> &'static Data {
        &DATA
    }

    fn read() -> Data {
        let providers = serde_json::from_str::<File<'_>>(JSON).map(|file| file.providers).unwrap_or_default();
        let rules: Vec<Rules<'_>> = providers.iter().enumerate().map(Rules::of).collect();
        let matching = serde_json::to_vec(&rules).ok().and_then(|json| Calculator::from_json(json).ok());
        Data { providers, matching }
    }

    /// The model that is meant; without a provider, the one to which such names belong.
    pub(super) fn find(&'static self, provider: Option<&str>, model: &str) -> Option<Found> {
        let nothing = genai_prices::Usage::new();
        let mut request = PriceRequest::new(model, &nothing).with_timestamp(SystemTime::UNIX_EPOCH);
        request.provider_id = provider;
        let found = self.matching.as_ref()?.calculate(&request).ok()?;
        let (at, model) = found.model_id.split_once('/')?;
        let lists = self.providers.get(at.parse::<usize>().ok()?)?;
        let asked = self.providers.iter().find(|provider| provider.id == found.provider_id)?;
        Some(Found {
            provider: &asked.id,
            model: lists.models.get(model.parse::<usize>().ok()?)?,
            is_own: asked.id == lists.id,
        })
    }

    /// The crate, with its extractors and the rules of providers. Ids of models are places in the file.
    pub(super) fn matching(&self) -> Option<&Calculator> {
        self.matching.as_ref()
    }

    #[cfg(test)]
    pub(super) fn models(&'static self) -> impl Iterator<Item = (&'static str, &'static Model<'static>)> {
        self.providers
            .iter()
            .flat_map(|provider| provider.models.iter().map(move |model| (provider.id.as_ref(), model)))
    }
}

impl<'a> Rules<'a> {
    fn of((place, provider): (usize, &'a Provider<'a>)) -> Rules<'a> {
        let rule = |(index, model): (usize, &'a Model<'a>)| Rule {
            id: format!("{place}/{index}"),
            r#match: model.r#match,
        };
        Rules {
            id: &provider.id,
            name: &provider.id,
            // Matches nothing.
            api_pattern: "(?!)",
            provider_match: provider.provider_match,
            model_match: provider.model_match,
            fallback_model_providers: provider.fallback_model_providers,
            extractors: provider.extractors,
            models: provider.models.iter().enumerate().map(rule).collect(),
        }
    }
}

/// The version of genai-prices that the data is of.
pub(super) fn version() -> &'static str {
    from_head("\"genai_prices\":\"")
}

/// The newest day on which prices in it were checked, such as `2026-10-26`.
pub(super) fn checked() -> &'static str {
    from_head("\"checked\":\"")
}

/// A text of the first two lines, without reading half a megabyte of JSON.
fn from_head(key: &str) -> &'static str {
    JSON.lines()
        .take(2)
        .find_map(|line| line.split_once(key)?.1.split_once('"'))
        .map_or("unknown", |(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_can_be_read() {
        assert!(Data::get().matching.is_some());
        assert!(Data::get().models().count() > 2_000);
        assert!(version().starts_with("0."), "{}", version());
        assert!(checked().starts_with("20"), "{}", checked());
    }

    #[test]
    fn a_model_is_found_where_it_is_listed() {
        let found = Data::get().find(Some("openai"), "gpt-5").expect("it is listed");
        assert_eq!((found.provider, found.model.id.as_ref(), found.is_own), ("openai", "gpt-5", true));
        let found = Data::get().find(Some("azure"), "gpt-5").expect("openai stands in");
        assert_eq!((found.provider, found.is_own), ("azure", false));
        assert_eq!(Data::get().find(None, "claude-opus-4-5").map(|found| found.provider), Some("anthropic"));
        assert!(Data::get().find(Some("openai"), "llama-9").is_none());
        assert!(Data::get().find(Some("nobody"), "gpt-5").is_none());
    }
}
