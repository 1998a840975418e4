//! What a call costs.

mod data;
mod decimal;
mod error;
mod extract;
mod file;
mod list;
mod prices;
mod rates;
mod resolve;
mod table;

use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use arc_swap::ArcSwap;

pub use error::PricesError;
pub use extract::UsageError;
pub(crate) use extract::{cost_in, usage_in};
pub use prices::{ModelPrice, Prices};

#[cfg(feature = "telemetry")]
use self::data::Data;
use self::rates::Rates;
use self::table::{Entry, Table};
use super::{Money, Usage};

/// Digits of a dollar that an amount has.
const PICO_DIGITS: i64 = 12;

/// The prices that are in force in this process.
static CURRENT: LazyLock<ArcSwap<Book>> = LazyLock::new(|| ArcSwap::from_pointee(Book::default()));

/// Prices, with the rates that have been worked out from them. What is looked up is found with one load and without a lock;
/// what is added makes another book.
#[derive(Debug, Default)]
struct Book {
    prices: Arc<Prices>,
    table: Table,
}

/// What is to be priced: which model, and all that its price depends on beside the usage.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tta::{PriceRequest, Usage};
///
/// let usage = Usage::openai(1_000_000, 1_000_000);
/// let july_2025 = SystemTime::UNIX_EPOCH + Duration::from_secs(1_751_328_000);
/// let standard = PriceRequest::new("openai", "o3").at(july_2025).price(&usage);
/// assert_eq!(standard, "$10.00".parse().ok());
/// assert_eq!(PriceRequest::new("openai", "my-model").price(&usage), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a request is priced by `price`"]
pub struct PriceRequest<'a> {
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    pub(crate) service_tier: Option<&'a str>,
    pub(crate) is_batch: bool,
    /// Now, if it is `None`.
    pub(crate) at: Option<SystemTime>,
}

impl<'a> PriceRequest<'a> {
    /// A call of this model, at the standard price, now.
    ///
    /// The provider is named as the semantic conventions do (`openai`, `gcp.gemini`, ..), or as genai-prices does; an empty
    /// one is found by the model's name. The model is best the one that the response names.
    pub const fn new(provider: &'a str, model: &'a str) -> PriceRequest<'a> {
        PriceRequest { provider, model, service_tier: None, is_batch: false, at: None }
    }

    /// The service tier that the response names, such as `flex` or `priority`. One without prices of its own is charged
    /// at the standard price, and so are `auto` and `standard`.
    pub const fn service_tier(mut self, tier: &'a str) -> PriceRequest<'a> {
        self.service_tier = Some(tier);
        self
    }

    /// As part of a batch.
    pub const fn batch(mut self) -> PriceRequest<'a> {
        self.is_batch = true;
        self
    }

    /// When the call was made: prices change.
    pub const fn at(mut self, time: SystemTime) -> PriceRequest<'a> {
        self.at = Some(time);
        self
    }

    /// What a call with this usage costs, to the pico-dollar; `None` if the price is not known, which is not nothing.
    #[must_use]
    pub fn price(&self, usage: &Usage) -> Option<Money> {
        match price(self, usage) {
            Priced::Known(cost) => Some(cost),
            Priced::Unknown => None,
        }
    }
}

/// What a call costs now, at the standard price: [`PriceRequest`] knows more of it. `None` if the price is not known.
///
/// ```
/// use tta::{Money, Usage, price_of};
///
/// // A million tokens cost $1.25, and $0.125 from the cache; a million of output $10.
/// let usage = Usage::openai(1_200, 300).cached(1_000).reasoning(250);
/// let cost = price_of("openai", "gpt-5", &usage);
/// assert_eq!(cost, Some(Money::from_pico(200 * 1_250_000 + 1_000 * 125_000 + 300 * 10_000_000)));
/// assert_eq!(price_of("openai", "my-model", &usage), None);
/// ```
#[must_use]
pub fn price_of(provider: &str, model: &str, usage: &Usage) -> Option<Money> {
    PriceRequest::new(provider, model).price(usage)
}

/// What is known of a call's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priced {
    Known(Money),
    Unknown,
}

/// What a call costs.
pub(crate) fn price(request: &PriceRequest<'_>, usage: &Usage) -> Priced {
    match priced_by(&CURRENT, request, usage) {
        Some(cost) => Priced::Known(cost),
        None => Priced::Unknown,
    }
}

/// Reads what comes along, which takes some milliseconds, so that the first call need not.
#[cfg(feature = "telemetry")]
pub(crate) fn warm() {
    LazyLock::force(&CURRENT);
    Data::get();
}

fn install(prices: Prices) {
    CURRENT.store(Arc::new(Book { prices: Arc::new(prices), table: Table::default() }));
}

fn priced_by(books: &ArcSwap<Book>, request: &PriceRequest<'_>, usage: &Usage) -> Option<Money> {
    let PriceRequest { provider, model, .. } = *request;
    let of = |entry: &Entry| {
        entry.rates.as_ref()?.price(request.service_tier, request.is_batch, request.at, usage)
    };
    let book = books.load();
    if let Some(entry) = book.table.get(provider, model) {
        return of(entry);
    }
    let rates = Rates::new(resolve::find(provider, model), &book.prices.said(provider, model));
    let entry = Arc::new(Entry::new(provider, model, rates));
    keep(books, &book.prices, &entry);
    of(&entry)
}

/// Keeps rates for who asks next, unless other prices have come while they were worked out.
fn keep(books: &ArcSwap<Book>, prices: &Arc<Prices>, entry: &Arc<Entry>) {
    books.rcu(|now| {
        if Arc::ptr_eq(&now.prices, prices) {
            Arc::new(Book { prices: Arc::clone(&now.prices), table: now.table.with(entry) })
        } else {
            Arc::clone(now)
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_nobody_knows_do_not_fill_the_memory() {
        let books = ArcSwap::from_pointee(Book::default());
        let usage = Usage::openai(1_000, 0);
        let known = PriceRequest::new("openai", "gpt-5");
        let cost = priced_by(&books, &known, &usage);
        assert!(cost.is_some());
        for number in 0..3_000 {
            assert_eq!(
                priced_by(&books, &PriceRequest::new("nobody", &format!("model-{number}")), &usage),
                None
            );
            assert!(books.load().table.len() <= 1_024);
        }
        assert_eq!(priced_by(&books, &known, &usage), cost);
    }

    #[test]
    fn rates_of_old_prices_are_not_kept_among_new_ones() {
        let books = ArcSwap::from_pointee(Book::default());
        let old = books.load_full();
        let entry = Arc::new(Entry::new("me", "mine", None));
        keep(&books, &old.prices, &entry);
        assert_eq!(books.load().table.len(), 1);
        books.store(Arc::new(Book::default()));
        keep(&books, &old.prices, &entry);
        assert_eq!(books.load().table.len(), 0);
    }
}
