//! Which values the labels of a family can have in this program.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::CatalogSite;
use super::{SiteKind, Verdict};
use crate::config::Environment;
#[cfg(feature = "llm")]
use crate::cost::{MAX_MODELS, MAX_PROVIDERS, Models};
use crate::metric::family::{self, FAMILIES, Family, MAX_TARGETS, Producer};
use crate::names::label;
#[cfg(feature = "llm")]
use crate::names::{disposition, token, unknown};
use crate::outcome::{Category, Outcome, Status};
use crate::pipeline::Fate;
use crate::policy::Observed;
#[cfg(feature = "router")]
use crate::router::{ALL_CONTEXTS, MAX_CONTEXTS, MAX_REASONS, Routing, reason};

/// A label of a family in this program, and the values that it can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyLabel {
    name: &'static str,
    values: Vec<&'static str>,
    is_open: bool,
    limit: Option<usize>,
    is_optional: bool,
}

impl FamilyLabel {
    /// The label's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The values that are known before the program runs, in order.
    #[must_use]
    pub fn values(&self) -> &[&'static str] {
        &self.values
    }

    /// Whether it can have other values.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// How many values are kept of those that are not known.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Whether some of the family's series are without it.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.is_optional
    }

    fn closed(name: &'static str, values: impl IntoIterator<Item = &'static str>) -> Self {
        let values: BTreeSet<_> = values.into_iter().collect();
        let values = values.into_iter().collect();
        FamilyLabel { name, values, is_open: false, limit: None, is_optional: false }
    }

    fn open(name: &'static str) -> Self {
        FamilyLabel { is_open: true, ..FamilyLabel::closed(name, []) }
    }
}

/// Whether anything in a program with these sites emits `family`.
pub(super) fn is_emitted(family: &'static Family, sites: &[CatalogSite]) -> bool {
    let any = |kind: SiteKind| sites.iter().any(|site| site.kind() == kind);
    match family.producer() {
        Producer::Workflows => any(SiteKind::Workflow),
        Producer::Primitives => any(SiteKind::Primitive),
        Producer::Steps => any(SiteKind::Workflow) && any(SiteKind::Primitive),
        Producer::Components => !sites.is_empty(),
        Producer::Objectives => sites.iter().any(|site| site.slo().is_some()),
        Producer::Policies | Producer::Branches => observed(family, sites).next().is_some(),
        #[cfg(feature = "router")]
        Producer::Routers => routers(sites).next().is_some(),
        #[cfg(feature = "router")]
        Producer::AdaptiveRouters => routers(sites).any(|(_, router)| router.is_adaptive()),
        #[cfg(all(feature = "llm", feature = "router"))]
        Producer::ComparedRouters => routers(sites).any(|(_, router)| router.has_baseline()),
        #[cfg(feature = "llm")]
        Producer::Models => models(sites).next().is_some(),
        #[cfg(feature = "llm")]
        Producer::Streams => models(sites).any(Models::is_stream),
        #[cfg(feature = "llm")]
        Producer::Spending => any(SiteKind::Workflow) && models(sites).next().is_some(),
        #[cfg(feature = "llm")]
        Producer::Budgets | Producer::DollarBudgets => budgets(family).next().is_some(),
        Producer::Sagas => sites.iter().copied().any(is_saga),
        Producer::OpenLabels => !open_labels(sites).is_empty(),
        _ => true,
    }
}

/// The budgets that have series in `family`.
#[cfg(feature = "llm")]
fn budgets(family: &'static Family) -> impl Iterator<Item = (&'static str, crate::cost::budget::Limits)> {
    let in_dollars = family.producer() == Producer::DollarBudgets;
    let declared = crate::cost::budget::declared().into_iter();
    declared.filter(move |(_, limits)| !in_dollars || limits.is_in_dollars())
}

/// The labels of `family`, those of functions behind its own.
pub(super) fn labels(family: &'static Family, sites: &[CatalogSite]) -> Vec<FamilyLabel> {
    let own = family.labels().iter().map(|name| own(family, name, sites));
    own.chain(of_functions(family, sites)).collect()
}

fn own(family: &'static Family, name: &'static str, sites: &[CatalogSite]) -> FamilyLabel {
    let of = |kind: SiteKind| sites.iter().filter(move |site| site.kind() == kind);
    let closed = |values: &mut dyn Iterator<Item = &'static str>| FamilyLabel::closed(name, values);
    let is = |other: &'static Family| std::ptr::eq(family, other);
    if let Producer::Policies | Producer::Branches = family.producer() {
        return match name {
            label::PRIMITIVE_NAME => closed(&mut observed(family, sites).map(|(site, _)| site.name())),
            _ => closed(&mut observed(family, sites).flat_map(|(_, observed)| observed.values_of(name))),
        };
    }
    #[cfg(feature = "router")]
    if let Producer::Routers | Producer::AdaptiveRouters = family.producer() {
        return of_routers(family, name, sites);
    }
    #[cfg(all(feature = "llm", feature = "router"))]
    if let Producer::ComparedRouters = family.producer() {
        return of_routers(family, name, sites);
    }
    #[cfg(feature = "llm")]
    if let Producer::Models | Producer::Streams = family.producer() {
        return of_models(family.producer(), name, sites);
    }
    #[cfg(feature = "llm")]
    if let Producer::Budgets | Producer::DollarBudgets = family.producer() {
        return match name {
            label::BUDGET => closed(&mut budgets(family).map(|(name, _)| name)),
            _ => closed(&mut budgets(family).flat_map(|(_, limits)| limits.refusals().collect::<Vec<_>>())),
        };
    }
    match name {
        #[cfg(feature = "llm")]
        label::ROOT => closed(&mut ["false", "true"].into_iter()),
        #[cfg(feature = "llm")]
        label::DISPOSITION => closed(&mut disposition::ALL.into_iter()),
        label::WORKFLOW_NAME if family.producer() == Producer::Sagas => {
            closed(&mut sites.iter().filter(|site| is_saga(**site)).map(CatalogSite::name))
        }
        label::WORKFLOW_NAME => closed(&mut of(SiteKind::Workflow).map(CatalogSite::name)),
        label::WORKFLOW_TYPE => closed(&mut of(SiteKind::Workflow).map(CatalogSite::type_)),
        label::PRIMITIVE_NAME => closed(&mut of(SiteKind::Primitive).map(CatalogSite::name)),
        label::PRIMITIVE_TYPE => closed(&mut of(SiteKind::Primitive).map(CatalogSite::type_)),
        label::STATUS if is(&family::TELEMETRY_EXPORT_DURATION) => {
            closed(&mut ["error", "success"].into_iter())
        }
        label::STATUS => closed(&mut Status::ALL.into_iter().map(Status::as_str)),
        label::ERROR_TYPE if family.targets().is_none() => errors(family, sites),
        label::CATEGORY => closed(&mut Category::ALL.into_iter().map(Category::as_str)),
        label::SLO => closed(&mut sites.iter().filter(|site| site.slo().is_some()).map(CatalogSite::name)),
        label::OBJECTIVE => {
            let objectives = sites.iter().filter_map(CatalogSite::slo).flat_map(|slo| slo.objectives());
            closed(&mut objectives.map(|objective| objective.name()))
        }
        label::OUTCOME if is(&family::SLO_EVENTS) => {
            closed(&mut Verdict::ALL.into_iter().map(Verdict::outcome))
        }
        label::OUTCOME if is(&family::TELEMETRY_SPANS) => {
            closed(&mut Fate::ALL.into_iter().map(|fate| fate.labels().0))
        }
        label::REASON if is(&family::TELEMETRY_SPANS) => {
            closed(&mut Fate::ALL.into_iter().map(|fate| fate.labels().1))
        }
        #[cfg(feature = "log")]
        label::OUTCOME if is(&family::LOG_LINES) => closed(&mut crate::log::outcomes()),
        label::PROPAGATOR => closed(&mut crate::propagation::faults().map(|(propagator, _)| propagator)),
        label::REASON if is(&family::PROPAGATION_ERRORS) => {
            closed(&mut crate::propagation::faults().map(|(_, fault)| fault))
        }
        label::NAME => closed(&mut sites.iter().map(CatalogSite::name)),
        label::KIND => closed(&mut sites.iter().map(CatalogSite::type_)),
        label::MATURITY => closed(&mut sites.iter().map(|site| site.maturity_label())),
        label::FAMILY => closed(&mut open_labels(sites).into_iter().map(|(family, _)| family)),
        label::LABEL => closed(&mut open_labels(sites).into_iter().map(|(_, label)| label)),
        label::ENVIRONMENT => closed(&mut Environment::ALL.into_iter().map(Environment::as_str)),
        _ => {
            let limit = (family.targets() == Some(name)).then_some(MAX_TARGETS);
            FamilyLabel { limit, is_optional: family.targets().is_some(), ..FamilyLabel::open(name) }
        }
    }
}

/// Whether it undoes what it has done where it fails.
fn is_saga(site: CatalogSite) -> bool {
    site.kind() == SiteKind::Workflow && site.type_() == "saga"
}

/// What policies count in `family`, each with its function.
fn observed<'a>(
    family: &'static Family,
    sites: &'a [CatalogSite],
) -> impl Iterator<Item = (&'a CatalogSite, &'static Observed)> {
    let of_site = |site: &'a CatalogSite| site.observed().map(move |observed| (site, observed));
    sites.iter().flat_map(of_site).filter(move |(_, observed)| std::ptr::eq(observed.family(), family))
}

/// The functions that are routers, with what they are as such.
#[cfg(feature = "router")]
fn routers(sites: &[CatalogSite]) -> impl Iterator<Item = (&CatalogSite, &'static dyn Routing)> {
    sites.iter().filter_map(|site| Some((site, site.router()?)))
}

/// What functions ask of models.
#[cfg(feature = "llm")]
fn models(sites: &[CatalogSite]) -> impl Iterator<Item = &'static Models> {
    sites.iter().copied().filter_map(CatalogSite::models)
}

/// A label of what is counted of models.
#[cfg(feature = "llm")]
fn of_models(producer: Producer, name: &'static str, sites: &[CatalogSite]) -> FamilyLabel {
    let models = |sites| models(sites).filter(|models| producer == Producer::Models || models.is_stream());
    let open = |limit, known: Vec<&'static str>| FamilyLabel {
        is_open: true,
        limit: Some(limit),
        ..FamilyLabel::closed(name, known)
    };
    match name {
        label::PROVIDER => {
            let known = models(sites).filter_map(Models::provider);
            open(MAX_PROVIDERS, known.chain([label::OVERFLOW]).collect())
        }
        label::MODEL => {
            let known = models(sites).flat_map(Models::known).copied();
            open(MAX_MODELS, known.chain([label::OVERFLOW]).collect())
        }
        label::TYPE => FamilyLabel::closed(name, token::ALL),
        label::DISPOSITION => FamilyLabel::closed(name, disposition::ALL),
        label::REASON => FamilyLabel::closed(name, unknown::ALL),
        _ => FamilyLabel::closed(name, Status::ALL.into_iter().map(Status::as_str)),
    }
}

/// A label of what routers count.
#[cfg(feature = "router")]
fn of_routers(family: &'static Family, name: &'static str, sites: &[CatalogSite]) -> FamilyLabel {
    let counts = |router: &dyn Routing| match family.producer() {
        Producer::AdaptiveRouters => router.is_adaptive(),
        #[cfg(feature = "llm")]
        Producer::ComparedRouters => router.has_baseline(),
        _ => true,
    };
    let counted = || routers(sites).filter(|(_, router)| counts(*router));
    let open = |limit, known: Vec<&'static str>| FamilyLabel {
        is_open: true,
        limit: Some(limit),
        ..FamilyLabel::closed(name, known)
    };
    match name {
        label::ROUTER_NAME => FamilyLabel::closed(name, counted().map(|(site, _)| site.name())),
        label::ROUTE_SELECTED => {
            FamilyLabel::closed(name, counted().flat_map(|(_, router)| router.routes()).copied())
        }
        label::CONTEXT => open(MAX_CONTEXTS, vec![ALL_CONTEXTS]),
        _ => {
            let default = counted().find_map(|(_, router)| router.default_route()).map(|_| reason::DEFAULT);
            let is_any_adaptive = counted().any(|(_, router)| router.is_adaptive());
            let chosen =
                [reason::BEST, reason::EXPLORE, reason::PROBE].into_iter().filter(|_| is_any_adaptive);
            open(MAX_REASONS, chosen.chain(default).chain([label::OVERFLOW]).collect())
        }
    }
}

/// What is known of the errors of a family. A type that a signature hides brings others.
fn errors(family: &'static Family, sites: &[CatalogSite]) -> FamilyLabel {
    let counted = sites.iter().filter(|site| std::ptr::eq(site.kind().errors(), family));
    let known = counted.flat_map(CatalogSite::errors).chain(Outcome::PANIC.error);
    FamilyLabel { is_open: true, ..FamilyLabel::closed(label::ERROR_TYPE, known.map(|kind| kind.name())) }
}

/// The labels that functions add to `family`: those of one name are one label.
fn of_functions(family: &'static Family, sites: &[CatalogSite]) -> Vec<FamilyLabel> {
    let counts = |site: &&CatalogSite| {
        let kind = site.kind();
        let on_all = site.labels_are_on_all() && std::ptr::eq(family, kind.duration());
        on_all || [kind.executions(), kind.errors()].into_iter().any(|counted| std::ptr::eq(family, counted))
    };
    let kind_has_others = |kind, name| {
        let has =
            |site: &CatalogSite| counts(&site) && site.labels().iter().any(|label| label.name() == name);
        sites.iter().any(|site| site.kind() == kind && !has(site))
    };
    let mut labels: BTreeMap<&'static str, FamilyLabel> = BTreeMap::new();
    for site in sites.iter().filter(counts) {
        for decl in site.labels() {
            let entry = labels.entry(decl.name()).or_insert_with(|| FamilyLabel {
                is_optional: kind_has_others(site.kind(), decl.name()),
                ..FamilyLabel::closed(decl.name(), [])
            });
            entry.is_open |= decl.limit().is_some();
            entry.limit = entry.limit.max(decl.limit());
            entry.values.extend(decl.values());
            // What does not fit is counted from the start.
            entry.values.extend(decl.limit().map(|_| label::OVERFLOW));
            entry.values.sort_unstable();
            entry.values.dedup();
        }
    }
    labels.into_values().collect()
}

/// The labels that keep the first of their values, each with its family.
fn open_labels(sites: &[CatalogSite]) -> Vec<(&'static str, &'static str)> {
    let of_site = |site: &CatalogSite| {
        let family = site.kind().executions().name();
        let open = site.labels().into_iter().filter(|label| label.limit().is_some());
        open.map(move |label| (family, label.name())).collect::<Vec<_>>()
    };
    let of_requests = |family: &&Family| Some((family.name(), family.targets()?));
    let labels = sites.iter().flat_map(of_site).chain(FAMILIES.iter().filter_map(of_requests));
    #[cfg(feature = "llm")]
    let labels = labels.chain(
        models(sites)
            .flat_map(|_| [label::PROVIDER, label::MODEL].map(|label| (family::LLM_REQUESTS.name(), label))),
    );
    #[cfg(feature = "router")]
    let labels = labels.chain(routers(sites).map(|_| (family::ROUTER_DECISIONS.name(), label::REASON)));
    labels.collect()
}
