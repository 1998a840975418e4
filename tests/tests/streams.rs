//! A call whose function returns a stream, or a future of its own making, lasts as long as that does.

use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures::executor::block_on;
use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use tta::testing::{Capture, CapturedSpan, capture};

#[derive(Clone, Debug, PartialEq, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient)]
    Lost,
    #[error_kind(permanent)]
    Refused,
}

type Item = Result<u8, Failure>;

/// The items, one at a time, each after a pause.
#[tta::primitive(kind = "retrieval", fields(planned = items.len()))]
fn items(items: Vec<Item>) -> impl Stream<Item = Result<u8, Failure>> {
    stream::iter(items).then(|item| async {
        step().await;
        item
    })
}

#[tta::primitive]
async fn step() {
    let mut paused = false;
    std::future::poll_fn(move |task| {
        task.waker().wake_by_ref();
        if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn poll_next<S: Stream + ?Sized>(stream: Pin<&mut S>) -> Poll<Option<S::Item>> {
    stream.poll_next(&mut Context::from_waker(Waker::noop()))
}

fn active(capture: &Capture, name: &str) -> f64 {
    capture.metric("tta_primitives_active", &[("primitive_name", name)]).unwrap_or(-1.0)
}

fn count(capture: &Capture, name: &str, status: &str) -> f64 {
    let labels = [("primitive_name", name), ("status", status)];
    capture.metric("tta_primitive_executions_total", &labels).unwrap_or(-1.0)
}

/// Status, error type and items of a call of `items`.
fn ending(capture: &Capture) -> (String, Option<String>, Option<String>) {
    let span = capture.span("items");
    let status = span.attribute("tta.status").expect("a status");
    assert_eq!(count(capture, "items", &status), 1.0);
    assert_eq!(active(capture, "items"), 0.0);
    (status, span.attribute("error.type"), span.attribute("tta.stream.items"))
}

fn told(status: &str, error: Option<&str>, items: &str) -> (String, Option<String>, Option<String>) {
    (status.to_owned(), error.map(str::to_owned), Some(items.to_owned()))
}

#[test]
fn a_stream_is_a_call_until_it_ends() {
    let capture = capture();
    let mut stream = Box::pin(items(vec![Ok(1), Ok(2), Ok(3)]));
    assert_eq!(active(&capture, "items"), 1.0, "from the call on");
    assert!(capture.spans().is_empty());
    assert_eq!(block_on(stream.next()), Some(Ok(1)));
    assert_eq!(block_on(stream.by_ref().count()), 2);
    assert_eq!(ending(&capture), told("success", None, "3"));
    assert_eq!(capture.span("items").attribute("planned").as_deref(), Some("3"));
    drop(stream);
    assert_eq!(count(&capture, "items", "cancelled"), 0.0);
}

#[test]
fn the_time_to_the_first_item_is_within_the_time_of_the_call() {
    let capture = capture();
    block_on(items(vec![Ok(1), Ok(2)]).for_each(|_| ready(())));
    let span = capture.span("items");
    let first: f64 = span.attribute("tta.stream.first_item_ms").expect("a time").parse().expect("a number");
    let whole = span.end_time.duration_since(span.start_time).expect("an end after the start");
    assert!(first > 0.0 && first <= whole.as_secs_f64() * 1e3, "{first} ms of {whole:?}");
    block_on(items(vec![]).for_each(|_| ready(())));
    let empty: Vec<CapturedSpan> = capture
        .spans()
        .into_iter()
        .filter(|span| span.attribute("tta.stream.items").as_deref() == Some("0"))
        .collect();
    assert_eq!(empty.len(), 1);
    assert_eq!(empty[0].attribute("tta.stream.first_item_ms"), None, "there was none");
}

#[test]
fn a_dropped_stream_is_cancelled() {
    let capture = capture();
    let mut stream = Box::pin(items(vec![Ok(1), Ok(2)]));
    assert_eq!(block_on(stream.next()), Some(Ok(1)));
    drop(stream);
    assert_eq!(ending(&capture), told("cancelled", None, "1"));
}

#[test]
fn a_stream_that_nobody_polls_is_cancelled_since_its_function_ran() {
    let capture = capture();
    drop(items(vec![Ok(1)]));
    assert_eq!(ending(&capture), told("cancelled", None, "0"));
}

#[test]
fn the_last_item_says_what_a_stream_means() {
    for (given, expected) in [
        (vec![Ok(1), Err(Failure::Lost)], told("error", Some("lost"), "2")),
        (vec![Err(Failure::Lost), Err(Failure::Refused)], told("error", Some("refused"), "2")),
        (vec![Err(Failure::Lost), Ok(2)], told("success", None, "2")),
    ] {
        let capture = capture();
        block_on(items(given).for_each(|_| ready(())));
        assert_eq!(ending(&capture), expected);
    }
}

#[test]
fn a_reader_that_leaves_at_an_error_leaves_an_error() {
    let capture = capture();
    let read = block_on(async {
        let mut stream = Box::pin(items(vec![Ok(1), Err(Failure::Refused), Ok(3)]));
        while let Some(item) = stream.next().await {
            item?;
        }
        Ok::<_, Failure>(())
    });
    assert_eq!(read, Err(Failure::Refused));
    assert_eq!(ending(&capture), told("error", Some("refused"), "2"));
    let labels = [("primitive_name", "items"), ("error_type", "refused"), ("category", "permanent")];
    assert_eq!(capture.metric("tta_primitive_errors_total", &labels), Some(1.0));
    let labels = [("primitive_name", "items"), ("error_type", "lost")];
    assert_eq!(capture.metric("tta_primitive_errors_total", &labels), Some(0.0), "known before it happens");
}

#[tta::primitive]
async fn reader(stream: Pin<&mut (dyn Stream<Item = Item> + Send)>) -> usize {
    stream.count().await
}

#[test]
fn what_a_stream_calls_while_it_is_polled_is_below_its_span() {
    let capture = capture();
    let mut stream = Box::pin(items(vec![Ok(1), Ok(2)]));
    let context = opentelemetry::Context::current();
    let read = std::thread::spawn(move || {
        let _here = context.attach();
        block_on(reader(stream.as_mut()))
    });
    assert_eq!(read.join().expect("the reader"), 2);
    let of_stream = capture.span("items").id();
    let steps: Vec<_> = capture.spans().into_iter().filter(|span| span.name == "step").collect();
    assert_eq!(steps.len(), 2);
    assert!(steps.iter().all(|step| step.parent_span_id == of_stream));
    assert_ne!(capture.span("reader").id(), of_stream);
}

#[tta::primitive]
fn panics_at(n: u8) -> impl Stream<Item = u8> {
    stream::iter(0..9).inspect(move |at| assert!(*at != n, "at {n}"))
}

#[test]
fn a_stream_that_panics_is_an_error() {
    let capture = capture();
    let mut stream = Box::pin(panics_at(1));
    assert_eq!(poll_next(stream.as_mut()), Poll::Ready(Some(0)));
    assert!(catch_unwind(AssertUnwindSafe(|| poll_next(stream.as_mut()))).is_err());
    assert_eq!(capture.span("panics_at").attribute("error.type").as_deref(), Some("panic"));
    assert_eq!(poll_next(stream.as_mut()), Poll::Ready(Some(2)), "what goes on is no call");
    drop(stream);
    assert_eq!(
        (count(&capture, "panics_at", "error"), count(&capture, "panics_at", "cancelled")),
        (1.0, 0.0)
    );
}

#[tta::primitive(error_if = |item: &u8| *item > 2)]
fn judged(n: u8) -> impl Stream<Item = u8> {
    stream::iter(0..n)
}

#[test]
fn a_rule_judges_items() {
    for (n, status) in [(3, "success"), (4, "error")] {
        let capture = capture();
        block_on(judged(n).for_each(|_| ready(())));
        assert_eq!(capture.span("judged").attribute("tta.status").as_deref(), Some(status));
    }
}

#[tta::primitive]
async fn opened(path: &str) -> Result<impl Stream<Item = Item> + use<>, Failure> {
    step().await;
    if path.is_empty() {
        return Err(Failure::Refused);
    }
    Ok(stream::iter([Ok(1), Err(Failure::Lost)]))
}

#[test]
fn a_stream_that_comes_later_is_the_rest_of_the_call() {
    let opening = capture();
    assert!(block_on(opened("")).is_err());
    assert_eq!(opening.span("opened").attribute("error.type").as_deref(), Some("refused"));
    assert_eq!(opening.span("opened").attribute("tta.stream.items"), None);
    drop(opening);

    let reading = capture();
    let stream = block_on(opened("here")).expect("a stream");
    assert_eq!(active(&reading, "opened"), 1.0);
    assert_eq!(block_on(stream.count()), 2);
    assert_eq!(reading.span("opened").attribute("error.type").as_deref(), Some("lost"));
    assert_eq!(reading.span("step").parent_span_id, reading.span("opened").id());
    drop(reading);

    let waiting = capture();
    let mut future = Box::pin(opened("here"));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(future);
    assert_eq!(count(&waiting, "opened", "cancelled"), 1.0);
}

#[tta::primitive(ret(n = ret))]
fn made(n: u8) -> Pin<Box<dyn Future<Output = Result<u8, Failure>> + Send>> {
    if n == 0 {
        return Box::pin(ready(Err(Failure::Refused)));
    }
    tta::span().set("made", true);
    if n > 100 { Box::pin(pending()) } else { Box::pin(async move { Ok(n) }) }
}

#[test]
fn a_future_of_the_functions_own_making_is_a_call_from_the_call_on() {
    let capture = capture();
    assert_eq!(block_on(made(3)), Ok(3));
    assert_eq!(block_on(made(0)), Err(Failure::Refused));
    drop(made(101));
    let statuses: Vec<_> = capture.spans().iter().map(|span| span.attribute("tta.status")).collect();
    let expected = ["success", "error", "cancelled"].map(|status| Some(status.to_owned()));
    assert_eq!(statuses, expected);
    assert_eq!(capture.spans()[0].attribute("made").as_deref(), Some("true"));
    assert_eq!(capture.spans()[0].attribute("n").as_deref(), Some("3"));
}

#[tta::primitive]
fn perhaps(n: u8) -> Option<impl Future<Output = u8>> {
    (n > 0).then_some(async move { n })
}

#[test]
fn a_function_that_makes_no_future_after_all_has_ended() {
    let capture = capture();
    assert!(perhaps(0).is_none());
    assert_eq!(count(&capture, "perhaps", "success"), 1.0);
    let future = perhaps(1).expect("a future");
    assert_eq!(active(&capture, "perhaps"), 1.0);
    drop(future);
    assert_eq!(count(&capture, "perhaps", "cancelled"), 1.0);
}

#[tta::workflow]
async fn asked() -> (String, BoxStream<'static, String>) {
    step().await;
    (tta::context().workflow_id().to_owned(), ids().boxed())
}

#[tta::primitive]
fn ids() -> impl Stream<Item = String> {
    stream::iter(0..2).then(|_| async {
        step().await;
        tta::context().workflow_id().to_owned()
    })
}

#[test]
fn a_stream_takes_its_workflow_along_wherever_it_is_polled_with_a_span_and_without() {
    let seen_elsewhere = |(id, stream): (String, BoxStream<'static, String>)| {
        let seen: Vec<String> =
            std::thread::spawn(move || block_on(stream.collect())).join().expect("the reader");
        assert_eq!(seen, [id.clone(), id]);
    };
    let capture = capture();
    let asking = block_on(asked());
    seen_elsewhere(asking);
    assert_eq!(capture.span("ids").attribute("tta.stream.items").as_deref(), Some("2"));
    drop(capture);
    // Nothing is initialised.
    seen_elsewhere(block_on(asked()));
}
