//! What a call's result means: success, error (of which kind), or cancelled.

use core::fmt;

/// How a call ended; the metric label and span attribute `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The function returned a value that is not an error.
    Success,
    /// The function returned an error, or panicked.
    Error,
    /// The future was dropped between its first poll and its end.
    Cancelled,
}

impl Status {
    /// Every status, in the order of the metric store.
    pub const ALL: [Status; 3] = [Status::Success, Status::Error, Status::Cancelled];

    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::Error => "error",
            Status::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether trying again may help; the metric label `category`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// The same call may succeed later: a timeout, a refused connection, a rate limit.
    Transient,
    /// The same call fails again: bad input, a missing permission.
    Permanent,
    /// Nobody has said.
    Unknown,
}

impl Category {
    /// Every category.
    pub const ALL: [Category; 3] = [Category::Transient, Category::Permanent, Category::Unknown];

    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Category::Transient => "transient",
            Category::Permanent => "permanent",
            Category::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How bad an error is for those who are woken by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Expected now and then.
    Warning,
    /// The call failed.
    Error,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    /// The attribute value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }
}

/// One kind of error: the bounded name that becomes `error.type`, and what is known about it.
///
/// ```
/// use tta::{Category, Kind};
/// const RATE_LIMITED: Kind = Kind::new("rate_limited", Category::Transient).with_code("429");
/// assert_eq!(RATE_LIMITED.name(), "rate_limited");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    name: &'static str,
    category: Category,
    severity: Severity,
    code: Option<&'static str>,
}

impl Kind {
    /// A kind of severity [`Severity::Error`] without a code.
    #[must_use]
    pub const fn new(name: &'static str, category: Category) -> Self {
        Kind { name, category, severity: Severity::Error, code: None }
    }

    /// Adds the code that documentation or support knows this error by.
    #[must_use]
    pub const fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Sets the severity.
    #[must_use]
    pub const fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The value of `error.type`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether trying again may help.
    #[must_use]
    pub const fn category(&self) -> Category {
        self.category
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// The error's code, if it has one.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        self.code
    }
}

/// An error type whose kinds are known before the first error happens.
///
/// Derive it; every kind's series then exists at 0 from [`init`](crate) on, and `error.type` is the
/// kind instead of the type's name.
///
/// ```
/// #[derive(tta::ErrorKind)]
/// enum LlmError {
///     #[error_kind(transient, code = "429")]
///     RateLimited,
///     #[error_kind(permanent)]
///     BadRequest(String),
///     Other,
/// }
/// use tta::ErrorKind as _;
/// assert_eq!(LlmError::RateLimited.kind().name(), "rate_limited");
/// assert_eq!(LlmError::BadRequest("…".into()).kind().category(), tta::Category::Permanent);
/// ```
pub trait ErrorKind {
    /// Every kind that [`kind`](ErrorKind::kind) can return.
    const KINDS: &'static [Kind];

    /// This error's kind.
    fn kind(&self) -> &'static Kind;
}

impl<E: ErrorKind + ?Sized> ErrorKind for &E {
    const KINDS: &'static [Kind] = E::KINDS;

    fn kind(&self) -> &'static Kind {
        (**self).kind()
    }
}

impl<E: ErrorKind + ?Sized> ErrorKind for Box<E> {
    const KINDS: &'static [Kind] = E::KINDS;

    fn kind(&self) -> &'static Kind {
        (**self).kind()
    }
}

/// The kinds of an error whose variants hold other errors.
///
/// # Panics
/// At compile time, where `N` is not their number.
#[must_use]
pub const fn join_kinds<const N: usize>(parts: &[&[Kind]]) -> [Kind; N] {
    let mut all = [Kind::new("", Category::Unknown); N];
    let (mut part, mut at) = (0, 0);
    while part < parts.len() {
        let mut kind = 0;
        while kind < parts[part].len() {
            all[at] = parts[part][kind];
            (kind, at) = (kind + 1, at + 1);
        }
        part += 1;
    }
    all
}

/// A call's ending: its status and, for an error, the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub(crate) status: Status,
    pub(crate) error: Option<Kind>,
}

#[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
impl Outcome {
    /// An ordinary value was returned.
    pub const SUCCESS: Outcome = Outcome { status: Status::Success, error: None };
    pub(crate) const CANCELLED: Outcome = Outcome { status: Status::Cancelled, error: None };
    pub(crate) const PANIC: Outcome = Outcome::error(Kind::new("panic", Category::Unknown));

    pub(crate) const fn error(kind: Kind) -> Self {
        Outcome { status: Status::Error, error: Some(kind) }
    }
}

/// The name of an error type that has no [`ErrorKind`]: the last segment of its path.
///
/// `Error` alone says nothing, so that one keeps the segments that tell whose it is
/// (`io::error::Error`, `anyhow::Error`). What a `Box` holds is named instead of the box, and
/// arguments of generic types are left out, so that the result is bounded by the program's text.
pub(crate) fn type_name<E: ?Sized>() -> &'static str {
    shorten(core::any::type_name::<E>())
}

fn shorten(full: &'static str) -> &'static str {
    let full = full.trim_start_matches('&');
    if let Some(inner) = full.strip_prefix("alloc::boxed::Box<") {
        if inner.starts_with("dyn ") {
            return "Box<dyn Error>";
        }
        return shorten(inner.strip_suffix('>').unwrap_or(inner));
    }
    let path = full.split('<').next().unwrap_or(full);
    let mut start = path.rfind("::").map_or(0, |at| at + 2);
    while start > 0 && matches!(path[start..].split("::").next(), Some("Error" | "error")) {
        let before = &path[..start - 2];
        start = before.rfind("::").map_or(0, |at| at + 2);
    }
    &path[start..]
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn a_type_is_named_by_its_last_telling_segment() {
        for (full, short) in [
            ("core::num::error::ParseIntError", "ParseIntError"),
            ("std::io::error::Error", "io::error::Error"),
            ("anyhow::Error", "anyhow::Error"),
            ("alloc::boxed::Box<dyn core::error::Error + Send>", "Box<dyn Error>"),
            ("alloc::boxed::Box<app::LlmError>", "LlmError"),
            ("&app::Failure<alloc::string::String>", "Failure"),
            ("Error", "Error"),
            ("u32", "u32"),
        ] {
            assert_eq!(shorten(full), short, "{full}");
        }
    }
}
