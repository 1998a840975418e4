//! The catalog: the sites that were linked into this binary, and the families that they emit.

use std::fmt;

use super::values::{FamilyLabel, is_emitted, labels};
use super::{Maturity, Site, SiteKind, Slo};
#[cfg(feature = "router")]
use crate::metric::family::Producer;
use crate::metric::family::{self, FAMILIES, Family};
use crate::metric::label::LabelValues;
use crate::outcome::Kind;
use crate::policy::Observed;

/// A site's entry in the list that the linker collects. Expansions make it; not public interface.
#[derive(Debug)]
pub struct Registered(pub &'static Site);

inventory::collect!(Registered);

/// Every annotated function in this binary, by kind, name and place.
pub(crate) fn sites() -> Vec<&'static Site> {
    let mut sites: Vec<_> = inventory::iter::<Registered>.into_iter().map(|entry| entry.0).collect();
    sites.sort_by_key(|site| (site.kind().as_str(), site.name(), site.file(), site.line()));
    sites
}

/// What this program can emit.
///
/// ```
/// #[tta::primitive(kind = "tool")]
/// async fn look_up(word: &str) -> Option<String> {
///     None
/// }
///
/// let catalog = tta::catalog();
/// assert!(catalog.sites().iter().any(|site| site.name() == "look_up"));
/// assert!(catalog.families().iter().any(|family| family.name() == "tta_primitive_executions_total"));
/// ```
#[must_use]
pub fn catalog() -> Catalog {
    let sites: Vec<_> = sites().into_iter().map(CatalogSite).collect();
    let families = FAMILIES.iter().filter(|family| is_emitted(family, &sites)).copied().collect();
    Catalog { sites, families }
}

/// Everything that the program can emit, known before it runs.
#[derive(Clone, Debug)]
pub struct Catalog {
    sites: Vec<CatalogSite>,
    families: Vec<&'static Family>,
}

impl Catalog {
    /// Every workflow and primitive in the binary, in a fixed order.
    #[must_use]
    pub fn sites(&self) -> &[CatalogSite] {
        &self.sites
    }

    /// Every metric family that something in this program emits.
    #[must_use]
    pub fn families(&self) -> &[&'static Family] {
        &self.families
    }

    /// The labels of a family in this program, those of functions behind its own, and the values that they can have.
    #[must_use]
    pub fn labels(&self, family: &'static Family) -> Vec<FamilyLabel> {
        labels(family, &self.sites)
    }

    /// Sites that share a name but not their kind, labels, objectives or budget, so that their series do not add up.
    #[must_use]
    pub fn conflicts(&self) -> Vec<CatalogConflict> {
        let mut sites = self.sites.clone();
        sites.sort_by_key(CatalogSite::name);
        let is_conflict = |pair: &&[CatalogSite]| {
            let (a, b) = (&pair[0], &pair[1]);
            let is_same = a.labels() == b.labels()
                && a.type_() == b.type_()
                && a.labels_are_on_all() == b.labels_are_on_all()
                && a.slo() == b.slo()
                && a.budget() == b.budget();
            // A workflow and a primitive share the series of their objectives and of their budgets only.
            let both = |has: fn(&CatalogSite) -> bool| has(a) && has(b);
            let shares = a.kind() == b.kind()
                || both(|site| site.slo().is_some())
                || both(|site| site.budget().is_some());
            a.name() == b.name() && shares && !(is_same && a.kind() == b.kind())
        };
        let pairs = sites.windows(2).filter(is_conflict);
        pairs.map(|pair| CatalogConflict(pair[0], pair[1])).collect()
    }
}

/// An annotated function.
#[derive(Clone, Copy, Debug)]
pub struct CatalogSite(&'static Site);

impl CatalogSite {
    /// What it may spend.
    #[cfg(feature = "llm")]
    fn budget(self) -> Option<crate::cost::budget::Limits> {
        self.0.limits()
    }

    /// Nothing is spent.
    #[cfg(not(feature = "llm"))]
    #[allow(clippy::unused_self, reason = "with the feature it may have one")]
    fn budget(self) -> Option<()> {
        None
    }

    /// Which attribute it has.
    #[must_use]
    pub fn kind(&self) -> SiteKind {
        self.0.kind()
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The `kind` argument: label `primitive_type` or `workflow_type`.
    #[must_use]
    pub fn type_(&self) -> &'static str {
        self.0.type_()
    }

    /// The function's path.
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.0.function()
    }

    /// The file, as the compiler was given it.
    #[must_use]
    pub fn file(&self) -> &'static str {
        self.0.file()
    }

    /// The line of its name.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.0.line()
    }

    /// The metric labels that it adds.
    #[must_use]
    pub fn labels(&self) -> Vec<CatalogLabel> {
        let labels = self.0.label_decls().iter();
        labels
            .map(|decl| CatalogLabel {
                name: decl.name,
                values: match decl.values {
                    LabelValues::Closed(values) => values,
                    LabelValues::Bounded(_) => &[],
                },
                limit: match decl.values {
                    LabelValues::Closed(_) => None,
                    LabelValues::Bounded(limit) => Some(limit),
                },
            })
            .collect()
    }

    /// Whether its labels are on the durations too.
    #[must_use]
    pub fn labels_are_on_all(&self) -> bool {
        self.0.labels_are_on_all()
    }

    /// The kinds of errors that it is known to return.
    #[must_use]
    pub fn errors(&self) -> Vec<Kind> {
        self.0.known_errors()
    }

    /// What it promises, if anything.
    #[must_use]
    pub fn slo(&self) -> Option<Slo> {
        self.0.declared_slo()
    }

    /// The name of its spans.
    #[must_use]
    pub fn span_name(&self) -> &'static str {
        self.0.span_name()
    }

    /// How far it is trusted, if somebody said so.
    #[must_use]
    pub fn maturity(&self) -> Option<Maturity> {
        self.0.declared_maturity()
    }

    /// The families that its calls are counted in.
    #[must_use]
    pub fn families(&self) -> Vec<&'static Family> {
        let kind = self.kind();
        let mut families = vec![kind.executions(), kind.duration(), kind.active(), kind.errors()];
        if self.slo().is_some() {
            families.extend([&family::SLO_EVENTS, &family::SLO_OBJECTIVE]);
        }
        families.extend(self.observed().map(Observed::family));
        #[cfg(feature = "llm")]
        families.extend(FAMILIES.iter().filter(|family| match family.producer() {
            crate::metric::family::Producer::Models => self.models().is_some(),
            crate::metric::family::Producer::Streams => {
                self.models().is_some_and(crate::cost::Models::is_stream)
            }
            crate::metric::family::Producer::Spending => {
                kind == SiteKind::Workflow && crate::cost::asks_models()
            }
            crate::metric::family::Producer::Budgets => self.0.limits().is_some(),
            crate::metric::family::Producer::DollarBudgets => {
                self.0.limits().is_some_and(|limits| limits.is_in_dollars())
            }
            _ => false,
        }));
        #[cfg(feature = "router")]
        if let Some(router) = self.0.router() {
            let is_its = |family: &&&Family| match family.producer() {
                Producer::Routers => true,
                Producer::AdaptiveRouters => router.is_adaptive(),
                #[cfg(feature = "llm")]
                Producer::ComparedRouters => router.has_baseline(),
                _ => false,
            };
            families.extend(FAMILIES.iter().filter(is_its));
        }
        families
    }

    /// The models that it calls.
    #[cfg(feature = "llm")]
    pub(super) fn models(self) -> Option<&'static crate::cost::Models> {
        self.0.llm().map(crate::cost::Llm::series)
    }

    /// What it is as a router.
    #[cfg(feature = "router")]
    pub(super) fn router(self) -> Option<&'static dyn crate::router::Routing> {
        self.0.router()
    }

    /// What its policies count.
    pub(super) fn observed(&self) -> impl Iterator<Item = &'static Observed> {
        self.0.observed()
    }

    pub(crate) fn maturity_label(self) -> &'static str {
        self.maturity().map_or("unspecified", Maturity::as_str)
    }
}

/// A metric label of an annotated function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogLabel {
    name: &'static str,
    values: &'static [&'static str],
    limit: Option<usize>,
}

impl CatalogLabel {
    /// The label's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its values, if they are closed.
    #[must_use]
    pub fn values(&self) -> &'static [&'static str] {
        self.values
    }

    /// How many values are kept, if they are open.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        self.limit
    }
}

/// Two functions that share a name but not their kind, labels, objectives or budget.
#[derive(Clone, Debug)]
pub struct CatalogConflict(CatalogSite, CatalogSite);

impl CatalogConflict {
    /// The two.
    #[must_use]
    pub fn sites(&self) -> [CatalogSite; 2] {
        [self.0, self.1]
    }
}

impl fmt::Display for CatalogConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CatalogConflict(a, b) = self;
        write!(
            f,
            "two functions are named `{}` but differ in kind, labels, objectives or budget: {}:{} and {}:{}; give one of \
             them another `name`",
            a.name(),
            a.file(),
            a.line(),
            b.file(),
            b.line()
        )
    }
}
