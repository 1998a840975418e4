//! What a model costs, in every variant and at any time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::data::{Found, Model};
use super::decimal;
use super::list::{Of, PriceList, Rate, Tier};
use super::prices::Entry;
use crate::cost::{Money, Usage, UsageUnit};

const DAY: u32 = 86_400;

/// What a model costs: each combination of variant, date and time of day is worked out beforehand.
#[derive(Debug)]
pub(super) struct Rates {
    /// When prices change, ascending from 1970. Times are compared with each other: the difference of two takes longer.
    dates: Box<[SystemTime]>,
    /// When they change within a day, in seconds of UTC, ascending from 0.
    times: Box<[u32]>,
    variants: Box<[Variant]>,
    lists: Box<[PriceList]>,
    /// Audio that is charged for where there is less, in milliseconds.
    least_audio: u64,
}

/// The prices of one service tier, alone or in a batch.
#[derive(Debug)]
struct Variant {
    service_tier: Option<Box<str>>,
    is_batch: bool,
    /// For each date each time of day: the place of the price list, if one is known. One alone, if all are the same.
    lists: Box<[Option<u16>]>,
}

impl Rates {
    /// From what is known of the model and what is said in its place. `None` if that is nothing.
    pub(super) fn new(found: Option<Found>, said: &[&Entry]) -> Option<Rates> {
        let listed = found.map(Listed::read).unwrap_or_default();
        if listed.standard.is_empty() && said.is_empty() {
            return None;
        }
        let conditions =
            || listed.standard.iter().chain(listed.variants.iter().map(|variant| &variant.priced));
        let mut dates: Vec<u64> = std::iter::once(0)
            .chain(conditions().filter_map(|priced| priced.when.date()))
            .chain(said.iter().map(|entry| entry.from))
            .collect();
        dates.sort_unstable();
        dates.dedup();
        let mut times: Vec<u32> =
            std::iter::once(0).chain(conditions().flat_map(|priced| priced.when.times())).collect();
        times.sort_unstable();
        times.dedup();

        let mut tiers: Vec<Option<&str>> =
            listed.variants.iter().map(|variant| variant.service_tier.as_deref()).collect();
        tiers.push(None);
        tiers.sort_unstable();
        tiers.dedup();

        let mut lists: Vec<PriceList> = Vec::new();
        let mut variants = Vec::new();
        for service_tier in tiers {
            for is_batch in [false, true] {
                let mut places = Vec::with_capacity(dates.len() * times.len());
                for (date, time) in dates.iter().flat_map(|date| times.iter().map(move |time| (*date, *time)))
                {
                    let rates = said
                        .iter()
                        .rev()
                        .find(|entry| date >= entry.from)
                        .map(|entry| entry.rates.clone())
                        .or_else(|| listed.at(service_tier, is_batch, date, time));
                    places.push(rates.and_then(|rates| {
                        let list = PriceList::new(rates)?;
                        let place = lists.iter().position(|known| *known == list).unwrap_or_else(|| {
                            lists.push(list);
                            lists.len() - 1
                        });
                        u16::try_from(place).ok()
                    }));
                }
                if places.iter().all(|place| *place == places[0]) {
                    places.truncate(1);
                }
                variants.push(Variant {
                    service_tier: service_tier.map(Box::from),
                    is_batch,
                    lists: places.into(),
                });
            }
        }
        Some(Rates {
            dates: dates.into_iter().map(moment).collect::<Option<_>>()?,
            times: times.into(),
            variants: variants.into(),
            lists: lists.into(),
            least_audio: found.filter(|_| said.is_empty()).map_or(0, least_audio),
        })
    }

    /// What the usage costs at that time, or now; `None` where nothing is known for then.
    pub(super) fn price(
        &self,
        service_tier: Option<&str>,
        is_batch: bool,
        at: Option<SystemTime>,
        usage: &Usage,
    ) -> Option<Money> {
        let list = self.list(service_tier, is_batch, at)?;
        if self.least_audio > 0 {
            return Some(list.price(&charged(usage, self.least_audio)));
        }
        Some(list.price(usage))
    }

    fn list(&self, service_tier: Option<&str>, is_batch: bool, at: Option<SystemTime>) -> Option<&PriceList> {
        let places = &self.variant(service_tier, is_batch)?.lists;
        // Most prices have never changed: then nobody has to look at a clock.
        let place = if places.len() == 1 { 0 } else { self.period(at.unwrap_or_else(SystemTime::now))? };
        self.lists.get(usize::from((*places.get(place)?)?))
    }

    /// The place of a time among all dates and times of day.
    fn period(&self, at: SystemTime) -> Option<usize> {
        // Before 1970 there were no prices; those of then are asked for with a clock that is wrong.
        let date = self.dates.iter().rposition(|date| at >= *date).unwrap_or(0);
        if self.times.len() == 1 {
            return Some(date);
        }
        let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let time_of_day = (seconds % u64::from(DAY)) as u32;
        let time = self.times.iter().rposition(|time| time_of_day >= *time)?;
        Some(date * self.times.len() + time)
    }

    /// A tier without prices of its own is charged the standard price, and so is a model that is not served in batches.
    fn variant(&self, service_tier: Option<&str>, is_batch: bool) -> Option<&Variant> {
        // A batch is a way of submitting, which Anthropic reports as a tier.
        let is_batch = is_batch || service_tier.is_some_and(|tier| tier.eq_ignore_ascii_case("batch"));
        let of = |tier: Option<&str>| {
            self.variants.iter().find(|variant| {
                variant.is_batch == is_batch
                    && match (&variant.service_tier, tier) {
                        (None, None) => true,
                        (Some(known), Some(tier)) => known.eq_ignore_ascii_case(tier),
                        _ => false,
                    }
            })
        };
        service_tier.filter(|tier| !is_standard(tier)).and_then(|tier| of(Some(tier))).or_else(|| of(None))
    }
}

/// What is said of a call, and is not a rate.
fn is_standard(tier: &str) -> bool {
    ["standard", "auto", "batch"].iter().any(|standard| tier.eq_ignore_ascii_case(standard))
}

/// Groq charges for ten seconds of audio at least; genai-prices has that in its code, and not in the data.
fn least_audio(found: Found) -> u64 {
    match (found.provider, found.model.id.as_ref()) {
        ("groq", "whisper-large-v3" | "whisper-large-v3-turbo") => 10_000,
        _ => 0,
    }
}

fn charged(usage: &Usage, least_audio: u64) -> Usage {
    let any = [UsageUnit::AudioMilliseconds, UsageUnit::InputAudioMilliseconds]
        .iter()
        .map(|unit| usage.get(*unit))
        .find(|milliseconds| *milliseconds > 0);
    match any {
        None => *usage,
        Some(milliseconds) => {
            let milliseconds = milliseconds.max(least_audio);
            usage
                .with(UsageUnit::AudioMilliseconds, milliseconds)
                .with(UsageUnit::InputAudioMilliseconds, milliseconds)
        }
    }
}

/// What the data lists for a model.
#[derive(Default)]
struct Listed {
    standard: Vec<Priced>,
    variants: Vec<ListedVariant>,
}

struct Priced {
    when: When,
    rates: Vec<(Of, Rate)>,
}

struct ListedVariant {
    service_tier: Option<String>,
    is_batch: bool,
    priced: Priced,
}

/// When prices are in force.
#[derive(Clone, Copy)]
enum When {
    Always,
    /// From this second since 1970.
    From(u64),
    /// Between two seconds of the day, over midnight if the second one is less.
    Daily {
        start: u32,
        end: u32,
    },
}

impl When {
    fn includes(self, date: u64, time: u32) -> bool {
        match self {
            When::Always => true,
            When::From(from) => date >= from,
            When::Daily { start, end } if end < start => time >= start || time < end,
            When::Daily { start, end } => time >= start && time < end,
        }
    }

    fn date(self) -> Option<u64> {
        match self {
            When::From(from) => Some(from),
            _ => None,
        }
    }

    fn times(self) -> impl Iterator<Item = u32> {
        let times = match self {
            When::Daily { start, end } => [Some(start), Some(end)],
            _ => [None, None],
        };
        times.into_iter().flatten()
    }
}

impl Listed {
    fn read(found: Found) -> Listed {
        let Some(standard) = standard(found.model) else { return Listed::default() };
        let variants = if found.is_own { variants(found.model).unwrap_or_default() } else { Vec::new() };
        Listed { standard, variants }
    }

    /// The prices in force: the last standard ones, in which each may be replaced by the first variant that has it.
    fn at(
        &self,
        service_tier: Option<&str>,
        is_batch: bool,
        date: u64,
        time: u32,
    ) -> Option<Vec<(Of, Rate)>> {
        let standard = self.standard.iter().rev().find(|priced| priced.when.includes(date, time));
        let mut rates = standard.or(self.standard.first())?.rates.clone();
        let mut replaced: Vec<Of> = Vec::new();
        for variant in &self.variants {
            let applies = variant.service_tier.as_deref().is_none_or(|tier| service_tier == Some(tier))
                && (!variant.is_batch || is_batch)
                && variant.priced.when.includes(date, time);
            for (of, rate) in variant.priced.rates.iter().filter(|_| applies) {
                if replaced.contains(of) {
                    continue;
                }
                replaced.push(*of);
                match rates.iter_mut().find(|(known, _)| known == of) {
                    Some((_, known)) => known.clone_from(rate),
                    None => rates.push((*of, rate.clone())),
                }
            }
        }
        Some(rates)
    }
}

type Prices<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

#[derive(Deserialize)]
struct ConditionalJson<'a> {
    #[serde(borrow)]
    constraint: Option<ConstraintJson<'a>>,
    #[serde(borrow)]
    prices: Prices<'a>,
}

#[derive(Deserialize)]
struct VariantJson<'a> {
    #[serde(borrow)]
    when: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow)]
    constraint: Option<ConstraintJson<'a>>,
    #[serde(borrow)]
    prices: Prices<'a>,
}

#[derive(Deserialize)]
struct ConstraintJson<'a> {
    #[serde(borrow)]
    start_date: Option<Cow<'a, str>>,
    #[serde(borrow)]
    start_time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    end_time: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct TieredJson<'a> {
    #[serde(borrow)]
    base: &'a RawValue,
    #[serde(borrow)]
    tiers: Vec<TierJson<'a>>,
}

#[derive(Deserialize)]
struct TierJson<'a> {
    start: u64,
    #[serde(borrow)]
    price: &'a RawValue,
}

/// The standard prices; `None` if they cannot be read, so that nothing is priced by half of them.
fn standard(model: &'static Model<'static>) -> Option<Vec<Priced>> {
    let json = model.prices.get();
    if !json.starts_with('[') {
        return Some(vec![Priced { when: When::Always, rates: rates(&serde_json::from_str(json).ok()?)? }]);
    }
    let conditional: Vec<ConditionalJson<'_>> = serde_json::from_str(json).ok()?;
    conditional
        .iter()
        .map(|priced| Some(Priced { when: when(priced.constraint.as_ref())?, rates: rates(&priced.prices)? }))
        .collect()
}

fn variants(model: &'static Model<'static>) -> Option<Vec<ListedVariant>> {
    let Some(json) = model.price_variants else { return Some(Vec::new()) };
    let variants: Vec<VariantJson<'_>> = serde_json::from_str(json.get()).ok()?;
    variants.iter().filter(|variant| is_told_apart(variant)).map(variant).collect()
}

/// Whether what a variant is for is among what is known of a call. Routes and kinds of search are not.
fn is_told_apart(variant: &VariantJson<'_>) -> bool {
    variant.when.iter().all(|(key, value)| match key.as_ref() {
        "service_tier" => true,
        "processing" => value == "batch",
        _ => false,
    })
}

fn variant(variant: &VariantJson<'_>) -> Option<ListedVariant> {
    Some(ListedVariant {
        service_tier: variant.when.get("service_tier").map(ToString::to_string),
        is_batch: variant.when.contains_key("processing"),
        priced: Priced { when: when(variant.constraint.as_ref())?, rates: rates(&variant.prices)? },
    })
}

/// Prices for what nobody here counts are left out, as genai-prices does.
fn rates(prices: &Prices<'_>) -> Option<Vec<(Of, Rate)>> {
    prices
        .iter()
        .filter(|(_, price)| price.get() != "null")
        .filter_map(|(key, price)| Some((Of::price_key(key)?, price)))
        .map(|(of, price)| Some((of, rate(price.get())?)))
        .collect()
}

fn rate(json: &str) -> Option<Rate> {
    if !json.starts_with('{') {
        return decimal::pico(json).map(Rate::flat);
    }
    let tiered: TieredJson<'_> = serde_json::from_str(json).ok()?;
    let mut tiers = tiered
        .tiers
        .iter()
        .map(|tier| Some(Tier { start: tier.start, rate: decimal::pico(tier.price.get())? }))
        .collect::<Option<Box<[Tier]>>>()?;
    tiers.sort_by_key(|tier| tier.start);
    Some(Rate { base: decimal::pico(tiered.base.get())?, tiers })
}

fn when(constraint: Option<&ConstraintJson<'_>>) -> Option<When> {
    let Some(constraint) = constraint else { return Some(When::Always) };
    match (&constraint.start_date, &constraint.start_time, &constraint.end_time) {
        (Some(day), None, None) => Some(When::From(midnight(day)?)),
        (None, Some(start), Some(end)) => {
            Some(When::Daily { start: time_of_day(start)?, end: time_of_day(end)? })
        }
        _ => None,
    }
}

/// When a day such as `2025-06-10` begins, in seconds since 1970.
pub(super) fn midnight(day: &str) -> Option<u64> {
    let begins = humantime::parse_rfc3339(&format!("{day}T00:00:00Z")).ok()?;
    begins.duration_since(SystemTime::UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// `None` for what the clock of this machine cannot say.
fn moment(seconds: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// The second of the day of a time such as `16:30:00Z`.
fn time_of_day(time: &str) -> Option<u32> {
    let time = humantime::parse_rfc3339(&format!("1970-01-01T{time}")).ok()?;
    let time = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    u32::try_from(time.as_secs()).ok().filter(|seconds| *seconds < DAY && time.subsec_nanos() == 0)
}

#[cfg(test)]
mod tests {
    use super::super::data::Data;
    use super::*;

    #[test]
    fn all_prices_that_come_along_can_be_read() {
        for (provider, model) in Data::get().models() {
            assert!(standard(model).is_some(), "{provider} {}", model.id);
            assert!(variants(model).is_some(), "{provider} {}", model.id);
            let rates =
                Rates::new(Some(Found { provider, model, is_own: true }), &[]).expect("it has prices");
            assert!(
                rates.variants.iter().flat_map(|variant| &variant.lists).all(Option::is_some),
                "{}",
                model.id
            );
        }
    }
}
