//! Input series, in promtool's notation.

use std::fmt::Write as _;

use serde::Serialize;

use crate::promql::{number, selector};

/// A series and its samples.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Series {
    pub(crate) series: String,
    pub(crate) values: String,
}

impl Series {
    pub(super) fn new(name: &str, labels: &[(&str, &str)], values: impl Into<String>) -> Self {
        Series { series: selector(name, labels), values: values.into() }
    }
}

/// The same value at `steps` + 1 times.
pub(super) fn constant(value: f64, steps: u32) -> String {
    format!("{}+0x{steps}", number(value))
}

/// The samples of a counter, step after step.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    now: f64,
    text: String,
    is_begun: bool,
}

impl Counter {
    /// Begins with a sample of `value`.
    pub(super) fn born_at(value: f64) -> Self {
        Counter { now: value, text: String::new(), is_begun: false }
    }

    /// Begins with a sample of 0.
    pub(super) fn new() -> Self {
        Counter::born_at(0.0)
    }

    /// Grows by `each` in every one of `steps`.
    pub(super) fn grow(mut self, each: f64, steps: u32) -> Self {
        if steps == 0 {
            return self;
        }
        // `a+bxN` is a sample of `a` and N more: the first is the last of what came before, or one step after it.
        let (from, times) = if self.is_begun { (self.now + each, steps - 1) } else { (self.now, steps) };
        let space = if self.text.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{space}{}+{}x{times}", number(from), number(each));
        self.now += each * f64::from(steps);
        self.is_begun = true;
        self
    }

    /// Begins anew at 0, as a program that was restarted does.
    pub(super) fn restart(mut self) -> Self {
        let _ = write!(self.text, " 0");
        self.now = 0.0;
        self
    }

    pub(super) fn values(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_of_a_counter_is_one_sample() {
        let values = Counter::new().grow(2.0, 3).restart().grow(1.0, 2).grow(0.0, 4).values();
        assert_eq!(values, "0+2x3 0 1+1x1 2+0x3");
    }
}
