//! The counts of budgets, from their own source files, with loom's atomics in place of the standard library's: each test is
//! run in every order of its threads' steps, and with every value that the memory model lets a load see. Where three threads
//! do more than a step each, those orders are tried in which a thread is interrupted up to three times.
//!
//! `LOOM_LOG=trace LOOM_LOCATION=1 cargo test -p tta-tests-model` shows the order in which one failed.
#![cfg(test)]

/// What `runtime/src/cost/budget/sync.rs` is in `tta`.
mod sync {
    pub(super) use std::sync::PoisonError;

    pub(super) use loom::sync::Mutex;
    pub(super) use loom::sync::atomic::{AtomicU64, Ordering};
}

#[path = "../../../runtime/src/cost/budget/quantity.rs"]
mod quantity;
#[path = "../../../runtime/src/cost/budget/window.rs"]
mod window;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering::SeqCst};
use loom::thread;

use crate::quantity::{Counts, Quantity};
use crate::window::Window;

const LIMIT: u64 = 10;

/// For three threads: all of their orders would take hours.
fn interrupted_thrice(threads: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(threads);
}

/// A quantity, and beside it what its users know they hold: reserved or spent, as one number.
struct Watched {
    quantity: Quantity,
    held: AtomicU64,
}

impl Watched {
    fn new() -> Arc<Self> {
        Arc::new(Watched { quantity: Quantity::new(LIMIT), held: AtomicU64::new(0) })
    }

    /// Takes what there is up to `most`, and looks whether all that is held at this time is within the limit.
    fn guess(&self, most: u64) -> Option<u64> {
        match self.quantity.reserve(0, most) {
            Ok(taken) => {
                let held = self.held.fetch_add(taken, SeqCst) + taken;
                assert!(taken > 0 && held <= LIMIT, "{held} of {LIMIT} are held, {taken} of it by a guess");
                Some(taken)
            }
            Err(Counts { spent, reserved, .. }) => {
                assert!(spent + reserved >= LIMIT, "refused a guess with {spent} and {reserved}");
                None
            }
        }
    }

    /// Reserves, and looks whether all that is held at this time is within the limit.
    fn reserve(&self, asked: u64) -> bool {
        match self.quantity.reserve(asked, asked) {
            Ok(taken) => {
                let held = self.held.fetch_add(asked, SeqCst) + asked;
                assert_eq!(taken, asked);
                assert!(held <= LIMIT, "{held} of {LIMIT} are held");
                true
            }
            Err(Counts { limit, spent, reserved }) => {
                assert_eq!(limit, LIMIT);
                assert!(spent + reserved + asked > LIMIT, "refused {asked} with {spent} and {reserved}");
                false
            }
        }
    }

    fn refund(&self, reserved: u64) {
        self.held.fetch_sub(reserved, SeqCst);
        self.quantity.refund(reserved);
    }

    /// Of no more than was reserved.
    fn settle(&self, reserved: u64, actual: u64) {
        self.held.fetch_sub(reserved - actual, SeqCst);
        self.quantity.settle(reserved, actual);
    }

    fn counts(&self) -> (u64, u64) {
        let Counts { spent, reserved, .. } = self.quantity.counts();
        (spent, reserved)
    }
}

#[test]
fn of_three_calls_that_do_not_fit_together_one_passes() {
    loom::model(|| {
        let budget = Watched::new();
        let others: Vec<_> = (0..2)
            .map(|_| {
                let budget = budget.clone();
                thread::spawn(move || u32::from(budget.reserve(6)))
            })
            .collect();
        let passed = u32::from(budget.reserve(6))
            + others.into_iter().map(|it| it.join().expect("it does not panic")).sum::<u32>();
        assert_eq!(passed, 1);
        assert_eq!(budget.counts(), (0, 6));
    });
}

#[test]
fn a_guess_takes_what_is_left_and_nobody_takes_it_twice() {
    interrupted_thrice(|| {
        let budget = Watched::new();
        let guesses: Vec<_> = (0..2)
            .map(|_| {
                let budget = budget.clone();
                thread::spawn(move || {
                    let Some(taken) = budget.guess(7) else { return (0, 1) };
                    budget.settle(taken, taken / 2);
                    (taken / 2, 0)
                })
            })
            .collect();
        let mut spent = 0;
        if budget.reserve(5) {
            budget.settle(5, 5);
            spent = 5;
        }
        let mut refused = 0;
        for guess in guesses {
            let (used, is_refused) = guess.join().expect("it does not panic");
            spent += used;
            refused += is_refused;
        }
        assert!(refused < 2, "one of them is the first");
        assert_eq!(budget.counts(), (spent, 0));
    });
}

#[test]
fn what_is_settled_or_given_back_meanwhile_is_neither_lost_nor_lent_twice() {
    interrupted_thrice(|| {
        let budget = Watched::new();
        let settles = {
            let budget = budget.clone();
            thread::spawn(move || {
                if !budget.reserve(6) {
                    return 0;
                }
                budget.settle(6, 3);
                3
            })
        };
        let gives_back = {
            let budget = budget.clone();
            thread::spawn(move || {
                if budget.reserve(7) {
                    budget.refund(7);
                }
            })
        };
        let mut spent = 0;
        if budget.reserve(4) {
            budget.settle(4, 4);
            spent += 4;
        }
        spent += settles.join().expect("it does not panic");
        gives_back.join().expect("it does not panic");
        assert_eq!(budget.counts(), (spent, 0));
    });
}

#[test]
fn what_costs_more_than_it_reserved_counts_in_full_and_holds_back_who_comes_after() {
    loom::model(|| {
        let budget = Arc::new(Quantity::new(LIMIT));
        let calls: Vec<_> = [(4, 9), (6, 7)]
            .into_iter()
            .map(|(reserved, actual)| {
                let budget = budget.clone();
                thread::spawn(move || {
                    let is_passed = budget.reserve(reserved, reserved).is_ok();
                    if is_passed {
                        budget.settle(reserved, actual);
                    }
                    if is_passed { (actual, actual - reserved) } else { (0, 0) }
                })
            })
            .collect();
        let (mut spent, mut errors) = (0, 0);
        for call in calls {
            let (actual, error) = call.join().expect("it does not panic");
            spent += actual;
            errors += error;
        }
        let counts = budget.counts();
        assert_eq!((counts.spent, counts.reserved), (spent, 0));
        assert!(spent <= LIMIT + errors, "{spent} with errors of {errors}");
        assert_eq!(budget.reserve(2, 2).is_ok(), spent + 2 <= LIMIT);
    });
}

#[test]
fn a_reader_sees_nothing_below_zero_and_never_more_than_there_is() {
    interrupted_thrice(|| {
        let budget = Watched::new();
        assert!(budget.reserve(3));
        let settles = {
            let budget = budget.clone();
            thread::spawn(move || budget.settle(3, 2))
        };
        let begins_and_settles = {
            let budget = budget.clone();
            thread::spawn(move || {
                assert!(budget.reserve(6));
                budget.settle(6, 6);
            })
        };
        let (spent, reserved) = budget.counts();
        assert!(spent <= 8 && reserved <= 9, "{spent} spent, {reserved} reserved");
        settles.join().expect("it does not panic");
        begins_and_settles.join().expect("it does not panic");
        assert_eq!(budget.counts(), (8, 0));
    });
}

#[test]
fn a_refusal_of_the_outer_budget_takes_nothing_from_the_inner_one() {
    loom::model(|| {
        let (root, leaves) = (Watched::new(), [Watched::new(), Watched::new()]);
        let calls: Vec<_> = leaves
            .iter()
            .map(|leaf| {
                let (root, leaf) = (root.clone(), leaf.clone());
                thread::spawn(move || {
                    assert!(leaf.reserve(6), "nobody else asks this one");
                    if !root.reserve(6) {
                        leaf.refund(6);
                        return 0;
                    }
                    root.settle(6, 5);
                    leaf.settle(6, 5);
                    5
                })
            })
            .collect();
        let spent: u64 = calls.into_iter().map(|call| call.join().expect("it does not panic")).sum();
        assert!(spent >= 5, "one of them fits");
        assert_eq!(root.counts(), (spent, 0));
        assert_eq!(leaves.iter().map(|leaf| leaf.counts().0).sum::<u64>(), spent);
    });
}

/// A budget of which everything was spent when its first window ended, at 100.
struct Windowed {
    quantity: Quantity,
    window: Window,
}

impl Windowed {
    fn spent() -> Arc<Self> {
        let budget = Windowed { quantity: Quantity::new(LIMIT), window: Window::new(100) };
        assert!(budget.quantity.reserve(LIMIT, LIMIT).is_ok());
        budget.quantity.settle(LIMIT, LIMIT);
        Arc::new(budget)
    }

    fn turn(&self, at: u64) {
        self.window.turn(at, || self.quantity.begin_window());
    }
}

#[test]
fn a_window_that_two_calls_begin_is_begun_once() {
    loom::model(|| {
        let budget = Windowed::spent();
        let call = |budget: &Windowed| {
            budget.turn(100);
            let is_passed = budget.quantity.reserve(6, 6).is_ok();
            if is_passed {
                budget.quantity.settle(6, 6);
            }
            u64::from(is_passed)
        };
        let other = {
            let budget = budget.clone();
            thread::spawn(move || call(&budget))
        };
        let passed = call(&budget) + other.join().expect("it does not panic");
        assert_eq!(passed, 1, "a window lets one of two through");
        assert_eq!(budget.quantity.counts(), Counts { limit: LIMIT, spent: 6, reserved: 0 });
    });
}

#[test]
fn no_call_is_refused_because_its_window_is_just_beginning() {
    loom::model(|| {
        let budget = Windowed::spent();
        let call = |budget: &Windowed| {
            budget.turn(100);
            assert!(budget.quantity.reserve(5, 5).is_ok());
        };
        let other = {
            let budget = budget.clone();
            thread::spawn(move || call(&budget))
        };
        call(&budget);
        other.join().expect("it does not panic");
    });
}

#[test]
fn a_call_of_the_old_window_is_not_refused_because_another_one_begins() {
    loom::model(|| {
        let budget = Arc::new(Windowed { quantity: Quantity::new(LIMIT), window: Window::new(100) });
        assert!(budget.quantity.reserve(4, 4).is_ok());
        let settles = {
            let budget = budget.clone();
            thread::spawn(move || budget.quantity.settle(4, 7))
        };
        let begins = {
            let budget = budget.clone();
            thread::spawn(move || budget.turn(100))
        };
        // By its clock the window has not ended yet.
        assert!(
            budget.quantity.reserve(3, 3).is_ok(),
            "with 4 reserved, with 7 spent, and with a new window"
        );
        settles.join().expect("it does not panic");
        begins.join().expect("it does not panic");
    });
}

#[test]
fn a_reader_never_sees_two_windows_as_one() {
    loom::model(|| {
        let budget = Windowed::spent();
        let spends = {
            let budget = budget.clone();
            thread::spawn(move || {
                budget.turn(100);
                assert!(budget.quantity.reserve(7, 7).is_ok());
                budget.quantity.settle(7, 7);
            })
        };
        let Counts { spent, reserved, .. } = budget.quantity.counts();
        assert!(spent + reserved <= LIMIT, "{spent} spent, {reserved} reserved");
        if let Some(spent) = budget.quantity.tell_threshold() {
            assert_eq!(spent, LIMIT, "in the first window; in the other there are no four fifths");
        }
        spends.join().expect("it does not panic");
    });
}

#[test]
fn what_settles_while_a_window_begins_is_in_one_of_the_two() {
    loom::model(|| {
        let budget = Arc::new(Windowed { quantity: Quantity::new(LIMIT), window: Window::new(100) });
        assert!(budget.quantity.reserve(8, 8).is_ok());
        let settles = {
            let budget = budget.clone();
            // It has looked at the clock before the window ended.
            thread::spawn(move || budget.quantity.settle(8, 7))
        };
        budget.turn(100);
        let (lets_two, lets_all) =
            (budget.quantity.reserve(2, 2).is_ok(), budget.quantity.reserve(LIMIT, LIMIT).is_ok());
        assert!(lets_two, "8 are reserved at most");
        assert!(!lets_all, "2 are reserved at least");
        settles.join().expect("it does not panic");
        let Counts { spent, reserved, .. } = budget.quantity.counts();
        assert!(spent == 0 || spent == 7, "{spent} spent");
        assert_eq!(reserved, 2);
    });
}

#[test]
fn two_calls_that_pass_the_threshold_tell_of_it_once() {
    loom::model(|| {
        let budget = Arc::new(Quantity::new(LIMIT));
        let call = |budget: &Quantity, actual: u64| {
            assert!(budget.reserve(actual, actual).is_ok());
            budget.settle(actual, actual);
            u32::from(budget.tell_threshold().is_some())
        };
        let other = {
            let budget = budget.clone();
            thread::spawn(move || call(&budget, 5))
        };
        let told = call(&budget, 4) + other.join().expect("it does not panic");
        assert_eq!(told, 1);
        assert_eq!(budget.tell_threshold(), None);
    });
}
