//! Usage from the bodies of responses.

use genai_prices::{ErrorKind, ExtractRequest};
use serde_json::Value;

use super::data::Data;
use super::decimal;
use super::resolve::provider_id;
use crate::cost::{Money, Usage, UsageShape, UsageUnit};

/// A body of which no usage could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// Nobody knows the provider, or what its responses look like.
    #[error(
        "it is not known how {provider:?} reports usage, expected the name of a provider, such as `openai`"
    )]
    #[non_exhaustive]
    UnknownProvider {
        /// As it was given.
        provider: String,
    },
    /// The provider has no such kind of response.
    #[error("{provider:?} has no responses of the flavor {flavor:?}, expected one of {expected}")]
    #[non_exhaustive]
    UnknownFlavor {
        /// As it was given.
        provider: String,
        /// As it was given.
        flavor: String,
        /// Those that there are.
        expected: String,
    },
    /// There is no usage where it should be.
    #[error("no usage in the response of {provider:?}: {reason}")]
    #[non_exhaustive]
    NoUsage {
        /// As it was given.
        provider: String,
        /// What is missing or in the way, by its path. No content of the response.
        reason: String,
    },
}

impl Usage {
    /// The usage in the body of a response, and the model that it names.
    ///
    /// The provider is named as the semantic conventions do (`openai`, `anthropic`, `gcp.gemini`, ..). A provider can have
    /// several flavors of responses, such as `chat`, `responses` and `embeddings`; without one, all are tried, and the one
    /// that finds most is taken. A server that answers as OpenAI does is read as `openai`, whoever it is of.
    ///
    /// ```
    /// # fn main() -> Result<(), tta::UsageError> {
    /// let body = serde_json::json!({
    ///     "model": "gpt-5-2025-08-07",
    ///     "usage": {
    ///         "prompt_tokens": 1200, "completion_tokens": 300,
    ///         "prompt_tokens_details": {"cached_tokens": 1000},
    ///         "completion_tokens_details": {"reasoning_tokens": 250},
    ///     },
    /// });
    /// let (usage, model) = tta::Usage::from_json("openai", None, &body)?;
    /// assert_eq!(usage, tta::Usage::openai(1_200, 300).cached(1_000).reasoning(250));
    /// assert_eq!(model.as_deref(), Some("gpt-5-2025-08-07"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// A provider or flavor of which nothing is known, and a body without usage.
    pub fn from_json(
        provider: &str,
        flavor: Option<&str>,
        body: &Value,
    ) -> Result<(Usage, Option<String>), UsageError> {
        let unknown = || UsageError::UnknownProvider { provider: provider.to_owned() };
        let id = provider_id(provider).ok_or_else(unknown)?;
        let matching = Data::get().matching().ok_or_else(unknown)?;
        let known = matching.find_provider(Some(&id), None).ok().flatten().ok_or_else(unknown)?;
        let flavors: Vec<&str> = known.api_flavors().collect();
        if flavors.is_empty() {
            return Err(unknown());
        }
        if let Some(flavor) = flavor.filter(|flavor| !flavors.contains(flavor)) {
            return Err(UsageError::UnknownFlavor {
                provider: provider.to_owned(),
                flavor: flavor.to_owned(),
                expected: flavors.join(", "),
            });
        }
        let (mut first, mut best) = (None, None);
        for tried in flavors.iter().filter(|tried| flavor.is_none_or(|flavor| flavor == **tried)) {
            let request = ExtractRequest::from_value(body).with_provider_id(&id).with_api_flavor(tried);
            match matching.extract_provider_usage(&request) {
                Ok(found) => {
                    let usage = normalised(&found.usage).in_shape(shape(known.id(), tried));
                    let amounts = usage.amounts();
                    let is_better =
                        |best: &(usize, Usage, Option<String>)| amounts > best.0 && !is_for_who_asks(tried);
                    if best.as_ref().is_none_or(is_better) {
                        best = Some((amounts, usage, found.model_ref));
                    }
                }
                // What the first one says is about the most usual flavor.
                Err(error) => first = first.or(Some(error)),
            }
        }
        if let Some((_, usage, model)) = best {
            return Ok((usage, model));
        }
        let reason = match first {
            Some(error) if error.kind() == ErrorKind::InvalidResponse => error.to_string(),
            _ => "it is in no known place".to_owned(),
        };
        Err(UsageError::NoUsage { provider: provider.to_owned(), reason })
    }
}

/// Flavors that read the same numbers as another one, and mean something else by them.
fn is_for_who_asks(flavor: &str) -> bool {
    matches!(flavor, "ocr_annotated" | "tokens")
}

/// The usage in the body of a response, of whatever provider. Of one whose bodies nobody knows, and where there is
/// nothing of his kind in it, it is read as those are that most speak like.
pub(crate) fn usage_in(provider: &str, body: &Value) -> Option<Usage> {
    let read = |provider: &str| Usage::from_json(provider, None, body).ok().map(|(usage, _)| usage);
    [provider, "openai", "anthropic", "gcp.gemini"].into_iter().find_map(read)
}

/// What a provider says that a call has cost.
pub(crate) fn cost_in(provider: &str, body: &Value) -> Option<Money> {
    let usage = body.get("usage")?;
    let dollars = |place: &str| match usage.pointer(place)? {
        Value::Number(number) => decimal::pico(&number.to_string()).map(Money::from_pico),
        _ => None,
    };
    match &*provider_id(provider)? {
        // With a key of one's own, its owner pays the provider beside the fee.
        "openrouter" if body["usage"]["is_byok"] == true => {
            Some(dollars("/cost")? + dollars("/cost_details/upstream_inference_cost").unwrap_or_default())
        }
        "openrouter" => dollars("/cost"),
        "perplexity" => dollars("/cost/total_cost"),
        _ => None,
    }
}

/// What the extractors of genai-prices bring, which include as we do.
fn normalised(found: &genai_prices::Usage) -> Usage {
    let mut usage = Usage::default();
    let amounts = || UsageUnit::ALL.iter().filter_map(|unit| Some((*unit, found.get(unit.as_str())?)));
    // Where there is not enough room, text is what can be spared: no price list has a price for it.
    let is_text = |unit: UsageUnit| unit.as_str().contains("_text_");
    let first = amounts().filter(|(unit, _)| !is_text(*unit));
    for (unit, amount) in first.chain(amounts().filter(|(unit, _)| is_text(*unit))) {
        let amount = if unit.as_str().ends_with("seconds") { amount * 1e3 } else { amount };
        // It is never below zero, and what is too large becomes `u64::MAX`.
        #[expect(clippy::cast_sign_loss, reason = "the extractor refuses what is below zero")]
        let amount = amount.round() as u64;
        // What was written for five minutes is what of all that was written was not for an hour.
        if amount > 0 && unit != UsageUnit::CacheWrite5mTokens {
            usage = usage.with(unit, amount);
        }
    }
    usage
}

/// What the provider had included before the extractor added.
fn shape(provider: &str, flavor: &str) -> UsageShape {
    match (provider, flavor) {
        ("anthropic", "default") | (_, "anthropic") => UsageShape::Anthropic,
        ("google", "default") => UsageShape::Gemini,
        _ => UsageShape::OpenAi,
    }
}
