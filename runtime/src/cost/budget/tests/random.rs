//! Random calls in random chains, against what anybody would count by hand.

use std::collections::BTreeMap;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use super::*;

/// A budget, and what should be in it: of tokens and of calls, spent and reserved.
struct Expected {
    budget: Arc<Budget>,
    limits: [u64; 2],
    spent: [u64; 2],
    reserved: [u64; 2],
}

impl Expected {
    fn left(&self, i: usize) -> u64 {
        self.limits[i].saturating_sub(self.spent[i] + self.reserved[i])
    }

    /// Of an estimate, so much is known, and so much guessed.
    fn fits(&self, known: [u64; 2], guessed: [u64; 2]) -> bool {
        (0..2).all(|i| guessed[i] == 0 || self.left(i) >= known[i].max(1))
    }

    fn check(&self) {
        let (tokens, calls) = (self.budget.tokens().expect("a limit"), self.budget.calls().expect("a limit"));
        assert_eq!([tokens.spent(), calls.spent()], self.spent);
        assert_eq!([tokens.reserved(), calls.reserved()], self.reserved);
        for (i, remaining) in [tokens.remaining(), calls.remaining()].into_iter().enumerate() {
            assert_eq!(remaining, self.left(i));
        }
    }
}

/// A tree of budgets. A leaf belongs to one chain; the others to all the chains of what lies within them.
struct Tree {
    budgets: Vec<Expected>,
    /// Each with the places of its budgets, inside out.
    chains: Vec<(Chain, Vec<usize>)>,
}

impl Tree {
    fn random(u: &mut Unstructured<'_>) -> Result<Self> {
        let mut tree = Tree { budgets: Vec::new(), chains: Vec::new() };
        let root = tree.add(u, "process", None)?;
        let mut inner = vec![root];
        for name in ["user", "session", "workflow"] {
            for _ in 0..u.int_in_range(0..=3)? {
                let outer = *u.choose(&inner)?;
                inner.push(tree.add(u, name, Some(outer))?);
            }
        }
        // Only what is a leaf can be called in, so that what is in the root is in exactly one of them.
        let leaves: Vec<_> =
            inner.iter().map(|&outer| tree.add(u, "primitive", Some(outer))).collect::<Result<_>>()?;
        tree.chains = leaves.into_iter().map(|leaf| tree.chains[leaf].clone()).collect();
        Ok(tree)
    }

    fn add(&mut self, u: &mut Unstructured<'_>, name: &'static str, outer: Option<usize>) -> Result<usize> {
        let limits = [u.int_in_range(0..=2_000)?, u.int_in_range(0..=30)?];
        let budget = budget(name, Limits::new().tokens(limits[0]).calls(limits[1]));
        let at = self.budgets.len();
        let (chain, mut within) = match outer.map(|outer| &self.chains[outer]) {
            Some((outer, within)) => (outer.with(budget.clone()), within.clone()),
            None => (Chain::new(budget.clone()), Vec::new()),
        };
        within.insert(0, at);
        self.chains.push((chain, within));
        self.budgets.push(Expected { budget, limits, spent: [0; 2], reserved: [0; 2] });
        Ok(at)
    }

    fn check(&self) {
        self.budgets.iter().for_each(Expected::check);
        let leaves: u64 = self.chains.iter().map(|(_, within)| self.budgets[within[0]].spent[0]).sum();
        assert_eq!(self.budgets[0].spent[0], leaves, "the root's is the sum of its leaves'");
    }
}

#[test]
fn whatever_calls_do_each_budget_has_counted_what_they_did() {
    let mut ended = BTreeMap::<&str, u32>::new();
    arbtest(|u| {
        let mut tree = Tree::random(u)?;
        let mut in_flight: Vec<(Reservation, usize, u64, bool)> = Vec::new();
        for _ in 0..u.int_in_range(1..=120)? {
            let is_new = in_flight.is_empty() || u.ratio(1, 2)?;
            let how = if is_new {
                let at = u.choose_index(tree.chains.len())?;
                let known = u.int_in_range(0..=300)?;
                let guessed = known + if u.ratio(1, 2)? { u.int_in_range(0..=900)? } else { 0 };
                let (chain, within) = &tree.chains[at];
                let refused_by = within.iter().find(|&&at| !tree.budgets[at].fits([known, 1], [guessed, 1]));
                let reserved = chain.reserve_guessed(&tokens(known), &tokens(guessed));
                match (reserved.map_err(|refused| refused.error), refused_by) {
                    (Ok(reservation), None) => {
                        let left = within.iter().map(|&at| tree.budgets[at].left(0)).min();
                        let asked = guessed.min(left.expect("the root"));
                        for &at in within {
                            tree.budgets[at].reserved[0] += asked;
                            tree.budgets[at].reserved[1] += 1;
                        }
                        in_flight.push((reservation, at, asked, false));
                        "reserved"
                    }
                    (
                        Err(PolicyError::BudgetExceeded { budget, limit, spent, reserved, asked, .. }),
                        Some(&at),
                    ) => {
                        assert_eq!(budget, tree.budgets[at].budget.name());
                        assert!(spent + reserved + asked > limit);
                        "refused"
                    }
                    (outcome, refused_by) => panic!("{outcome:?}, while {refused_by:?} should refuse"),
                }
            } else {
                let at = u.choose_index(in_flight.len())?;
                if u.ratio(1, 3)? {
                    in_flight[at].0.sent();
                    in_flight[at].3 = true;
                    continue;
                }
                let (reservation, at, asked, is_sent) = in_flight.swap_remove(at);
                let actual = u.int_in_range(0..=400)?;
                let (how, spent) = match u.int_in_range(0..=3)? {
                    0 => {
                        reservation.settle(Actual { money: None, tokens: Some(actual) }, |_| {});
                        ("settled", Some(actual))
                    }
                    1 => {
                        reservation.refund();
                        ("given back", None)
                    }
                    2 => {
                        reservation.waste(|_| {});
                        ("wasted", Some(asked))
                    }
                    _ => {
                        drop(reservation);
                        ("dropped", is_sent.then_some(asked))
                    }
                };
                for &at in &tree.chains[at].1 {
                    let budget = &mut tree.budgets[at];
                    budget.reserved = [budget.reserved[0] - asked, budget.reserved[1] - 1];
                    budget.spent[0] += spent.unwrap_or(0);
                    budget.spent[1] += u64::from(spent.is_some());
                }
                how
            };
            *ended.entry(how).or_default() += 1;
            tree.check();
        }
        Ok(())
    });
    assert_eq!(ended.len(), 6, "all of it was tried: {ended:?}");
}

#[test]
fn whatever_the_clock_does_no_window_has_more_than_its_limit() {
    let mut windows = 0_u32;
    arbtest(|u| {
        let limit = u.int_in_range(1..=50)?;
        let hourly = budget("process", Limits::new().calls(limit).per(Duration::from_mins(1)));
        let chain = Chain::new(hourly.clone());
        let begun = clock();
        let (mut in_flight, mut spent, mut window) = (Vec::new(), 0, 0);
        for _ in 0..u.int_in_range(1..=200)? {
            let_pass(Duration::from_millis(u.int_in_range(0..=5_000)?));
            let now = clock().duration_since(begun).as_secs() / 60;
            if now != window {
                (window, spent) = (now, 0);
                windows += 1;
            }
            let held = in_flight.len() as u64;
            if in_flight.is_empty() || u.ratio(2, 3)? {
                match chain.reserve(&call("$0")) {
                    Ok(reservation) => in_flight.push(reservation),
                    Err(_) => {
                        assert!(spent + held >= limit, "refused with {spent} spent and {held} in flight");
                    }
                }
            } else {
                let reservation = in_flight.swap_remove(u.choose_index(in_flight.len())?);
                if u.ratio(1, 4)? {
                    reservation.refund();
                } else {
                    reservation.settle(Actual::default(), |_| {});
                    spent += 1;
                }
            }
            let counts = hourly.calls().expect("a limit");
            assert_eq!((counts.spent(), counts.reserved()), (spent, in_flight.len() as u64));
            assert!(counts.spent() + counts.reserved() <= limit);
        }
        Ok(())
    });
    assert!(windows > 0);
}
