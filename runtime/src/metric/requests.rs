//! What HTTP requests count on: a histogram of durations for each combination of what is known of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::bind::OpenLabel;
use super::cell::Histogram;
use super::exemplar::Exemplars;
use super::family::{self, Family, MAX_TARGETS};
use super::store::{Labels, Store};
use crate::names::label;
use crate::testing::Recording;

/// What a request's duration is counted by.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// One of those that the conventions know, or `_OTHER`.
    pub(crate) method: &'static str,
    /// Of a server's; empty if it is not counted by it.
    pub(crate) scheme: &'static str,
    /// A server's route or a client's server; `None` if there is none.
    pub(crate) target: Option<Target>,
    pub(crate) status: Option<u16>,
    /// Of the protocol; a client learns it from the response.
    pub(crate) version: Option<&'static str>,
    pub(crate) error: Option<ErrorType>,
}

/// What a request goes to, from an open set.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    #[cfg(feature = "tower")]
    Route(Cow<'static, str>),
    Server {
        address: Box<str>,
        port: Option<u16>,
    },
}

/// Why a request has failed: from the program's text or a specification, so a closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ErrorType {
    /// For its status.
    Status(u16),
    Named(&'static str),
}

impl ErrorType {
    pub(crate) fn text(self) -> Cow<'static, str> {
        match self {
            ErrorType::Status(status) => status.to_string().into(),
            ErrorType::Named(name) => name.into(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    method: &'static str,
    scheme: &'static str,
    place: Option<usize>,
    status: Option<u16>,
    version: Option<&'static str>,
    error: Option<ErrorType>,
}

/// The durations of one side's requests.
pub(crate) struct Requests {
    family: &'static Family,
    targets: OpenLabel,
    series: RwLock<HashMap<Key, Series>>,
}

#[derive(Clone)]
struct Series {
    durations: Arc<Histogram>,
    exemplars: Option<Arc<Exemplars>>,
}

/// Series of one family. Statuses come from other programs, which may be anything.
const MAX_SERIES: usize = 2_000;

#[cfg(feature = "tower")]
static SERVERS: LazyLock<Requests> = LazyLock::new(|| Requests::new(&family::HTTP_SERVER_DURATION));
static CLIENTS: LazyLock<Requests> = LazyLock::new(|| Requests::new(&family::HTTP_CLIENT_DURATION));

impl Requests {
    fn new(family: &'static Family) -> Self {
        let open = family.targets().unwrap_or_default();
        let targets = OpenLabel::of(family, open, MAX_TARGETS, Store::global());
        Requests { family, targets, series: RwLock::default() }
    }

    /// Those that this program answers.
    #[cfg(feature = "tower")]
    pub(crate) fn answered() -> &'static Requests {
        &SERVERS
    }

    /// Those that this program sends.
    pub(crate) fn sent() -> &'static Requests {
        &CLIENTS
    }

    /// Counts a request that has ended. The series' exemplars, unless it is a test's.
    pub(crate) fn ended(
        &self,
        recording: Option<&Recording>,
        request: &Request,
        nanoseconds: u64,
    ) -> Option<Arc<Exemplars>> {
        let place = request.target.as_ref().map(|target| self.targets.place(&target.text()));
        let key = Key {
            method: request.method,
            scheme: request.scheme,
            place,
            status: request.status,
            version: request.version,
            error: request.error,
        };
        if let Some(recording) = recording {
            recording.store().histogram(self.family, self.labels(key)).observe(nanoseconds);
            return None;
        }
        let Series { durations, exemplars } = self.series(key);
        durations.observe(nanoseconds);
        exemplars
    }

    fn series(&self, key: Key) -> Series {
        let known = self.series.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| self.open(key))
    }

    #[cold]
    fn open(&self, mut key: Key) -> Series {
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        if series.len() >= MAX_SERIES {
            // By method and outcome, of which there are few.
            key.place = key.place.map(|_| MAX_TARGETS);
            key.status = None;
            if let Some(ErrorType::Status(_)) = key.error {
                key.error = Some(ErrorType::Named(label::OVERFLOW));
            }
        }
        let open = || {
            let (store, labels) = (Store::global(), self.labels(key));
            let durations = store.histogram(self.family, labels.clone());
            Series { durations, exemplars: store.exemplars(self.family, &labels) }
        };
        series.entry(key).or_insert_with(open).clone()
    }

    /// What is not known is left out: to Prometheus that is the same as an empty label.
    fn labels(&self, key: Key) -> Labels {
        let (mut address, mut port) = (None, None);
        if let Some(place) = key.place {
            let text = self.targets.text(place);
            match text.split_once(AFTER_PORT) {
                Some((number, host)) if self.family.labels().contains(&label::SERVER_PORT) => {
                    (address, port) = (Some(host.to_owned()), Some(number.to_owned()));
                }
                _ => address = Some(text),
            }
        }
        let value = |name: &str| match name {
            label::REQUEST_METHOD => Some(key.method.into()),
            label::RESPONSE_STATUS => key.status.map(|status| status.to_string().into()),
            label::SERVER_PORT => port.clone().map(Cow::Owned),
            label::PROTOCOL_VERSION => key.version.map(Cow::Borrowed),
            label::ERROR_TYPE => key.error.map(ErrorType::text),
            #[cfg(feature = "tower")]
            label::URL_SCHEME => (!key.scheme.is_empty()).then(|| key.scheme.into()),
            // A route or an address.
            _ => address.clone().map(Cow::Owned),
        };
        let labels = self.family.labels().iter();
        labels.filter_map(|name| Some((*name, value(name)?))).collect()
    }
}

/// Not in a host. The port comes first, since a long host is cut at its end.
const AFTER_PORT: char = ' ';

impl Target {
    fn text(&self) -> Cow<'_, str> {
        match self {
            #[cfg(feature = "tower")]
            Target::Route(route) => Cow::Borrowed(route),
            Target::Server { address, port: Some(port) } => format!("{port}{AFTER_PORT}{address}").into(),
            Target::Server { address, port: None } => Cow::Borrowed(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(address: String, status: u16) -> Request {
        let target = Some(Target::Server { address: address.into(), port: Some(80) });
        let error = (status >= 400).then_some(ErrorType::Status(status));
        Request { method: "GET", scheme: "", target, status: Some(status), version: Some("1.1"), error }
    }

    #[test]
    fn series_are_bounded_whatever_others_answer_and_none_is_lost() {
        let requests = Requests::new(&family::HTTP_CLIENT_DURATION);
        for host in 0..300 {
            for status in (100..600).step_by(5) {
                requests.ended(None, &request(format!("{host}.test"), status), 1);
            }
        }
        let series = requests.series.read().unwrap_or_else(PoisonError::into_inner);
        assert!(series.len() <= MAX_SERIES + 10, "{}", series.len());
        let count = |series: &Series| series.durations.get().0.iter().sum::<u64>();
        assert_eq!(series.values().map(count).sum::<u64>(), 300 * 100);
        let rest = Key {
            method: "GET",
            scheme: "",
            place: Some(MAX_TARGETS),
            status: None,
            version: Some("1.1"),
            error: None,
        };
        let labels = requests.labels(rest);
        let expected = [
            (label::REQUEST_METHOD, "GET"),
            (label::SERVER_ADDRESS, "other"),
            (label::PROTOCOL_VERSION, "1.1"),
        ];
        assert_eq!(labels, expected.map(|(name, value)| (name, value.into())));
        assert!(count(&series[&rest]) > 0);
    }
}
