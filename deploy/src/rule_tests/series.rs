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

/// A series in phases, each a step without anything and then `length` steps with a value or without.
pub(super) fn phases(values: &[Option<f64>], length: u32) -> String {
    let mut text = String::new();
    for (at, value) in values.iter().enumerate() {
        // Without the marker, what was there before would be seen for another five minutes.
        text.push_str(if at > 0 { " stale " } else { "_ " });
        match value {
            Some(value) => text.push_str(&constant(*value, length - 1)),
            None => {
                // Writing to a String cannot fail.
                let _ = write!(text, "_x{length}");
            }
        }
    }
    text
}

/// The step in which the value of a phase begins.
pub(super) fn begin(phase: u32, length: u32) -> u32 {
    phase * (length + 1) + 1
}

/// The samples of a counter, step after step.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    now: f64,
    text: String,
    is_begun: bool,
}

impl Counter {
    /// Begins with a sample of 0.
    pub(super) fn new() -> Self {
        Counter { now: 0.0, text: String::new(), is_begun: false }
    }

    /// Begins with a sample of 0 after `steps` without one.
    pub(super) fn absent(steps: u32) -> Self {
        Counter { now: 0.0, text: format!("_x{steps}"), is_begun: false }
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

/// So many in the last five of ten minutes, and fewer in each than before: of no other window is the rate the same.
pub(super) fn lately(count: f64) -> String {
    let part = |part: f64| number(count * part);
    format!("0+0x5 {} {} {} {} {}", part(0.4), part(0.6), part(0.8), part(0.9), part(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_has_as_many_samples() {
        assert_eq!(phases(&[Some(2.5), None, Some(1.0)], 3), "_ 2.5+0x2 stale _x3 stale 1+0x2");
        assert_eq!(begin(1, 3), 5);
    }

    #[test]
    fn each_step_of_a_counter_is_one_sample() {
        let values = Counter::new().grow(2.0, 3).restart().grow(1.0, 2).grow(0.0, 4).values();
        assert_eq!(values, "0+2x3 0 1+1x1 2+0x3");
    }
}
