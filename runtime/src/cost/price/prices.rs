//! Prices of one's own, beside those that come along.

use std::collections::BTreeMap;

use super::data;
use super::error::{PricesError, listed};
use super::list::{Of, Rate};
use super::rates::midnight;
use crate::cost::{Money, UsageUnit};

/// What calls cost: the prices that come along, and what is said instead of them for single models.
///
/// The prices are those of [genai-prices](https://github.com/pydantic/genai-prices). What is added wins over them, for the
/// provider and the model exactly as they are named here, whatever the letters' case.
///
/// ```
/// # fn main() -> Result<(), tta::PricesError> {
/// use tta::{ModelPrice, Prices, Usage};
///
/// Prices::bundled()
///     .with(ModelPrice::new("openai", "my-model").input("$1.50").output("$2.00"))?
///     .with(ModelPrice::free("ollama", "llama3.2"))?
///     .install();
///
/// let usage = Usage::openai(1_000_000, 500_000);
/// assert_eq!(tta::price_of("openai", "my-model", &usage), "$2.50".parse().ok());
/// assert_eq!(tta::price_of("ollama", "llama3.2", &usage), Some(tta::Money::ZERO));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "prices are in force when they are installed"]
pub struct Prices {
    entries: Vec<Entry>,
}

/// A price that is said.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// In small letters; `*` for every provider.
    pub(super) provider: String,
    /// In small letters.
    pub(super) model: String,
    /// In force from this second since 1970.
    pub(super) from: u64,
    pub(super) rates: Vec<(Of, Rate)>,
}

impl Entry {
    pub(super) fn is_of(&self, other: &Entry) -> bool {
        (&self.provider, &self.model, self.from) == (&other.provider, &other.model, other.from)
    }
}

/// What one model costs; see [`Prices`].
///
/// Amounts are dollars, as in `"$1.50"` or `"1.5"`, for a million tokens each. What has no price of its own costs what it
/// is part of: cached tokens what `input` says, those written for an hour what `cache_write` says, reasoning what `output`
/// says.
#[derive(Clone, Debug)]
#[must_use = "a price is in force when it is among the `Prices` that are installed"]
pub struct ModelPrice {
    provider: String,
    model: String,
    from: Option<String>,
    amounts: Vec<(Part, String)>,
    is_free: bool,
}

/// What has a price of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Input,
    Output,
    CacheRead,
    CacheWrite,
    CacheWrite1h,
    Reasoning,
    Requests,
}

impl Part {
    pub(super) const ALL: [Part; 7] = [
        Part::Input,
        Part::Output,
        Part::CacheRead,
        Part::CacheWrite,
        Part::CacheWrite1h,
        Part::Reasoning,
        Part::Requests,
    ];

    /// As it is written in a file.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Part::Input => "input",
            Part::Output => "output",
            Part::CacheRead => "cache_read",
            Part::CacheWrite => "cache_write",
            Part::CacheWrite1h => "cache_write_1h",
            Part::Reasoning => "reasoning",
            Part::Requests => "requests",
        }
    }

    const fn of(self) -> Of {
        match self {
            Part::Input => Of::Unit(UsageUnit::InputTokens),
            Part::Output => Of::Unit(UsageUnit::OutputTokens),
            Part::CacheRead => Of::Unit(UsageUnit::CacheReadTokens),
            Part::CacheWrite => Of::Unit(UsageUnit::CacheWriteTokens),
            Part::CacheWrite1h => Of::Unit(UsageUnit::CacheWrite1hTokens),
            Part::Reasoning => Of::Unit(UsageUnit::OutputReasoningTokens),
            Part::Requests => Of::Request,
        }
    }

    /// What it is part of, and costs as much as if it has no price of its own.
    const fn whole(self) -> Option<Part> {
        match self {
            Part::Input | Part::Output | Part::Requests => None,
            Part::CacheRead | Part::CacheWrite => Some(Part::Input),
            Part::CacheWrite1h => Some(Part::CacheWrite),
            Part::Reasoning => Some(Part::Output),
        }
    }
}

impl ModelPrice {
    /// The price of a model. The provider can be `"*"`, for whoever offers it and has no price of his own.
    ///
    /// [`Prices::with`] refuses it until at least one amount is given.
    pub fn new(provider: impl Into<String>, model: impl Into<String>) -> ModelPrice {
        ModelPrice {
            provider: provider.into(),
            model: model.into(),
            from: None,
            amounts: Vec::new(),
            is_free: false,
        }
    }

    /// A model that costs nothing, such as one that runs on a machine of one's own. Its calls are priced, at $0: they are
    /// not of unknown price.
    pub fn free(provider: impl Into<String>, model: impl Into<String>) -> ModelPrice {
        ModelPrice { is_free: true, ..ModelPrice::new(provider, model) }
    }

    /// A million tokens sent.
    pub fn input(self, dollars: &str) -> ModelPrice {
        self.amount(Part::Input, dollars)
    }

    /// A million tokens received.
    pub fn output(self, dollars: &str) -> ModelPrice {
        self.amount(Part::Output, dollars)
    }

    /// A million tokens that were read from the cache.
    pub fn cache_read(self, dollars: &str) -> ModelPrice {
        self.amount(Part::CacheRead, dollars)
    }

    /// A million tokens that were written to the cache.
    pub fn cache_write(self, dollars: &str) -> ModelPrice {
        self.amount(Part::CacheWrite, dollars)
    }

    /// A million tokens that were written to the cache for an hour.
    pub fn cache_write_1h(self, dollars: &str) -> ModelPrice {
        self.amount(Part::CacheWrite1h, dollars)
    }

    /// A million tokens of reasoning.
    pub fn reasoning(self, dollars: &str) -> ModelPrice {
        self.amount(Part::Reasoning, dollars)
    }

    /// A thousand calls, beside their tokens.
    pub fn requests(self, dollars: &str) -> ModelPrice {
        self.amount(Part::Requests, dollars)
    }

    /// The day, such as `"2026-10-01"`, from whose midnight (UTC) on this is the price. Before, what is known without it
    /// is. Give several, to say how a price has changed.
    pub fn from(mut self, day: impl Into<String>) -> ModelPrice {
        self.from = Some(day.into());
        self
    }

    fn amount(mut self, part: Part, dollars: &str) -> ModelPrice {
        self.amounts.push((part, dollars.to_owned()));
        self
    }

    pub(super) fn entry(self) -> Result<Entry, PricesError> {
        let place = format!("ModelPrice({}, {})", self.provider, self.model);
        let mut rates = BTreeMap::new();
        for (part, dollars) in &self.amounts {
            let rate = dollars
                .parse::<Money>()
                .map_err(|_| PricesError::invalid(&place, part.as_str(), format!("{dollars:?}"), DOLLARS))?;
            rates.insert(*part, rate.pico());
        }
        Draft { provider: self.provider, model: self.model, from: self.from, rates, is_free: self.is_free }
            .entry(&place)
    }
}

pub(super) const DOLLARS: &str = "dollars, such as 1.5 or \"$1.50\", with at most 12 digits after the point";

/// A price of which every value has been read.
pub(super) struct Draft {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) from: Option<String>,
    pub(super) rates: BTreeMap<Part, u64>,
    pub(super) is_free: bool,
}

impl Draft {
    pub(super) fn entry(self, place: &str) -> Result<Entry, PricesError> {
        for (key, name) in [("provider", &self.provider), ("model", &self.model)] {
            if name.trim().is_empty() {
                return Err(PricesError::invalid(place, key, format!("{name:?}"), "a name"));
            }
        }
        let from = match &self.from {
            None => 0,
            Some(day) => midnight(day).ok_or_else(|| {
                PricesError::invalid(
                    place,
                    "from",
                    format!("{day:?}"),
                    "a day from 1970-01-01 on, such as \"2026-10-01\"",
                )
            })?,
        };
        match (self.is_free, self.rates.first_key_value()) {
            (false, None) => {
                return Err(PricesError::NoPrice {
                    place: place.to_owned(),
                    expected: listed(&Part::ALL.map(Part::as_str)),
                });
            }
            (true, Some((part, _))) => {
                return Err(PricesError::invalid(
                    place,
                    part.as_str(),
                    "a price".to_owned(),
                    "none, since it is free",
                ));
            }
            _ => {}
        }
        for part in self.rates.keys() {
            if let Some(whole) = part.whole().filter(|whole| !self.rates.contains_key(whole)) {
                return Err(PricesError::Missing {
                    place: place.to_owned(),
                    missing: whole.as_str(),
                    needed_by: part.as_str(),
                });
            }
        }
        Ok(Entry {
            provider: self.provider.trim().to_lowercase(),
            model: self.model.trim().to_lowercase(),
            from,
            rates: self.rates.into_iter().map(|(part, pico)| (part.of(), Rate::flat(pico))).collect(),
        })
    }
}

impl Prices {
    /// The prices that come along.
    pub fn bundled() -> Prices {
        Prices::default()
    }

    /// The version of genai-prices that they are of, such as `0.2.1`.
    #[must_use]
    pub fn data_version() -> &'static str {
        data::version()
    }

    /// The newest day on which prices among them were checked against a provider's list, such as `2026-10-26`.
    #[must_use]
    pub fn data_checked() -> &'static str {
        data::checked()
    }

    /// And this one, which replaces an earlier one of the same provider, model and day.
    ///
    /// # Errors
    ///
    /// An amount, a name or a day that is none, and a price without any amount.
    pub fn with(mut self, price: ModelPrice) -> Result<Prices, PricesError> {
        self.put(price.entry()?);
        Ok(self)
    }

    /// The prices that come along, and those of a file, as `TTA_PRICES` names one:
    ///
    /// ```json
    /// {
    ///   "models": [
    ///     {"provider": "openai", "model": "ft:gpt-4o:acme", "input": 3.75, "cache_read": 1.875, "output": 15},
    ///     {"provider": "openai", "model": "ft:gpt-4o:acme", "input": "$3.00", "output": 12, "from": "2027-01-01"},
    ///     {"provider": "ollama", "model": "llama3.2", "free": true},
    ///     {"provider": "*", "model": "our-reranker", "requests": 2}
    ///   ]
    /// }
    /// ```
    ///
    /// `provider` and `model` have to be there, and either `free` or at least one of `input`, `output`, `cache_read`,
    /// `cache_write`, `cache_write_1h` and `reasoning`, in dollars for a million tokens, and `requests`, in dollars for a
    /// thousand calls. Numbers are decimals and taken as they are written. `from` is the day from which on the price holds.
    ///
    /// # Errors
    ///
    /// What is not like that: the error names the place, what was found there and what is accepted.
    pub fn from_json(text: &str) -> Result<Prices, PricesError> {
        Prices::bundled().with_json(text)
    }

    /// From now on calls of this process are priced by these.
    pub fn install(self) {
        super::install(self);
    }

    pub(super) fn put(&mut self, entry: Entry) {
        self.entries.retain(|known| !known.is_of(&entry));
        self.entries.push(entry);
    }

    /// What is said of a model, by the day from which on it holds. Those who name the provider leave those out who do not.
    pub(super) fn said(&self, provider: &str, model: &str) -> Vec<&Entry> {
        let (provider, model) = (provider.trim().to_lowercase(), model.trim().to_lowercase());
        let of = |provider: &str| -> Vec<&Entry> {
            let mut said: Vec<&Entry> = self
                .entries
                .iter()
                .filter(|entry| entry.provider == provider && entry.model == model)
                .collect();
            said.sort_by_key(|entry| entry.from);
            said
        };
        let named = of(&provider);
        if named.is_empty() { of("*") } else { named }
    }
}
