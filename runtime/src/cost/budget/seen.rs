//! What is seen of budgets in metrics: limits, what is left, and what was refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{Budget, Limits, installed};
use crate::cost::Money;
use crate::metric::family;
use crate::metric::store::Store;
use crate::names::{label, refusal};
use crate::policy::{BudgetUnit, PolicyError};
use crate::testing::Recording;

/// The budgets in use, by name.
static IN_USE: Mutex<BTreeMap<&'static str, Vec<Weak<Budget>>>> = Mutex::new(BTreeMap::new());

fn in_use() -> MutexGuard<'static, BTreeMap<&'static str, Vec<Weak<Budget>>>> {
    IN_USE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows what is left of it, as long as there is somebody who has it.
pub(crate) fn watch(budget: &Arc<Budget>) {
    if budget.money().is_none() {
        return;
    }
    let mut in_use = in_use();
    let budgets = in_use.entry(budget.name()).or_default();
    // Each is looked at once or twice in its life for that.
    if budgets.len() == budgets.capacity() {
        budgets.retain(|budget| budget.strong_count() > 0);
    }
    budgets.push(Arc::downgrade(budget));
}

/// Shows nothing more of the budgets of this name that there are.
pub(super) fn unwatch(name: &str) {
    in_use().remove(name);
}

/// The budgets that there can be, by name: those of functions, and those that the program has installed, or else the
/// environment has.
pub(crate) fn declared() -> Vec<(&'static str, Limits)> {
    let functions = crate::catalog::sites().into_iter();
    let mut all: Vec<_> = functions.filter_map(|site| Some((site.name(), site.limits()?))).collect();
    match installed() {
        Some(budgets) => all.extend(budgets.declared()),
        // So that the catalog can be written without `init`. What is wrong with it, that tells.
        None if crate::cost::asks_models() => {
            let limits = crate::config::budget().ok().flatten();
            all.extend(limits.map(|limits| (super::Budgets::PROCESS, limits)));
        }
        None => {}
    }
    all
}

/// Opens the series of a budget.
pub(crate) fn open(name: &'static str, limits: &Limits, store: &Store) {
    for reason in limits.refusals() {
        let _ = store.counter(&family::BUDGET_REJECTIONS, vec![budget(name), (label::REASON, reason.into())]);
    }
    if let Some(limit) = limits.money {
        store.gauge(&family::BUDGET_LIMIT, vec![budget(name)]).set(stored(limit));
        store.gauge(&family::BUDGET_REMAINING, vec![budget(name)]).set(stored(limit));
    }
}

/// Reads what is left, for a reading of the metrics.
pub(crate) fn read(store: &Store) {
    let least = |(name, budgets): (&&'static str, &Vec<Weak<Budget>>)| {
        let left = budgets.iter().filter_map(Weak::upgrade).filter_map(|budget| budget.money());
        (*name, left.map(|money| money.remaining()).min())
    };
    let left: BTreeMap<_, _> = in_use().iter().map(least).collect();
    for (name, limits) in declared() {
        let Some(limit) = limits.money else { continue };
        let left = left.get(name).copied().flatten().unwrap_or(limit);
        store.gauge(&family::BUDGET_REMAINING, vec![budget(name)]).set(stored(left));
    }
}

/// Counts a call that was not made.
pub(crate) fn count_refusal(refused: &PolicyError) {
    let (name, reason) = match refused {
        PolicyError::BudgetExceeded { budget, unit, .. } => (budget, reason(*unit)),
        PolicyError::PriceUnknown { budget, .. } => (budget, refusal::UNPRICED),
        _ => return,
    };
    let labels = vec![(label::BUDGET, name.clone()), (label::REASON, reason.into())];
    let count = |store: &Store| store.counter(&family::BUDGET_REJECTIONS, labels).add(1);
    match Recording::current() {
        Some(recording) => count(recording.store()),
        None => count(Store::global()),
    }
}

fn reason(unit: BudgetUnit) -> &'static str {
    match unit {
        BudgetUnit::PicoDollars => refusal::DOLLARS,
        BudgetUnit::Tokens => refusal::TOKENS,
        BudgetUnit::Calls => refusal::CALLS,
        BudgetUnit::Nanoseconds => refusal::TIME,
    }
}

fn budget(name: &'static str) -> (&'static str, std::borrow::Cow<'static, str>) {
    (label::BUDGET, name.into())
}

fn stored(money: Money) -> i64 {
    i64::try_from(money.pico()).unwrap_or(i64::MAX)
}
