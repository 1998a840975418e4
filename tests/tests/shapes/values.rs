//! What comes back.

use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::support::{observed, pause, run, twins};

struct Point {
    x: u8,
    y: [u8; 2],
}

twins! {
    pub(super) async fn nothing() {}

    pub(super) async fn question(text: &str) -> Result<u8, std::num::ParseIntError> {
        let number: u8 = text.parse()?;
        pause().await;
        Ok(number)
    }

    pub(super) async fn inferred(words: &[&str]) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        if words.is_empty() {
            return Err("no words".into());
        }
        Ok(words.iter().map(|word| (*word).to_owned()).collect())
    }

    pub(super) async fn boxed_trait(number: u8) -> Result<Box<dyn Display>, ()> {
        Ok(Box::new(number))
    }

    pub(super) async fn opaque(numbers: &[u8]) -> impl Iterator<Item = &u8> {
        numbers.iter().rev()
    }

    pub(super) async fn opaque_inside(numbers: &[u8]) -> Result<impl Iterator<Item = u8> + '_, String> {
        if numbers.is_empty() {
            return Err("empty".to_owned());
        }
        Ok(numbers.iter().map(|number| number * 2))
    }

    pub(super) async fn longer<'a>(a: &'a str, b: &'a str) -> &'a str {
        pause().await;
        if a.len() > b.len() { a } else { b }
    }

    pub(super) async fn cow(text: &str) -> Cow<'_, str> {
        if text.is_empty() { "empty".into() } else { text.into() }
    }

    pub(super) async fn generic<T, const N: usize>(items: [T; N]) -> Vec<T>
    where
        T: Clone + Debug,
    {
        pause().await;
        items.to_vec()
    }

    pub(super) async fn takes_impl(value: impl Display, each: impl Fn(u8) -> u8) -> String {
        format!("{value}{}", each(1))
    }

    pub(super) async fn mutable_number(mut n: u32, m: &mut u32) -> u32 {
        n += 1;
        *m += n;
        n
    }

    pub(super) async fn r#type(r#match: u8) -> u8 {
        r#match + 1
    }

    pub(super) async fn nested(n: u8) -> u8 {
        async fn inner(n: u8) -> u8 {
            n + 1
        }
        inner(inner(n).await).await
    }

    pub(super) async fn recursive(n: u64) -> u64 {
        if n == 0 { 0 } else { n + Box::pin(recursive(n - 1)).await }
    }

    pub(super) async fn takes_dyn(value: &dyn Display, boxed: Box<dyn Fn(u8) -> u8 + Send>) -> String {
        pause().await;
        format!("{value}{}", boxed(1))
    }

    pub(super) async fn higher_ranked<F>(text: String, first: F) -> String
    where
        F: for<'a> Fn(&'a str) -> &'a str + Send + 'static,
    {
        pause().await;
        first(&text).to_owned()
    }

    pub(super) async fn asynchronous_closure<F>(text: String, then: F) -> usize
    where
        F: AsyncFn(&str) -> usize,
    {
        then(&text).await + then("").await
    }

    pub(super) async fn lives_for_ever<T: Debug + 'static>(value: T, text: &'static str) -> (T, &'static str) {
        pause().await;
        (value, text)
    }

    pub(super) async fn destructured((a, b): (u8, u8), Point { x, y: [y, ..] }: Point, _: u8, mut c: u8) -> u8 {
        c += a;
        pause().await;
        b + c + x + y
    }

    pub(super) async fn looped(limit: u8) -> (u8, u8) {
        let mut n = 0;
        let first = loop {
            n += 1;
            if n > limit {
                break n;
            }
            pause().await;
        };
        let second = 'outer: loop {
            loop {
                n += 1;
                if n > 3 {
                    break 'outer first + 1;
                }
                if n == 2 {
                    continue 'outer;
                }
            }
        };
        for _ in 0..3 {
            if n % 2 == 1 {
                n += 1;
                continue;
            }
            return (first, second);
        }
        (0, 0)
    }

    pub(super) async fn blocks_and_closures(n: u8) -> Result<u8, String> {
        let add = |m: u8| -> Option<u8> { Some(n.checked_add(m)? + 1) };
        let later = async move {
            pause().await;
            if n > 100 {
                return Err("too much".to_owned());
            }
            Ok::<u8, String>(n)
        };
        let added = add(3).ok_or("overflow")?;
        Ok(later.await? + added)
    }

    pub(super) async fn into_what_is_returned(text: &str) -> Box<str> {
        text.into()
    }

    pub(super) async fn default_of_what_is_returned() -> Vec<u8> {
        Default::default()
    }

    pub(super) async fn collected_into_what_is_returned(words: &[&str]) -> Result<std::collections::BTreeMap<usize, u8>, std::num::ParseIntError> {
        words.iter().map(|word| Ok((word.len(), word.parse()?))).collect()
    }

    pub(super) async fn never_in_one_arm(n: Option<u8>) -> u8 {
        let Some(n) = n else { panic!("none") };
        match n {
            0 => unreachable!("zero"),
            n => n,
        }
    }

    #[doc = "Documented."]
    #[allow(clippy::let_and_return)]
    #[cfg(all())]
    #[inline(never)]
    #[deprecated(note = "only to see that it may be said")]
    pub(in crate::shapes) async fn attributed(n: u8) -> u8 {
        let m = n;
        m
    }

    pub(super) async fn with_inner_attributes(n: u8) -> u8 {
        #![allow(unused_variables)]
        let unused = 3;
        n
    }

    pub(super) async fn with_attributes(#[allow(unused)] n: u8, #[cfg(any())] gone: Gone, #[cfg(all())] m: u8) -> u8 {
        m
    }

    pub(super) fn plain_nothing() {}

    pub(super) fn plain_opaque(numbers: &[u8]) -> impl Iterator<Item = &u8> {
        numbers.iter().rev()
    }

    pub(super) fn plain_opaque_inside(text: &str) -> Result<impl Display, std::num::ParseIntError> {
        let number: u8 = text.parse()?;
        Ok(number)
    }

    pub(super) fn plain_mutable<'a>(numbers: &'a mut Vec<u8>, at: usize) -> Option<&'a mut u8> {
        numbers.push(9);
        let found = numbers.get_mut(at)?;
        *found += 1;
        Some(found)
    }

    pub(super) fn plain_generic<T: Default + PartialEq, const N: usize>(items: [T; N]) -> bool {
        items.iter().any(|item| *item == T::default())
    }

    pub(super) fn plain_boxed_trait(number: u8) -> Box<dyn Display> {
        Box::new(number)
    }

    pub(super) fn plain_recursive(n: u64) -> u64 {
        if n == 0 { 0 } else { n + plain_recursive(n - 1) }
    }

    pub(super) extern "C" fn from_c(n: i32) -> i32 {
        n + 1
    }

    pub(super) fn diverges(message: &str) -> ! {
        panic!("{message}")
    }

    pub(super) async fn diverges_later(message: &str) -> ! {
        pause().await;
        panic!("{message}")
    }
}

#[test]
fn an_annotated_async_function_returns_what_the_plain_one_returns() {
    macro_rules! same {
        ($name:ident($($argument:expr),*)) => {
            assert_eq!(
                format!("{:?}", run(plain::$name($($argument),*))),
                format!("{:?}", observed(stringify!($name), || run(ours::$name($($argument),*)))),
            )
        };
    }
    same!(nothing());
    same!(question("12"));
    same!(question("twelve"));
    same!(inferred(&["a", "b"]));
    same!(inferred(&[]));
    same!(longer("a", "bc"));
    same!(cow(""));
    same!(cow("x"));
    same!(generic([1, 2, 3]));
    same!(generic([String::from("x")]));
    same!(takes_impl("n", |n| n + 1));
    same!(r#type(3));
    same!(nested(3));
    same!(recursive(12));
    same!(takes_dyn(&3, Box::new(|n| n + 1)));
    same!(higher_ranked("ab".to_owned(), |text| &text[..1]));
    same!(asynchronous_closure("ab".to_owned(), async |text: &str| text.len() + 1));
    same!(lives_for_ever(3, "x"));
    same!(destructured((1, 2), Point { x: 3, y: [4, 5] }, 6, 7));
    same!(looped(0));
    same!(looped(2));
    same!(blocks_and_closures(3));
    same!(blocks_and_closures(101));
    same!(into_what_is_returned("x"));
    same!(default_of_what_is_returned());
    same!(collected_into_what_is_returned(&["1", "22"]));
    same!(collected_into_what_is_returned(&["x"]));
    same!(never_in_one_arm(Some(3)));
    #[allow(deprecated)]
    {
        same!(attributed(3));
    }
    same!(with_inner_attributes(3));
    same!(with_attributes(1, 2));
    same!(mutable_number(3, &mut 4));
    let mut m = 1;
    assert_eq!(run(ours::mutable_number(3, &mut m)), 4);
    assert_eq!(m, 5);
    assert_eq!(run(ours::boxed_trait(3)).map(|shown| shown.to_string()), Ok("3".to_owned()));
    let numbers = [1, 2, 3];
    assert_eq!(run(ours::opaque(&numbers)).copied().collect::<Vec<u8>>(), [3, 2, 1]);
    assert_eq!(run(ours::opaque_inside(&numbers)).map(Iterator::sum), Ok(12_u8));
    assert!(run(ours::opaque_inside(&[])).is_err());
}

#[test]
fn an_annotated_function_returns_what_the_plain_one_returns() {
    observed("plain_nothing", ours::plain_nothing);
    assert_eq!(
        observed("plain_opaque", || ours::plain_opaque(&[1, 2])).copied().collect::<Vec<u8>>(),
        [2, 1]
    );
    assert_eq!(ours::plain_opaque_inside("12").map(|n| n.to_string()), Ok("12".to_owned()));
    assert!(ours::plain_opaque_inside("x").is_err());
    let mut numbers = vec![1];
    *ours::plain_mutable(&mut numbers, 0).expect("the first") += 1;
    assert_eq!(numbers, [3, 9]);
    assert_eq!(observed("plain_mutable", || ours::plain_mutable(&mut numbers, 7).copied()), None);
    assert!(observed("plain_generic", || ours::plain_generic([1, 0])));
    assert_eq!(observed("plain_boxed_trait", || ours::plain_boxed_trait(4)).to_string(), "4");
    assert_eq!(ours::plain_recursive(12), plain::plain_recursive(12));
    let from_c: extern "C" fn(i32) -> i32 = ours::from_c;
    assert_eq!(observed("from_c", || from_c(1)), 2);
    let failed =
        observed("diverges", || std::panic::catch_unwind(|| ours::diverges("gone"))).expect_err("it panics");
    assert_eq!(failed.downcast_ref::<String>().map(String::as_str), Some("gone"));
    let late = || std::panic::catch_unwind(|| run(ours::diverges_later("late")));
    let failed = observed("diverges_later", late).expect_err("it panics");
    assert_eq!(failed.downcast_ref::<String>().map(String::as_str), Some("late"));
}

mod raw {
    #![allow(unsafe_code)]

    #[tta::primitive(fields(null = p.is_null()))]
    pub(super) unsafe fn read(p: *const u8) -> u8 {
        // SAFETY: the caller's.
        unsafe { *p }
    }

    #[tta::primitive]
    pub(super) async unsafe fn read_later(p: *const u8) -> u8 {
        super::pause().await;
        // SAFETY: the caller's.
        unsafe { *p }
    }

    #[tta::primitive]
    pub(super) unsafe extern "C" fn read_from_c(p: *const u8) -> u8 {
        // SAFETY: the caller's.
        unsafe { *p }
    }

    #[test]
    fn unsafe_functions_stay_unsafe() {
        let n = 3;
        // SAFETY: `n` lives on.
        let now = super::observed("read", || unsafe { read(&raw const n) });
        // SAFETY: `n` lives on.
        let later = super::observed("read_later", || super::run(unsafe { read_later(&raw const n) }));
        // SAFETY: `n` lives on.
        let from_c = super::observed("read_from_c", || unsafe { read_from_c(&raw const n) });
        assert_eq!([now, later, from_c], [3, 3, 3]);
    }
}

struct Store<T> {
    items: Vec<T>,
}

impl<T: Clone + Send + Sync + 'static> Store<T> {
    #[tta::primitive]
    fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.items.get_mut(at)
    }

    #[tta::primitive(fields(at, len = self.items.len()))]
    async fn find(&mut self, at: usize) -> Result<&mut T, T> {
        pause().await;
        let last = self.items.last().cloned();
        match self.items.get_mut(at) {
            Some(item) => Ok(item),
            None => Err(last.expect("items")),
        }
    }

    #[tta::primitive]
    async fn shared(self: Arc<Self>) -> usize {
        pause().await;
        self.items.len()
    }

    #[tta::primitive]
    fn into_items(mut self, item: T) -> Vec<T> {
        self.items.push(item);
        self.items
    }

    #[tta::primitive]
    async fn pinned(self: Pin<&mut Self>, n: usize) -> usize {
        pause().await;
        self.items.len() + n
    }

    #[tta::primitive]
    async fn build(item: T) -> Self {
        Store { items: vec![item] }
    }

    #[tta::primitive]
    async fn after<'s>(&'s self, skip: usize) -> impl Iterator<Item = &'s T> {
        self.items.iter().skip(skip)
    }
}

#[test]
fn methods_borrow_from_their_receivers() {
    let mut store = observed("build", || run(Store::build(1)));
    *observed("get_mut", || store.get_mut(0)).expect("the first") = 2;
    *observed("find", || run(store.find(0))).expect("the first") += 1;
    assert_eq!(observed("find", || run(store.find(9)).copied()), Err(3));
    assert_eq!(observed("after", || run(store.after(0))).count(), 1);
    assert_eq!(observed("pinned", || run(Pin::new(&mut store).pinned(4))), 5);
    assert_eq!(observed("into_items", || store.into_items(4)), [3, 4]);
    assert_eq!(observed("shared", || run(Arc::new(Store { items: vec![()] }).shared())), 1);
}

trait Search {
    type Error: Debug;

    async fn search(&self, text: &str) -> Result<usize, Self::Error>;

    /// With a default body.
    #[tta::primitive]
    async fn twice(&self, text: &str) -> Result<usize, Self::Error> {
        Ok(self.search(text).await? + self.search(text).await?)
    }

    #[tta::primitive]
    fn plain<'a>(&self, text: &'a str) -> &'a str {
        text
    }
}

struct Index;

impl Search for Index {
    type Error = String;

    #[tta::primitive]
    async fn search(&self, text: &str) -> Result<usize, Self::Error> {
        if text.is_empty() { Err("empty".to_owned()) } else { Ok(text.len()) }
    }
}

trait SendSearch: Sync {
    fn search(&self, text: String) -> impl Future<Output = usize> + Send;
}

impl SendSearch for Index {
    #[tta::primitive]
    async fn search(&self, text: String) -> usize {
        pause().await;
        text.len()
    }
}

#[test]
fn trait_methods_are_annotated_in_the_trait_and_in_the_impl() {
    assert_eq!(observed("twice", || run(Index.twice("abc"))), Ok(6));
    assert_eq!(observed("twice", || run(Index.twice(""))), Err("empty".to_owned()));
    assert_eq!(observed("plain", || Index.plain("x")), "x");
    fn sent<F: Future + Send>(future: F) -> F::Output {
        run(future)
    }
    assert_eq!(sent(SendSearch::search(&Index, "four".to_owned())), 4);
}

mod tasks {
    use super::*;

    #[tta::primitive]
    async fn sent(text: &str, n: Arc<u8>) -> usize {
        tokio::task::yield_now().await;
        text.len() + usize::from(*n)
    }

    #[tta::primitive]
    async fn stays(text: &str) -> usize {
        let shared = std::rc::Rc::new(text);
        tokio::task::yield_now().await;
        shared.len()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_future_that_may_be_sent_still_may() {
        assert_eq!(tokio::spawn(sent("ab", Arc::new(3))).await.ok(), Some(5));
    }

    #[tokio::test]
    async fn a_future_that_may_not_be_sent_runs_on_a_local_set() {
        let local = tokio::task::LocalSet::new();
        assert_eq!(
            local.run_until(async { tokio::task::spawn_local(stays("ab")).await.ok() }).await,
            Some(2)
        );
    }
}

/// Functions in modules whose names mean something else outside.
mod named {
    #![allow(clippy::module_inception)]

    pub(super) mod std {
        #[tta::primitive(labels(found: bool = found))]
        pub(crate) async fn in_std(found: bool) -> Result<u8, String> {
            if found { Ok(1) } else { Err(String::new()) }
        }
    }

    pub(super) mod core {
        #[tta::primitive]
        pub(crate) fn in_core() -> Option<u8> {
            Some(1)
        }
    }

    pub(super) mod tta {
        #[::tta::primitive]
        pub(crate) async fn in_tta() -> u8 {
            1
        }
    }

    #[allow(non_snake_case)]
    pub(super) mod Result {
        #[tta::primitive(fields(n))]
        pub(crate) async fn in_result(n: u8) -> ::core::result::Result<u8, ::std::string::String> {
            Ok(n)
        }
    }
}

#[test]
fn functions_may_be_in_modules_with_any_name() {
    assert_eq!(observed("in_std", || run(named::std::in_std(true))), Ok(1));
    assert_eq!(observed("in_core", named::core::in_core), Some(1));
    assert_eq!(observed("in_tta", || run(named::tta::in_tta())), 1);
    assert_eq!(observed("in_result", || run(named::Result::in_result(1))), Ok(1));
}
