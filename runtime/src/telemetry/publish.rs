//! What exists before the first call.

use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::Key;
use opentelemetry_sdk::Resource;

use crate::catalog::{Slo, catalog, sites};
use crate::config::{Environment, Filter};
use crate::diagnostics::warn;
use crate::metric::family;
use crate::metric::store::Store;
use crate::names::{env, label};
use crate::pipeline::{Fate, Pipeline};

/// The service's name, once `init` has found it.
#[cfg(feature = "log")]
static SERVICE: arc_swap::ArcSwapOption<String> = arc_swap::ArcSwapOption::const_empty();

/// The service's name as `init` has found it; before that, as the environment says.
#[cfg(feature = "log")]
pub(crate) fn service_name() -> std::sync::Arc<String> {
    SERVICE.load_full().unwrap_or_else(|| {
        let named = std::env::var(env::SERVICE_NAME).ok().filter(|name| !name.is_empty());
        named.unwrap_or_else(|| "unknown_service".to_owned()).into()
    })
}

/// Makes every series whose labels are known exist, at 0.
pub(super) fn publish_catalog(resource: &Resource, environment: Environment) {
    // A conflict stays the same however often `init` runs.
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        for conflict in catalog().conflicts() {
            warn(format_args!("{conflict}"));
        }
    }
    let read = |key| resource.get(&Key::from_static_str(key)).map(|value| value.to_string());
    let version = read("service.version").unwrap_or_else(|| "unknown".to_owned());
    let service = read("service.name").unwrap_or_else(|| "unknown_service".to_owned());
    Fate::publish();
    crate::propagation::publish();
    #[cfg(feature = "log")]
    crate::log::publish();
    #[cfg(feature = "log")]
    SERVICE.store(Some(std::sync::Arc::new(service.clone())));
    let store = Store::global();
    store.clear(&family::COMPONENT_INFO);
    store.clear(&family::BUILD_INFO);
    store.clear(&family::SLO_OBJECTIVE);
    let catalog = catalog();
    for site in sites() {
        site.bound();
    }
    for site in catalog.sites() {
        for objective in site.slo().iter().flat_map(Slo::objectives) {
            let labels = vec![(label::SLO, site.name().into()), (label::OBJECTIVE, objective.name().into())];
            store.gauge(&family::SLO_OBJECTIVE, labels).set(i64::from(objective.target_millionths()));
        }
        let labels = vec![
            (label::NAME, site.name().into()),
            (label::KIND, site.type_().into()),
            (label::MATURITY, site.maturity_label().into()),
            (label::VERSION, version.clone().into()),
        ];
        store.gauge(&family::COMPONENT_INFO, labels).set(1);
    }
    let labels = vec![
        (label::VERSION, version.into()),
        (label::SERVICE, service.into()),
        (label::ENVIRONMENT, environment.as_str().into()),
        #[cfg(feature = "llm")]
        (label::PRICES, prices().into()),
    ];
    store.gauge(&family::BUILD_INFO, labels).set(1);
}

/// `2026-10-26 (genai-prices 0.2.1)`
#[cfg(feature = "llm")]
fn prices() -> String {
    format!("{} (genai-prices {})", crate::Prices::data_checked(), crate::Prices::data_version())
}

/// Tells every site what is hidden of its calls, and those who observe requests.
pub(super) fn hide(filter: &Filter) {
    let sites = sites();
    for site in &sites {
        site.hide(filter.hides(site));
    }
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    crate::config::requests::hide(filter);
    Pipeline::hide_workflows(sites.iter().any(|site| site.hides_everything()));
    if !filter.is_empty() {
        for rule in filter.idle(&sites) {
            warn(format_args!("`{}` hides nothing: no function of this program fits `{rule}`", env::FILTER));
        }
    }
}
