//! What the HTTP clients that push have in common.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use super::tls;

/// What these clients call themselves.
pub(super) const USER_AGENT: &str = concat!("tta/", env!("CARGO_PKG_VERSION"));

/// Characters of a receiver's reason that are shown.
const LONGEST_REASON: usize = 200;

/// A client for one receiver: no redirects, which could take headers elsewhere, and no proxy for what is on
/// this machine.
pub(super) fn client(
    host: &str,
    is_https: bool,
    certificate: Option<&Path>,
    timeout: Duration,
) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(timeout)
        .tls_backend_preconfigured(tls::config(certificate, is_https)?);
    if is_loopback(host) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| format!("cannot make an HTTP client: {}", cause(&error)))
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// The innermost cause of an error: "connection refused" and not that an error occurred.
pub(super) fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// A sentence of a receiver's. It comes from outside, so it is bounded and cannot move a cursor.
pub(super) fn readable(why: &str) -> String {
    let why = why.chars().take(LONGEST_REASON).flat_map(|char| {
        let (shown, escaped) =
            if char.is_control() { (None, Some(char.escape_default())) } else { (Some(char), None) };
        shown.into_iter().chain(escaped.into_iter().flatten())
    });
    why.collect()
}

/// What can be shown of a URL, or of what should have been one: what stands before an `@` and after a `?`
/// may be secret.
pub(super) fn without_secrets(url: &str) -> String {
    let (url, query) = url.split_once('?').map_or((url, ""), |(url, _)| (url, "?…"));
    let (user, rest) = url.rsplit_once('@').map_or(("", url), |(_, rest)| ("…@", rest));
    format!("{user}{rest}{query}")
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn a_receiver_on_this_machine_is_known_as_one() {
        for (host, loopback) in [
            ("localhost", true),
            ("127.0.0.2", true),
            ("[::1]", true),
            ("localhost.example", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(host), loopback, "{host}");
        }
    }
}
