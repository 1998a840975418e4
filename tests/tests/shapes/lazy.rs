//! Functions that return futures and streams which they make themselves.

use std::fmt::Debug;
use std::future::Future;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;

use futures::future::{BoxFuture, Either, FutureExt as _, LocalBoxFuture};
use futures::stream::{
    self, BoxStream, LocalBoxStream, Stream, StreamExt as _, TryStream, TryStreamExt as _,
};

use super::support::{Noisy, log, observed, pause, run, twins};

twins! {
    pub(super) fn block(n: u8) -> impl Future<Output = u8> {
        async move {
            pause().await;
            n + 1
        }
    }

    pub(super) fn block_that_borrows<'a>(text: &'a str, more: &'a str) -> impl Future<Output = usize> + Send + use<'a> {
        let length = more.len();
        async move {
            pause().await;
            text.len() + length
        }
    }

    pub(super) fn block_of_a_copy(text: &str) -> impl Future<Output = usize> + Send + 'static + use<> {
        let length = text.len();
        async move { length }
    }

    pub(super) fn block_boxed<'a>(text: &'a str) -> BoxFuture<'a, Result<u8, std::num::ParseIntError>> {
        async {
            pause().await;
            Ok(text.parse::<u8>()? + 1)
        }
        .boxed()
    }

    pub(super) fn made(n: u8) -> impl Future<Output = u8> {
        ready(n).map(|n| n + 1)
    }

    pub(super) fn made_of_generics<T: Debug + Send>(value: T, then: impl Fn(String) -> String + Send) -> impl Future<Output = String> + Send {
        let shown = format!("{value:?}");
        futures::future::lazy(move |_| then(shown))
    }

    pub(super) fn made_in_two_ways(n: u8) -> impl Future<Output = u8> {
        if n > 3 {
            return Either::Left(ready(n));
        }
        Either::Right(async move {
            pause().await;
            n
        })
    }

    pub(super) fn boxed_in_two_ways(n: u8) -> Pin<Box<dyn Future<Output = Result<u8, String>> + Send>> {
        if n > 3 {
            return Box::pin(ready(Err("too much".to_owned())));
        }
        Box::pin(async move {
            pause().await;
            Ok(n)
        })
    }

    pub(super) fn local<'a>(n: &'a u8) -> LocalBoxFuture<'a, u8> {
        let shared = std::rc::Rc::new(n);
        ready(()).map(move |()| **shared + 1).boxed_local()
    }

    pub(super) fn boxed_unpin(n: u8) -> Box<dyn Future<Output = u8> + Unpin> {
        Box::new(ready(n))
    }

    pub(super) fn perhaps(text: &str) -> Result<impl Future<Output = u8> + use<>, std::num::ParseIntError> {
        let number: u8 = text.parse()?;
        Ok(async move {
            pause().await;
            number + 1
        })
    }

    pub(super) fn future_of_items(n: u8) -> impl Future<Output = Result<BoxStream<'static, u8>, String>> {
        ready(if n == 0 { Err("none".to_owned()) } else { Ok(stream::iter(0..n).boxed()) })
    }

    pub(super) fn recursive(n: u64) -> BoxFuture<'static, u64> {
        async move { if n == 0 { 0 } else { n + recursive(n - 1).await } }.boxed()
    }

    pub(super) fn items(n: u8) -> impl Stream<Item = u8> {
        stream::iter(0..n)
    }

    pub(super) fn items_that_borrow<'a>(words: &'a [String], prefix: &'a str) -> impl Stream<Item = &'a str> + Send {
        stream::iter(words).map(String::as_str).filter(move |word| ready(word.starts_with(prefix)))
    }

    pub(super) fn items_of_generics<T, I>(items: I, each: impl Fn(&T) -> bool) -> impl Stream<Item = T>
    where
        I: IntoIterator<Item = T>,
    {
        stream::iter(items).filter(move |item| ready(each(item)))
    }

    pub(super) fn boxed_items(n: u8) -> BoxStream<'static, u8> {
        if n == 0 {
            return stream::empty().boxed();
        }
        stream::unfold(0, move |at| async move {
            pause().await;
            (at < n).then_some((at, at + 1))
        })
        .boxed()
    }

    pub(super) fn local_items<'a>(words: &'a [&'a str]) -> LocalBoxStream<'a, &'a str> {
        let shared = std::rc::Rc::new(words);
        stream::iter(0..words.len()).map(move |at| shared[at]).boxed_local()
    }

    pub(super) fn pinned_items(n: u8) -> Pin<Box<dyn Stream<Item = Result<u8, String>> + Send>> {
        Box::pin(stream::iter((0..n).map(|n| if n < 3 { Ok(n) } else { Err(n.to_string()) })))
    }

    pub(super) fn unpin_items(n: u8) -> Box<dyn Stream<Item = u8> + Send + Unpin> {
        Box::new(stream::iter(0..n))
    }

    pub(super) fn try_items(n: u8) -> impl TryStream<Ok = u8, Error = String> {
        stream::iter((0..n).map(Ok))
    }

    pub(super) fn perhaps_items(text: &str) -> Result<impl Stream<Item = u8> + use<>, std::num::ParseIntError> {
        let number: u8 = text.parse()?;
        Ok(stream::iter(0..number))
    }

    pub(super) fn perhaps_boxed_items(text: &str) -> Option<BoxStream<'_, char>> {
        if text.is_empty() { None } else { Some(stream::iter(text.chars()).boxed()) }
    }

    pub(super) async fn later_items(n: u8) -> impl Stream<Item = u8> {
        pause().await;
        stream::iter(0..n)
    }

    pub(super) async fn later_items_that_borrow(words: &[String]) -> impl Stream<Item = &str> {
        pause().await;
        stream::iter(words).map(String::as_str)
    }

    pub(super) async fn perhaps_later_items(text: &str) -> Result<BoxStream<'_, char>, String> {
        pause().await;
        if text.is_empty() {
            return Err("empty".to_owned());
        }
        Ok(stream::iter(text.chars()).boxed())
    }

    pub(super) async fn perhaps_now_items(text: &str) -> Result<impl Stream<Item = char> + '_, String> {
        Ok(stream::iter(text.chars()))
    }
}

fn collected<S: Stream>(stream: S) -> Vec<S::Item> {
    run(stream.collect())
}

#[test]
fn a_function_that_returns_a_future_returns_what_the_plain_one_returns() {
    macro_rules! same {
        ($name:ident($($argument:expr),*)) => {
            assert_eq!(
                format!("{:?}", run(plain::$name($($argument),*))),
                format!("{:?}", observed(stringify!($name), || run(ours::$name($($argument),*)))),
            )
        };
    }
    same!(block(1));
    same!(block_that_borrows("a", "bc"));
    same!(block_of_a_copy("abc"));
    same!(block_boxed("12"));
    same!(block_boxed("x"));
    same!(made(1));
    same!(made_of_generics("x", |text| text + "!"));
    same!(made_in_two_ways(1));
    same!(made_in_two_ways(9));
    same!(boxed_in_two_ways(1));
    same!(boxed_in_two_ways(9));
    assert_eq!(observed("future_of_items", || run(ours::future_of_items(2)).map(collected)), Ok(vec![0, 1]));
    assert!(observed("future_of_items", || run(ours::future_of_items(0)).map(collected)).is_err());
    same!(local(&3));
    same!(boxed_unpin(3));
    assert_eq!(observed("perhaps", || ours::perhaps("12").map(run)), Ok(13));
    assert!(observed("perhaps", || ours::perhaps("x").map(run)).is_err());
    assert_eq!(run(ours::recursive(12)), run(plain::recursive(12)));
}

#[test]
fn a_function_that_returns_a_stream_returns_what_the_plain_one_returns() {
    macro_rules! same {
        ($name:ident($($argument:expr),*)) => {
            assert_eq!(
                collected(plain::$name($($argument),*)),
                observed(stringify!($name), || collected(ours::$name($($argument),*))),
            )
        };
    }
    let words = ["ab".to_owned(), "ac".to_owned(), "b".to_owned()];
    same!(items(3));
    same!(items(0));
    same!(items_that_borrow(&words, "a"));
    same!(items_of_generics(vec![1, 2, 3], |n| n % 2 == 1));
    same!(boxed_items(0));
    same!(boxed_items(3));
    same!(local_items(&["a", "b"]));
    same!(pinned_items(2));
    same!(pinned_items(5));
    same!(unpin_items(2));
    assert_eq!(observed("try_items", || run(ours::try_items(2).try_collect::<Vec<_>>())), Ok(vec![0, 1]));
    assert_eq!(observed("perhaps_items", || ours::perhaps_items("2").map(collected)), Ok(vec![0, 1]));
    assert!(observed("perhaps_items", || ours::perhaps_items("x").map(collected)).is_err());
    assert_eq!(
        observed("perhaps_boxed_items", || ours::perhaps_boxed_items("ab").map(collected)),
        Some(vec!['a', 'b'])
    );
    assert_eq!(observed("perhaps_boxed_items", || ours::perhaps_boxed_items("").map(collected)), None);
    assert_eq!(observed("later_items", || collected(run(ours::later_items(3)))), [0, 1, 2]);
    assert_eq!(
        observed("later_items_that_borrow", || collected(run(ours::later_items_that_borrow(&words)))),
        words
    );
    assert_eq!(
        observed("perhaps_later_items", || run(ours::perhaps_later_items("ab")).map(collected)),
        Ok(vec!['a', 'b'])
    );
    assert!(observed("perhaps_later_items", || run(ours::perhaps_later_items("")).map(collected)).is_err());
    assert_eq!(
        observed("perhaps_now_items", || run(ours::perhaps_now_items("ab")).map(collected)),
        Ok(vec!['a', 'b'])
    );
}

#[test]
fn what_is_returned_keeps_its_auto_traits() {
    fn is_send<T: Send>(_: &T) {}
    fn is_static<T: 'static>(_: &T) {}
    fn is_unpin<T: Unpin>(_: &T) {}
    let text = String::from("abc");
    let copied = ours::block_of_a_copy(&text);
    drop(text);
    is_static(&copied);
    is_send(&copied);
    is_send(&ours::items(1));
    is_unpin(&ours::items(1));
    is_unpin(&ours::unpin_items(1));
    let hint = ours::items(3).size_hint();
    assert_eq!(hint, (3, Some(3)));
}

struct Store {
    words: Vec<String>,
}

trait Words {
    fn words(&self) -> impl Stream<Item = &str> + Send;
    fn first(&self) -> impl Future<Output = Option<&str>> + Send;
}

impl Words for Store {
    #[tta::primitive(fields(len = self.words.len()))]
    fn words(&self) -> impl Stream<Item = &str> + Send {
        stream::iter(&self.words).map(String::as_str)
    }

    #[tta::primitive(fields(len = self.words.len()), ret(length = ret.len()))]
    fn first(&self) -> impl Future<Output = Option<&str>> + Send {
        async { self.words.first().map(String::as_str) }
    }
}

impl Store {
    #[tta::primitive]
    fn drain(&mut self) -> impl Stream<Item = String> + '_ {
        stream::iter(self.words.drain(..))
    }

    #[tta::primitive]
    fn shared(self: Arc<Self>) -> impl Stream<Item = usize> {
        stream::iter(0..self.words.len()).map(move |at| self.words[at].len())
    }
}

#[async_trait::async_trait]
trait Feed: Sync {
    async fn feed(&self, from: usize) -> Result<BoxStream<'_, u8>, String>;
    fn next(&self, n: u8) -> Ready<u8>;
}

#[async_trait::async_trait]
impl Feed for Vec<u8> {
    #[tta::primitive(fields(from))]
    async fn feed(&self, from: usize) -> Result<BoxStream<'_, u8>, String> {
        pause().await;
        let rest = self.get(from..).ok_or("too far")?;
        Ok(stream::iter(rest.iter().copied()).boxed())
    }

    fn next(&self, n: u8) -> Ready<u8> {
        ready(n)
    }
}

#[test]
fn methods_return_streams_of_what_they_borrow() {
    let mut store = Store { words: vec!["a".to_owned(), "bc".to_owned()] };
    assert_eq!(observed("words", || collected(store.words())), ["a", "bc"]);
    assert_eq!(observed("first", || run(store.first())), Some("a"));
    assert_eq!(observed("drain", || collected(store.drain())), ["a", "bc"]);
    assert_eq!(observed("shared", || collected(Arc::new(store).shared())), [0; 0]);
    let bytes = vec![1, 2, 3];
    assert_eq!(observed("feed", || run(bytes.feed(1)).map(collected)), Ok(vec![2, 3]));
    assert_eq!(observed("feed", || run(bytes.feed(9)).map(collected)), Err("too far".to_owned()));
    assert_eq!(run(bytes.next(3)), 3);
}

mod drops {
    use futures::stream::StreamExt as Streams;

    use super::*;

    twins! {
        pub(super) fn made(a: Noisy, _b: Noisy, c: Noisy) -> impl Future<Output = usize> {
            log("made it");
            let local = Noisy("local");
            futures::future::lazy(move |_| a.name().len() + local.name().len()).inspect(move |_| log(c.name()))
        }

        pub(super) fn block(a: Noisy, _b: Noisy, c: Noisy) -> impl Future<Output = usize> {
            log("made it");
            let local = Noisy("local");
            async move {
                pause().await;
                drop(a);
                pause().await;
                c.name().len() + local.name().len()
            }
        }

        pub(super) fn items(a: Noisy, _b: Noisy, c: Noisy) -> impl Stream<Item = &'static str> {
            let local = Noisy("local");
            stream::iter([a, c]).map(|item| item.name()).chain(stream::once(async move { local.name() }))
        }
    }

    #[test]
    fn what_a_future_or_a_stream_holds_is_dropped_in_its_order() {
        use super::super::support::{DRIVES, story};

        macro_rules! same {
            ($name:ident, $as_future:expr) => {
                for drive in DRIVES {
                    let plain = story(|| $as_future(plain::$name(Noisy("a"), Noisy("b"), Noisy("c"))), drive);
                    let ours = story(|| $as_future(ours::$name(Noisy("a"), Noisy("b"), Noisy("c"))), drive);
                    assert_eq!(plain, ours, "{} {drive:?}", stringify!($name));
                }
            };
        }
        same!(made, |future| future);
        same!(block, |future| future);
        same!(items, Streams::collect::<Vec<_>>);
    }
}
