//! Our metrics in recorders of the `metrics` facade that the program has.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tta::{Telemetry, TelemetryBuilder};
use tta_tests::http_get;

const TIMEOUT: Duration = Duration::from_secs(10);

/// One `init` at a time.
static TURN: Mutex<()> = Mutex::new(());

fn builder() -> TelemetryBuilder {
    Telemetry::builder().console(false).otlp(false).prometheus(false)
}

#[tta::primitive]
fn mirrored(good: bool) -> Result<(), std::fmt::Error> {
    if good { Ok(()) } else { Err(std::fmt::Error) }
}

#[tta::primitive(kind = "tool")]
fn mirrored_to_prometheus(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// What the recorder has of `mirrored`: values by name and status.
fn values(snapshotter: &Snapshotter) -> BTreeMap<String, DebugValue> {
    let mut values = BTreeMap::new();
    for (key, unit, description, value) in snapshotter.snapshot().into_vec() {
        let label =
            |name: &str| key.key().labels().find(|label| label.key() == name).map(metrics::Label::value);
        if label("primitive_name") == Some("mirrored") {
            assert!(unit.is_some() && description.is_some(), "{key:?} is described");
            let name = [Some(key.key().name()), label("status"), label("error_type")];
            values.insert(name.into_iter().flatten().collect::<Vec<_>>().join(" "), value);
        }
    }
    values
}

fn samples(values: &BTreeMap<String, DebugValue>) -> Vec<f64> {
    match &values["tta_primitive_duration_seconds"] {
        DebugValue::Histogram(samples) => samples.iter().map(|sample| sample.into_inner()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recorder_given_to_the_builder_gets_every_number_once() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let telemetry = builder().recorder(recorder).init().expect("nothing else is running");
    for number in 0..7 {
        assert_eq!(mirrored(number < 5).is_ok(), number < 5);
    }
    telemetry.force_flush(TIMEOUT).expect("the recorder takes it");
    let first = values(&snapshotter);
    assert_eq!(first["tta_primitive_executions_total success"], DebugValue::Counter(5));
    assert_eq!(first["tta_primitive_executions_total error"], DebugValue::Counter(2));
    let errors = first.iter().filter(|(name, value)| {
        name.starts_with("tta_primitive_errors_total") && **value == DebugValue::Counter(2)
    });
    assert_eq!(errors.count(), 1, "one kind of error occurred twice: {first:#?}");
    assert_eq!(first["tta_primitives_active"], DebugValue::Gauge(0.0.into()));
    let recorded = samples(&first);
    assert_eq!(recorded.len(), 7);
    let stats = tta::stats();
    let mean = stats.primitive("mirrored").and_then(tta::SiteStats::mean).expect("it was called");
    let sum: f64 = recorded.iter().sum();
    assert!((sum / 7.0 - mean.as_secs_f64()).abs() < 1e-8, "{sum} of 7 calls of {mean:?}");

    // A flush without calls adds nothing, and a shutdown brings the last ones.
    telemetry.force_flush(TIMEOUT).expect("the recorder takes it");
    assert!(samples(&values(&snapshotter)).is_empty());
    for _ in 0..3 {
        assert!(mirrored(true).is_ok());
    }
    let report = telemetry.shutdown(TIMEOUT);
    assert!(report.is_complete(), "{report}");
    let last = values(&snapshotter);
    assert_eq!(last["tta_primitive_executions_total success"], DebugValue::Counter(8));
    assert_eq!(samples(&last).len(), 3);
}

/// The series of `mirrored_to_prometheus` in an exposition, without regard to the order of labels and to how
/// numbers are written.
fn series(exposition: &str) -> BTreeMap<String, f64> {
    let mut series = BTreeMap::new();
    for line in exposition.lines().filter(|line| line.contains("\"mirrored_to_prometheus\"")) {
        let (name, value) = line.rsplit_once(' ').expect("a sample has a value");
        let (name, labels) = name.split_once('{').expect("it has labels");
        let mut labels: Vec<_> =
            labels.trim_end_matches('}').split(',').map(|label| label.replace(".0\"", "\"")).collect();
        labels.sort();
        series.insert(format!("{name} {}", labels.join(" ")), value.parse().expect("a number"));
    }
    series
}

struct Failing;

impl metrics::Recorder for Failing {
    fn describe_counter(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_gauge(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_histogram(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn register_counter(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        panic!("deliberate")
    }
    fn register_gauge(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        panic!("deliberate")
    }
    fn register_histogram(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Histogram {
        panic!("deliberate")
    }
}

#[test]
fn a_recorder_that_panics_is_a_problem_that_a_flush_tells() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let telemetry = builder().recorder(Failing).init().expect("nothing else is running");
    let problem = telemetry.force_flush(TIMEOUT).expect_err("it panics").to_string();
    assert!(problem.contains("panicked"), "{problem}");
    assert!(!telemetry.shutdown(TIMEOUT).is_complete());
}

#[test]
fn a_recorder_that_was_installed_first_stays_and_has_our_numbers_too() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let families = tta::catalog();
    let duration =
        families.families().iter().find(|family| family.name() == "tta_primitive_duration_seconds");
    let bounds = duration.expect("it is declared").buckets();
    let exporter = PrometheusBuilder::new().set_buckets(bounds).expect("there are some").build_recorder();
    let handle = exporter.handle();
    metrics::set_global_recorder(exporter).expect("nobody else is there");

    for _round in 0..2 {
        let telemetry = builder()
            .prometheus(true)
            .prometheus_addr(([127, 0, 0, 1], 0).into())
            .init()
            .expect("nothing else is running");
        for milliseconds in [0, 0, 2, 7] {
            mirrored_to_prometheus(milliseconds);
        }
        metrics::counter!("of_the_program").increment(1);
        telemetry.force_flush(TIMEOUT).expect("the recorder takes it");
        let address = telemetry.prometheus_addr().expect("it is served");
        let (_, _, ours) = http_get(&format!("http://{address}/metrics"), "text/plain");
        assert!(!ours.contains("of_the_program"), "it went to the program's own recorder");
        let theirs = handle.render();
        assert!(theirs.contains("of_the_program"), "{theirs}");
        assert!(!theirs.contains("process_cpu_seconds"), "a program may have its own there");
        let (ours, theirs) = (series(&ours), series(&theirs));
        let names = |series: &BTreeMap<String, f64>| series.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&ours), names(&theirs));
        assert!(names(&ours).len() > 22, "{ours:#?}");
        for (name, value) in &ours {
            assert!((value - theirs[name]).abs() < 1e-6, "{name} is {value} and {}", theirs[name]);
        }
    }
}
