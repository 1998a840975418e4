//! What expansions call: the only path they name, and no promise to anybody else.
//!
//! The switch between "with telemetry" and "without" is here, because an attribute cannot see the
//! features of this crate. Without it every function below returns what it was given, and a [`Site`]
//! is nothing.

pub use crate::catalog::{Maturity, Promise as Slo};
pub use crate::cost::private::*;
#[cfg(feature = "telemetry")]
pub use crate::flow::took_arm;
pub use crate::flow::{Branch, Parallel};
#[cfg(feature = "parallel")]
pub use crate::flow::{Together, TryTogether};
pub use crate::metric::label::{LabelDecl, LabelValue, check_labels};
pub use crate::outcome::{Category, ErrorKind, Kind, Outcome, Severity, join_kinds};
pub use crate::policy::private::*;
#[cfg(feature = "router")]
pub use crate::router::private::*;
pub use crate::saga::private::*;
pub use crate::span::probe::{ErrorProbe, FnRet, KnownErrors, Probe, error_if, kinds, never, ok_if};
pub use crate::{Label, span::Fields};

#[cfg(not(feature = "context"))]
pub use crate::span::disabled::{Rest, Site, begin, begin_with, call, call_then, future, future_then};
#[cfg(feature = "context")]
pub use crate::{
    catalog::Site,
    span::call::{begin, begin_with, call, call_then},
    span::future::{future, future_then},
};
#[cfg(feature = "telemetry")]
pub use inventory;

/// Puts a site into the catalog.
#[cfg(feature = "telemetry")]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($site:ident) => {
        $crate::__private::inventory::submit! { $crate::__private::Registered(&$site) }
    };
}

/// Puts a site into the catalog: there is none.
#[cfg(not(feature = "telemetry"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($site:ident) => {};
}

pub use crate::__register as register;

/// Puts what was made of a boxed future or stream into a box again.
#[cfg(feature = "context")]
#[doc(hidden)]
#[macro_export]
macro_rules! __boxed {
    ($way:ident, $rest:expr) => {
        $crate::__private::Box::$way($rest)
    };
}

/// Nothing was made of it.
#[cfg(not(feature = "context"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __boxed {
    ($way:ident, $rest:expr) => {
        $rest
    };
}

pub use crate::__boxed as boxed;

/// Says which arm of a branch is taken.
#[cfg(feature = "telemetry")]
#[doc(hidden)]
#[macro_export]
macro_rules! __took {
    ($branch:ident, $arm:literal) => {
        $crate::__private::took_arm(&$branch, $arm)
    };
}

/// Nobody counts.
#[cfg(not(feature = "telemetry"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __took {
    ($branch:ident, $arm:literal) => {};
}

pub use crate::__took as took;
#[cfg(feature = "telemetry")]
pub use crate::catalog::Registered;
#[cfg(feature = "context")]
pub use std::boxed::Box;

/// Fixes the type of a body that never ends, whose output cannot be written in a signature.
pub fn never_future<F>(future: F) -> F
where
    F: Future<Output = <fn() -> ! as FnRet>::Out>,
{
    future
}
