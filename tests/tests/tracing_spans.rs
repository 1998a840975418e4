//! `tracing_spans(true)`: a span of `tracing` for each call, for whoever listens to those, and none more in what is
//! exported.

use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::thread::ThreadId;
use std::time::Duration;

use futures::StreamExt as _;
use opentelemetry::trace::{SpanId, TraceContextExt as _};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Instrument as _, Level, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, fmt};
use tta::opentelemetry_sdk::error::OTelSdkResult;
use tta::opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tta::testing::{Capture, assert_trace, capture};
use tta::{CarryExt as _, Telemetry};

// ---- what is set up ----

#[derive(Clone, Debug, Default)]
struct Exporter(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        lock(&self.0).extend(batch);
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One telemetry for all tests here, with such spans.
fn telemetry() -> &'static (Telemetry, Exporter) {
    static RUNNING: OnceLock<(Telemetry, Exporter)> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let exporter = Exporter::default();
        let builder = Telemetry::builder().console(false).otlp(false).prometheus(false);
        let builder = builder.span_exporter(exporter.clone()).filter("name=hidden").tracing_spans(true);
        (builder.init().expect("telemetry"), exporter)
    })
}

/// A span, as a subscriber saw it.
#[derive(Clone, Debug)]
struct Seen {
    id: Id,
    name: &'static str,
    target: String,
    level: Level,
    place: (Option<String>, Option<u32>),
    parent: Option<&'static str>,
    fields: Vec<(&'static str, String)>,
    /// Where it was entered and left, in this order.
    entered: Vec<(bool, ThreadId)>,
    is_closed: bool,
}

impl Seen {
    fn field(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// How often it was entered; on each thread it was left before it was entered again. What a call has spawned may
    /// have it entered on another at the same time.
    fn entries(&self) -> usize {
        let mut inside = HashSet::new();
        for (enters, thread) in &self.entered {
            let changes = if *enters { inside.insert(*thread) } else { inside.remove(thread) };
            assert!(changes, "{}: {:?}", self.name, self.entered);
        }
        assert!(inside.is_empty(), "{}: {:?}", self.name, self.entered);
        self.entered.len() / 2
    }
}

/// A layer that writes down what it is told.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Seen>>>);

struct Values<'a>(&'a mut Vec<(&'static str, String)>);

impl Visit for Values<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}

impl Recorder {
    fn of(&self, id: &Id, look: impl FnOnce(&mut Seen)) {
        look(lock(&self.0).iter_mut().rev().find(|seen| seen.id == *id).expect("a known span"));
    }

    fn names(&self) -> Vec<&'static str> {
        lock(&self.0).iter().map(|seen| seen.name).collect()
    }

    fn span(&self, name: &str) -> Seen {
        let all = lock(&self.0);
        let mut named = all.iter().filter(|seen| seen.name == name);
        let found = named.next().unwrap_or_else(|| panic!("no {name} in {all:?}"));
        assert!(named.next().is_none(), "{name} twice in {all:?}");
        found.clone()
    }

    fn parent(&self, name: &str) -> Option<&'static str> {
        self.span(name).parent
    }

    /// Every span was left as often as it was entered, and closed.
    fn assert_all_is_over(&self) {
        for seen in lock(&self.0).iter() {
            seen.entries();
            assert!(seen.is_closed, "{} is open", seen.name);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        let mut fields = Vec::new();
        attributes.record(&mut Values(&mut fields));
        let parent = context.span(id).and_then(|span| span.parent()).map(|parent| parent.name());
        lock(&self.0).push(Seen {
            id: id.clone(),
            name: metadata.name(),
            target: metadata.target().to_owned(),
            level: *metadata.level(),
            place: (metadata.file().map(ToOwned::to_owned), metadata.line()),
            parent,
            fields,
            entered: Vec::new(),
            is_closed: false,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.of(id, |seen| values.record(&mut Values(&mut seen.fields)));
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        self.of(id, |seen| seen.entered.push((true, std::thread::current().id())));
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        self.of(id, |seen| seen.entered.push((false, std::thread::current().id())));
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.of(&id, |seen| seen.is_closed = true);
    }
}

/// Runs `body` with a recorder, and the layers that make it a subscriber of the usual kind.
fn recorded<R>(body: impl FnOnce() -> R) -> (R, Recorder) {
    telemetry();
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry().with(tta::tracing_layer()).with(recorder.clone());
    (tracing::subscriber::with_default(subscriber, body), recorder)
}

/// Several threads, each with this subscriber.
fn threads(dispatch: &Dispatch) -> tokio::runtime::Runtime {
    let dispatch = dispatch.clone();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .on_thread_start(move || std::mem::forget(tracing::dispatcher::set_default(&dispatch)))
        .build()
        .expect("a runtime")
}

fn block_on<F: Future>(future: F) -> F::Output {
    futures::executor::block_on(future)
}

/// Pending so often, and woken at once.
async fn pending(times: u32) {
    let mut left = times;
    poll_fn(|task| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

// ---- names, fields, endings ----

#[derive(Debug, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient, code = "E1")]
    Busy,
}

#[tta::primitive(kind = "tool", fields(word, length = word.len(), shown = %word, debugged = ?word, absent = None::<u32>),
    ret(first = *ret))]
async fn look_up(word: &str) -> Result<u8, Failure> {
    pending(1).await;
    word.bytes().next().ok_or(Failure::Busy)
}

#[tta::workflow(fields(items = 2, ratio = 0.5, is_new = true))]
fn order() {}

#[test]
fn a_call_is_a_span_with_its_name_its_place_its_fields_and_how_it_ended() {
    let ((), recorder) = recorded(|| {
        block_on(look_up("word")).expect("a word");
        order();
    });
    let found = recorder.span("look_up");
    assert_eq!((found.level, found.target.as_str()), (Level::DEBUG, "tracing_spans"));
    assert_eq!(found.place.0.as_deref(), Some(file!()));
    assert!(found.place.1.is_some_and(|line| line > 100), "{:?}", found.place);
    let fields = [
        ("word", "\"word\""),
        ("length", "4"),
        ("shown", "word"),
        ("debugged", "\"word\""),
        ("first", "119"),
        ("tta.status", "\"success\""),
    ];
    assert_eq!(found.fields, fields.map(|(key, value)| (key, value.to_owned())));
    let found = recorder.span("order");
    assert_eq!((found.level, found.parent), (Level::INFO, None));
    let fields = [("items", "2"), ("ratio", "0.5"), ("is_new", "true"), ("tta.status", "\"success\"")];
    assert_eq!(found.fields, fields.map(|(key, value)| (key, value.to_owned())));
    recorder.assert_all_is_over();
}

#[tta::primitive]
fn panicking() {
    panic!("as it should");
}

#[tta::primitive]
async fn panicking_later() {
    pending(1).await;
    panic!("as it should");
}

#[tta::primitive]
async fn never() {
    std::future::pending::<()>().await;
}

#[tta::primitive]
fn counting() -> impl futures::Stream<Item = u32> {
    futures::stream::iter(0..3).then(|n| async move {
        pending(1).await;
        n
    })
}

#[tta::primitive]
fn made() -> impl Future<Output = u32> {
    async {
        pending(2).await;
        1
    }
}

fn status(recorder: &Recorder, name: &str) -> String {
    recorder.span(name).field("tta.status").unwrap_or_default().to_owned()
}

#[test]
fn whatever_way_a_call_ends_its_span_is_left_and_closed_and_says_how() {
    let ((), recorder) = recorded(|| {
        block_on(look_up("")).expect_err("no word");
        catch_unwind(panicking).expect_err("it panics");
        catch_unwind(|| block_on(panicking_later())).expect_err("it panics");
        let mut dropped = Box::pin(never());
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(dropped.as_mut().poll(&mut task).is_pending());
        assert!(dropped.as_mut().poll(&mut task).is_pending());
        drop(dropped);
        drop(never());
        assert_eq!(block_on(counting().collect::<Vec<_>>()), [0, 1, 2]);
        assert_eq!(block_on(made()), 1);
        assert!(tracing::Span::current().is_none(), "nothing is left current");
    });
    assert_eq!(status(&recorder, "look_up"), "\"error\"");
    assert_eq!(recorder.span("look_up").field("error.type"), Some("\"busy\""));
    assert_eq!(status(&recorder, "panicking"), "\"error\"");
    assert_eq!(recorder.span("panicking").field("error.type"), Some("\"panic\""));
    assert_eq!(status(&recorder, "panicking_later"), "\"error\"");
    assert_eq!(status(&recorder, "never"), "\"cancelled\"");
    assert_eq!(status(&recorder, "counting"), "\"success\"");
    assert_eq!(status(&recorder, "made"), "\"success\"");
    // Each poll, and for what was dropped the drop of its body.
    assert_eq!(recorder.span("never").entries(), 3);
    assert_eq!(recorder.span("panicking_later").entries(), 2);
    // The body, six polls with three items, and the last.
    assert_eq!(recorder.span("counting").entries(), 1 + 6 + 1);
    assert_eq!(recorder.span("made").entries(), 3);
    recorder.assert_all_is_over();
}

// ---- threads and tasks ----

#[tta::workflow]
async fn moving() {
    pending(20).await;
    let inner = tokio::spawn(stepping());
    pending(20).await;
    inner.await.expect("the task ends");
}

#[tta::primitive]
async fn stepping() {
    pending(5).await;
    inside().await;
}

#[tta::primitive]
async fn inside() {
    pending(3).await;
}

#[tracing::instrument]
async fn theirs() {
    pending(1).await;
    inside().await;
}

#[test]
fn a_span_is_entered_for_each_poll_on_whichever_thread_and_a_spawned_call_is_below_its_caller() {
    telemetry();
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry().with(tta::tracing_layer()).with(recorder.clone());
    let runtime = threads(&Dispatch::new(subscriber));
    let captures: Vec<_> = (0..8).map(|_| capture()).collect();
    for capture in &captures {
        let moving = capture.run(|| moving().carried());
        runtime.block_on(runtime.spawn(moving)).expect("no panic");
        assert_trace!(capture, { "invoke_workflow moving" { "stepping" { "inside" } } });
    }
    drop(runtime);
    recorder.assert_all_is_over();
    let all = lock(&recorder.0);
    assert_eq!(all.len(), 8 * 3);
    let moving: Vec<_> = all.iter().filter(|seen| seen.name == "moving").collect();
    for seen in &moving {
        assert!(seen.entries() >= 41, "{}", seen.entries());
    }
    for seen in all.iter().filter(|seen| seen.name == "stepping") {
        assert_eq!((seen.parent, seen.entries()), (Some("moving"), 9));
    }
    for seen in all.iter().filter(|seen| seen.name == "inside") {
        assert_eq!((seen.parent, seen.entries()), (Some("stepping"), 4));
    }
}

#[tta::workflow]
async fn carrying() {
    tta::spawn(async { theirs().await }).await.expect("the task ends");
    tokio::task::spawn_blocking(tta::carry(order)).await.expect("the task ends");
}

#[test]
fn what_is_carried_along_takes_the_span_with_it() {
    telemetry();
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry().with(tta::tracing_layer()).with(recorder.clone());
    let runtime = threads(&Dispatch::new(subscriber));
    let capture = capture();
    let carrying = capture.run(|| carrying().carried());
    runtime.block_on(runtime.spawn(carrying)).expect("no panic");
    drop(runtime);
    assert_eq!(recorder.parent("theirs"), Some("carrying"));
    assert_eq!(recorder.parent("inside"), Some("theirs"));
    assert_eq!(recorder.parent("order"), Some("carrying"));
    recorder.assert_all_is_over();
    assert_trace!(capture, {
        "invoke_workflow carrying" { "theirs" { "inside" } "invoke_workflow order" }
    });
}

// ---- in what is exported ----

#[tta::workflow]
async fn outer() {
    pending(1).await;
    between().await;
    let here = tracing::Span::current();
    tracing::info_span!("span_inside", telling = true).in_scope(|| ());
    tracing::info_span!(parent: &here, "span_with_parent").in_scope(|| ());
}

#[tracing::instrument]
async fn between() {
    pending(1).await;
    inside().await;
    hidden().await;
}

#[tta::primitive(fields(n = 7))]
async fn hidden() {
    pending(1).await;
    tracing::info_span!("below_hidden").in_scope(|| ());
}

async fn around() {
    async {
        outer().await;
    }
    .instrument(tracing::info_span!("around"))
    .await;
}

#[test]
fn each_call_is_exported_once_and_spans_of_tracing_hang_where_they_are() {
    let (telemetry, exporter) = telemetry();
    let (root, recorder) = recorded(|| {
        block_on(
            async {
                around().await;
                tracing::Span::current().context().span().span_context().trace_id()
            }
            .instrument(tracing::info_span!("root")),
        )
    });
    recorder.assert_all_is_over();
    let nesting = [
        ("around", Some("root")),
        ("outer", Some("around")),
        ("between", Some("outer")),
        ("inside", Some("between")),
        ("hidden", Some("between")),
        ("below_hidden", Some("hidden")),
        ("span_inside", Some("outer")),
        ("span_with_parent", Some("outer")),
    ];
    for (name, parent) in nesting {
        assert_eq!(recorder.parent(name), parent, "{name}");
    }
    assert_eq!(recorder.span("hidden").field("n"), Some("7"), "fields are known without a span to export");
    telemetry.force_flush(Duration::from_secs(10)).expect("all is exported");
    let spans = lock(&exporter.0).clone();
    let spans: Vec<_> = spans.iter().filter(|span| span.span_context.trace_id() == root).collect();
    let parent = |span: &SpanData| {
        let above = spans.iter().find(|above| above.span_context.span_id() == span.parent_span_id);
        assert!(above.is_some() || span.parent_span_id == SpanId::INVALID, "{span:?} hangs in the air");
        above.map_or("", |above| &*above.name).to_owned()
    };
    let mut exported: Vec<_> = spans.iter().map(|span| (span.name.to_string(), parent(span))).collect();
    exported.sort_unstable();
    let expected = [
        ("around", "root"),
        ("below_hidden", "between"),
        ("between", "invoke_workflow outer"),
        ("inside", "between"),
        ("invoke_workflow outer", "around"),
        ("root", ""),
        ("span_inside", "invoke_workflow outer"),
        ("span_with_parent", "invoke_workflow outer"),
    ];
    assert_eq!(exported, expected.map(|(name, parent)| (name.to_owned(), parent.to_owned())));
    let between = spans.iter().find(|span| span.name == "between").expect("it is exported");
    let keys: Vec<_> = between.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert!(
        !keys.contains(&"tta.status"),
        "nothing of a hidden call is left at the span around it: {keys:?}"
    );
}

#[test]
fn a_layer_of_the_programs_with_our_tracer_adds_no_span_either() {
    telemetry();
    let capture = capture();
    let tracer = opentelemetry::trace::TracerProvider::tracer(&tta::Provider::default(), "theirs");
    let lazy = tracing_opentelemetry::layer().with_tracer(tracer).with_context_activation(false);
    let subscriber = tracing_subscriber::registry().with(lazy);
    tracing::subscriber::with_default(subscriber, || block_on(outer()));
    let mut names: Vec<_> = capture.spans().iter().map(|span| span.name.to_string()).collect();
    names.sort_unstable();
    let all = ["below_hidden", "between", "hidden", "inside", "invoke_workflow outer"];
    assert_eq!(names[..5], all);
    assert_eq!(names.len(), 7, "{names:?}");
}

#[tta::primitive(fields(who))]
async fn speaking(who: &str) -> bool {
    tracing::info!(kept = 1, "hello");
    tracing::error!("it went wrong, and right again");
    let here = tracing::Span::current();
    here.set_attribute("by.extension", 5);
    pending(1).await;
    let _ = who;
    here.context().span().span_context().span_id()
        == opentelemetry::Context::current().span().span_context().span_id()
}

#[test]
fn what_the_body_says_through_its_tracing_span_is_at_the_calls_own() {
    let capture = capture();
    let (is_the_same, _) = recorded(|| block_on(speaking("ann")));
    assert!(is_the_same);
    let span = capture.span("speaking");
    assert_eq!(span.event_names(), ["hello", "it went wrong, and right again"]);
    assert_eq!(span.attribute("by.extension").as_deref(), Some("5"));
    assert_eq!(span.attribute("who").as_deref(), Some("ann"));
    assert_eq!(span.attribute("busy_ns"), None, "what the layer adds for spans of its own is not ours");
    assert!(!span.is_error(), "an event at ERROR is no failure of a call that succeeds");
}

// ---- filters ----

#[tta::workflow]
async fn filtered() -> u32 {
    tracing::info_span!("foreign_outside").in_scope(|| ());
    foreign().await
}

#[tracing::instrument(target = "elsewhere", name = "foreign")]
async fn foreign() -> u32 {
    let n = deep(1).await;
    other::deeper().await + n
}

#[tta::primitive(fields(n))]
async fn deep(n: u32) -> u32 {
    pending(1).await;
    tracing::info_span!(target: "elsewhere", "foreign_inside").in_scope(|| n)
}

mod other {
    #[tta::primitive]
    pub(super) async fn deeper() -> u32 {
        super::pending(1).await;
        2
    }
}

fn counts(capture: &Capture) -> Vec<f64> {
    let metric = |name: &str, labels: &[(&str, &str)]| capture.metric(name, labels).unwrap_or(-1.0);
    vec![
        metric("tta_workflow_executions_total", &[("workflow_name", "filtered"), ("status", "success")]),
        metric("tta_primitive_executions_total", &[("primitive_name", "deep"), ("status", "success")]),
        metric("tta_primitive_executions_total", &[("primitive_name", "deeper"), ("status", "success")]),
        metric("tta_primitives_active", &[("primitive_name", "deep")]),
        metric("tta_workflow_steps_total", &[("workflow_name", "filtered"), ("primitive_name", "deeper")]),
    ]
}

/// Which spans of `tracing` there are under a filter, the counts and the exported spans with their parents.
fn under(filter: &str) -> (Vec<&'static str>, Vec<f64>, Vec<(String, String)>) {
    telemetry();
    let capture = capture();
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry()
        .with(EnvFilter::try_new(filter).expect("a filter"))
        .with(tta::tracing_layer())
        .with(recorder.clone());
    assert_eq!(tracing::subscriber::with_default(subscriber, || block_on(filtered())), 3);
    recorder.assert_all_is_over();
    let spans = capture.spans();
    let parent = |id: SpanId| {
        let above = spans.iter().find(|above| above.id() == id);
        assert!(above.is_some() || id == SpanId::INVALID, "under {filter} something hangs in the air");
        above.map_or(String::new(), |above| above.name.to_string())
    };
    let mut tree: Vec<_> = spans.iter().map(|s| (s.name.to_string(), parent(s.parent_span_id))).collect();
    tree.sort_unstable();
    (recorder.names(), counts(&capture), tree)
}

#[test]
fn a_filter_of_the_subscriber_takes_its_spans_and_none_of_our_counts_and_leaves_every_trace_whole() {
    let workflow = "invoke_workflow filtered";
    let ours = [("deep", workflow), ("deeper", workflow)];
    let with_foreign =
        [("deep", "foreign"), ("deeper", "foreign"), ("foreign", workflow), ("foreign_inside", "deep")];
    // A filter, which spans of `tracing` it leaves, and whether those of `elsewhere` and `foreign_outside` are among them.
    let cases: &[(&str, &[&str], bool, bool)] = &[
        (
            "trace",
            &["filtered", "foreign_outside", "foreign", "deep", "foreign_inside", "deeper"],
            true,
            true,
        ),
        ("off", &[], false, false),
        ("info", &["filtered", "foreign_outside", "foreign", "foreign_inside"], true, true),
        ("trace,tracing_spans=off", &["foreign", "foreign_inside"], true, false),
        ("trace,elsewhere=off", &["filtered", "foreign_outside", "deep", "deeper"], false, true),
        ("tracing_spans::other=debug", &["deeper"], false, false),
        ("off,[filtered]=info", &["filtered", "foreign_outside", "foreign", "foreign_inside"], true, true),
        ("elsewhere=info,[deep{n=1}]=trace", &["foreign", "deep", "foreign_inside"], true, false),
    ];
    for (filter, tracing, elsewhere, outside) in cases {
        let (names, counts, tree) = under(filter);
        assert_eq!(names, *tracing, "under {filter}");
        assert_eq!(counts, [1.0, 1.0, 1.0, 0.0, 1.0], "under {filter}");
        let mut expected: Vec<_> = if *elsewhere { with_foreign.to_vec() } else { ours.to_vec() };
        expected.push((workflow, ""));
        if *outside {
            expected.push(("foreign_outside", workflow));
        }
        expected.sort_unstable();
        let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(tree, expected, "under {filter}");
    }
}

#[tta::primitive(fields(who))]
fn asking(who: &str) {
    let _ = who;
    tracing::debug!("asked");
}

/// What `fmt` writes of `body` under a filter.
fn written(filter: &str, body: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Text(Arc<Mutex<Vec<u8>>>);

    impl Write for Text {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    telemetry();
    let text = Text::default();
    let writer = text.clone();
    let layer = fmt::layer().without_time().with_ansi(false).with_target(false);
    let layer = layer.with_writer(move || writer.clone());
    let filter = EnvFilter::try_new(filter).expect("a filter");
    let subscriber = tracing_subscriber::registry().with(filter).with(layer);
    tracing::subscriber::with_default(subscriber, body);
    let bytes = lock(&text.0).clone();
    String::from_utf8(bytes).expect("text")
}

#[tta::workflow(fields(ticket = 7))]
async fn support() {
    pending(1).await;
    asking("ann");
}

#[test]
fn fmt_writes_the_calls_around_an_event_with_their_fields() {
    let lines = written("debug", || block_on(support()));
    let line = lines.lines().find(|line| line.ends_with("asked")).expect("the event");
    assert_eq!(line, "DEBUG support{ticket=7}:asking{who=\"ann\"}: asked");
}

#[test]
fn a_filter_can_ask_for_what_happens_in_a_call_with_a_certain_field() {
    let lines = written("off,[asking{who=ann}]=debug", || {
        asking("bob");
        block_on(support());
    });
    assert_eq!(lines.lines().filter(|line| line.ends_with("asked")).count(), 1, "{lines}");
    assert!(lines.contains("who=\"ann\""), "{lines}");
}

// ---- subscribers that do harm ----

/// Panics at whatever it is told, while it is to.
#[derive(Clone, Default)]
struct Harmful(Arc<AtomicBool>);

impl Harmful {
    fn harm(&self) {
        assert!(!self.0.load(Ordering::SeqCst), "the subscriber panics");
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Harmful {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if attributes.metadata().name() == "panicking" {
            self.harm();
        }
    }

    fn on_record(&self, _: &Id, _: &Record<'_>, _: Context<'_, S>) {
        self.harm();
    }

    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        self.harm();
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        self.harm();
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        self.harm();
    }
}

#[test]
fn a_subscriber_that_panics_changes_nothing_for_the_program() {
    telemetry();
    let capture = capture();
    let harmful = Harmful::default();
    harmful.0.store(true, Ordering::SeqCst);
    let recorder = Recorder::default();
    // Told later than the recorder.
    let subscriber = tracing_subscriber::registry().with(recorder.clone()).with(harmful.clone());
    tracing::subscriber::with_default(subscriber, || {
        assert_eq!(block_on(filtered_without_others()), 1);
        let panicked = catch_unwind(AssertUnwindSafe(panicking)).expect_err("it panics");
        assert_eq!(
            panicked.downcast_ref::<&str>(),
            Some(&"as it should"),
            "by itself, not by its subscriber"
        );
        let panicked = catch_unwind(|| block_on(panicking_later())).expect_err("it panics");
        assert_eq!(panicked.downcast_ref::<&str>(), Some(&"as it should"));
        assert!(tracing::Span::current().is_none(), "nothing is left current");
        harmful.0.store(false, Ordering::SeqCst);
        asking("ann");
    });
    assert_eq!(recorder.parent("asking"), None);
    let mut names: Vec<_> = capture.spans().iter().map(|span| span.name.to_string()).collect();
    names.sort_unstable();
    assert_eq!(names, ["asking", "filtered_without_others", "panicking", "panicking_later"]);
}

#[tta::primitive]
async fn filtered_without_others() -> u32 {
    pending(2).await;
    1
}

/// Calls an annotated function for whatever it is told.
struct Calling;

#[tta::primitive]
fn called_by_a_subscriber() {}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Calling {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        called_by_a_subscriber();
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        called_by_a_subscriber();
    }
}

#[test]
fn what_a_subscriber_calls_is_not_told_to_it_without_end() {
    telemetry();
    let capture = capture();
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry().with(Calling).with(recorder.clone());
    tracing::subscriber::with_default(subscriber, || asking("ann"));
    assert_eq!(recorder.names(), ["asking"]);
    let calls = capture.spans().iter().filter(|span| span.name == "called_by_a_subscriber").count();
    assert_eq!(calls, 2);
}

// ---- off ----

/// Run by the next test, in a process of its own.
#[test]
#[ignore = "it needs a process of its own"]
#[allow(clippy::print_stdout, reason = "the next test reads it")]
fn alone() {
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry().with(recorder.clone());
    let builder = Telemetry::builder().console(false).otlp(false).prometheus(false);
    let _telemetry = builder.init().expect("telemetry");
    tracing::subscriber::with_default(subscriber, || block_on(support()));
    println!("seen: {:?}", recorder.names());
}

#[test]
fn the_environment_switches_them_on_and_they_are_off_by_default() {
    let seen = |value: Option<&str>| {
        let mut command = std::process::Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "alone", "--ignored", "--nocapture"]).env_remove("TTA_TRACING_SPANS");
        if let Some(value) = value {
            command.env("TTA_TRACING_SPANS", value);
        }
        let output = command.output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(seen(None).contains("seen: []"));
    assert!(seen(Some("false")).contains("seen: []"));
    assert!(seen(Some("True")).contains("seen: [\"support\", \"asking\"]"));
}
