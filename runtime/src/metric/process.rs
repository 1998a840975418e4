//! What the operating system knows of this process, asked whenever metrics are read.

use super::family::{self, Family, Unit};
use super::store::{FamilySnapshot, Labels, Reading, SeriesSnapshot};

/// Puts the process's own values into a reading of the store. What the platform does not tell has no series.
pub(crate) fn fill(families: &mut [FamilySnapshot]) {
    let readings = readings();
    for snapshot in families {
        let reading = readings.iter().find(|(family, _)| std::ptr::eq(*family, snapshot.family));
        if let Some((_, Some(reading))) = reading {
            snapshot.series = vec![SeriesSnapshot::new(Labels::new(), reading.clone())];
        }
    }
}

#[cfg(any(
    target_os = "freebsd",
    target_os = "linux",
    target_os = "macos",
    target_os = "openbsd",
    target_os = "windows"
))]
fn readings() -> [(&'static Family, Option<Reading>); 7] {
    let process = metrics_process::collector::collect();
    let gauge = |value: Option<u64>| value.and_then(|value| i64::try_from(value).ok()).map(Reading::Gauge);
    let second = Unit::Seconds.resolution();
    let start = process.start_time_seconds.map(|seconds| seconds.saturating_mul(second));
    #[allow(clippy::cast_sign_loss, reason = "time that was taken")]
    let cpu = process.cpu_seconds_total.map(|seconds| Reading::Counter((seconds * second as f64) as u64));
    [
        (&family::PROCESS_CPU, cpu),
        (&family::PROCESS_RESIDENT_MEMORY, gauge(process.resident_memory_bytes)),
        (&family::PROCESS_VIRTUAL_MEMORY, gauge(process.virtual_memory_bytes)),
        (&family::PROCESS_OPEN_FDS, gauge(process.open_fds)),
        (&family::PROCESS_MAX_FDS, gauge(process.max_fds)),
        (&family::PROCESS_THREADS, gauge(process.threads)),
        (&family::PROCESS_START_TIME, gauge(start)),
    ]
}

#[cfg(not(any(
    target_os = "freebsd",
    target_os = "linux",
    target_os = "macos",
    target_os = "openbsd",
    target_os = "windows"
)))]
fn readings() -> [(&'static Family, Option<Reading>); 0] {
    []
}
