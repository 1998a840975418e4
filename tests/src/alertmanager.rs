//! A real Alertmanager, and somebody whom it tells.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::PATIENCE;
use crate::free_port;
use crate::process::Program;

/// Debian's Alertmanager on a free port; ends with this value.
#[derive(Debug)]
pub struct Alertmanager {
    _program: Program,
    address: String,
    folder: PathBuf,
}

impl Alertmanager {
    /// Starts it with a configuration.
    ///
    /// # Panics
    /// When it is not installed; `tests/run` installs it.
    #[must_use]
    pub fn start(config: &str) -> Self {
        loop {
            // Somebody else may take the port first. Then it ends, and the next one is tried.
            let address = format!("127.0.0.1:{}", free_port());
            let folder =
                std::env::temp_dir().join(format!("tta-tests-alertmanager-{}", address.replace(':', "-")));
            std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
            let file = folder.join("alertmanager.yml");
            std::fs::write(&file, config).expect("the configuration can be written");
            let program = Program::start(
                "prometheus-alertmanager",
                &[
                    &format!("--config.file={}", file.display()),
                    &format!("--storage.path={}", folder.join("data").display()),
                    &format!("--web.listen-address={address}"),
                    // By itself.
                    "--cluster.listen-address=",
                ],
                &[],
            );
            let line =
                program.error_line(|line| line.contains("Listening on") || line.contains("already in use"));
            if line.contains("Listening on") {
                return Alertmanager { _program: program, address, folder };
            }
        }
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        // Left behind if it cannot be removed; it is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A server that is told of alerts, on a thread of its own; whoever it is that ends last ends it.
#[derive(Debug)]
pub struct Webhook {
    address: String,
    told: Receiver<Value>,
    before: Mutex<Vec<Value>>,
}

impl Webhook {
    /// Starts it.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let (sender, told) = channel();
        let (addresses, address) = channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
                let address = listener.local_addr().expect("a listener has an address").to_string();
                addresses.send(address).expect("it is waited for");
                while let Ok((stream, _)) = listener.accept().await {
                    let sender = sender.clone();
                    let answer = service_fn(move |request: Request<Incoming>| {
                        let sender = sender.clone();
                        async move {
                            let path = request.uri().path().trim_start_matches('/').to_owned();
                            let body = request.into_body().collect().await?.to_bytes();
                            let mut told: Value = serde_json::from_slice(&body).unwrap_or_default();
                            told["told"] = path.into();
                            // The test may be over.
                            let _ = sender.send(told);
                            Ok::<_, hyper::Error>(Response::new(Full::<Bytes>::default()))
                        }
                    });
                    let connection = hyper::server::conn::http1::Builder::new();
                    tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
                }
            });
        });
        let address = address.recv().expect("it listens");
        Webhook { address, told, before: Mutex::default() }
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until it is told of an alert that is wanted: the alert, with the last part of the path as `told`.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    pub fn alert(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(message) => {
                    let alerts = alerts(&message);
                    self.before().extend(alerts.iter().cloned());
                    if let Some(alert) = alerts.into_iter().find(&wanted) {
                        return alert;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("it is not told; so far: {:#?}", self.before())
                }
            }
        }
    }

    /// Every alert so far, as often as it was told.
    #[must_use]
    pub fn all(&self) -> Vec<Value> {
        let new: Vec<Value> = self.told.try_iter().flat_map(|message| alerts(&message)).collect();
        let mut before = self.before();
        before.extend(new);
        before.clone()
    }

    fn before(&self) -> std::sync::MutexGuard<'_, Vec<Value>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn alerts(message: &Value) -> Vec<Value> {
    let mut alerts = message["alerts"].as_array().cloned().unwrap_or_default();
    for alert in &mut alerts {
        alert["told"] = message["told"].clone();
    }
    alerts
}
