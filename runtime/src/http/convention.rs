//! What the semantic conventions say of a request. What comes from outside is bounded.

use http::uri::Authority;
use http::{HeaderMap, Method, Uri, Version};
use opentelemetry::KeyValue;

use crate::names::attribute;
use crate::privacy::beginning;

/// Bytes of a value from outside that a span keeps.
const LONGEST: usize = 1_024;

/// Bytes of a method that nobody knows, and of a host.
const LONGEST_NAME: usize = 255;

/// A method that the conventions do not know.
const OTHER: &str = "_OTHER";

/// The method as the conventions know it.
pub(super) fn method(method: &Method) -> &'static str {
    ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE"]
        .into_iter()
        .find(|known| *known == method.as_str())
        .unwrap_or(OTHER)
}

/// The method in the name of a span.
pub(super) fn spoken(method: &'static str) -> &'static str {
    if method == OTHER { "HTTP" } else { method }
}

/// `text`, as far as a span keeps it, and without half a secret at its end.
pub(super) fn bounded(text: &str, bytes: usize) -> String {
    beginning(text, bytes).to_owned()
}

/// The attributes that requests have on both sides.
pub(super) fn both(method: &Method, known: &'static str) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(10);
    attributes.push(KeyValue::new(attribute::REQUEST_METHOD, known));
    if known == OTHER {
        let original = bounded(method.as_str(), LONGEST_NAME);
        attributes.push(KeyValue::new(attribute::REQUEST_METHOD_ORIGINAL, original));
    }
    attributes
}

/// The version of the protocol that was spoken.
pub(super) fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

/// Where a request goes.
pub(super) fn server(host: &str, port: Option<u16>, attributes: &mut Vec<KeyValue>) {
    attributes.push(KeyValue::new(attribute::SERVER_ADDRESS, bounded(host, LONGEST_NAME)));
    if let Some(port) = port {
        attributes.push(KeyValue::new(attribute::SERVER_PORT, i64::from(port)));
    }
}

/// A host without the brackets of an IPv6 address.
pub(super) fn host(authority: &Authority) -> &str {
    authority.host().trim_start_matches('[').trim_end_matches(']')
}

/// The port that is named, or else the scheme's.
pub(super) fn port(authority: &Authority, scheme: &str) -> Option<u16> {
    authority.port_u16().or(match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    })
}

/// What a server knows of a request by its head.
#[cfg(feature = "tower")]
pub(super) fn of_server(
    uri: &Uri,
    headers: &HeaderMap,
    scheme: &'static str,
    query: bool,
    attributes: &mut Vec<KeyValue>,
) {
    attributes.push(KeyValue::new(attribute::URL_SCHEME, scheme));
    attributes.push(KeyValue::new(attribute::URL_PATH, bounded(uri.path(), LONGEST)));
    if let (true, Some(query)) = (query, uri.query()) {
        attributes.push(KeyValue::new(attribute::URL_QUERY, bounded(query, LONGEST)));
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let named = uri.authority().cloned().or_else(|| text(http::header::HOST)?.parse().ok());
    if let Some(authority) = named {
        server(host(&authority), port(&authority, scheme), attributes);
    }
    if let Some(agent) = text(http::header::USER_AGENT) {
        attributes.push(KeyValue::new(attribute::USER_AGENT, bounded(agent, LONGEST)));
    }
}

/// Where a client's request goes, as `url.full`: without user and password, and without the query that is not given.
pub(super) fn url(
    scheme: &str,
    authority: &Authority,
    path: &str,
    query: Option<&str>,
    attributes: &mut Vec<KeyValue>,
) {
    let place = authority.as_str();
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let (mark, query) = query.map_or(("", ""), |query| ("?", query));
    let url = format!("{scheme}://{place}{path}{mark}{query}");
    attributes.push(KeyValue::new(attribute::URL_FULL, bounded(&url, LONGEST)));
}

/// Whether it is a call over gRPC.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE);
    let rest = kind.and_then(|kind| kind.as_bytes().strip_prefix(b"application/grpc"));
    // Not `application/grpc-web`, whose status is in the body.
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// What a call over gRPC calls, by the path: `package.Service/Method`.
pub(super) fn procedure(uri: &Uri) -> String {
    bounded(uri.path().trim_start_matches('/'), LONGEST_NAME)
}

/// The attributes of a call over gRPC.
pub(super) fn of_call(procedure: &str, attributes: &mut Vec<KeyValue>) {
    attributes.push(KeyValue::new(attribute::RPC_SYSTEM, "grpc"));
    attributes.push(KeyValue::new(attribute::RPC_METHOD, procedure.to_owned()));
}

/// The status of a call over gRPC, where `headers` have it: of a response without a body, or trailers.
pub(super) fn grpc_status(headers: &HeaderMap) -> Option<u8> {
    let code = headers.get("grpc-status")?.to_str().ok().and_then(|code| code.trim().parse().ok());
    // One that no version of gRPC has is `UNKNOWN`, as is one that is no number.
    Some(code.filter(|code| usize::from(*code) < GRPC_CODES.len()).unwrap_or(2))
}

/// The name of a status, of which there are 17.
pub(super) fn grpc_name(code: u8) -> &'static str {
    GRPC_CODES.get(usize::from(code)).copied().unwrap_or("UNKNOWN")
}

/// Whether the status is the server's fault.
pub(super) fn is_server_fault(code: u8) -> bool {
    ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"]
        .contains(&grpc_name(code))
}

const GRPC_CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
