//! What was spent, as it is told.

use super::Money;

/// What was spent on calls of models.
///
/// ```
/// # use tta::{LlmResponse, Usage, llm::Response};
/// # #[derive(Clone)]
/// # struct Answer;
/// # impl LlmResponse for Answer {
/// #     fn response(&self) -> Response<'_> {
/// #         Response::new().usage(Usage::openai(1_000, 100))
/// #     }
/// # }
/// #[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
/// async fn ask_once() -> Answer {
///     Answer
/// }
///
/// #[tta::workflow]
/// async fn ask_twice() -> tta::llm::Spent {
///     ask_once().await;
///     ask_once().await;
///     tta::context().spent()
/// }
///
/// # futures_executor::block_on(async {
/// let spent = ask_twice().await;
/// assert_eq!((spent.total().to_string().as_str(), spent.calls(), spent.is_complete()), ("$0.007", 2, true));
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub(crate) useful: Money,
    pub(crate) wasted: Money,
    /// Of what was not spent.
    pub(crate) saved: Money,
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) calls: u64,
    /// Calls of which nobody knows what they cost.
    pub(crate) unpriced: u64,
    /// Of those, the ones that have failed without an answer.
    pub(crate) unanswered: u64,
    /// Of `useful` and of `wasted`, what was spent in other processes, which count it themselves.
    pub(crate) remote: [Money; 2],
}

impl Spent {
    /// All of it, useful or not.
    #[must_use]
    pub fn total(&self) -> Money {
        self.useful + self.wasted
    }

    /// What was spent on calls, or within calls, that did not succeed.
    #[must_use]
    pub fn wasted(&self) -> Money {
        self.wasted
    }

    /// What was not spent, since a cache had the answer, or a router knew a cheaper way than its baseline.
    ///
    /// It is no part of [`total`](Spent::total). What an answer from a cache has saved is what was spent in making it.
    #[must_use]
    pub fn saved(&self) -> Money {
        self.saved
    }

    /// Tokens sent, those that were read from the provider's cache included.
    #[must_use]
    pub fn input_tokens(&self) -> u64 {
        self.input
    }

    /// Tokens received, those of reasoning included.
    #[must_use]
    pub fn output_tokens(&self) -> u64 {
        self.output
    }

    /// Of the [total](Spent::total), what was spent in other processes, as they have told.
    #[must_use]
    pub fn remote(&self) -> Money {
        self.remote.into_iter().sum()
    }

    /// Calls of models, each attempt one.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Whether it is known of each of them what it has cost. If not, more was spent than this says.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unpriced == 0
    }

    /// Whether it is known of each answer what it has cost.
    #[cfg(feature = "telemetry")]
    pub(crate) fn has_priced_all_answers(&self) -> bool {
        self.unpriced <= self.unanswered
    }

    pub(crate) fn is_nothing(&self) -> bool {
        *self == Spent::default()
    }

    /// Whether nothing was spent, whatever was saved.
    #[cfg(feature = "telemetry")]
    pub(crate) fn is_free(&self) -> bool {
        Spent { saved: Money::ZERO, ..*self }.is_nothing()
    }

    /// All that is useful of it is wasted.
    pub(super) fn waste(&mut self) {
        self.wasted += std::mem::take(&mut self.useful);
        self.remote = [Money::ZERO, self.remote()];
    }
}
