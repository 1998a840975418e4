//! Configuration that cannot be used.

use std::borrow::Cow;

/// A configuration that cannot be used: which variable, what was found, and what is accepted.
///
/// An unreachable backend is not one: the program runs, and a warning says what is lost.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A variable, or the builder's method for the same setting, has a value that is not accepted.
    #[error("`{variable}` is {found:?}, expected {expected}")]
    #[non_exhaustive]
    Invalid {
        /// The variable's name, or the builder's method.
        variable: Cow<'static, str>,
        /// What was found; only its shape where the value can hold a secret.
        found: String,
        /// What is accepted.
        expected: Cow<'static, str>,
    },
    /// A variable asks for what this build does not have.
    #[error(
        "`{variable}` asks for {found:?}, which needs the cargo feature `{feature}` of tta; this build has {available}"
    )]
    #[non_exhaustive]
    NotCompiledIn {
        /// The variable's name.
        variable: Cow<'static, str>,
        /// What was asked for.
        found: String,
        /// The feature that brings it.
        feature: &'static str,
        /// What could be asked for instead.
        available: String,
    },
    /// Something without which everything would be refused is not there.
    #[error("`{variable}` has no `{missing}`, which {needed_by} needs; expected {expected}")]
    #[non_exhaustive]
    Missing {
        /// The variable where it was looked for.
        variable: Cow<'static, str>,
        /// What is not in it.
        missing: &'static str,
        /// Who would refuse.
        needed_by: String,
        /// Where else it can be said.
        expected: &'static str,
    },
    /// Telemetry is already running in this process.
    #[error("telemetry is already running; shut it down before it is set up again")]
    AlreadyRunning,
    /// A thread of ours could not be started.
    #[error("cannot start the {thread} thread: {reason}")]
    #[non_exhaustive]
    Thread {
        /// Which one.
        thread: &'static str,
        /// Why.
        reason: std::io::Error,
    },
}

impl ConfigError {
    pub(crate) fn invalid(
        variable: impl Into<Cow<'static, str>>,
        found: impl Into<String>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        ConfigError::Invalid { variable: variable.into(), found: found.into(), expected: expected.into() }
    }
}
