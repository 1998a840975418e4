//! Money that was not spent: what is recorded of it.
//!
//! Caches and routers count it apart, and no dollar is in both: what came from a cache is compared with no baseline.

use crate::catalog::Catalog;
use crate::promql::selector;

use super::Rule;
use super::cost::COST;

pub(crate) const BY_CACHES: &str = "tta_cache_savings_dollars_total";
pub(crate) const BY_ROUTERS: &str = "tta_router_cost_savings_dollars_total";
pub(crate) const EXTRA_COST: &str = "tta_router_extra_cost_dollars_total";

/// What is recorded, by what it is called on dashboards too.
pub(crate) const CACHE_HOUR: &str = "primitive:tta_cache_savings_dollars:increase1h";
pub(crate) const ROUTER_HOUR: &str = "router:tta_router_cost_savings_dollars:increase1h";
/// Of what would have been spent, the part that was not.
pub(crate) const RATIO: &str = "tta:cost_savings:ratio_rate1h";

pub(super) fn recorded(catalog: &Catalog, job: &str) -> Vec<Rule> {
    let hour = |family: &str| format!("increase({}[1h])", selector(family, &[("job", job)]));
    let mut rules = Vec::new();
    for (name, family, by) in [
        (CACHE_HOUR, BY_CACHES, "job, primitive_name"),
        (ROUTER_HOUR, BY_ROUTERS, "job, router_name, route_selected"),
    ] {
        if catalog.has(family) {
            rules.push(Rule::record(name, format!("sum by ({by}) ({})", hour(family))));
        }
    }
    let saved: Vec<_> =
        [BY_CACHES, BY_ROUTERS].into_iter().filter(|family| catalog.has(family)).map(hour).collect();
    if !saved.is_empty() && catalog.has(COST) {
        // Their labels differ, so that all series of both are in the sum; a program may have only one of them.
        let saved = format!("sum by (job) ({})", saved.join(" or "));
        let spent = format!("sum by (job) ({})", hour(COST));
        rules.push(Rule::record(RATIO, format!("{saved} / ({saved} + {spent} > 0)")));
    }
    rules
}
