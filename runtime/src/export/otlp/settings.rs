//! `OTEL_EXPORTER_OTLP_*`, by the specification's rules.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::TokenSource;
use crate::config::{ConfigError, environment};
use crate::export::client::without_secrets;
use crate::export::tls;

/// How to talk to the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Protobuf over HTTP, the specification's default.
    HttpProtobuf,
    /// gRPC.
    Grpc,
}

/// What the program says in code; it wins over the environment.
#[derive(Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) endpoint: Option<String>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) token: Option<TokenSource>,
    /// Where everything goes if nobody says, instead of to this machine.
    pub(crate) default_endpoint: Option<&'static str>,
}

/// Where and how each signal is sent.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) traces: Target,
    pub(crate) metrics: Target,
}

/// Where and how one signal is sent. Neither header values nor a query show in its `Debug`.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) protocol: Protocol,
    /// The whole URL over HTTP, the authority over gRPC.
    pub(crate) endpoint: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) token: Option<TokenSource>,
    pub(crate) timeout: Duration,
    pub(crate) gzip: bool,
    /// PEM file of the authorities to trust instead of the platform's.
    pub(crate) certificate: Option<PathBuf>,
}

/// The variables of one setting: the signal's, which wins, and the general one.
struct Variables {
    own: &'static str,
    general: &'static str,
}

/// The variables of one signal.
struct Signal {
    path: &'static str,
    endpoint: Variables,
    protocol: Variables,
    headers: Variables,
    timeout: Variables,
    compression: Variables,
    certificate: Variables,
    insecure: Variables,
}

macro_rules! signal {
    ($name:literal, $path:literal) => {
        Signal {
            path: $path,
            endpoint: signal!(@ $name, "_ENDPOINT"),
            protocol: signal!(@ $name, "_PROTOCOL"),
            headers: signal!(@ $name, "_HEADERS"),
            timeout: signal!(@ $name, "_TIMEOUT"),
            compression: signal!(@ $name, "_COMPRESSION"),
            certificate: signal!(@ $name, "_CERTIFICATE"),
            insecure: signal!(@ $name, "_INSECURE"),
        }
    };
    (@ $name:literal, $setting:literal) => {
        Variables {
            own: concat!("OTEL_EXPORTER_OTLP_", $name, $setting),
            general: concat!("OTEL_EXPORTER_OTLP", $setting),
        }
    };
}

const TRACES: Signal = signal!("TRACES", "/v1/traces");
const METRICS: Signal = signal!("METRICS", "/v1/metrics");

impl Target {
    /// The endpoint as it may be shown: a query can hold a key.
    pub(crate) fn shown(&self) -> String {
        let scheme = self.endpoint.scheme_str().unwrap_or_default();
        let authority = self.endpoint.authority().map_or("", |authority| authority.as_str());
        let path = if self.protocol == Protocol::Grpc { "" } else { self.endpoint.path() };
        format!("{scheme}://{authority}{path}")
    }
}

impl Settings {
    pub(crate) fn from_env(overrides: &Overrides) -> Result<Self, ConfigError> {
        Ok(Settings { traces: TRACES.read(overrides)?, metrics: METRICS.read(overrides)? })
    }
}

impl Variables {
    /// The value, and the variable that has it.
    fn text(&self) -> Result<Option<(&'static str, String)>, ConfigError> {
        if let Some(text) = environment::text(self.own)? {
            return Ok(Some((self.own, text)));
        }
        Ok(environment::text(self.general)?.map(|text| (self.general, text)))
    }
}

impl Signal {
    fn read(&self, overrides: &Overrides) -> Result<Target, ConfigError> {
        let protocol = match (overrides.protocol, self.protocol.text()?) {
            (Some(protocol), _) => protocol,
            (None, None) => Protocol::HttpProtobuf,
            (None, Some((variable, text))) => match text.as_str() {
                "grpc" => Protocol::Grpc,
                "http/protobuf" => Protocol::HttpProtobuf,
                _ => return Err(ConfigError::invalid(variable, text, "`grpc` or `http/protobuf`")),
            },
        };
        Ok(Target {
            protocol,
            endpoint: self.endpoint(protocol, overrides)?,
            headers: self.headers(overrides)?,
            token: overrides.token.clone(),
            timeout: self.timeout()?,
            gzip: match self.compression.text()? {
                None => false,
                Some((variable, text)) => match text.as_str() {
                    "gzip" => true,
                    "none" => false,
                    _ => return Err(ConfigError::invalid(variable, text, "`gzip` or `none`")),
                },
            },
            certificate: match self.certificate.text()? {
                None => None,
                Some((variable, text)) => {
                    let path = PathBuf::from(&text);
                    tls::certificates(&path).map_err(|problem| {
                        let expected = format!("the path of a file of PEM certificates ({problem})");
                        ConfigError::invalid(variable, text, expected)
                    })?;
                    Some(path)
                }
            },
        })
    }

    fn endpoint(&self, protocol: Protocol, overrides: &Overrides) -> Result<Uri, ConfigError> {
        let own = environment::text(self.endpoint.own)?;
        let general = environment::text(self.endpoint.general)?;
        let default = match (overrides.default_endpoint, protocol) {
            (Some(endpoint), _) => endpoint,
            (None, Protocol::HttpProtobuf) => "http://localhost:4318",
            (None, Protocol::Grpc) => "http://localhost:4317",
        };
        // A signal's own URL is used as it is; to a general one the signal's path is added.
        let (variable, text, is_whole) = match (&overrides.endpoint, own, general) {
            (Some(text), ..) => ("otlp_endpoint", text.clone(), false),
            (None, Some(text), _) => (self.endpoint.own, text, true),
            (None, None, Some(text)) => (self.endpoint.general, text, false),
            (None, None, None) => (self.endpoint.general, default.to_owned(), false),
        };
        let wanted = "a URL that begins with http:// or https://, such as http://localhost:4318";
        let mut url = text.trim_end_matches('/').to_owned();
        if protocol == Protocol::Grpc && !url.contains("://") && self.insecure()?.is_some() {
            let scheme = if self.insecure()? == Some(true) { "http" } else { "https" };
            url = format!("{scheme}://{url}");
        }
        if protocol == Protocol::HttpProtobuf {
            url = if is_whole { text.clone() } else { url + self.path };
        }
        let found = without_secrets(&text);
        if !is_whole && text.contains('?') {
            let wanted = "a URL without a query, since the signals' paths are added to it";
            return Err(ConfigError::invalid(variable, found, wanted));
        }
        let uri: Uri = url.parse().map_err(|_| ConfigError::invalid(variable, found.as_str(), wanted))?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            let found = "a URL with a user or a password in it";
            return Err(ConfigError::invalid(variable, found, "a URL without; credentials are headers"));
        }
        match (uri.scheme_str(), uri.host()) {
            (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(uri),
            _ => Err(ConfigError::invalid(variable, found, wanted)),
        }
    }

    /// Whether gRPC to an endpoint without a scheme is in the clear.
    fn insecure(&self) -> Result<Option<bool>, ConfigError> {
        match environment::boolean(self.insecure.own)? {
            Some(insecure) => Ok(Some(insecure)),
            None => environment::boolean(self.insecure.general),
        }
    }

    fn timeout(&self) -> Result<Duration, ConfigError> {
        let timeout = match environment::milliseconds(self.timeout.own)? {
            Some(timeout) => Some(timeout),
            None => environment::milliseconds(self.timeout.general)?,
        };
        Ok(timeout.unwrap_or(Duration::from_secs(10)))
    }

    fn headers(&self, overrides: &Overrides) -> Result<HeaderMap, ConfigError> {
        let mut headers = HeaderMap::new();
        if let Some((variable, text)) = self.headers.text()? {
            for (index, entry) in text.split(',').enumerate().filter(|(_, entry)| !entry.trim().is_empty()) {
                // Only the place of a bad entry is told: its text may be a secret.
                let refused = || {
                    let found = format!("a list whose entry {} is no header", index + 1);
                    ConfigError::invalid(
                        variable,
                        found,
                        "`name=value` pairs, comma-separated, values percent-encoded",
                    )
                };
                let (name, value) = entry.split_once('=').ok_or_else(refused)?;
                let (name, value) =
                    header(name.trim(), &percent_decoded(value.trim())).ok_or_else(refused)?;
                headers.insert(name, value);
            }
        }
        for (name, value) in &overrides.headers {
            let refused =
                || ConfigError::invalid("otlp_header", format!("header {name:?}"), "a header of HTTP");
            let (name, value) = header(name, value.as_bytes()).ok_or_else(refused)?;
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

fn header(name: &str, value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let mut value = HeaderValue::from_bytes(value).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let hex = |digit: u8| char::from(digit).to_digit(16);
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digits = (byte == b'%').then(|| Some((hex(ahead.next()?)?, hex(ahead.next()?)?))).flatten();
        match digits {
            Some((high, low)) => {
                decoded.push((high * 16 + low) as u8);
                bytes = ahead;
            }
            None => decoded.push(byte),
        }
    }
    decoded
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Target")
            .field("protocol", &self.protocol)
            .field("endpoint", &self.shown())
            .field("headers", &names)
            .field("token", &self.token)
            .field("timeout", &self.timeout)
            .field("gzip", &self.gzip)
            .field("certificate", &self.certificate)
            .finish()
    }
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Overrides")
            .field("endpoint", &self.endpoint.as_deref().map(without_secrets))
            .field("protocol", &self.protocol)
            .field("headers", &names)
            .field("token", &self.token)
            .field("default_endpoint", &self.default_endpoint)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(overrides: &Overrides) -> Result<Target, ConfigError> {
        TRACES.read(overrides)
    }

    #[test]
    fn an_endpoint_in_code_gets_the_path_of_the_signal_over_http_only() {
        let mut overrides =
            Overrides { endpoint: Some("http://collector:4318/".into()), ..Overrides::default() };
        let target = read(&overrides).expect("it is a URL");
        assert_eq!(target.endpoint, "http://collector:4318/v1/traces");
        overrides.protocol = Some(Protocol::Grpc);
        assert_eq!(read(&overrides).expect("it is a URL").endpoint, "http://collector:4318/");
    }

    #[test]
    fn what_is_no_url_is_refused_with_what_was_found() {
        for endpoint in ["collector:4317", "ftp://collector", "http://", "http://a b", "/v1/traces"] {
            let overrides = Overrides { endpoint: Some(endpoint.into()), ..Overrides::default() };
            let error = read(&overrides).expect_err(endpoint).to_string();
            assert!(error.contains(endpoint) && error.contains("http://localhost:4318"), "{error}");
        }
    }

    #[test]
    fn what_a_url_can_hide_is_never_shown() {
        let read = |endpoint: &str| {
            let endpoint = Some(endpoint.to_owned());
            read(&Overrides { endpoint, ..Overrides::default() })
        };
        for endpoint in
            ["http://user:hunter2@collector", "user:hunter2@collector:4318", "http://u:hunter2@c d"]
        {
            let error = read(endpoint).expect_err(endpoint).to_string();
            assert!(error.contains("otlp_endpoint") && !error.contains("hunter2"), "{error}");
        }
        let mut target = read("http://collector:4318").expect("it is a URL");
        target.endpoint = "https://collector/v1/traces?key=hunter2".parse().expect("it is a URL");
        assert_eq!(target.shown(), "https://collector/v1/traces");
        assert!(!format!("{target:?}").contains("hunter2"));
    }

    #[test]
    fn header_values_are_decoded_and_never_shown() {
        assert_eq!(percent_decoded("Bearer%20a%2Cb%zz%2"), b"Bearer a,b%zz%2");
        let headers = vec![("authorization".to_owned(), "Bearer hunter2".to_owned())];
        let overrides = Overrides { headers, ..Overrides::default() };
        let target = read(&overrides).expect("it is a header");
        assert_eq!(target.headers["authorization"], "Bearer hunter2");
        assert!(!format!("{target:?} {overrides:?}").contains("hunter2"));
    }
}
