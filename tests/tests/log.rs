//! Log lines: what they carry, that they hold nobody up, and what is said of those that are missing.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tracing_subscriber::layer::SubscriberExt as _;
use tta::testing::capture;

/// Keeps what is written, call by call.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<String>>>);

impl Write for Written {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").push(String::from_utf8(line.to_vec()).expect("text"));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn lines(&self) -> Vec<String> {
        assert!(tta::log::flush(Duration::from_secs(10)));
        self.0.lock().expect("no panic").clone()
    }

    fn json(&self) -> Vec<Value> {
        self.lines().iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn logging<R>(layer: tta::log::LogLayer, body: impl FnOnce() -> R) -> R {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), body)
}

#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct NoAnswer(#[source] io::Error);

#[tta::workflow]
async fn answered(question: &str) -> Result<usize, NoAnswer> {
    tracing::info!(words = 2, ratio = 0.5, nan = f64::NAN, known = true, "asked\nnow");
    Ok(looked_up(question).await)
}

#[tta::primitive]
async fn looked_up(question: &str) -> usize {
    let error = NoAnswer(io::Error::other("gone"));
    tracing::warn!(error = &error as &(dyn std::error::Error + 'static), level = "mine", question, "tried");
    question.len()
}

#[test]
fn a_line_says_where_it_was_written_and_then_what_the_event_has() {
    let (capture, written) = (capture(), Written::default());
    let _ = logging(tta::log::layer().writer(written.clone()), || {
        futures::executor::block_on(answered("why \u{1b}[31m?"))
    });
    let text = written.lines();
    assert!(text.iter().all(|line| line.ends_with('\n') && line.matches('\n').count() == 1), "{text:?}");
    assert!(text.iter().all(|line| !line.contains('\u{1b}')), "{text:?}");
    let lines = written.json();
    let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().expect("a message")).collect();
    assert_eq!(messages, ["asked\nnow", "tried", "primitive_executed", "workflow_executed"]);
    let keys = text[0].split("\":").map(|part| part.rsplit('"').next().expect("a key").to_owned());
    let expected = [
        "timestamp",
        "level",
        "target",
        "message",
        "trace_id",
        "span_id",
        "workflow",
        "workflow_id",
        "correlation_id",
        "service",
        "words",
        "ratio",
        "nan",
        "known",
    ];
    assert_eq!(keys.take(expected.len()).collect::<Vec<_>>(), expected);
    let (workflow, step) = (capture.span("invoke_workflow answered"), capture.span("looked_up"));
    for (line, span) in lines.iter().zip([&workflow, &step, &step, &workflow]) {
        assert_eq!(line["trace_id"], span.span_context.trace_id().to_string());
        assert_eq!(line["span_id"], span.span_context.span_id().to_string());
        assert_eq!(line["workflow"], "answered");
        assert_eq!(line["workflow_id"].as_str(), workflow.attribute("tta.workflow.id").as_deref());
        assert_eq!(line["correlation_id"], line["workflow_id"]);
        let timestamp = line["timestamp"].as_str().expect("a time");
        assert!(timestamp.len() == 27 && timestamp.ends_with('Z'), "{timestamp}");
    }
    assert_eq!(
        (&lines[0]["words"], &lines[0]["ratio"], &lines[0]["known"]),
        (&2.into(), &0.5.into(), &true.into())
    );
    assert_eq!(lines[0]["nan"], "NaN");
    assert_eq!(lines[0].get("primitive"), None);
    assert_eq!((&lines[1]["level"], &lines[1]["event.level"]), (&"WARN".into(), &"mine".into()));
    assert_eq!(lines[1]["primitive"], "looked_up");
    assert_eq!(lines[1]["error"], "no answer: gone");
    assert_eq!(
        (&lines[3]["status"], &lines[3]["steps"], &lines[3]["level"]),
        (&"success".into(), &1.into(), &"INFO".into())
    );
    assert!(lines[3]["duration_ms"].as_f64().is_some_and(|duration| duration > 0.0));
    assert_eq!(lines[2]["level"], "DEBUG");
}

#[test]
fn a_warning_is_an_event_of_the_span_and_an_error_in_it_an_exception() {
    let capture = capture();
    let _ = logging(tta::log::layer().writer(io::sink()), || futures::executor::block_on(answered("why")));
    assert!(capture.span("invoke_workflow answered").event_names().is_empty(), "INFO stays in the log");
    let span = capture.span("looked_up");
    assert_eq!(span.event_names(), ["exception"]);
    let attributes = &span.events[0].attributes;
    let of = |key: &str| {
        attributes.iter().find(|attribute| attribute.key.as_str() == key).map(|own| own.value.to_string())
    };
    assert_eq!(of("exception.message").as_deref(), Some("no answer: gone"));
    assert_eq!(of("message").as_deref(), Some("tried"));
}

#[test]
fn lines_for_people_have_no_control_characters_either() {
    let written = Written::default();
    logging(tta::log::layer().human().writer(written.clone()), || {
        tracing::error!(path = "a\nb\u{7}", "forged\r\n2026-01-01T00:00:00Z ERROR all is well \u{9b}31m");
    });
    let lines = written.lines();
    assert_eq!(lines.len(), 1);
    let line = lines[0].strip_suffix('\n').expect("an end");
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(line.contains("ERROR") && line.contains("forged\\r\\n") && line.contains("path=a\\nb"), "{line}");
}

/// Writes nothing before it is told to.
struct Stuck(Receiver<()>, Written);

impl Write for Stuck {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Whoever holds it up may have gone.
        let _ = self.0.recv();
        self.1.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_that_cannot_be_written_holds_nobody_up_and_says_what_is_missing() {
    let (go_on, stuck): (Sender<()>, _) = channel();
    let written = Written::default();
    let layer = tta::log::layer().room(4).writer(Stuck(stuck, written.clone()));
    logging(layer, || {
        // Whoever waits for the end takes no line's room.
        let waiting: Vec<_> =
            (0..3).map(|_| std::thread::spawn(|| tta::log::flush(Duration::from_secs(10)))).collect();
        for n in 0..100 {
            tracing::info!(n, "many");
        }
        assert!(!tta::log::flush(Duration::from_millis(50)), "it is stuck");
        drop(go_on);
        assert!(tta::log::flush(Duration::from_secs(10)));
        assert!(waiting.into_iter().all(|thread| thread.join().expect("no panic")));
    });
    let lines = written.json();
    let kept = lines.iter().filter(|line| line["message"] == "many").count();
    let missing: u64 = lines.iter().filter_map(|line| line["dropped"].as_u64()).sum();
    assert!((4..=5).contains(&kept), "{kept} of 100 where 4 have room and one is being written");
    assert_eq!(kept as u64 + missing, 100);
}

#[test]
fn what_sampling_leaves_out_is_counted_and_errors_never_are() {
    let written = Written::default();
    logging(tta::log::layer().sample(3, 10).writer(written.clone()), || {
        for n in 0..23 {
            tracing::info!(n, "often");
        }
        for n in 0..23 {
            tracing::error!(n, "always");
        }
        tracing::info!("elsewhere");
        let lines = written.json();
        let count = |message: &str| lines.iter().filter(|line| line["message"] == message).count();
        assert_eq!((count("always"), count("elsewhere")), (23, 1));
        let left_out: u64 = lines.iter().filter_map(|line| line["sampled_out"].as_u64()).sum();
        // Exactly 5 unless the second ended meanwhile.
        assert!(count("often") >= 5, "3, and one in 10 of the others");
        assert_eq!(count("often") as u64 + left_out, 23);
        let places: Vec<_> = lines.iter().filter_map(|line| line["place"].as_str()).collect();
        assert!(!places.is_empty() && places.iter().all(|place| place.contains("log.rs:")), "{places:?}");
    });
}

#[test]
fn a_filter_of_the_subscriber_takes_nothing_from_spans_and_metrics() {
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::layer::Layer as _;

    let (capture, written) = (capture(), Written::default());
    let layer = tta::log::layer().writer(written.clone()).with_filter(LevelFilter::ERROR);
    let subscriber = tracing_subscriber::registry().with(layer);
    let _ = tracing::subscriber::with_default(subscriber, || futures::executor::block_on(answered("why")));
    assert!(written.lines().is_empty());
    assert_eq!(capture.spans().len(), 2);
    assert_eq!(capture.span("looked_up").parent_span_id, capture.span("invoke_workflow answered").id());
    let labels = [("workflow_name", "answered"), ("status", "success")];
    assert_eq!(capture.metric("tta_workflow_executions_total", &labels), Some(1.0));
}
