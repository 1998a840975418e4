//! HTTP headers as a carrier of context. The only place that knows where the propagators come from.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::global::get_text_map_propagator;
use opentelemetry::propagation::{Extractor, Injector};

/// What is current here, with what the caller has sent.
#[cfg(feature = "tower")]
pub(super) fn extract(headers: &HeaderMap) -> Context {
    get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)))
}

/// Writes `context` for whoever is called, in place of what may be there.
pub(super) fn inject(context: &Context, headers: &mut HeaderMap) {
    get_text_map_propagator(|propagator| propagator.inject_context(context, &mut HeadersMut(headers)));
}

/// Values that are no UTF-8 are as if they were not there.
#[cfg_attr(not(feature = "tower"), allow(dead_code, reason = "servers read"))]
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        let values: Vec<_> = self.0.get_all(key).iter().filter_map(|value| value.to_str().ok()).collect();
        (!values.is_empty()).then_some(values)
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        // A propagator of the program's may have a name that no header can have.
        if let (Ok(key), Ok(value)) = (HeaderName::from_bytes(key.as_bytes()), HeaderValue::try_from(value)) {
            self.0.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_of_a_name_is_found_whatever_its_case_and_what_is_no_text_is_not() {
        let mut headers = HeaderMap::new();
        headers.append("tracestate", HeaderValue::from_static("a=1"));
        headers.append("TraceState", HeaderValue::from_static("b=2"));
        headers.append("tracestate", HeaderValue::from_bytes(b"c=\xff").expect("a header may be that"));
        headers.append("baggage", HeaderValue::from_bytes(b"\xff").expect("a header may be that"));
        let carrier = Headers(&headers);
        assert_eq!(carrier.get_all("TRACESTATE"), Some(vec!["a=1", "b=2"]));
        assert_eq!((carrier.get("baggage"), carrier.get_all("baggage")), (None, None));
        assert_eq!(carrier.get("not a\nname"), None);
    }

    #[test]
    fn what_cannot_be_a_header_is_left_out() {
        let mut headers = HeaderMap::new();
        let mut carrier = HeadersMut(&mut headers);
        carrier.set("bad name", "value".to_owned());
        carrier.set("name", "bad\nvalue".to_owned());
        carrier.set("Name", "value".to_owned());
        assert_eq!(headers.len(), 1);
    }
}
