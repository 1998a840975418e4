//! Many calls at once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use super::*;

const CALLERS: u64 = 64;

/// Estimates and costs that differ, without a random number that could make a failure go away.
fn spread(of: u64, most: u64) -> u64 {
    of.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & 0xffff_ffff_u64 & (most.next_power_of_two() - 1)
}

/// Lets 64 threads call until they are refused, and gives what they have spent. `error` is what a call costs more than was
/// estimated.
fn hammered(chain: &Chain, watched: &Budget, error: impl Fn(u64) -> u64 + Sync) -> u64 {
    let (start, spent, is_over) =
        (Barrier::new(CALLERS as usize + 1), AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            start.wait();
            let mut most = 0;
            while !is_over.load(SeqCst) {
                let counts = watched.money().expect("a limit");
                most = most.max((counts.spent() + counts.reserved()).pico());
            }
            most
        });
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (start, spent, error) = (&start, &spent, &error);
                scope.spawn(move || {
                    let own = chain.with(budget("run", Limits::new().money(dollars("$1"))));
                    start.wait();
                    for call in 0.. {
                        let asked = 1 + spread(caller * 1_000 + call, 200_000_000);
                        let estimate =
                            Estimate { money: Some(Money::from_pico(asked)), ..Estimate::call_of("gpt-5") };
                        let Ok(mut reservation) = own.reserve(&estimate) else { break };
                        if call % 7 == 3 {
                            reservation.refund();
                            continue;
                        }
                        reservation.sent();
                        let cost = asked + error(call);
                        spent.fetch_add(if call % 7 == 5 { asked } else { cost }, SeqCst);
                        if call % 7 == 5 {
                            drop(reservation);
                        } else {
                            let cost = Some(Money::from_pico(cost));
                            reservation.settle(Actual { money: cost, tokens: None }, |_| {});
                        }
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.join().expect("no caller panics");
        }
        is_over.store(true, SeqCst);
        let most = watcher.join().expect("the watcher does not panic");
        let (counted, reserved) = money_of(watched);
        assert_eq!(reserved, Money::ZERO);
        assert_eq!(counted.pico(), spent.load(SeqCst), "all that was let through, once");
        most.max(counted.pico())
    })
}

#[test]
fn sixty_four_callers_with_exact_estimates_never_pass_a_dollar_together() {
    for _ in 0..5 {
        let process = budget("process", Limits::new().money(dollars("$1")));
        let most = hammered(&Chain::new(process.clone()), &process, |_| 0);
        assert!(most <= dollars("$1").pico(), "{} of $1.00", Money::from_pico(most));
        // Until the first refusal of each: less than 64 of the largest calls are left.
        assert!(most > dollars("$0.98").pico(), "{} of $1.00", Money::from_pico(most));
    }
}

#[test]
fn with_estimates_that_are_too_low_they_pass_it_by_no_more_than_the_errors_in_flight() {
    const WORST: u64 = 4_000_000_000;
    let process = budget("process", Limits::new().money(dollars("$1")));
    let error = |call| if call % 2 == 0 { WORST } else { WORST / 3 };
    let most = hammered(&Chain::new(process.clone()), &process, error);
    let bound = dollars("$1") + Money::from_pico(CALLERS * WORST);
    assert!(most <= bound.pico(), "{} of $1.00", Money::from_pico(most));
}

#[test]
fn of_sixty_four_callers_who_guess_no_more_are_let_through_than_the_budget_has_room_for() {
    let process = budget("process", Limits::new().money(dollars("$1")));
    let (in_flight, most, made) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let start = Barrier::new(CALLERS as usize);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let own = Chain::new(process.clone()).with(budget("run", Limits::new().money(dollars("$2"))));
                start.wait();
                for _ in 0..200 {
                    let Ok(mut reservation) = own.reserve_guessed(&call("$0"), &call("$0.40")) else {
                        continue;
                    };
                    reservation.sent();
                    most.fetch_max(in_flight.fetch_add(1, SeqCst) + 1, SeqCst);
                    made.fetch_add(1, SeqCst);
                    thread::yield_now();
                    in_flight.fetch_sub(1, SeqCst);
                    reservation.settle(cost("$0.0001"), |_| {});
                }
            });
        }
    });
    // Two guesses, and one that takes the fifth that is left. What one gives back another can take, but not two.
    assert!((1..=3).contains(&most.load(SeqCst)), "{most:?} at once");
    let (spent, reserved) = money_of(&process);
    assert_eq!(reserved, Money::ZERO);
    assert_eq!(spent.pico(), made.load(SeqCst) * dollars("$0.0001").pico());
    assert!(spent <= dollars("$1"));
}
