//! Setting up and taking down: `init`, and the guard that flushes.

mod builder;
mod publish;
#[cfg(unix)]
mod signal;
mod start;

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use builder::TelemetryBuilder;
#[cfg(feature = "log")]
pub(crate) use publish::service_name;

use crate::config::ConfigError;
use crate::diagnostics::warn;
#[cfg(feature = "prometheus")]
use crate::names::env;
use crate::pipeline::{Exporting, FlushError, Phase, Pipeline, ShutdownReport};

/// Sets up the exporters that the cargo features compiled in, as the environment says.
///
/// The same as [`Telemetry::builder()`]`.init()`. Keep what it returns: dropping it flushes and ends
/// the export.
///
/// ```no_run
/// fn main() -> Result<(), tta::ConfigError> {
///     let telemetry = tta::init()?;
///     // … the program …
///     let report = telemetry.shutdown(std::time::Duration::from_secs(5));
///     if !report.is_complete() {
///         eprintln!("telemetry: {report}");
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// When a variable has a value that is not accepted, or when telemetry is running already. A backend
/// that cannot be reached is not an error: the program runs, and a warning says what is lost.
pub fn init() -> Result<Telemetry, ConfigError> {
    Telemetry::builder().init()
}

/// Running telemetry. Dropping it flushes for at most five seconds and ends the export.
///
/// What is lost without it: `process::exit`, an abort (also that of a panic under `panic = "abort"`) and a
/// signal without [`shutdown_on_signal`](Telemetry::shutdown_on_signal) end the process before the last
/// batch, at most five seconds of spans by default, is exported. For a panic that aborts, call
/// [`shutdown`](Telemetry::shutdown) in a panic hook.
#[must_use = "dropping it ends the export; keep it until the program ends, as in `let _telemetry = tta::init()?;`"]
#[derive(Debug)]
pub struct Telemetry {
    running: Arc<Running>,
}

/// What the guard and the signal handler share.
struct Running {
    exporting: Option<Exporting>,
    #[cfg(feature = "prometheus")]
    endpoint: Mutex<Option<crate::export::prometheus::Endpoint>>,
    prometheus_addr: Option<SocketAddr>,
    /// What went wrong at the start.
    problems: Vec<String>,
    report: Mutex<Option<ShutdownReport>>,
    /// There is a report now.
    ended: Condvar,
    is_down: AtomicBool,
}

/// Whether some [`Telemetry`] is running.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// How long a guard that is dropped, or a signal, waits for the last batch.
const LAST_FLUSH: Duration = Duration::from_secs(5);

impl Telemetry {
    /// Sets the same in code as the environment does; what is set here wins.
    pub fn builder() -> TelemetryBuilder {
        TelemetryBuilder::default()
    }

    /// Where `/metrics` is served; `None` without the feature `prometheus`, where that is switched off,
    /// and where the address could not be had.
    #[must_use]
    pub fn prometheus_addr(&self) -> Option<SocketAddr> {
        self.running.prometheus_addr
    }

    /// Exports everything that has ended by now. Blocks the calling thread, for `timeout` at most; the
    /// export runs on a thread of its own, so this may be called from any runtime or none.
    ///
    /// # Errors
    /// When spans were lost since the last flush, whether now or before the call, with the counts by exporter and
    /// reason; when time was up; and after a shutdown.
    pub fn force_flush(&self, timeout: Duration) -> Result<(), FlushError> {
        match &self.running.exporting {
            _ if self.running.is_down() => Err(FlushError::ShutDown),
            Some(exporting) => exporting.flush(timeout),
            None => Ok(()),
        }
    }

    /// Ends the export and tells what became of every span. Blocks the calling thread, for about `timeout` at most; up to
    /// half of it passes in waiting for sagas that are compensated on tasks, unless this thread is all that their runtime
    /// has.
    /// A second call returns the same report again; one that comes while the first still waits tells, when its own
    /// time is up, how things stand.
    #[allow(clippy::must_use_candidate, reason = "not everybody wants to know")]
    pub fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        self.running.shut_down(timeout)
    }

    /// Waits until no saga is compensated on a task of its own: [`saga::drain`](crate::saga::drain).
    ///
    /// Call it before [`shutdown`](Telemetry::shutdown), so that the spans of these compensations are exported too.
    #[cfg(feature = "saga")]
    pub async fn drain(&self) {
        crate::saga::drain().await;
    }

    /// From now on `SIGTERM` and `SIGINT` flush, for at most five seconds, before they do what they do by
    /// default: end the process.
    ///
    /// Not for programs that handle these signals themselves and go on for a while: those call
    /// [`shutdown`](Telemetry::shutdown) when they are done. A signal that is ignored when this is called,
    /// as `SIGINT` below `nohup`, stays ignored.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    #[cfg(unix)]
    pub fn shutdown_on_signal(&self) -> std::io::Result<()> {
        signal::flush_and_end(&self.running)
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.running.end();
    }
}

impl Running {
    fn is_down(&self) -> bool {
        self.is_down.load(Ordering::Acquire)
    }

    /// Shuts down where nobody asks for the report: what has been lost is said all the same.
    fn end(&self) {
        if self.is_down() {
            return;
        }
        let report = self.shut_down(LAST_FLUSH);
        if report.lost() > 0 {
            warn(format_args!("at the end: {report}"));
        }
        #[cfg(feature = "log")]
        crate::log::flush(crate::log::LAST_LINES);
    }

    fn shut_down(&self, timeout: Duration) -> ShutdownReport {
        if self.is_down.swap(true, Ordering::AcqRel) {
            return self.told(timeout);
        }
        #[cfg(feature = "saga")]
        let (left, timeout) = {
            let begun = Instant::now();
            // The export has the rest of the time.
            let left = crate::saga::wait(timeout / 2);
            (left, timeout.saturating_sub(begun.elapsed()))
        };
        Pipeline::enter_phase(Phase::After);
        let mut report =
            self.exporting.as_ref().map(|exporting| exporting.shut_down(timeout)).unwrap_or_default();
        #[cfg(feature = "saga")]
        if left > 0 {
            report
                .add_problem(format!("sagas that are still being compensated: {left}; await `drain` before"));
        }
        for problem in &self.problems {
            report.add_problem(problem.clone());
        }
        #[cfg(feature = "prometheus")]
        if let Some(endpoint) = self.endpoint.lock().unwrap_or_else(PoisonError::into_inner).take() {
            endpoint.stop();
        }
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(report.clone());
        self.ended.notify_all();
        RUNNING.store(false, Ordering::SeqCst);
        #[cfg(feature = "log")]
        crate::log::flush(timeout.min(crate::log::LAST_LINES));
        report
    }

    /// The report of the shutdown that came first; if that still waits when time is up, how things stand.
    fn told(&self, timeout: Duration) -> ShutdownReport {
        let begun = Instant::now();
        let known = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        let timeout = timeout.min(Duration::from_hours(24));
        let (known, _) = self
            .ended
            .wait_timeout_while(known, timeout, |known| known.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        known.clone().unwrap_or_else(|| {
            let exporters = self.exporting.as_ref().map(Exporting::reports).unwrap_or_default();
            let problem = "another shutdown was still waiting for the exporters".to_owned();
            ShutdownReport::new(exporters, vec![problem], begun.elapsed())
        })
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("prometheus_addr", &self.prometheus_addr)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl Running {
    fn new(exporting: Option<Exporting>) -> Self {
        Running {
            exporting,
            #[cfg(feature = "prometheus")]
            endpoint: Mutex::new(None),
            prometheus_addr: None,
            problems: Vec::new(),
            report: Mutex::new(None),
            ended: Condvar::new(),
            is_down: AtomicBool::new(false),
        }
    }

    /// Serves `/metrics`, or says that it cannot.
    #[cfg(feature = "prometheus")]
    fn serve_metrics(&mut self, address: SocketAddr) {
        match crate::export::prometheus::Endpoint::start(address) {
            Ok(endpoint) => {
                self.prometheus_addr = Some(endpoint.address());
                self.endpoint = Mutex::new(Some(endpoint));
            }
            Err(error) => {
                let problem = format!("metrics are not served at http://{address}/metrics: {error}");
                warn(format_args!("{problem}; set {} to another port, or 0 for any", env::PROMETHEUS_PORT));
                self.problems.push(problem);
            }
        }
    }
}
