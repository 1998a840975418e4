//! What of a returned value is kept: of a `Result` the value, of anything else all of it.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use crate::policy::PolicyError;

/// A value that can be kept, and returned to many.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a cache",
    label = "a value that is returned again is `Clone + Send + Sync + 'static`",
    note = "derive `Clone` for it, or return it in an `Arc`"
)]
pub trait CacheValue: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> CacheValue for T {}

/// A value or an error, for many callers.
#[derive(Clone, Debug)]
pub enum Held<V, F> {
    /// What was returned.
    Value(V),
    /// How the call failed.
    Failure(F),
}

/// What a return type is made of.
///
/// Nothing is asked of the types here: a future that holds one of them is `Send` if that can be shown for any lifetimes
/// in it, and what is asked for `'static` cannot.
pub trait Parts {
    /// What the function returns.
    type Returned;
    /// What is kept of it.
    type Value;
    /// How a call fails, for many callers.
    type Failure;
}

/// How a returned value is kept.
pub trait Kept:
    Parts<Value: CacheValue, Failure: Clone + Send + Sync + 'static> + Send + Sync + 'static
{
    /// Whether errors can be handed to others.
    const SHARES_ERRORS: bool = false;

    /// What can be handed to others: not an error that cannot be cloned.
    fn hold(returned: &Self::Returned) -> Option<Held<Self::Value, Self::Failure>>;

    /// What it was.
    fn returned(held: Held<Self::Value, Self::Failure>) -> Self::Returned;

    /// The value, unless it is an error.
    fn value(returned: &Self::Returned) -> Option<&Self::Value>;
}

/// What a function says of its values.
pub struct Terms<S: Kept> {
    /// How large a value is, in the unit of `capacity`.
    pub(super) weigh: Option<fn(&S::Value) -> usize>,
    /// How long it is returned, where that is not the same for all.
    pub(super) ttl: Option<fn(&S::Value) -> Duration>,
}

impl<S: Kept> Clone for Terms<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Kept> Copy for Terms<S> {}

impl<S: Kept> fmt::Debug for Terms<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms").finish_non_exhaustive()
    }
}

/// All values are the same.
#[must_use]
pub fn terms<S: Kept>(_: &S) -> Terms<S> {
    Terms { weigh: None, ttl: None }
}

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl<S: Kept> Terms<S> {
    /// `weigh = |value| ..`
    pub fn weigh(mut self, weigh: fn(&S::Value) -> usize) -> Self {
        self.weigh = Some(weigh);
        self
    }

    /// `ttl = |value| ..`
    pub fn ttl(mut self, ttl: fn(&S::Value) -> Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

/// `when` is not given.
#[must_use]
pub fn always<V>(_: &V) -> bool {
    true
}

/// A future that is no larger than a pointer.
pub fn boxed<F: Future>(future: F) -> Pin<Box<F>> {
    Box::pin(future)
}

/// Everything that is returned.
pub struct Whole<R>(PhantomData<fn() -> R>);

/// A `Result` whose errors are for one caller each.
pub struct ValueOf<T, E>(PhantomData<fn() -> Result<T, E>>);

/// A `Result` whose errors are for many callers.
pub struct ResultOf<T, E>(PhantomData<fn() -> Result<T, E>>);

macro_rules! opaque {
    ($($name:ident<$($parameter:ident),*>)*) => {
        $(
            impl<$($parameter),*> fmt::Debug for $name<$($parameter),*> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(stringify!($name))
                }
            }
        )*
    };
}

opaque!(Whole<R> ValueOf<T, E> ResultOf<T, E> ReturnProbe<R> Nothing<R>);

impl<R> Parts for Whole<R> {
    type Returned = R;
    type Value = R;
    type Failure = Infallible;
}

impl<R: CacheValue> Kept for Whole<R> {
    fn hold(returned: &R) -> Option<Held<R, Infallible>> {
        Some(Held::Value(returned.clone()))
    }

    fn returned(held: Held<R, Infallible>) -> R {
        match held {
            Held::Value(value) => value,
            Held::Failure(never) => match never {},
        }
    }

    fn value(returned: &R) -> Option<&R> {
        Some(returned)
    }
}

impl<T, E> Parts for ValueOf<T, E> {
    type Returned = Result<T, E>;
    type Value = T;
    type Failure = Infallible;
}

impl<T: CacheValue, E: 'static> Kept for ValueOf<T, E> {
    fn hold(returned: &Result<T, E>) -> Option<Held<T, Infallible>> {
        returned.as_ref().ok().cloned().map(Held::Value)
    }

    fn returned(held: Held<T, Infallible>) -> Result<T, E> {
        match held {
            Held::Value(value) => Ok(value),
            Held::Failure(never) => match never {},
        }
    }

    fn value(returned: &Result<T, E>) -> Option<&T> {
        returned.as_ref().ok()
    }
}

impl<T, E> Parts for ResultOf<T, E> {
    type Returned = Result<T, E>;
    type Value = T;
    type Failure = E;
}

impl<T: CacheValue, E: Clone + Send + Sync + 'static> Kept for ResultOf<T, E> {
    const SHARES_ERRORS: bool = true;

    fn hold(returned: &Result<T, E>) -> Option<Held<T, E>> {
        Some(match returned {
            Ok(value) => Held::Value(value.clone()),
            Err(error) => Held::Failure(error.clone()),
        })
    }

    fn returned(held: Held<T, E>) -> Result<T, E> {
        match held {
            Held::Value(value) => Ok(value),
            Held::Failure(error) => Err(error),
        }
    }

    fn value(returned: &Result<T, E>) -> Option<&T> {
        returned.as_ref().ok()
    }
}

/// A function's error, where `negative_ttl` keeps it.
#[diagnostic::on_unimplemented(
    message = "the errors of `{Self}` cannot be kept in a cache",
    label = "what `negative_ttl` keeps is the error of a `Result`, and `Clone + Send + Sync + 'static`",
    note = "derive `Clone` for the error, or leave `negative_ttl` out"
)]
pub trait KeptErrors {}

#[diagnostic::do_not_recommend]
impl<T, E: Clone + Send + Sync + 'static> KeptErrors for Result<T, E> {}

/// Asks for errors that can be kept.
pub const fn errors_are_kept<R: KeptErrors>() {}

/// A return type under inspection.
pub struct ReturnProbe<R>(PhantomData<fn() -> R>);

impl<R> ReturnProbe<R> {
    /// The probe; a constant, since a type is inspected and not a value.
    pub const NEW: Self = ReturnProbe(PhantomData);
}

/// How a policy refuses a call, where it can.
pub(crate) type Refuse<R> = Option<fn(PolicyError) -> R>;

/// Stands for what cannot be kept. That it cannot is said once, where it is asked for.
pub struct Nothing<R>(PhantomData<fn() -> R>);

impl<R> Parts for Nothing<R> {
    type Returned = R;
    type Value = ();
    type Failure = Infallible;
}

impl<R: 'static> Kept for Nothing<R> {
    fn hold(_: &R) -> Option<Held<(), Infallible>> {
        None
    }

    fn returned(_: Held<(), Infallible>) -> R {
        unreachable!("only named where something does not compile")
    }

    fn value(_: &R) -> Option<&()> {
        None
    }
}

/// The traits between which method look-up chooses. The last ones are for what cannot be done, and ask for what is
/// missing.
pub mod returns {
    use super::{
        CacheValue, Nothing, PhantomData, PolicyError, Refuse, ResultOf, ReturnProbe, ValueOf, Whole,
    };
    use crate::policy::cache::key::{KeyPart, KeyProbe, OwnKey, OwnLookup, PartProbe};

    /// A `Result` whose errors can be cloned.
    pub trait ReturnsResult<T, E> {
        /// How it is kept.
        fn __kept(&self) -> ResultOf<T, E>;
    }

    impl<T: CacheValue, E: Clone + Send + Sync + 'static> ReturnsResult<T, E> for &&&&ReturnProbe<Result<T, E>> {
        fn __kept(&self) -> ResultOf<T, E> {
            ResultOf(PhantomData)
        }
    }

    /// Any other `Result`.
    pub trait ReturnsValue<T, E> {
        /// How it is kept.
        fn __kept(&self) -> ValueOf<T, E>;
    }

    impl<T: CacheValue, E> ReturnsValue<T, E> for &&&ReturnProbe<Result<T, E>> {
        fn __kept(&self) -> ValueOf<T, E> {
            ValueOf(PhantomData)
        }
    }

    /// Any other value.
    pub trait ReturnsWhole<R> {
        /// How it is kept.
        fn __kept(&self) -> Whole<R>;
    }

    impl<R: CacheValue> ReturnsWhole<R> for &&ReturnProbe<R> {
        fn __kept(&self) -> Whole<R> {
            Whole(PhantomData)
        }
    }

    /// A `Result` whose value cannot be kept.
    pub trait ReturnsNoValue<T, E> {
        /// It is not.
        fn __kept(&self) -> Nothing<Result<T, E>>
        where
            T: CacheValue;
    }

    impl<T, E> ReturnsNoValue<T, E> for &ReturnProbe<Result<T, E>> {
        fn __kept(&self) -> Nothing<Result<T, E>>
        where
            T: CacheValue,
        {
            Nothing(PhantomData)
        }
    }

    /// A value that cannot be kept.
    pub trait ReturnsNothing<R> {
        /// It is not.
        fn __kept(&self) -> Nothing<R>
        where
            R: CacheValue;
    }

    impl<R> ReturnsNothing<R> for ReturnProbe<R> {
        fn __kept(&self) -> Nothing<R>
        where
            R: CacheValue,
        {
            Nothing(PhantomData)
        }
    }

    /// An argument that can be part of a key.
    pub trait Part<'a, T: ?Sized> {
        /// The argument.
        fn __part(&self) -> &'a T;
    }

    impl<'a, T: KeyPart + ?Sized> Part<'a, T> for &PartProbe<'a, T> {
        #[inline]
        fn __part(&self) -> &'a T {
            self.0
        }
    }

    /// An argument that cannot.
    pub trait NoPart<T: ?Sized> {
        /// None.
        fn __part(&self) -> &'static ()
        where
            T: KeyPart;
    }

    impl<T: ?Sized> NoPart<T> for PartProbe<'_, T> {
        fn __part(&self) -> &'static ()
        where
            T: KeyPart,
        {
            &()
        }
    }

    /// A value that can be a key.
    pub trait Key<'a, K> {
        /// The value.
        fn __key(&self) -> OwnLookup<'a, K>;
    }

    impl<'a, K: OwnKey> Key<'a, K> for &KeyProbe<'a, K> {
        #[inline]
        fn __key(&self) -> OwnLookup<'a, K> {
            OwnLookup(self.0)
        }
    }

    /// A value that cannot.
    pub trait NoKey<K> {
        /// None.
        fn __key(&self) -> OwnLookup<'static, ()>
        where
            K: OwnKey;
    }

    impl<K> NoKey<K> for KeyProbe<'_, K> {
        fn __key(&self) -> OwnLookup<'static, ()>
        where
            K: OwnKey,
        {
            OwnLookup(&())
        }
    }

    /// A `Result` that can say that a policy refused the call.
    pub trait Refuses<R> {
        /// How it says so.
        fn __refuse(&self) -> Refuse<R>;
    }

    impl<T, E: From<PolicyError>> Refuses<Result<T, E>> for &ReturnProbe<Result<T, E>> {
        fn __refuse(&self) -> Refuse<Result<T, E>> {
            Some(|refusal| Err(E::from(refusal)))
        }
    }

    /// Anything else.
    pub trait RefusesNot<R> {
        /// It cannot.
        fn __refuse(&self) -> Refuse<R>;
    }

    impl<R> RefusesNot<R> for ReturnProbe<R> {
        fn __refuse(&self) -> Refuse<R> {
            None
        }
    }
}
