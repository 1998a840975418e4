//! What `cache(..)` does with calls. All of it holds where nothing is observed, too.

use std::collections::BTreeMap;
use std::future::pending;
use std::hash::{Hash, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{advance, sleep};
use tta::PolicyError;

/// What the functions here fail with. It cannot be cloned.
#[derive(Debug, PartialEq)]
enum Failure {
    Broken(u32),
    Refused(PolicyError),
}

impl From<PolicyError> for Failure {
    fn from(refusal: PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

mod keys {
    use super::*;

    static CALLS: AtomicU32 = AtomicU32::new(0);

    #[tta::primitive(cache(ttl = "10m"))]
    async fn told_apart(text: &str, number: u32, list: Vec<u8>, map: &BTreeMap<String, u8>) -> u32 {
        let _ = (text, number, list, map);
        CALLS.fetch_add(1, Relaxed) + 1
    }

    #[tokio::test]
    async fn calls_with_equal_arguments_are_one_call_and_others_are_others() {
        let map = BTreeMap::from([("a".to_owned(), 1)]);
        let first = told_apart("a", 1, vec![1, 2], &map).await;
        assert_eq!(told_apart(&String::from("a"), 1, vec![1, 2], &map.clone()).await, first);
        let others = [
            told_apart("b", 1, vec![1, 2], &map).await,
            told_apart("a", 2, vec![1, 2], &map).await,
            told_apart("a", 1, vec![1], &map).await,
            told_apart("a", 1, vec![1, 2], &BTreeMap::new()).await,
        ];
        assert_eq!(others, [first + 1, first + 2, first + 3, first + 4]);
        let stats = told_apart::cache().stats();
        assert_eq!((stats.hits, stats.misses, stats.entries), (1, 5, 5));
    }

    /// All of them hash alike.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Alike(u32);

    impl Hash for Alike {
        fn hash<H: Hasher>(&self, hasher: &mut H) {
            0.hash(hasher);
        }
    }

    #[tta::primitive(cache(ttl = "10m"))]
    async fn of_alike(key: Alike) -> u32 {
        key.0
    }

    #[tokio::test]
    async fn keys_that_hash_alike_never_answer_for_each_other() {
        for _ in 0..2 {
            for number in 0..20 {
                assert_eq!(of_alike(Alike(number)).await, number);
            }
        }
        assert_eq!(of_alike::cache().stats().hits, 20);
    }

    #[tta::primitive(cache(ttl = "10m"))]
    async fn of_nothing() -> u32 {
        CALLS.fetch_add(1, Relaxed)
    }

    #[tokio::test]
    async fn a_function_without_arguments_is_called_once() {
        assert_eq!(of_nothing().await, of_nothing().await);
        assert_eq!(of_nothing::cache().invalidate(&()).await, Ok(()));
        assert_eq!(of_nothing::cache().stats().entries, 0);
    }

    struct Store {
        rows: u32,
    }

    impl Store {
        #[tta::primitive(name = "Store.get", cache(ttl = "10m", key = (self.rows, id.len())))]
        async fn get(&self, id: String, weight: f64) -> u32 {
            assert!(weight > 0.0);
            drop(id);
            CALLS.fetch_add(1, Relaxed)
        }
    }

    #[tokio::test]
    async fn a_key_of_ones_own_is_all_that_tells_calls_apart() {
        let store = Store { rows: 3 };
        let first = store.get("ab".to_owned(), 1.0).await;
        assert_eq!(store.get("cd".to_owned(), 2.0).await, first);
        assert_ne!(store.get("abc".to_owned(), 1.0).await, first);
        assert_ne!(Store { rows: 4 }.get("ab".to_owned(), 1.0).await, first);

        let cache = tta::cache("Store.get").expect("it has been called");
        assert!(tta::cache("Store.put").is_none());
        assert_eq!(cache.stats().hits, 1);
        let other = cache.invalidate(&2_u8).await.map_err(|error| error.to_string());
        assert_eq!(
            other,
            Err("the keys of this cache are of the type `(u32, usize)`, and this one is a `u8`".to_owned())
        );
        assert_eq!(cache.invalidate(&(3_u32, 2_usize)).await, Ok(()));
        assert_ne!(store.get("ab".to_owned(), 1.0).await, first);
    }

    #[tta::primitive]
    impl Store {
        #[tta::primitive(cache(ttl = "10m"))]
        async fn count(of: &str) -> usize {
            CALLS.fetch_add(1, Relaxed);
            of.len()
        }
    }

    #[tokio::test]
    async fn an_associated_function_of_an_annotated_block_has_a_cache_too() {
        assert_eq!((Store::count("abc").await, Store::count("abc").await), (3, 3));
        assert_eq!(tta::cache("Store.count").expect("it has been called").stats().hits, 1);
    }

    /// In a generic `impl` a function has a cache for each type of values.
    struct Generic<T>(T);

    impl<T: Clone + Send + Sync + 'static> Generic<T> {
        #[tta::primitive(name = "Generic.value", cache(ttl = "10m", key = id))]
        async fn value(&self, id: u8) -> T {
            self.0.clone()
        }
    }

    #[tokio::test]
    async fn values_of_several_types_do_not_get_in_each_others_way() {
        let (text, number) = (Generic("text"), Generic(7));
        for _ in 0..2 {
            assert_eq!(text.value(1).await, "text");
            assert_eq!(number.value(1).await, 7);
        }
        assert_eq!(tta::cache("Generic.value").expect("it has been called").stats().hits, 2);
    }

    #[async_trait::async_trait]
    trait Model {
        async fn ask(&self, prompt: &str) -> Result<String, Failure>;
    }

    struct Small(AtomicU32);

    #[async_trait::async_trait]
    impl Model for Small {
        #[tta::primitive(cache(ttl = "10m", key = prompt.to_owned()))]
        async fn ask(&self, prompt: &str) -> Result<String, Failure> {
            Ok(format!("{prompt} {}", self.0.fetch_add(1, Relaxed)))
        }
    }

    #[tokio::test]
    async fn methods_of_async_trait_are_cached() {
        let model = Small(AtomicU32::new(0));
        for _ in 0..2 {
            assert_eq!(model.ask("a").await, Ok("a 0".to_owned()));
        }
    }
}

mod values {
    use super::*;

    #[tta::primitive(cache(ttl = "10m"))]
    async fn fails_at_first(calls: &'static AtomicU32Key, name: &str) -> Result<u32, Failure> {
        let _ = name;
        match calls.0.fetch_add(1, Relaxed) {
            0 => Err(Failure::Broken(0)),
            number => Ok(number),
        }
    }

    /// A counter that is no part of the key.
    #[derive(Clone, Debug, Default)]
    struct AtomicU32Key(Arc<AtomicU32>);

    impl PartialEq for AtomicU32Key {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }

    impl Eq for AtomicU32Key {}

    impl Hash for AtomicU32Key {
        fn hash<H: Hasher>(&self, _: &mut H) {}
    }

    fn counter() -> &'static AtomicU32Key {
        Box::leak(Box::default())
    }

    #[tokio::test]
    async fn errors_are_not_kept() {
        let calls = counter();
        assert_eq!(fails_at_first(calls, "a").await, Err(Failure::Broken(0)));
        assert_eq!(fails_at_first(calls, "a").await, Ok(1));
        assert_eq!(fails_at_first(calls, "a").await, Ok(1));
    }

    #[tta::primitive(cache(ttl = "10m"))]
    async fn nothing(calls: AtomicU32Key) -> Option<u32> {
        calls.0.fetch_add(1, Relaxed);
        None
    }

    #[tokio::test]
    async fn none_is_a_value() {
        let calls = AtomicU32Key::default();
        assert_eq!((nothing(calls.clone()).await, nothing(calls.clone()).await), (None, None));
        assert_eq!(calls.0.load(Relaxed), 1);
    }

    #[tta::primitive(cache(ttl = "10m", when = |found| !found.is_empty()))]
    async fn found(calls: AtomicU32Key) -> Vec<u32> {
        (0..calls.0.fetch_add(1, Relaxed)).collect()
    }

    #[tokio::test]
    async fn a_closure_says_what_is_kept() {
        let calls = AtomicU32Key::default();
        assert_eq!(found(calls.clone()).await, [0; 0]);
        assert_eq!(found(calls.clone()).await, [0]);
        assert_eq!(found(calls.clone()).await, [0]);
    }

    #[tta::primitive(cache(ttl = "10m"), error_if = |found: &Vec<u32>| found.is_empty())]
    async fn not_found(calls: AtomicU32Key) -> Vec<u32> {
        (0..calls.0.fetch_add(1, Relaxed)).collect()
    }

    #[tokio::test]
    async fn what_is_an_error_by_a_rule_is_not_kept() {
        let calls = AtomicU32Key::default();
        assert_eq!(not_found(calls.clone()).await, [0; 0]);
        assert_eq!(not_found(calls.clone()).await, [0]);
    }

    #[tta::primitive(cache(ttl = "1m"))]
    async fn counted(calls: AtomicU32Key) -> u32 {
        calls.0.fetch_add(1, Relaxed)
    }

    #[tta::primitive(cache(ttl = "1ms", key = ()))]
    async fn short_lived() -> u32 {
        0
    }

    #[tokio::test]
    async fn what_has_had_its_time_was_not_evicted() {
        short_lived().await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        // Its table has done away with it by then, which is done when it is written to, or told what it has.
        short_lived().await;
        let stats = short_lived::cache().stats();
        assert_eq!((stats.misses, stats.evictions), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_returned_until_its_time_is_over() {
        let calls = AtomicU32Key::default();
        assert_eq!(counted(calls.clone()).await, 0);
        advance(Duration::from_secs(59)).await;
        assert_eq!(counted(calls.clone()).await, 0);
        advance(Duration::from_secs(1)).await;
        assert_eq!(counted(calls.clone()).await, 1);
    }

    #[derive(Clone)]
    struct Token {
        number: u32,
        expires_in: Duration,
    }

    #[tta::primitive(cache(ttl = |token: &Token| token.expires_in, key = ()))]
    async fn token(calls: &AtomicU32, expires_in: Duration) -> Token {
        Token { number: calls.fetch_add(1, Relaxed), expires_in }
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_says_how_long_it_is_good_for() {
        let calls = AtomicU32::default();
        let number = async |seconds| token(&calls, Duration::from_secs(seconds)).await.number;
        assert_eq!(number(30).await, 0);
        advance(Duration::from_secs(29)).await;
        assert_eq!(number(1).await, 0);
        advance(Duration::from_secs(1)).await;
        assert_eq!(number(3600).await, 1);
        advance(Duration::from_secs(3599)).await;
        assert_eq!(number(1).await, 1);
        advance(Duration::from_secs(1)).await;
        // More than a clock can count, and no time at all.
        assert_eq!(token(&calls, Duration::MAX).await.number, 2);
        advance(Duration::from_hours(24)).await;
        assert_eq!(number(1).await, 2);
        token::cache().clear().await.expect("it is in memory");
        assert_eq!((number(0).await, number(0).await), (3, 4));
    }

    #[tta::primitive(cache(ttl = "10m", capacity = 10))]
    async fn few(number: u32) -> u32 {
        number
    }

    #[tokio::test]
    async fn there_are_no_more_entries_than_there_is_room_for() {
        for number in 0..200 {
            assert_eq!(few(number).await, number);
        }
        let stats = few::cache().stats();
        assert_eq!((stats.entries, stats.evictions), (10, 190));
    }

    #[tta::primitive(cache(ttl = "10m", capacity = 100, weigh = String::len))]
    async fn heavy(length: usize) -> String {
        "x".repeat(length)
    }

    #[tokio::test]
    async fn room_is_measured_by_what_values_weigh() {
        for length in [40, 41, 1000] {
            assert_eq!(heavy(length).await.len(), length);
        }
        assert_eq!(heavy::cache().stats().entries, 2);
    }

    #[tta::primitive(cache(ttl = "10m"))]
    async fn cleared(number: u32, calls: AtomicU32Key) -> u32 {
        number + calls.0.fetch_add(1, Relaxed)
    }

    #[tokio::test]
    async fn entries_are_forgotten_one_by_one_or_all_at_once() {
        let calls = AtomicU32Key::default();
        assert_eq!((cleared(10, calls.clone()).await, cleared(20, calls.clone()).await), (10, 21));
        cleared::cache().invalidate(&(10, calls.clone())).await.expect("it is in memory");
        assert_eq!((cleared(10, calls.clone()).await, cleared(20, calls.clone()).await), (12, 21));
        cleared::cache().clear().await.expect("it is in memory");
        assert_eq!(cleared::cache().stats().entries, 0);
        assert_eq!((cleared(10, calls.clone()).await, cleared(20, calls.clone()).await), (13, 24));
    }

    #[derive(Clone, Debug, PartialEq)]
    struct Cloned(u32);

    #[tta::primitive(cache(ttl = "10m", negative_ttl = "5s"))]
    async fn negative(calls: AtomicU32Key) -> Result<u32, Cloned> {
        Err(Cloned(calls.0.fetch_add(1, Relaxed)))
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_is_kept_for_as_long_as_somebody_said() {
        let calls = AtomicU32Key::default();
        assert_eq!(negative(calls.clone()).await, Err(Cloned(0)));
        advance(Duration::from_secs(4)).await;
        assert_eq!(negative(calls.clone()).await, Err(Cloned(0)));
        assert_eq!(negative::cache().stats().negative, 1);
        advance(Duration::from_secs(1)).await;
        assert_eq!(negative(calls.clone()).await, Err(Cloned(1)));
    }
}

mod flights {
    use super::*;

    static CALLS: AtomicU32 = AtomicU32::new(0);

    #[tta::primitive(cache(ttl = "10m"))]
    async fn slow(name: &'static str) -> u32 {
        sleep(Duration::from_secs(1)).await;
        assert_ne!(name, "");
        CALLS.fetch_add(1, Relaxed)
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_callers_at_once_are_one_call() {
        let callers: Vec<_> = (0..50).map(|_| tokio::spawn(slow("fifty"))).collect();
        for caller in callers {
            assert_eq!(caller.await.expect("it does not panic"), 0);
        }
        let stats = slow::cache().stats();
        assert_eq!((stats.misses, stats.coalesced), (1, 49));
    }

    #[tta::primitive(cache(ttl = "10m", key = name))]
    async fn gated(name: &'static str, calls: Arc<AtomicU32>, gate: Arc<Notify>) -> u32 {
        let number = calls.fetch_add(1, Relaxed);
        match name {
            "hangs once" if number == 0 => pending().await,
            "panics once" if number == 0 => {
                gate.notified().await;
                panic!("it does")
            }
            _ => gate.notified().await,
        }
        number
    }

    #[tta::primitive(cache(ttl = "10m"))]
    async fn of_static(
        name: &'static str,
        list: &'static [&'static str],
    ) -> Result<&'static str, &'static str> {
        list.first().copied().ok_or(name)
    }

    #[tokio::test]
    async fn what_is_static_can_be_asked_for_on_any_thread() {
        let call = tokio::spawn(of_static("none", &["one"]));
        assert_eq!(call.await.expect("it does not panic"), Ok("one"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_goes_away_hands_the_call_over() {
        let (calls, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let first = tokio::spawn(gated("hangs once", calls.clone(), gate.clone()));
        tokio::task::yield_now().await;
        let others: Vec<_> =
            (0..3).map(|_| tokio::spawn(gated("hangs once", calls.clone(), gate.clone()))).collect();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(calls.load(Relaxed), 1);
        first.abort();
        gate.notify_one();
        for other in others {
            assert_eq!(other.await.expect("it does not panic"), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_panics_hands_the_call_over() {
        let (calls, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let first = tokio::spawn(gated("panics once", calls.clone(), gate.clone()));
        tokio::task::yield_now().await;
        let other = tokio::spawn(gated("panics once", calls.clone(), gate.clone()));
        sleep(Duration::from_secs(1)).await;
        gate.notify_one();
        assert!(first.await.is_err());
        gate.notify_one();
        assert_eq!(other.await.expect("it does not panic"), 1);
    }

    /// A key of which can be seen how many there are.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Kept(Arc<()>);

    #[tta::primitive(cache(ttl = "10m"))]
    async fn hangs(key: Kept) {
        drop(key);
        pending::<()>().await;
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_call_that_nobody_waits_for() {
        let (calls, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        for _ in 0..3 {
            let mut call = pin!(gated("dropped", calls.clone(), gate.clone()));
            let task = &mut Context::from_waker(Waker::noop());
            assert!(call.as_mut().poll(task).is_pending());
        }
        assert_eq!(calls.load(Relaxed), 3, "each made a call of its own");
        assert_eq!(Arc::strong_count(&gate), 1);

        let key = Kept(Arc::new(()));
        {
            let mut call = pin!(hangs(key.clone()));
            let task = &mut Context::from_waker(Waker::noop());
            assert!(call.as_mut().poll(task).is_pending());
            assert_eq!(Arc::strong_count(&key.0), 2, "the key is kept");
        }
        assert_eq!(Arc::strong_count(&key.0), 1, "and no longer");
    }

    #[tta::primitive(cache(ttl = "10m", key = ()))]
    async fn fails(calls: Arc<AtomicU32>, until: u32) -> Result<u32, Failure> {
        let number = calls.fetch_add(1, Relaxed);
        sleep(Duration::from_secs(1)).await;
        if number < until { Err(Failure::Broken(number)) } else { Ok(number) }
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_that_cannot_be_cloned_is_for_one_caller_and_the_next_one_tries() {
        let calls = Arc::new(AtomicU32::new(0));
        let callers: Vec<_> = (0..5).map(|_| tokio::spawn(fails(calls.clone(), 2))).collect();
        let mut results = Vec::new();
        for caller in callers {
            results.push(caller.await.expect("it does not panic"));
        }
        let broken = |number| Err(Failure::Broken(number));
        assert_eq!(results, [broken(0), broken(1), Ok(2), Ok(2), Ok(2)]);
    }

    #[tta::primitive(cache(ttl = "10m", key = ()))]
    async fn fails_for_all(calls: Arc<AtomicU32>) -> Result<u32, String> {
        sleep(Duration::from_secs(1)).await;
        Err(format!("call {}", calls.fetch_add(1, Relaxed)))
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_that_can_be_cloned_is_for_all_who_wait() {
        let calls = Arc::new(AtomicU32::new(0));
        let callers: Vec<_> = (0..5).map(|_| tokio::spawn(fails_for_all(calls.clone()))).collect();
        for caller in callers {
            assert_eq!(caller.await.expect("it does not panic"), Err("call 0".to_owned()));
        }
        assert_eq!(fails_for_all(calls).await, Err("call 1".to_owned()), "and for nobody else");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_invalidated_while_it_is_called_for_is_not_kept() {
        let (calls, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let old = tokio::spawn(gated("changed", calls.clone(), gate.clone()));
        tokio::task::yield_now().await;
        gated::cache().invalidate(&"changed").await.expect("the key is of this type");
        gate.notify_one();
        assert_eq!(old.await.expect("it does not panic"), 0);
        gate.notify_one();
        assert_eq!(gated("changed", calls, gate).await, 1);
    }
}

mod recursion {
    use super::*;

    #[tta::primitive(cache(ttl = "10m"))]
    async fn fibonacci(number: u64) -> u64 {
        if number < 2 {
            return number;
        }
        boxed(number - 1).await + boxed(number - 2).await
    }

    type Boxed<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;

    fn boxed(number: u64) -> Boxed<u64> {
        Box::pin(fibonacci(number))
    }

    #[tokio::test]
    async fn a_function_may_ask_itself_for_something_else() {
        assert_eq!(fibonacci(80).await, 23_416_728_348_467_685);
        assert_eq!(fibonacci::cache().stats().misses, 81);
    }

    #[tta::primitive(cache(ttl = "10m"))]
    async fn circular(depth: u32, spawned: bool) -> Result<u32, Failure> {
        let again = circular_again(depth, spawned);
        if spawned { tokio::spawn(again).await.expect("it does not panic") } else { again.await }
    }

    fn circular_again(depth: u32, spawned: bool) -> Boxed<Result<u32, Failure>> {
        Box::pin(circular(depth, spawned))
    }

    #[tokio::test]
    async fn a_function_that_asks_for_what_it_is_asked_for_is_refused() {
        for spawned in [false, true] {
            let refused = tokio::time::timeout(Duration::from_secs(5), circular(1, spawned)).await;
            let Ok(Err(Failure::Refused(refusal))) = refused else { panic!("{refused:?}") };
            assert_eq!(refusal.to_string(), "`circular` asked its cache for the key that it is computing");
        }
    }

    #[tta::primitive(cache(ttl = "10m", key = name))]
    async fn calls_through(name: &'static str, depth: u32) -> u32 {
        if depth == 0 { 7 } else { deeper(name, depth - 1).await }
    }

    fn deeper(name: &'static str, depth: u32) -> Boxed<u32> {
        Box::pin(calls_through(name, depth))
    }

    #[tokio::test]
    async fn a_function_that_cannot_be_refused_calls_through() {
        assert_eq!(calls_through("", 3).await, 7);
    }

    #[tta::primitive(cache(ttl = "10m"))]
    async fn left(asks: bool) -> Result<u32, Failure> {
        tokio::task::yield_now().await;
        the_other(true, asks).await
    }

    fn the_other(is_right: bool, asks: bool) -> Boxed<Result<u32, Failure>> {
        if is_right { Box::pin(right(asks)) } else { Box::pin(left(asks)) }
    }

    #[tta::primitive(cache(ttl = "10m"))]
    async fn right(asks: bool) -> Result<u32, Failure> {
        tokio::task::yield_now().await;
        the_other(false, asks).await
    }

    #[tokio::test]
    async fn two_that_ask_each_other_do_not_wait_for_ever() {
        let (left, right) = (tokio::spawn(left(true)), tokio::spawn(right(true)));
        let both = async { (left.await.expect("no panic"), right.await.expect("no panic")) };
        let both = tokio::time::timeout(Duration::from_secs(5), both).await;
        assert!(matches!(both, Ok((Err(_), Err(_)))), "{both:?}");
    }
}

mod stale {
    use super::*;

    static CALLS: AtomicU32 = AtomicU32::new(0);

    #[tta::primitive(cache(ttl = "1m", stale = "1h"))]
    async fn refreshed(name: &str) -> String {
        sleep(Duration::from_secs(1)).await;
        format!("{name} {}", CALLS.fetch_add(1, Relaxed))
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_stale_is_returned_at_once_and_fetched_anew_once() {
        assert_eq!(refreshed("a").await, "a 0");
        advance(Duration::from_mins(30)).await;
        for _ in 0..10 {
            let now = tokio::time::Instant::now();
            assert_eq!(refreshed("a").await, "a 0");
            assert_eq!(now.elapsed(), Duration::ZERO);
        }
        sleep(Duration::from_secs(2)).await;
        assert_eq!(refreshed("a").await, "a 1");
        assert_eq!(CALLS.load(Relaxed), 2);
        advance(Duration::from_mins(61)).await;
        assert_eq!(refreshed("a").await, "a 2", "what is older than that is not returned");
        assert_eq!(refreshed::cache().stats().stale, 10);
    }

    #[tta::primitive(cache(ttl = "1m", stale_if_error = "1h", key = ()))]
    async fn fails_later(calls: Arc<AtomicU32>) -> Result<u32, Failure> {
        match calls.fetch_add(1, Relaxed) {
            0 => Ok(0),
            number => Err(Failure::Broken(number)),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_value_is_returned_in_the_place_of_an_error() {
        let calls = Arc::new(AtomicU32::new(0));
        assert_eq!(fails_later(calls.clone()).await, Ok(0));
        advance(Duration::from_hours(1)).await;
        assert_eq!(fails_later(calls.clone()).await, Ok(0));
        assert_eq!(calls.load(Relaxed), 2, "it was asked");
        advance(Duration::from_mins(1)).await;
        assert_eq!(fails_later(calls.clone()).await, Err(Failure::Broken(2)));
    }
}

#[test]
fn no_runtime_is_needed() {
    #[tta::primitive(cache(ttl = "10m"))]
    async fn plain(number: u32) -> u32 {
        number + 1
    }
    let task = &mut Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert_eq!(pin!(plain(1)).poll(task), Poll::Ready(2));
    }
}
