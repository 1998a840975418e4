//! What is wrong with prices.

/// Prices that cannot be used: where, what was found there, and what is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PricesError {
    /// The text is no JSON object.
    #[error("the prices are no JSON object with an array `models`: {reason}")]
    #[non_exhaustive]
    NotJson {
        /// What is wrong, and where.
        reason: String,
    },
    /// A value that is not accepted.
    #[error("`{place}` is {found}, expected {expected}")]
    #[non_exhaustive]
    Invalid {
        /// Where it is, such as `models[2].input`.
        place: String,
        /// What it is.
        found: String,
        /// What is accepted.
        expected: &'static str,
    },
    /// A key that nothing is known of.
    #[error("`{place}` has a key {key:?}, expected {expected}")]
    #[non_exhaustive]
    UnknownKey {
        /// Where it is, such as `models[2]`.
        place: String,
        /// The key.
        key: String,
        /// Those that there are.
        expected: String,
    },
    /// Something without which the rest cannot be used.
    #[error("`{place}` has no `{missing}`, which {needed_by} needs")]
    #[non_exhaustive]
    Missing {
        /// Where it should be.
        place: String,
        /// What is not there.
        missing: &'static str,
        /// What cannot be without it.
        needed_by: &'static str,
    },
    /// A model for which nothing is said.
    #[error("`{place}` has no price, expected `free`, or at least one of {expected}")]
    #[non_exhaustive]
    NoPrice {
        /// Where it is.
        place: String,
        /// What would be one.
        expected: String,
    },
    /// A model whose price is said twice for the same day.
    #[error(
        "`{place}` says again what `{first}` says: the price of {model:?} of {provider:?} from the same day on"
    )]
    #[non_exhaustive]
    Duplicate {
        /// Where it is said again.
        place: String,
        /// Where it is said first.
        first: String,
        /// The model.
        model: String,
        /// Who offers it.
        provider: String,
    },
}

impl PricesError {
    pub(super) fn invalid(place: &str, key: &str, found: String, expected: &'static str) -> PricesError {
        PricesError::Invalid { place: format!("{place}.{key}"), found, expected }
    }
}

/// Keys, as an error names them.
pub(super) fn listed(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}
