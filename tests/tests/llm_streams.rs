//! Models whose answers come in chunks: booked once, however the stream ends, with what was told until then.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use std::pin::Pin;
use std::task::{Context, Waker};

use futures::executor::block_on;
use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use tta::llm::{Response, Spent};
use tta::{LlmChunk, LlmResponse, Money, PolicyError, Usage};

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(&'static str),
    Used(Usage),
}

impl LlmChunk for Piece {
    fn chunk(&self) -> Response<'_> {
        match self {
            Piece::Text(_) => Response::new(),
            Piece::Used(usage) => Response::new().usage(*usage),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Failure {
    Cut,
    Busy,
    Refused(PolicyError),
}

impl From<PolicyError> for Failure {
    fn from(refusal: PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

impl LlmResponse for Failure {
    fn response(&self) -> Response<'_> {
        if *self == Failure::Busy { Response::unbilled() } else { Response::new() }
    }
}

type Item = Result<Piece, Failure>;

/// What gpt-4o costs: $2.50 for a million tokens of a prompt, $10 for a million of an answer.
fn price(input: u64, output: u64) -> Money {
    Money::from_pico(input * 2_500_000 + output * 10_000_000)
}

/// Each way to return a stream.
mod shapes {
    use super::*;

    #[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
    pub(crate) fn plain(items: Vec<Item>) -> impl Stream<Item = Result<Piece, Failure>> {
        if items.is_empty() {
            return stream::iter(Vec::new());
        }
        stream::iter(items)
    }

    #[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
    pub(crate) fn boxed(items: Vec<Item>) -> BoxStream<'static, Item> {
        stream::iter(items).boxed()
    }

    #[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
    pub(crate) fn pinned<'a>(items: &'a [Item]) -> Pin<Box<dyn Stream<Item = Item> + Send + 'a>> {
        Box::pin(stream::iter(items.iter().cloned()))
    }

    #[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
    pub(crate) fn fallible(items: Vec<Item>) -> Result<impl Stream<Item = Item> + use<>, Failure> {
        if items.len() > 1_000 { Err(Failure::Busy) } else { Ok(stream::iter(items)) }
    }

    #[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
    pub(crate) async fn later(items: Vec<Item>) -> Result<BoxStream<'static, Item>, Failure> {
        tokio::task::yield_now().await;
        match items.first() {
            Some(Err(error)) => Err(error.clone()),
            _ => Ok(stream::iter(items).boxed()),
        }
    }

    #[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
    pub(crate) async fn later_plain(items: &[Item]) -> impl Stream<Item = Item> + use<> {
        stream::iter(items.to_vec())
    }

    #[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
    pub(crate) fn tail(
        items: Vec<Item>,
    ) -> Pin<Box<dyn Future<Output = Result<BoxStream<'static, Item>, Failure>> + Send>> {
        Box::pin(async move { Ok(stream::iter(items).boxed()) })
    }

    #[async_trait::async_trait]
    pub(crate) trait Client {
        async fn ask(&self, items: Vec<Item>) -> Result<BoxStream<'_, Item>, Failure>;
    }

    #[async_trait::async_trait]
    impl Client for u8 {
        #[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
        async fn ask(&self, items: Vec<Item>) -> Result<BoxStream<'_, Item>, Failure> {
            Ok(stream::iter(items).boxed())
        }
    }
}

fn answer() -> Vec<Item> {
    let texts = ["It", " is", "."].map(|text| Ok(Piece::Text(text)));
    let first = Ok(Piece::Used(Usage::openai(800, 1)));
    let last = Ok(Piece::Used(Usage::openai(800, 60)));
    [first].into_iter().chain(texts).chain([last]).collect()
}

async fn read(stream: impl Stream<Item = Item>, most: usize) -> usize {
    stream.take(most).count().await
}

#[tta::workflow]
async fn each(shape: u8, most: usize) -> (usize, Spent) {
    let items = answer();
    let read = match shape {
        0 => read(shapes::plain(items), most).await,
        1 => read(shapes::boxed(items), most).await,
        2 => read(shapes::pinned(&items), most).await,
        3 => read(shapes::fallible(items).expect("a stream"), most).await,
        4 => read(shapes::later(items).await.expect("a stream"), most).await,
        5 => read(shapes::later_plain(&items).await, most).await,
        6 => read(shapes::tail(items).await.expect("a stream"), most).await,
        _ => read(shapes::Client::ask(&7, items).await.expect("a stream"), most).await,
    };
    (read, tta::context().spent())
}

#[test]
fn a_stream_of_any_shape_is_booked_once_when_it_ends() {
    for shape in 0..8 {
        let (read, spent) = block_on(each(shape, 99));
        assert_eq!((read, spent.calls(), spent.is_complete()), (5, 1, true), "shape {shape}");
        assert_eq!((spent.total(), spent.wasted()), (price(800, 60), Money::ZERO), "shape {shape}");
        let (_, spent) = block_on(each(shape, 2));
        assert_eq!((spent.total(), spent.wasted()), (price(800, 1), price(800, 1)), "shape {shape}");
    }
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
fn stated(items: Vec<Item>) -> impl Stream<Item = Item> {
    stream::iter(items)
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn unstated(items: Vec<Item>) -> Result<BoxStream<'static, Item>, Failure> {
    Ok(stream::iter(items).boxed())
}

/// It is never made: it asks for more than there is.
#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000_000_000, max_tokens = 1))]
async fn greedy() -> Result<BoxStream<'static, Item>, Failure> {
    panic!("it was let through")
}

/// What was spent, and what the budget says is spent and reserved, after so many items, or all, were read.
#[tta::workflow(budget(usd = "$1", unpriced = "allow"))]
async fn dropped(is_stated: bool, items: Vec<Item>, after: usize) -> (Spent, u64, u64) {
    let mut stream = if is_stated {
        stated(items).boxed()
    } else {
        unstated(items).await.unwrap_or_else(|error| panic!("{error:?}"))
    };
    for _ in 0..after {
        stream.next().await;
    }
    drop(stream);
    let spent = tta::context().spent();
    match greedy().await.map(drop) {
        Err(Failure::Refused(PolicyError::BudgetExceeded { spent: counted, reserved, .. })) => {
            (spent, counted, reserved)
        }
        other => panic!("{other:?}"),
    }
}

/// What is known of a call of which the first items were read: what it has cost, unless nobody knows, and whether that was
/// of use.
fn expected(is_stated: bool, items: &[Item], after: usize) -> (u64, Option<Money>, bool) {
    let read = &items[..after.min(items.len())];
    let is_sent = after > 0 || !is_stated;
    let tells = |item: &Item| match item {
        Ok(Piece::Used(usage)) => Some((usage.input, usage.output)),
        Err(Failure::Busy) => Some((0, 0)),
        _ => None,
    };
    let larger = |a: (u64, u64), b: (u64, u64)| (a.0.max(b.0), a.1.max(b.1));
    let known = read.iter().filter_map(tells).reduce(larger).map(|(input, output)| price(input, output));
    let has_failed = read.last().is_some_and(Result::is_err);
    let is_success = after > items.len() && !has_failed;
    let is_billed = !has_failed || read.iter().any(Result::is_ok);
    let estimate = (is_stated && !is_success && is_billed).then(|| price(1_000, 100));
    (u64::from(is_sent), known.or(estimate).filter(|_| is_sent), is_success)
}

#[test]
fn a_stream_dropped_after_each_number_of_items_books_what_is_known_and_leaves_nothing_reserved() {
    let kinds = [
        Ok(Piece::Text("a")),
        Ok(Piece::Used(Usage::openai(800, 1))),
        Ok(Piece::Used(Usage::openai(0, 60))),
        Err(Failure::Cut),
        Err(Failure::Busy),
    ];
    let mut streams: Vec<Vec<Item>> = vec![Vec::new()];
    for length in 0..4 {
        let longest: Vec<_> = streams.iter().filter(|items| items.len() == length).cloned().collect();
        for items in longest {
            streams.extend(kinds.iter().map(|kind| [&items[..], std::slice::from_ref(kind)].concat()));
        }
    }
    assert_eq!(streams.len(), 781);
    for items in streams {
        for (is_stated, after) in
            [true, false].into_iter().flat_map(|is| (0..items.len() + 2).map(move |n| (is, n)))
        {
            let case = format!("{items:?}, after {after}, stated: {is_stated}");
            let (calls, cost, is_useful) = expected(is_stated, &items, after);
            let (spent, counted, reserved) = block_on(dropped(is_stated, items.clone(), after));
            assert_eq!(spent.calls(), calls, "{case}");
            assert_eq!(spent.is_complete(), cost.is_some() || calls == 0, "{case}");
            let money = cost.unwrap_or_default();
            let wasted = if is_useful { Money::ZERO } else { money };
            assert_eq!((spent.total(), spent.wasted()), (money, wasted), "{case}");
            assert_eq!(reserved, 0, "{case}");
            if cost.is_some() || calls == 0 {
                assert_eq!(counted, money.pico(), "{case}");
            } else {
                assert!(counted > 0, "what is not known counts as it was expected: {case}");
            }
        }
    }
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
fn panics(at: usize) -> impl Stream<Item = Piece> {
    stream::iter(0..9).map(move |n| {
        assert!(n != at, "at {n}");
        if n == 0 { Piece::Used(Usage::openai(800, 1)) } else { Piece::Text("a") }
    })
}

#[tta::workflow]
async fn survives(at: usize) -> Spent {
    let mut stream = Box::pin(panics(at));
    let mut poll = || {
        let polled = || stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop()));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(polled)).map(|polled| polled.is_ready())
    };
    let polled: Vec<bool> = (0..11).map(|_| poll().unwrap_or(false)).collect();
    assert_eq!(polled.iter().filter(|is_ready| !**is_ready).count(), 1);
    drop(stream);
    tta::context().spent()
}

#[test]
fn a_stream_that_panics_is_booked_once_with_what_was_told() {
    let (first, later) = (block_on(survives(0)), block_on(survives(3)));
    assert_eq!((first.calls(), first.is_complete(), first.total()), (1, false, Money::ZERO));
    assert_eq!((later.calls(), later.total(), later.wasted()), (1, price(800, 1), price(800, 1)));
}

#[tta::workflow(budget = "$0.004")]
async fn frugal(shape: u8) -> Vec<Result<usize, Failure>> {
    let mut made = Vec::new();
    for _ in 0..2 {
        // $0.0026 each, of $0.0035 that are reserved.
        made.push(match shape {
            0 => read_all(shapes::plain(answer())).await,
            1 => read_all(shapes::boxed(answer())).await,
            2 => match shapes::fallible(answer()) {
                Ok(stream) => read_all(stream).await,
                Err(error) => Err(error),
            },
            3 => match shapes::later(answer()).await {
                Ok(stream) => read_all(stream).await,
                Err(error) => Err(error),
            },
            _ => read_all(shapes::later_plain(&answer()).await).await,
        });
    }
    made
}

async fn read_all(stream: impl Stream<Item = Item>) -> Result<usize, Failure> {
    let mut stream = std::pin::pin!(stream);
    let mut count = 0;
    while let Some(item) = stream.next().await {
        item?;
        count += 1;
    }
    Ok(count)
}

#[test]
fn a_budget_refuses_a_stream_by_its_result_or_by_an_item() {
    for shape in 0..5 {
        let made = block_on(frugal(shape));
        assert_eq!(made[0], Ok(5), "shape {shape}");
        let is_refused = matches!(made[1], Err(Failure::Refused(PolicyError::BudgetExceeded { .. })));
        assert!(is_refused, "shape {shape}: {:?}", made[1]);
    }
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
fn texts() -> impl Stream<Item = Piece> {
    stream::iter(["no", "usage"].map(Piece::Text))
}

#[tta::workflow(budget = "$0.004")]
async fn cannot_refuse() -> (usize, Spent) {
    let read = texts().count().await + texts().count().await;
    (read, tta::context().spent())
}

#[test]
fn a_stream_that_cannot_say_so_is_not_refused_and_one_without_usage_is_not_priced() {
    let (read, spent) = block_on(cannot_refuse());
    assert_eq!((read, spent.calls(), spent.is_complete(), spent.total()), (4, 2, false, Money::ZERO));
}

/// As the client of async-openai calls what it returns.
type ChatCompletionResponseStream = Pin<Box<dyn Stream<Item = Item> + Send>>;

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn of_a_client(is_down: bool) -> Result<ChatCompletionResponseStream, Failure> {
    if is_down { Err(Failure::Busy) } else { Ok(Box::pin(stream::iter(answer()))) }
}

#[tta::workflow]
async fn asks_by_a_client(is_down: bool) -> (usize, Spent) {
    let read = match of_a_client(is_down).await {
        Ok(stream) => stream.count().await,
        Err(_) => 0,
    };
    (read, tta::context().spent())
}

#[test]
fn the_stream_of_a_client_is_one_by_its_name() {
    let (read, spent) = block_on(asks_by_a_client(false));
    assert_eq!((read, spent.calls(), spent.is_complete()), (answer().len(), 1, true));
    assert!(spent.total() > Money::ZERO);
    let (read, spent) = block_on(asks_by_a_client(true));
    assert_eq!((read, spent.total(), spent.is_complete()), (0, Money::ZERO, true));
}

#[derive(Clone, Debug)]
enum Event {
    Began(u64),
    Overloaded,
}

impl LlmChunk for Event {
    fn chunk(&self) -> Response<'_> {
        match self {
            Event::Began(tokens) => Response::new().usage(Usage::anthropic(*tokens, 1)),
            Event::Overloaded => Response::unbilled(),
        }
    }
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
fn overloaded() -> impl Stream<Item = Event> {
    stream::iter([Event::Began(1_000), Event::Overloaded])
}

#[tta::workflow]
async fn keeps_what_was_told() -> Spent {
    overloaded().for_each(|_| async {}).await;
    tta::context().spent()
}

#[test]
fn zeros_take_back_nothing_that_was_told() {
    let spent = block_on(keeps_what_was_told());
    assert_eq!((spent.input_tokens(), spent.output_tokens(), spent.total()), (1_000, 1, price(1_000, 1)));
}

#[tta::workflow]
async fn hands_on() -> impl Stream<Item = Item> {
    shapes::plain(answer())
}

#[tta::workflow]
async fn outlived() -> (Spent, Spent) {
    let stream = outer().await;
    let before = tta::context().spent();
    assert_eq!(read(stream, 99).await, 5);
    (before, tta::context().spent())
}

#[tta::workflow]
async fn outer() -> BoxStream<'static, Item> {
    hands_on().await.boxed()
}

#[test]
fn a_stream_that_outlives_its_workflow_is_booked_where_it_was_asked_for() {
    let (before, after) = block_on(outlived());
    assert_eq!((before.calls(), after.calls(), after.total()), (0, 1, price(800, 60)));
}
