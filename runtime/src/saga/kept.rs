//! What is kept of a step until it is undone, and what undoing it has come to.

use std::borrow::{Borrow, ToOwned};

use crate::outcome::{Kind, Outcome, Status};

/// An argument that can be kept until a step is undone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept for `compensate`",
    label = "this argument is not `Clone + Send + 'static`",
    note = "what undoes a step gets clones of its arguments: derive `Clone`, or take it by reference to something that is"
)]
pub trait Keep: Clone + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + 'static> Keep for T {}

/// What a reference among the arguments refers to, if that can be kept until a step is undone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept for `compensate`",
    label = "what this argument refers to is not `Clone + Send + 'static`",
    note = "what undoes a step gets clones of its arguments, and `&self` is one: derive `Clone`, and put what is not to be \
            copied into an `Arc`"
)]
pub trait KeepReference {
    /// What it is kept as.
    type Kept: Send + 'static;

    /// The same, for later.
    fn keep(&self) -> Self::Kept;

    /// The same, as it was.
    fn lend(kept: &Self::Kept) -> &Self;
}

#[diagnostic::do_not_recommend]
impl<T: ToOwned<Owned: Send + 'static> + ?Sized> KeepReference for T {
    type Kept = T::Owned;

    fn keep(&self) -> T::Owned {
        self.to_owned()
    }

    fn lend(kept: &T::Owned) -> &T {
        kept.borrow()
    }
}

/// What a step has returned, if it can be kept until the step is undone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept for `compensate`",
    label = "what a step returns is not `Clone + Send + 'static`",
    note = "what undoes a step gets a clone of what it has returned: derive `Clone`, or return it in an `Arc`"
)]
pub trait KeepOutput: Clone + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + 'static> KeepOutput for T {}

/// An argument, kept.
pub fn kept<T: Keep>(argument: &T) -> T {
    argument.clone()
}

/// What an argument refers to, kept.
pub fn kept_reference<T: KeepReference + ?Sized>(argument: &T) -> T::Kept {
    argument.keep()
}

/// An argument that was kept, as it was.
#[must_use]
pub fn lent_reference<T: KeepReference + ?Sized>(kept: &T::Kept) -> &T {
    T::lend(kept)
}

/// What undoes a step, which may be done on another thread, and later.
pub fn to_undo<F: Future<Output = Undone> + Send + 'static>(undo: F) -> F {
    undo
}

/// Only named where nothing is run: what undoes a step takes what the step has returned.
pub fn takes_output<T>(_taken: &T, _returned: Option<&T>) {}

/// What was returned, kept.
pub fn keep_output<T: KeepOutput>(output: &T) -> T {
    output.clone()
}

/// What undoing a step has come to.
#[derive(Debug)]
pub struct Undone(
    #[cfg_attr(not(feature = "saga"), allow(dead_code))] pub(super) Result<(), (Kind, Option<String>)>,
);

/// What undoes a step.
#[diagnostic::on_unimplemented(
    message = "`compensate` takes an async function that returns `()` or a `Result`",
    label = "this is not returned by one that undoes a step",
    note = "it is called with clones of the step's arguments and of what the step has returned, and returns `()` or \
            `Result<(), E>`"
)]
pub trait Undo {}

impl Undo for () {}

impl<T, E> Undo for Result<T, E> {}

/// Looks at what undoing a step has come to.
pub fn undone<U: Undo>(_undone: &U, outcome: Outcome, text: Option<String>) -> Undone {
    Undone(match outcome.error {
        Some(kind) if outcome.status == Status::Error => Err((kind, text)),
        _ => Ok(()),
    })
}

/// The traits between which method look-up chooses.
pub mod texts {
    use std::fmt::{Display, Write as _};

    use crate::span::probe::Probe;

    /// The most characters of an error's text.
    const LONGEST: usize = 256;

    /// A `Result` whose errors say something.
    pub trait Says {
        /// What the error says.
        fn __text(&self) -> Option<String>;
    }

    impl<T, E: Display> Says for &Probe<'_, Result<T, E>> {
        fn __text(&self) -> Option<String> {
            let mut text = String::new();
            // One that cannot be formatted says what it has said by then.
            let _ = write!(text, "{}", self.0.as_ref().err()?);
            if let Some((end, _)) = text.char_indices().nth(LONGEST) {
                text.truncate(end);
            }
            Some(text)
        }
    }

    /// Anything else.
    pub trait SaysNothing {
        /// Nothing.
        fn __text(&self) -> Option<String>;
    }

    impl<T: ?Sized> SaysNothing for Probe<'_, T> {
        fn __text(&self) -> Option<String> {
            None
        }
    }
}
