//! Whole impl blocks.

use futures::stream::{self, Stream, StreamExt as _};

use super::support::{observed, pause, run};

#[derive(Clone, Default)]
struct Store<T> {
    items: Vec<T>,
}

#[tta::primitive(kind = "db", fields(len = self.items.len()))]
impl<T: Clone + Send + Sync> Store<T> {
    const FIRST: usize = 0;

    async fn get(&self, at: usize) -> Option<T> {
        pause().await;
        self.items.get(at).cloned()
    }

    fn push_all(&mut self, items: impl IntoIterator<Item = T>) -> &mut Self {
        self.items.extend(items);
        self
    }

    #[tta::primitive(fields(from), kind = "retrieval")]
    fn from(&self, from: usize) -> impl Stream<Item = &T> {
        stream::iter(self.items.iter().skip(from))
    }

    #[tta::primitive(skip)]
    const fn new() -> Self {
        Store { items: Vec::new() }
    }

    #[tta::workflow(name = "clear_all")]
    async fn clear(&mut self) {
        self.items.clear();
    }

    #[cfg(any())]
    fn gone(&self) -> Gone {}

    #[cfg(not(any()))]
    #[must_use]
    fn first(&self) -> Option<&T> {
        self.items.get(Self::FIRST)
    }
}

trait Named {
    type Error;
    fn title(&self) -> Result<String, Self::Error>;
    async fn rename(&mut self, name: &str) -> Result<(), Self::Error>;
}

#[tta::primitive(fields(words = self.items.len()))]
impl Named for Store<String> {
    type Error = std::fmt::Error;

    fn title(&self) -> Result<String, Self::Error> {
        self.items.first().cloned().ok_or(std::fmt::Error)
    }

    async fn rename(&mut self, name: &str) -> Result<(), Self::Error> {
        *self.items.first_mut().ok_or(std::fmt::Error)? = name.to_owned();
        Ok(())
    }
}

#[async_trait::async_trait]
trait Sized: Sync {
    async fn above(&self) -> usize;
    async fn add(&mut self, n: usize);
}

#[async_trait::async_trait]
#[tta::primitive(fields(len = self.len()))]
impl Sized for Vec<usize> {
    async fn above(&self) -> usize {
        pause().await;
        self.len()
    }

    async fn add(&mut self, n: usize) {
        self.push(n);
    }
}

#[tta::primitive(fields(len = self.len()))]
#[async_trait::async_trait]
impl Sized for String {
    async fn above(&self) -> usize {
        pause().await;
        self.len()
    }

    async fn add(&mut self, n: usize) {
        self.push_str(&n.to_string());
    }
}

#[test]
fn every_method_of_a_block_is_observed() {
    let mut store = Store::<String>::new();
    assert_eq!(
        observed("Store.push_all", || store.push_all(["a".to_owned(), "b".to_owned()]).items.len()),
        2
    );
    assert_eq!(observed("Store.get", || run(store.get(1))).as_deref(), Some("b"));
    assert_eq!(observed("Store.first", || store.first().cloned()).as_deref(), Some("a"));
    assert_eq!(observed("Store.from", || run(store.from(1).count())), 1);
    assert_eq!(observed("Store.title", || store.title()).as_deref(), Ok("a"));
    assert_eq!(observed("Store.rename", || run(store.rename("c"))), Ok(()));
    run(store.clear());
    assert!(observed("Store.title", || store.title()).is_err());
}

#[test]
fn async_trait_may_stand_on_either_side_of_the_blocks_attribute() {
    let (mut numbers, mut text) = (vec![1], "a".to_owned());
    observed("Vec.add", || run(numbers.add(2)));
    assert_eq!(observed("Vec.above", || run(numbers.above())), 2);
    observed("String.add", || run(text.add(2)));
    assert_eq!(observed("String.above", || run(text.above())), 2);
}

#[cfg(feature = "telemetry")]
#[test]
fn a_method_takes_the_blocks_arguments_unless_it_has_its_own() {
    let capture = tta::testing::capture();
    let mut store = Store { items: vec![1, 2] };
    let _ = run(store.get(1));
    assert_eq!(run(store.from(1).count()), 1);
    run(store.clear());
    let _ = Store::<u8>::new();
    let get = capture.span("Store.get");
    assert_eq!(get.attribute("tta.primitive.kind").as_deref(), Some("db"));
    assert_eq!(get.attribute("len").as_deref(), Some("2"));
    let from = capture.span("Store.from");
    assert_eq!(from.attribute("tta.primitive.kind").as_deref(), Some("retrieval"));
    assert_eq!((from.attribute("from").as_deref(), from.attribute("len")), (Some("1"), None));
    assert!(capture.span("invoke_workflow clear_all").attribute("tta.primitive.kind").is_none());
    assert!(!capture.spans().iter().any(|span| span.name == "Store.new"));
}
