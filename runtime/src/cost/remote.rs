//! What other processes have spent for a call, as they tell it in a line of text.

use std::fmt::Write as _;
use std::str::FromStr;

use super::Money;
use super::spent::Spent;

/// The header in which a server tells.
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) const HEADER: &str = "tta-spent";

/// Bytes that such a line may have.
const MOST: usize = 256;

/// Books what another process has spent for the call that runs here, in it and in every call around it: once for each
/// answer. [`http::ClientLayer`](crate::http::ClientLayer) does that by itself.
///
/// Budgets count it, and refuse what comes after; metrics do not, since the other process has counted it.
///
/// ```
/// # #[derive(Default)]
/// # struct Reply { text: String, spent: String }
/// # async fn ask_over_a_queue() -> Reply { Reply { spent: "useful=3500000000,calls=1".to_owned(), ..Reply::default() } }
/// #[tta::workflow]
/// async fn delegated() -> Result<tta::llm::Spent, tta::llm::ParseSpentError> {
///     // The worker has put `tta::context().spent().to_line()` into its reply.
///     let reply = ask_over_a_queue().await;
///     tta::llm::book_remote(reply.spent.parse()?);
///     Ok(tta::context().spent())
/// }
///
/// # futures_executor::block_on(async {
/// let spent = delegated().await?;
/// assert_eq!((spent.total().to_string().as_str(), spent.remote()), ("$0.0035", spent.total()));
/// # Ok::<(), tta::llm::ParseSpentError>(()) });
/// ```
pub fn book_remote(spent: Spent) {
    if let Some(account) = crate::span::payer() {
        account.book_remote(spent);
    }
}

/// It does not say what was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "what was spent is a list as `useful=3500000000,calls=1`, of money in pico-dollars, of at most {MOST} bytes"
)]
#[non_exhaustive]
pub struct ParseSpentError;

impl Spent {
    /// All of it in a line of text, for another process: `useful=3500000000,input=1000,output=100,calls=1`. Money is in
    /// pico-dollars, and what is 0 is left out.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = String::new();
        for (name, number) in self.numbers().into_iter().filter(|(_, number)| *number > 0) {
            let comma = if line.is_empty() { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(line, "{comma}{name}={number}");
        }
        line
    }

    fn numbers(&self) -> [(&'static str, u64); 8] {
        [
            ("useful", self.useful.pico()),
            ("wasted", self.wasted.pico()),
            ("saved", self.saved.pico()),
            ("input", self.input),
            ("output", self.output),
            ("calls", self.calls),
            ("unpriced", self.unpriced),
            ("unanswered", self.unanswered),
        ]
    }
}

/// What [`to_line`](Spent::to_line) has written. What is not known is left out: a later version may say more.
impl FromStr for Spent {
    type Err = ParseSpentError;

    fn from_str(line: &str) -> Result<Self, ParseSpentError> {
        if line.len() > MOST {
            return Err(ParseSpentError);
        }
        let mut spent = Spent::default();
        for part in line.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, number) = part.split_once('=').ok_or(ParseSpentError)?;
            let is_digits = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
            let number = number.parse().ok().filter(|_| is_digits).ok_or(ParseSpentError)?;
            match name {
                "useful" => spent.useful = Money::from_pico(number),
                "wasted" => spent.wasted = Money::from_pico(number),
                "saved" => spent.saved = Money::from_pico(number),
                "input" => spent.input = number,
                "output" => spent.output = number,
                "calls" => spent.calls = number,
                "unpriced" => spent.unpriced = number,
                "unanswered" => spent.unanswered = number,
                _ => {}
            }
        }
        Ok(spent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_and_garbage_is_refused() {
        let spent = Spent {
            useful: Money::from_pico(3),
            wasted: Money::MAX,
            saved: Money::from_pico(1),
            input: u64::MAX,
            output: 5,
            calls: 6,
            unpriced: 7,
            unanswered: 8,
            remote: [Money::ZERO; 2],
        };
        assert!(spent.to_line().len() <= MOST);
        assert_eq!(spent.to_line().parse(), Ok(spent));
        assert_eq!(Spent::default().to_line(), "");
        assert_eq!("".parse(), Ok(Spent::default()));
        assert_eq!("later=1, calls=2".parse(), Ok(Spent { calls: 2, ..Spent::default() }));
        for garbage in
            ["useful", "useful=", "useful=-1", "useful=+1", "useful=1.5", "calls=99999999999999999999"]
        {
            assert_eq!(garbage.parse::<Spent>(), Err(ParseSpentError), "{garbage}");
        }
        assert_eq!(format!("x={}", "1".repeat(MOST)).parse::<Spent>(), Err(ParseSpentError));
    }
}
