//! Rounds of calls in one program, in turn, so that what slows the machine for a while slows every line.

/// Nanoseconds a call, a figure for each round.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<f64>,
}

impl Line {
    pub(crate) fn named<const N: usize>(names: [&'static str; N]) -> [Self; N] {
        names.map(|name| Line { name, rounds: Vec::new() })
    }

    /// One bad round tells nothing.
    pub(crate) fn median(&self) -> f64 {
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2]
    }
}

/// Has `CALLS` calls made, and tells the next line how long one took.
macro_rules! round {
    ($lines:ident, |$number:ident| $call:expr) => {
        let begun = ::std::time::Instant::now();
        for $number in 0..CALLS {
            $call;
        }
        let nanoseconds = begun.elapsed().as_secs_f64() * 1e9 / CALLS as f64;
        $lines.next().ok_or("a line for each round")?.rounds.push(nanoseconds);
    };
}
pub(crate) use round;
