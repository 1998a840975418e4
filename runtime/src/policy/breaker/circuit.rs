//! The states of one circuit.

use std::time::Duration;

use tokio::time::Instant;

use super::{BreakerState, Change, Settings, Window};

/// One circuit.
#[derive(Debug)]
pub(super) struct Circuit {
    state: State,
    /// How often it has been opened: what was let through before says nothing of what has been found out since.
    round: u32,
}

#[derive(Debug)]
enum State {
    Closed(Option<Window>),
    Open {
        until: Instant,
    },
    /// Until it is closed by hand.
    ForcedOpen,
    HalfOpen {
        /// Probes that run, and that have ended well.
        running: u32,
        ended: u32,
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

/// When to come again while all the probes are running: soon, since nobody knows how long they take.
const BUSY: Duration = Duration::from_millis(100);

impl Circuit {
    pub(super) const CLOSED: Circuit = Circuit { state: State::Closed(None), round: 0 };
    pub(super) const FORCED_OPEN: Circuit = Circuit { state: State::ForcedOpen, round: 1 };

    pub(super) fn state(&self) -> BreakerState {
        match self.state {
            State::Closed(_) => BreakerState::Closed,
            State::Open { .. } | State::ForcedOpen => BreakerState::Open,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Lets a call through, or says how long not.
    pub(super) fn admit(
        &mut self,
        settings: &Settings,
        now: impl FnOnce() -> Instant,
    ) -> (Result<Admitted, Duration>, Change) {
        match &mut self.state {
            State::Closed(_) => (Ok(Admitted::Call), None),
            State::ForcedOpen => (Err(settings.open), None),
            State::Open { until } => {
                let left = until.saturating_duration_since(now());
                if !left.is_zero() {
                    return (Err(left), None);
                }
                let change = self.change(State::HalfOpen { running: 1, ended: 0 });
                (Ok(Admitted::Probe(self.round)), change)
            }
            State::HalfOpen { running, ended } => {
                if *running + *ended >= settings.probes {
                    return (Err(BUSY), None);
                }
                *running += 1;
                (Ok(Admitted::Probe(self.round)), None)
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
        let is_nothing = how == Ended::Cancelled && !is_slow;
        match (&mut self.state, admitted) {
            (State::Closed(window), Admitted::Call) => {
                if is_nothing {
                    return None;
                }
                let window = window.get_or_insert_with(|| Window::new(settings.window));
                window.add(now, how == Ended::Failure, is_slow);
                if !window.has_trouble() || !settings.is_too_much(window.seen(now)) {
                    return None;
                }
                self.open(now + settings.open)
            }
            (State::HalfOpen { running, ended }, Admitted::Probe(round)) if round == self.round => {
                *running = running.saturating_sub(1);
                if is_nothing {
                    // Its place is free for another probe.
                    return None;
                }
                if how == Ended::Failure || is_slow {
                    return self.open(now + settings.open);
                }
                *ended += 1;
                if *ended < settings.probes {
                    return None;
                }
                self.change(State::Closed(None))
            }
            // It was let through before the circuit changed, of which it says nothing any more.
            _ => None,
        }
    }

    fn open(&mut self, until: Instant) -> Change {
        self.round = self.round.wrapping_add(1);
        self.change(State::Open { until })
    }

    pub(super) fn force_open(&mut self) -> Change {
        self.round = self.round.wrapping_add(1);
        self.change(State::ForcedOpen)
    }

    pub(super) fn force_closed(&mut self) -> Change {
        self.change(State::Closed(None))
    }

    fn change(&mut self, to: State) -> Change {
        let from = self.state();
        self.state = to;
        let to = self.state();
        (from != to).then_some((from, to))
    }
}
