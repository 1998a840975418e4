//! Whether somebody takes the spans.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use super::Check;
use super::server::{Server, UrlError};

/// Where spans are sent to.
#[derive(Debug)]
pub(super) enum Receiver {
    Http(Server),
    /// Only whether somebody listens: a call takes more than the question is worth.
    Grpc {
        address: String,
        timeout: Duration,
    },
}

impl Receiver {
    pub(super) fn new(url: &str, timeout: Duration) -> Result<Self, UrlError> {
        match url.strip_prefix("grpc://") {
            Some(address) => {
                // It has to be an address as much as that of an URL; the scheme is for the check only.
                Server::new("--otlp", &format!("http://{address}"), timeout)?;
                let address = address.trim_end_matches('/');
                let address = address.rsplit_once('@').map_or(address, |(_, host)| host);
                let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
                let address = if has_port { address.to_owned() } else { format!("{address}:4317") };
                Ok(Receiver::Grpc { address, timeout })
            }
            None => Server::new("--otlp", url, timeout).map(Receiver::Http),
        }
    }

    pub(super) fn check(&self) -> Check {
        const START: &str =
            "start the Collector (collector/config.yml), or give the URL where it is with --otlp";
        match self {
            Receiver::Http(server) => {
                let path = if server.shown().ends_with("/v1/traces") { "" } else { "/v1/traces" };
                // An export request without spans is an empty message.
                match server.post(path, "application/x-protobuf", &[]) {
                    Ok(200..=299) => Check::ok("otlp", format!("{} takes spans", server.shown())),
                    Ok(status) => Check::failed(
                        "otlp",
                        format!("{} answers HTTP {status} to an export without spans", server.shown()),
                        "see that it is a receiver of OTLP over HTTP; its port is 4318 (for 4317, say grpc://)",
                    ),
                    Err(error) => Check::failed("otlp", format!("{}: {error}", server.shown()), START),
                }
            }
            Receiver::Grpc { address, timeout } => {
                let addresses =
                    address.to_socket_addrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
                if addresses.iter().any(|address| TcpStream::connect_timeout(address, *timeout).is_ok()) {
                    Check::ok("otlp", format!("{address} listens"))
                } else {
                    Check::failed("otlp", format!("{address}: no connection"), START)
                }
            }
        }
    }
}
