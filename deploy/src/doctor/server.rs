//! An HTTP server that is asked: Prometheus, an Alertmanager, a receiver of spans.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use ureq::http::Uri;

/// What one answer may be long; that of 10 000 series is a hundredth of it.
const LONGEST_ANSWER: u64 = 256 << 20;

/// Why an URL cannot be used. It may hold a password, so none of it is shown before an `@`.
#[derive(Debug, thiserror::Error)]
#[error("{option}: {what}; expected {expected}")]
pub(crate) struct UrlError {
    option: &'static str,
    what: String,
    expected: &'static str,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("{0}")]
    Unreachable(String),
    #[error("it asks for a user and a password (HTTP {0}); put them into the URL, http://USER:PASSWORD@HOST")]
    Refused(u16),
    #[error("it says: {0}")]
    Said(String),
    #[error("something is there, but no Prometheus: it answers {0}")]
    Other(String),
}

/// Where something is asked.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    agent: ureq::Agent,
    /// Without a user, a password, and a slash at its end.
    base: String,
    authorization: Option<String>,
}

impl Server {
    pub(crate) fn new(option: &'static str, url: &str, timeout: Duration) -> Result<Self, UrlError> {
        let expected = "http://HOST:PORT or https://HOST:PORT";
        let error = |what: String| UrlError { option, what, expected };
        let (before, host) = url.rsplit_once('@').map_or(("", url), |(before, host)| (before, host));
        let uri: Uri = url.parse().map_err(|_| error(format!("{host:?} is no URL")))?;
        let scheme = match uri.scheme_str() {
            Some(scheme @ ("http" | "https")) => scheme,
            Some(_) if before.is_empty() => return Err(error(format!("{host:?} has another scheme"))),
            _ => return Err(error(format!("{host:?} is without a scheme"))),
        };
        if uri.query().is_some() || url.contains('#') {
            return Err(error("it has a query or a fragment".to_owned()));
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        if host.is_empty() || host.starts_with(':') {
            return Err(error("it has no host".to_owned()));
        }
        let authorization = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            format!("Basic {}", STANDARD.encode(format!("{}:{}", decoded(name), decoded(password))))
        });
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            .user_agent("tta-doctor")
            .build();
        let base = format!("{scheme}://{host}{}", uri.path().trim_end_matches('/'));
        Ok(Server { agent: ureq::Agent::new_with_config(config), base, authorization })
    }

    /// Another server, asked alike; without the password, which is none of its business.
    pub(crate) fn other(&self, base: &str) -> Self {
        Server { agent: self.agent.clone(), base: base.to_owned(), authorization: None }
    }

    /// What may be shown of it.
    pub(crate) fn shown(&self) -> &str {
        &self.base
    }

    /// The status of a GET.
    pub(crate) fn status(&self, path: &str) -> Result<u16, AskError> {
        let response =
            self.authorized(self.agent.get(format!("{}{path}", self.base))).call().map_err(unreachable)?;
        Ok(response.status().as_u16())
    }

    /// The status of a POST.
    pub(crate) fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Result<u16, AskError> {
        let request = self.authorized(self.agent.post(format!("{}{path}", self.base)));
        let response = request.header("content-type", content_type).send(body).map_err(unreachable)?;
        Ok(response.status().as_u16())
    }

    /// The data that Prometheus' API answers with.
    pub(crate) fn api(&self, path: &str) -> Result<Value, AskError> {
        let request = self.authorized(self.agent.get(format!("{}/api/v1/{path}", self.base)));
        answer(request.call().map_err(unreachable)?)
    }

    /// The result of an instant query.
    pub(crate) fn query(&self, query: &str) -> Result<Value, AskError> {
        let request = self.authorized(self.agent.post(format!("{}/api/v1/query", self.base)));
        // In the body: a query may be longer than what an URL is allowed to.
        answer(request.send_form([("query", query)]).map_err(unreachable)?)
    }

    /// The result of an instant query at a time, as RFC 3339 writes it.
    pub(crate) fn query_at(&self, query: &str, time: &str) -> Result<Value, AskError> {
        let request = self.authorized(self.agent.post(format!("{}/api/v1/query", self.base)));
        answer(request.send_form([("query", query), ("time", time)]).map_err(unreachable)?)
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        }
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Value, AskError> {
    let status = response.status().as_u16();
    if matches!(status, 401 | 403) {
        return Err(AskError::Refused(status));
    }
    let body =
        response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_string().map_err(unreachable)?;
    let Ok(mut answer) = serde_json::from_str::<Value>(&body) else {
        return Err(AskError::Other(format!("HTTP {status} without JSON")));
    };
    match answer["status"].as_str() {
        Some("success") => Ok(answer["data"].take()),
        Some("error") => Err(AskError::Said(answer["error"].as_str().unwrap_or("an error").to_owned())),
        _ => Err(AskError::Other(format!("HTTP {status} with other JSON"))),
    }
}

/// In words, as what the system says of a connection is shorter than how the library says it.
fn unreachable(error: ureq::Error) -> AskError {
    AskError::Unreachable(match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "its host is not known".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            "nothing listens there".to_owned()
        }
        error => error.to_string(),
    })
}

/// `text` with the bytes that are written as `%XX`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%');
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Result<Server, UrlError> {
        Server::new("--prometheus", url, Duration::from_secs(1))
    }

    #[test]
    fn a_password_is_used_and_not_shown() {
        let server = server("http://me:s%40cr%C3%A4t@host:9090/prometheus/").expect("it is an URL");
        assert_eq!(server.shown(), "http://host:9090/prometheus");
        assert_eq!(
            server.authorization.as_deref(),
            Some(format!("Basic {}", STANDARD.encode("me:s@crät")).as_str())
        );
    }

    #[test]
    fn what_is_no_url_is_named_without_its_password() {
        for url in
            ["me:secret@host", "ftp://me:secret@host", "http://me:secret@", "http://me:secret@host/?a", "://"]
        {
            let error = server(url).expect_err(url).to_string();
            assert!(error.contains("expected http://HOST:PORT") && !error.contains("secret"), "{error}");
        }
    }
}
