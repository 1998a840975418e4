//! Values of metric labels, known before the first call.

/// A type that can be a metric label: all its values are known at compile time.
///
/// Implemented for `bool`; derive it for enums without fields. An open value needs
/// `bounded(N)` in the attribute instead of a type.
///
/// ```
/// #[derive(Clone, Copy, tta::Label)]
/// #[label(rename_all = "kebab-case")]
/// enum Tier {
///     FreeTrial,
///     #[label("paid")]
///     Customer,
/// }
/// use tta::Label as _;
/// assert_eq!(Tier::VALUES, ["free-trial", "paid"]);
/// assert_eq!(Tier::Customer.index(), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a metric label: its values are not known before the first call",
    label = "not a closed set of values",
    note = "use `bool`, an enum with `#[derive(tta::Label)]`, or `bounded(N)`, which keeps the first N values and counts the rest as `other`"
)]
pub trait Label {
    /// The label's values. At most 1 000 series may come of the labels of one function.
    const VALUES: &'static [&'static str];

    /// This value's place in [`VALUES`](Label::VALUES).
    fn index(&self) -> usize;
}

impl Label for bool {
    const VALUES: &'static [&'static str] = &["false", "true"];

    fn index(&self) -> usize {
        usize::from(*self)
    }
}

impl<L: Label + ?Sized> Label for &L {
    const VALUES: &'static [&'static str] = L::VALUES;

    fn index(&self) -> usize {
        (**self).index()
    }
}

/// A label as an attribute declares it. Expansions build it; not part of the public interface.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
pub struct LabelDecl {
    pub(crate) name: &'static str,
    pub(crate) values: LabelValues,
}

/// Which values a label can take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LabelValues {
    Closed(&'static [&'static str]),
    Bounded(usize),
}

impl LabelDecl {
    /// `name: L`.
    #[must_use]
    pub const fn closed<L: Label + ?Sized>(name: &'static str) -> Self {
        LabelDecl { name, values: LabelValues::Closed(L::VALUES) }
    }

    /// `name: bounded(limit)`.
    #[must_use]
    pub const fn bounded(name: &'static str, limit: usize) -> Self {
        LabelDecl { name, values: LabelValues::Bounded(limit) }
    }

    /// How many values there are, that of an open label's overflow included.
    pub(crate) const fn radix(&self) -> usize {
        match self.values {
            LabelValues::Closed(values) => values.len(),
            LabelValues::Bounded(limit) => limit + 1,
        }
    }
}

/// The number of label combinations that one function's closed labels may have.
pub(crate) const MAX_COMBINATIONS: usize = 1_000;

/// The number that they may have together with the open ones, which fill up only as far as they are used.
const MAX_WITH_OPEN: u64 = 20_000;

/// Fails compilation when the labels of a function have too many combinations.
///
/// # Panics
/// In constant evaluation, which is how the compiler comes to show the message.
pub const fn check_labels(labels: &[LabelDecl]) {
    let mut closed = 1;
    let mut all: u64 = 1;
    let mut at = 0;
    while at < labels.len() {
        if let LabelValues::Closed(values) = labels[at].values {
            assert!(!values.is_empty(), "a label of this function has no values");
            closed *= values.len();
        }
        assert!(
            closed <= MAX_COMBINATIONS,
            "the labels of this function have more than 1000 combinations: leave one out, close it to fewer values, or make it a span attribute with `fields(..)`"
        );
        all *= labels[at].radix() as u64;
        assert!(
            all <= MAX_WITH_OPEN,
            "the labels of this function have more than 20000 combinations, bounds included: lower a bound, or make one a span attribute with `fields(..)`"
        );
        at += 1;
    }
}

/// A label's value in one call. Expansions build it; not part of the public interface.
#[derive(Debug)]
#[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
pub enum LabelValue {
    /// The place in [`Label::VALUES`].
    Closed(usize),
    /// The text of an open label.
    Open(Box<str>),
}

impl LabelValue {
    /// The value of a closed label.
    #[must_use]
    pub fn closed<L: Label + ?Sized>(value: &L) -> Self {
        LabelValue::Closed(value.index())
    }

    /// The value of a `bounded(N)` label.
    #[must_use]
    pub fn bounded<V: AsRef<str> + ?Sized>(value: &V) -> Self {
        LabelValue::Open(value.as_ref().into())
    }
}
