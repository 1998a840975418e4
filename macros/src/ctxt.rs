//! Mistakes found so far, so that one compilation shows all of them.

use std::cell::{Cell, RefCell};
use std::fmt::Display;

use quote::ToTokens;

/// Collects errors until [`check`](Ctxt::check) turns them into one.
#[derive(Default)]
pub(crate) struct Ctxt {
    errors: RefCell<Vec<syn::Error>>,
    checked: Cell<bool>,
}

impl Ctxt {
    /// Blames every token of `at`.
    pub(crate) fn error(&self, at: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(at, message));
    }

    pub(crate) fn push(&self, error: syn::Error) {
        self.errors.borrow_mut().push(error);
    }

    /// How many mistakes were found so far.
    pub(crate) fn count(&self) -> usize {
        self.errors.borrow().len()
    }

    /// Keeps the value, or the mistake that stands in its place.
    pub(crate) fn take<T>(&self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// All mistakes as one error.
    pub(crate) fn check(self) -> syn::Result<()> {
        self.checked.set(true);
        let mut errors = self.errors.take().into_iter();
        let Some(mut all) = errors.next() else {
            return Ok(());
        };
        errors.for_each(|error| all.combine(error));
        Err(all)
    }
}

impl Drop for Ctxt {
    fn drop(&mut self) {
        debug_assert!(
            self.checked.get() || std::thread::panicking(),
            "the mistakes of an expansion were dropped unread"
        );
    }
}

#[cfg(test)]
mod tests {
    use syn::token::Underscore;

    use super::*;

    #[test]
    fn all_mistakes_are_reported_together() {
        let cx = Ctxt::default();
        cx.error(Underscore::default(), "one");
        cx.error(Underscore::default(), "two");
        let Err(error) = cx.check() else {
            panic!("two mistakes were lost");
        };
        let messages: Vec<String> = error.into_iter().map(|e| e.to_string()).collect();
        assert_eq!(messages, ["one", "two"]);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "dropped unread")]
    fn a_collector_that_nobody_reads_is_a_defect() {
        drop(Ctxt::default());
    }
}
