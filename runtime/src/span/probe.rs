//! Telling results apart by their type, where the function is defined.
//!
//! Method look-up tries receivers with more references first, so a trait implemented for `&&Probe`
//! wins over one for `&Probe`. Expansions bring the traits of [`kinds`] into scope and call the method
//! on `&&&Probe(value)`: aliases, `impl Trait` and generic functions are seen through, which matching
//! on the text of a signature cannot do.

use core::marker::PhantomData;

use crate::outcome::{self, Category, ErrorKind, Kind, Outcome};

/// A returned value under inspection.
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(pub &'a T);

/// An error type under inspection.
#[derive(Debug)]
pub struct ErrorProbe<E>(PhantomData<fn(E)>);

impl<E> ErrorProbe<E> {
    /// The probe; a constant, since a type is inspected and not a value.
    pub const NEW: Self = ErrorProbe(PhantomData);
}

/// The kinds of errors that a function is known to return before it is called.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
pub enum KnownErrors {
    /// The type's own kinds.
    Kinds(&'static [Kind]),
    /// The type says nothing; its name stands for it.
    Named(Kind),
}

/// The traits between which method look-up chooses.
pub mod kinds {
    use crate::LlmResponse;

    use super::{Category, ErrorKind, ErrorProbe, Kind, KnownErrors, Outcome, Probe, outcome};

    /// A `Result` whose error knows its kinds.
    pub trait KindedOutcome {
        /// What the result means.
        fn __outcome(&self) -> Outcome;
    }

    impl<T, E: ErrorKind> KindedOutcome for &&Probe<'_, Result<T, E>> {
        #[inline]
        fn __outcome(&self) -> Outcome {
            match self.0 {
                Ok(_) => Outcome::SUCCESS,
                Err(error) => Outcome::error(*error.kind()),
            }
        }
    }

    /// Any other `Result`.
    pub trait NamedOutcome {
        /// What the result means.
        fn __outcome(&self) -> Outcome;
    }

    impl<T, E> NamedOutcome for &Probe<'_, Result<T, E>> {
        #[inline]
        fn __outcome(&self) -> Outcome {
            match self.0 {
                Ok(_) => Outcome::SUCCESS,
                Err(_) => Outcome::error(Kind::new(outcome::type_name::<E>(), Category::Unknown)),
            }
        }
    }

    /// Any other value.
    pub trait PlainOutcome {
        /// What the value means: success.
        fn __outcome(&self) -> Outcome;
    }

    impl<T: ?Sized> PlainOutcome for Probe<'_, T> {
        #[inline]
        fn __outcome(&self) -> Outcome {
            Outcome::SUCCESS
        }
    }

    /// What `ret` is bound to in `ret(..)`: the value of a `Result` or an `Option`.
    pub trait InnerValue<'a> {
        /// The value's type.
        type Value;

        /// The value, unless the result is `Err` or `None`.
        fn __value(&self) -> Option<&'a Self::Value>;
    }

    impl<'a, T, E> InnerValue<'a> for &Probe<'a, Result<T, E>> {
        type Value = T;

        #[inline]
        fn __value(&self) -> Option<&'a T> {
            self.0.as_ref().ok()
        }
    }

    impl<'a, T> InnerValue<'a> for &Probe<'a, Option<T>> {
        type Value = T;

        #[inline]
        fn __value(&self) -> Option<&'a T> {
            self.0.as_ref()
        }
    }

    /// What `ret` is bound to for any other value: the value itself.
    pub trait PlainValue<'a, T: ?Sized> {
        /// The value.
        fn __value(&self) -> Option<&'a T>;
    }

    impl<'a, T: ?Sized> PlainValue<'a, T> for Probe<'a, T> {
        #[inline]
        fn __value(&self) -> Option<&'a T> {
            Some(self.0)
        }
    }

    /// An error that tells what the call has used.
    pub trait TellingError<'a> {
        /// The error.
        fn __told(&self) -> Option<&'a dyn LlmResponse>;
    }

    impl<'a, T, E: LlmResponse> TellingError<'a> for &Probe<'a, Result<T, E>> {
        fn __told(&self) -> Option<&'a dyn LlmResponse> {
            self.0.as_ref().err().map(|error| error as &dyn LlmResponse)
        }
    }

    /// Anything else.
    pub trait SilentError<'a> {
        /// Nothing.
        fn __told(&self) -> Option<&'a dyn LlmResponse>;
    }

    impl<'a, T: ?Sized> SilentError<'a> for Probe<'a, T> {
        fn __told(&self) -> Option<&'a dyn LlmResponse> {
            None
        }
    }

    /// An error type that knows its kinds.
    pub trait KindedErrors {
        /// The kinds.
        fn __kinds(&self) -> KnownErrors;
    }

    impl<E: ErrorKind> KindedErrors for ErrorProbe<E> {
        fn __kinds(&self) -> KnownErrors {
            KnownErrors::Kinds(E::KINDS)
        }
    }

    /// Any other error type.
    pub trait NamedErrors {
        /// The type's name, as a kind.
        fn __kinds(&self) -> KnownErrors;
    }

    impl<E> NamedErrors for &ErrorProbe<E> {
        fn __kinds(&self) -> KnownErrors {
            KnownErrors::Named(Kind::new(outcome::type_name::<E>(), Category::Unknown))
        }
    }
}

/// `ok_if = rule`: the rule alone says what is a success.
#[inline]
pub fn ok_if<T: ?Sized>(rule: impl FnOnce(&T) -> bool, value: &T, otherwise: Outcome) -> Outcome {
    if rule(value) { Outcome::SUCCESS } else { judged(otherwise, "ok_if") }
}

/// `error_if = rule`: the rule alone says what is an error.
#[inline]
pub fn error_if<T: ?Sized>(rule: impl FnOnce(&T) -> bool, value: &T, otherwise: Outcome) -> Outcome {
    if rule(value) { judged(otherwise, "error_if") } else { Outcome::SUCCESS }
}

/// A value that a rule calls an error keeps its own kind if it has one; else the rule's name stands for it.
fn judged(own: Outcome, rule: &'static str) -> Outcome {
    if own.error.is_some() { own } else { Outcome::error(Kind::new(rule, Category::Unknown)) }
}

/// Names the type `!` where it cannot be written: `<fn() -> ! as FnRet>::Out`.
pub trait FnRet {
    /// What the function returns.
    type Out;
}

impl<T> FnRet for fn() -> T {
    type Out = T;
}

/// Stands behind `if false { return never::<T>(); }`, which tells type inference what the body returns.
///
/// # Panics
/// Never: it is never called.
#[must_use]
pub fn never<T>() -> T {
    unreachable!("only named on a path that is never taken")
}
