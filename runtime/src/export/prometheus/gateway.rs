//! The exposition pushed to a Pushgateway, for programs that end before anybody scrapes them.

use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use opentelemetry::Key;
use opentelemetry_sdk::Resource;
use reqwest::Url;

use super::accept::Format;
use crate::config::{ConfigError, environment};
use crate::export::client::{cause, client, readable, without_secrets};
use crate::metric::store::FamilySnapshot;
use crate::names::env;
use crate::pipeline::{Accepted, ExportFailure, MetricExport, Patience};

/// The name in lists of exporters and in warnings.
pub(crate) const NAME: &str = "pushgateway";

/// Replaces this program's group at a Pushgateway with each reading.
pub(crate) struct Gateway {
    /// The group's, with what may be secret.
    url: Url,
    /// Without.
    shown: String,
    http: Option<reqwest::Client>,
}

impl Gateway {
    /// The one that code, or `TTA_PUSHGATEWAY_URL`, names; if neither does, the one on this machine where it
    /// `is_asked_for`, or else none.
    pub(crate) fn new(
        url: Option<&str>,
        is_asked_for: bool,
        resource: &Resource,
    ) -> Result<Option<Self>, ConfigError> {
        let (variable, text) = match (url, environment::text(env::PUSHGATEWAY_URL)?) {
            (Some(text), _) => (NAME, text.to_owned()),
            (None, Some(text)) => (env::PUSHGATEWAY_URL, text),
            (None, None) if is_asked_for => (env::PUSHGATEWAY_URL, "http://localhost:9091".to_owned()),
            (None, None) => return Ok(None),
        };
        let invalid = || {
            let wanted = "a URL that begins with http:// or https://, such as http://localhost:9091";
            ConfigError::invalid(variable, without_secrets(&text), wanted)
        };
        let mut url = Url::parse(&text).map_err(|_| invalid())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(invalid());
        }
        if url.query().is_some() || url.fragment().is_some() {
            let wanted = "a URL without a query, since the group's path is added to it";
            return Err(ConfigError::invalid(variable, without_secrets(&text), wanted));
        }
        let read = |key| resource.get(&Key::from_static_str(key)).map(|value| value.to_string());
        let job = read("service.name").unwrap_or_else(|| "unknown_service".to_owned());
        let host = || gethostname::gethostname().to_string_lossy().into_owned();
        let instance = read("service.instance.id").unwrap_or_else(host);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("metrics");
            for (label, value) in [("job", job), ("instance", instance)] {
                let [label, value] = grouping(label, value);
                path.push(&label).push(&value);
            }
        }
        let mut shown = url.clone();
        // Neither can fail for a URL with a host.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        Ok(Some(Gateway { url, shown: shown.into(), http: None }))
    }

    fn client(&mut self) -> Result<reqwest::Client, ExportFailure> {
        if let Some(client) = &self.http {
            return Ok(client.clone());
        }
        let is_https = self.url.scheme() == "https";
        let host = self.url.host_str().unwrap_or_default();
        let timeout = crate::config::metric_timeout().unwrap_or_default();
        let client = client(host, is_https, None, timeout).map_err(ExportFailure)?;
        Ok(self.http.insert(client).clone())
    }
}

/// A label of the group as two segments of the path; by the gateway's own rule in base64 where a segment
/// could not hold it.
fn grouping(label: &str, value: String) -> [String; 2] {
    if value.is_empty() {
        return [format!("{label}@base64"), "=".to_owned()];
    }
    if value.contains('/') || matches!(&*value, "." | "..") {
        return [format!("{label}@base64"), BASE64_URL_SAFE_NO_PAD.encode(value)];
    }
    [label.to_owned(), value]
}

impl MetricExport for Gateway {
    fn name(&self) -> &'static str {
        NAME
    }

    fn export(
        &mut self,
        families: Vec<FamilySnapshot>,
        patience: Patience,
    ) -> BoxFuture<'_, Result<Accepted, ExportFailure>> {
        let body = super::exposition(&families, Format::Text);
        Box::pin(async move {
            // PUT: what an earlier run of the program had pushed is gone.
            let request = self
                .client()?
                .put(self.url.clone())
                .header(CONTENT_TYPE, Format::Text.content_type())
                .timeout(patience.answer.saturating_duration_since(Instant::now()))
                .body(body);
            let failed = |error: reqwest::Error| {
                ExportFailure(format!("cannot push to {}: {}", self.shown, cause(&error)))
            };
            let mut response = request.send().await.map_err(failed)?;
            let status = response.status();
            if status.is_success() {
                return Ok(Accepted::default());
            }
            // It says which line it does not like.
            let answer = response.chunk().await.ok().flatten().unwrap_or_default();
            let why = readable(String::from_utf8_lossy(&answer).trim());
            let separator = if why.is_empty() { "" } else { ": " };
            Err(ExportFailure(format!("{} answered {status}{separator}{why}", self.shown)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(url: &str, service: &str, instance: &str) -> String {
        let instance = opentelemetry::KeyValue::new("service.instance.id", instance.to_owned());
        let resource = Resource::builder_empty().with_service_name(service.to_owned());
        let resource = resource.with_attribute(instance).build();
        Gateway::new(Some(url), false, &resource).expect("it is a URL").expect("it is given").shown
    }

    #[test]
    fn job_and_instance_are_the_group_whatever_they_are() {
        assert_eq!(group("http://g:9091", "shop", "a"), "http://g:9091/metrics/job/shop/instance/a");
        assert_eq!(group("http://g/push/", "é ?", "a"), "http://g/push/metrics/job/%C3%A9%20%3F/instance/a");
        assert_eq!(
            group("http://u:p@g", "a/b", ".."),
            "http://g/metrics/job@base64/YS9i/instance@base64/Li4"
        );
        assert_eq!(group("http://g", "shop", ""), "http://g/metrics/job/shop/instance@base64/=");
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_its_secrets() {
        let resource = Resource::builder_empty().build();
        for url in
            ["gateway:9091", "ftp://user:secret@gateway", "http://user:secret@gateway?x=secret", "http://"]
        {
            let error = Gateway::new(Some(url), false, &resource).err().expect("it is refused").to_string();
            assert!(error.contains("pushgateway") && !error.contains("secret"), "{error}");
        }
    }
}
