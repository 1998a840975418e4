//! OTLP over HTTP/protobuf.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use prost::Message as _;

use super::answer::{Again, Answer, Refusal, accepted};
use super::settings::Target;
use crate::export::client::{cause, client};
use crate::pipeline::Accepted;

/// Bytes of an answer that are read; a partial success is a sentence.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Seconds that a collector can ask for and mean it.
const LONGEST_SECONDS: u64 = 24 * 60 * 60;

const PROTOBUF: &str = "application/x-protobuf";

pub(super) struct Client {
    target: Target,
    http: Option<reqwest::Client>,
}

impl Client {
    pub(super) fn new(target: Target) -> Self {
        Client { target, http: None }
    }

    pub(super) fn endpoint(&self) -> String {
        self.target.shown()
    }

    /// Those of the next request.
    pub(super) fn headers(&mut self) -> &mut HeaderMap {
        &mut self.target.headers
    }

    pub(super) async fn send(&mut self, mut body: Bytes) -> Result<Accepted, Refusal> {
        let url = self.target.endpoint.to_string();
        let shown = self.target.shown();
        let failed = |error: &reqwest::Error| Refusal {
            message: format!("cannot export to {shown}: {}", cause(error)),
            again: Again::Later,
        };
        // Ours last: a header of the program's cannot change what the body is.
        let mut headers = self.target.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROTOBUF));
        headers.insert(ACCEPT, HeaderValue::from_static(PROTOBUF));
        if let Some(gzipped) = self.target.gzip.then(|| gzipped(&body)).flatten() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            body = gzipped.into();
        }
        let builder = self.client()?.post(url).headers(headers).body(body);
        let mut response = builder.send().await.map_err(|error| failed(&error))?;
        let status = response.status();
        if !status.is_success() {
            return Err(refused(&shown, status, response.headers().get(RETRY_AFTER)));
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            answer.extend_from_slice(&chunk);
            if answer.len() > LONGEST_ANSWER {
                return Err(no_answer(&shown, status));
            }
        }
        // Some collectors answer with nothing, or in JSON where there is nothing to say.
        if answer.first() == Some(&b'{') && answer.last() == Some(&b'}') {
            return Ok(Accepted::default());
        }
        let answer = Answer::decode(answer.as_slice()).map_err(|_| no_answer(&shown, status))?;
        Ok(accepted(answer))
    }

    fn client(&mut self) -> Result<reqwest::Client, Refusal> {
        if let Some(client) = &self.http {
            return Ok(client.clone());
        }
        let Target { endpoint, certificate, timeout, .. } = &self.target;
        let is_https = endpoint.scheme_str() == Some("https");
        let client = client(endpoint.host().unwrap_or_default(), is_https, certificate.as_deref(), *timeout)
            .map_err(|message| Refusal { message, again: Again::Never })?;
        self.http = Some(client.clone());
        Ok(client)
    }
}

fn refused(url: &str, status: StatusCode, retry_after: Option<&HeaderValue>) -> Refusal {
    // The four that the OTLP specification calls retryable.
    let again = match status.as_u16() {
        429 | 502 | 503 | 504 => {
            let delay = retry_after.and_then(|value| delay(value.to_str().ok()?.trim(), SystemTime::now()));
            delay.map_or(Again::Later, Again::After)
        }
        _ => Again::Never,
    };
    Refusal { message: format!("{url} answered {status}"), again }
}

/// Something that says yes to everything is no collector, and has not taken the spans: a proxy's page, say.
fn no_answer(url: &str, status: StatusCode) -> Refusal {
    let message = format!("{url} answered {status}, and then nothing that an OTLP receiver would say");
    Refusal { message, again: Again::Never }
}

/// A `Retry-After`, in seconds or as a date.
fn delay(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds.min(LONGEST_SECONDS)));
    }
    let moment = httpdate::parse_http_date(value).ok()?;
    Some(moment.duration_since(now).unwrap_or_default())
}

fn gzipped(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_read_in_seconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("it is a date");
        for (value, expected) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("18446744073709551615", Some(LONGEST_SECONDS)),
            ("Sun, 06 Nov 1994 08:49:49 GMT", Some(12)),
            ("Sunday, 06-Nov-94 08:49:49 GMT", Some(12)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(delay(value, now), expected.map(Duration::from_secs), "{value}");
        }
    }
}
