//! Objectives that can be missed, and whose alerts can fire.

use syn::Error;

use crate::args::{Cost, Objective, Slo};
use crate::ctxt::Ctxt;

/// Days over which an objective may hold. A week is what alerts on shorter windows need at least; metrics are rarely
/// kept for longer than a quarter.
const DAYS: std::ops::RangeInclusive<u32> = 7..=90;

/// The longest time within which a call can be good: the clock's histograms end there, and so do people's patience.
const LONGEST: u64 = 24 * 3_600_000_000_000;

/// The hours that each pair of windows looks back, and the share of the budget that is spent when it fires, in per mille:
/// for windows of two weeks and more, and for shorter ones. Google SRE Workbook, chapter 5.
const PAIRS: [(u32, u32, u32); 4] = [(1, 20, 80), (6, 50, 125), (24, 100, 200), (72, 100, 420)];

pub(super) fn check(slo: &Slo, cx: &Ctxt) {
    let days = slo.days();
    if let Some(window) = slo.window.as_ref().filter(|window| !DAYS.contains(&window.days)) {
        let (first, last) = DAYS.into_inner();
        cx.error(&window.text, format!("a window is {first} to {last} days: write `window = \"30d\"`"));
        return;
    }
    if !slo.has_objective {
        cx.error(&slo.keyword, "`slo` has no objective: write `slo(success = 99.5)`");
    }
    if let Some(success) = slo.success {
        objective(success, days, "success = 99.5", cx);
    }
    if let Some(latency) = &slo.latency {
        objective(latency.objective, days, "latency = \"2s@95\"", cx);
        if latency.nanoseconds == 0 || latency.nanoseconds > LONGEST {
            let sentence =
                "a latency is longer than nothing and at most 24 hours: write `latency = \"2s@95\"`";
            cx.push(Error::new(latency.objective.span, sentence));
        }
    }
    if let Some(limit) = &slo.cost {
        objective(limit.objective, days, "cost = \"$0.05@95\"", cx);
        cost(limit, cx);
    }
}

fn cost(cost: &Cost, cx: &Ctxt) {
    if cost.pico == 0 || cost.pico > super::budget::MOST {
        let sentence =
            "a cost is more than nothing and at most nine million dollars: write `cost = \"$0.05@95\"`";
        cx.push(Error::new(cost.objective.span, sentence));
    }
}

fn objective(objective: Objective, days: u32, example: &str, cx: &Ctxt) {
    let Objective { millionths, span } = objective;
    let whole = 1_000_000;
    if millionths == 0 || millionths >= whole {
        let sentence = if millionths == whole {
            format!("an objective of 100 % leaves no budget for a single bad call: write less, `{example}`")
        } else {
            format!("an objective is a percentage between 0 and 100: write `{example}`")
        };
        return cx.push(Error::new(span, sentence));
    }
    let burn = slowest_burn(days);
    // In thousandths of millionths.
    if u64::from(burn) * u64::from(whole - millionths) >= 1_000 * u64::from(whole) {
        let least = f64::from(whole) * (1.0 - 1_000.0 / f64::from(burn)) / 10_000.0;
        cx.push(Error::new(
            span,
            format!(
                "no alert on this objective could ever fire: over {days} days the slowest burns {}.{} times the \
                 budget, and all calls failing burns less; write more than {least:.1} %",
                burn / 1_000,
                burn % 1_000 / 100,
            ),
        ));
    }
}

/// How many thousandths of the budget's even pace the slowest pair of windows fires at. Pairs below nine tenths of that
/// pace are left out: there the budget lasts.
fn slowest_burn(days: u32) -> u32 {
    let burns = PAIRS.map(|(hours, long, short)| {
        let spent = if days >= 14 { long } else { short };
        spent * 24 * days / hours
    });
    burns.into_iter().filter(|burn| *burn >= 900).min().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::slowest_burn;

    #[test]
    fn over_a_month_the_slowest_pair_fires_at_the_budgets_own_pace() {
        assert_eq!(slowest_burn(30), 1_000);
        assert_eq!(slowest_burn(28), 933);
        assert_eq!(slowest_burn(7), 980);
        assert_eq!(slowest_burn(14), 1_400);
        assert_eq!(slowest_burn(90), 3_000);
    }
}
