//! Carriers besides maps.

use opentelemetry::propagation::Extractor;
#[cfg(feature = "http")]
use opentelemetry::propagation::Injector;

/// Pairs of names and values as a carrier to [`extract`](super::extract) from: names in any case, and more than once.
///
/// ```
/// let properties = [("TraceParent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")];
/// let context = tta::propagation::extract(&properties.into_iter().collect::<tta::propagation::Pairs<'_>>());
/// # use tta::opentelemetry::trace::TraceContextExt;
/// assert_eq!(context.span().span_context().span_id().to_string(), "b7ad6b7169203331");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pairs<'a>(Vec<(&'a str, &'a str)>);

impl<'a> FromIterator<(&'a str, &'a str)> for Pairs<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        Pairs(pairs.into_iter().collect())
    }
}

impl Extractor for Pairs<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| *value)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        let values = self.0.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        let values: Vec<_> = values.map(|(_, value)| *value).collect();
        (!values.is_empty()).then_some(values)
    }
}

/// The headers of an HTTP request as a carrier to [`extract`](super::extract) from.
#[cfg(feature = "http")]
#[derive(Clone, Copy, Debug)]
pub struct HeaderExtractor<'a>(pub &'a http::HeaderMap);

#[cfg(feature = "http")]
impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(text)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        let values: Vec<_> = self.0.get_all(key).iter().map(text).collect();
        (!values.is_empty()).then_some(values)
    }
}

/// What is no text is not left out, but stands for itself as what nobody can read.
#[cfg(feature = "http")]
fn text(value: &http::HeaderValue) -> &str {
    std::str::from_utf8(value.as_bytes()).unwrap_or("\u{fffd}")
}

/// The headers of an HTTP request as a carrier to [`inject`](super::inject) into.
///
/// ```
/// # #[cfg(feature = "http")] {
/// # let mut headers = http::HeaderMap::new();
/// tta::propagation::inject(&mut tta::propagation::HeaderInjector(&mut headers));
/// # }
/// ```
#[cfg(feature = "http")]
#[derive(Debug)]
pub struct HeaderInjector<'a>(pub &'a mut http::HeaderMap);

#[cfg(feature = "http")]
impl Injector for HeaderInjector<'_> {
    fn set(&mut self, key: &str, value: String) {
        // What a propagator of the program's own writes may be no header.
        if let (Ok(name), Ok(value)) =
            (http::HeaderName::from_bytes(key.as_bytes()), http::HeaderValue::try_from(value))
        {
            self.0.insert(name, value);
        }
    }
}
