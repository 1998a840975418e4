//! What a function has to be able to do so that policies can decide on its calls.

#[cfg(feature = "timeout")]
use super::PolicyError;
#[cfg(feature = "retry")]
use crate::outcome::{Category, ErrorKind};

/// What is returned by a function with a policy: a `Result` that can say that the policy refused the call.
#[cfg(feature = "timeout")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that a policy refused the call",
    label = "a function with a policy returns a `Result` whose error is `From<tta::PolicyError>`",
    note = "write `impl From<tta::PolicyError> for` the error type, or return `Result<_, tta::PolicyError>`"
)]
pub trait Refusable: Sized {
    /// The error that stands for the refusal.
    type Error;

    /// The refusal.
    fn refused(refusal: PolicyError) -> Self;

    /// The error, if it is one.
    fn as_error(&self) -> Option<&Self::Error>;
}

#[cfg(feature = "timeout")]
#[diagnostic::do_not_recommend]
impl<T, E: From<PolicyError>> Refusable for Result<T, E> {
    type Error = E;

    fn refused(refusal: PolicyError) -> Self {
        Err(E::from(refusal))
    }

    fn as_error(&self) -> Option<&E> {
        self.as_ref().err()
    }
}

/// An argument that can be handed to a further call.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be handed to a further call",
    label = "this argument is not `Clone`",
    note = "`retry`, `hedge` and `fallback` may call once more, with clones of the arguments: derive `Clone`, or take it by \
            reference"
)]
pub trait Again: Sized {
    /// The same, for another call.
    fn again(&self) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Clone> Again for T {
    #[inline]
    fn again(&self) -> T {
        self.clone()
    }
}

/// An argument for a further call.
#[inline]
#[must_use]
pub fn again<T: Again>(argument: &T) -> T {
    argument.again()
}

/// An error of which it is known whether trying again may help.
#[cfg(feature = "retry")]
#[diagnostic::on_unimplemented(
    message = "nobody has said which errors of `{Self}` are worth a retry",
    label = "this error has no kinds",
    note = "derive `tta::ErrorKind` for it and mark what is `#[error_kind(transient)]`, or write \
            `retry(when = |error| ..)`"
)]
pub trait Kinded {
    /// Whether it may help.
    fn is_transient(&self) -> bool;
}

#[cfg(feature = "retry")]
#[diagnostic::do_not_recommend]
impl<E: ErrorKind> Kinded for E {
    fn is_transient(&self) -> bool {
        self.kind().category() == Category::Transient
    }
}

/// Retries what may succeed later, where nobody has said otherwise.
#[cfg(feature = "retry")]
pub fn transient<E: Kinded>(error: &E) -> bool {
    error.is_transient()
}

/// No error says when to try again.
#[cfg(feature = "retry")]
#[must_use]
pub fn no_hint<E>(_: &E) -> Option<std::time::Duration> {
    None
}
