//! The states of one circuit.

use std::time::Duration;

use tokio::time::Instant;

use super::{BreakerState, Change, Settings, Window};

/// One circuit.
#[derive(Debug)]
pub(super) enum Circuit {
    Closed(Option<Window>),
    Open {
        until: Instant,
        /// Which opening this is.
        round: u32,
    },
    HalfOpen {
        round: u32,
        /// Probes that run, that have ended, and that have ended well.
        running: u32,
        ended: u32,
        failed: u32,
    },
}

/// How a call was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    Call,
    /// A probe of this round.
    Probe(u32),
}

/// How a call that was let through has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Success,
    Failure,
    /// It was dropped. That says nothing, unless it was slow.
    Cancelled,
}

/// How a call that runs a fraction too long in a half-open circuit is waited for.
const BUSY: Duration = Duration::from_millis(100);

impl Circuit {
    pub(super) const CLOSED: Circuit = Circuit::Closed(None);

    /// Lets a call through, or says how long not.
    pub(super) fn admit(
        &mut self,
        settings: &Settings,
        now: impl FnOnce() -> Instant,
    ) -> (Result<Admitted, Duration>, Change) {
        match self {
            Circuit::Closed(_) => (Ok(Admitted::Call), None),
            Circuit::Open { until, round } => {
                let left = until.saturating_duration_since(now());
                if !left.is_zero() {
                    return (Err(left), None);
                }
                let round = *round;
                *self = Circuit::HalfOpen { round, running: 1, ended: 0, failed: 0 };
                (Ok(Admitted::Probe(round)), Some((BreakerState::Open, BreakerState::HalfOpen)))
            }
            Circuit::HalfOpen { round, running, ended, .. } => {
                if *running + *ended >= settings.probes {
                    return (Err(BUSY), None);
                }
                *running += 1;
                (Ok(Admitted::Probe(*round)), None)
            }
        }
    }

    /// A call that was let through has ended.
    pub(super) fn ended(
        &mut self,
        settings: &Settings,
        now: Instant,
        admitted: Admitted,
        how: Ended,
        is_slow: bool,
    ) -> Change {
        match (&mut *self, admitted) {
            (Circuit::Closed(window), Admitted::Call) => {
                if how == Ended::Cancelled && !is_slow {
                    return None;
                }
                let window = window.get_or_insert_with(|| Window::new(settings.window));
                window.add(now, how == Ended::Failure, is_slow);
                if !window.has_trouble() {
                    return None;
                }
                let seen = window.seen(now);
                let is_beyond = |part: u32, most: u32| {
                    u64::from(part) * 1_000_000 >= u64::from(most) * u64::from(seen.calls)
                };
                let too_many = is_beyond(seen.failures, settings.failures) && seen.failures > 0;
                let too_slow =
                    settings.slow.is_some() && is_beyond(seen.slow, settings.slow_calls) && seen.slow > 0;
                if seen.calls < settings.min_calls || !(too_many || too_slow) {
                    return None;
                }
                *self = Circuit::Open { until: now + settings.open, round: 1 };
                Some((BreakerState::Closed, BreakerState::Open))
            }
            (Circuit::HalfOpen { round, running, ended, failed }, Admitted::Probe(of)) if of == *round => {
                *running = running.saturating_sub(1);
                if how == Ended::Cancelled && !is_slow {
                    // Its place is free for another probe.
                    return None;
                }
                *ended += 1;
                *failed += u32::from(how == Ended::Failure || is_slow);
                if *failed > 0 {
                    let round = round.wrapping_add(1);
                    *self = Circuit::Open { until: now + settings.open, round };
                    return Some((BreakerState::HalfOpen, BreakerState::Open));
                }
                if *ended < settings.probes {
                    return None;
                }
                *self = Circuit::CLOSED;
                Some((BreakerState::HalfOpen, BreakerState::Closed))
            }
            // It was let through before the circuit changed, of which it says nothing any more.
            _ => None,
        }
    }
}
