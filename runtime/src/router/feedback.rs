//! How a call ended that went where a decision had sent it.

/// How a routed call ended: whether it did what it was for, and what it cost.
///
/// ```
/// use tta::router::Feedback;
///
/// struct Answer {
///     text: String,
///     dollars: f64,
/// }
/// let of_answer = |answer: &Answer| {
///     if answer.text.is_empty() { Feedback::failure() } else { Feedback::success().cost(answer.dollars) }
/// };
/// assert!(!of_answer(&Answer { text: String::new(), dollars: 0.001 }).is_success());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "it is what a call is told to have been"]
pub struct Feedback {
    is_success: bool,
    dollars: Option<f64>,
}

impl Feedback {
    /// It did what it was for.
    pub const fn success() -> Self {
        Feedback { is_success: true, dollars: None }
    }

    /// It did not.
    pub const fn failure() -> Self {
        Feedback { is_success: false, dollars: None }
    }

    /// What it cost, in dollars. What is no price (negative, infinite, not a number) is as if nothing had been said.
    pub const fn cost(mut self, dollars: f64) -> Self {
        self.dollars = if dollars >= 0.0 && dollars.is_finite() { Some(dollars) } else { None };
        self
    }

    /// Whether it did what it was for.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.is_success
    }

    /// What it cost, in dollars, if somebody has said so.
    #[must_use]
    pub const fn dollars(&self) -> Option<f64> {
        self.dollars
    }
}

/// `Ok` is a success; nothing is known of its cost.
impl<T, E> From<&Result<T, E>> for Feedback {
    fn from(result: &Result<T, E>) -> Self {
        if result.is_ok() { Feedback::success() } else { Feedback::failure() }
    }
}
