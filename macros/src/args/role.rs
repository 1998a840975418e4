//! The attributes, and what each of them is.

use syn::Attribute;

const KNOWN: &[&str] = &[
    "name",
    "kind",
    "labels",
    "fields",
    "ret",
    "ok_if",
    "error_if",
    "errors",
    "slo",
    "maturity",
    "cache",
    "fallback",
    "compensate",
    "bulkhead",
    "breaker",
    "retry",
    "hedge",
    "timeout",
    "llm",
    "budget",
    "report",
    "crate",
    "skip",
];

/// Of a router, besides.
pub(super) const DEFAULT: &str = "default";
pub(super) const BASELINE: &str = "baseline";

/// Which of the attributes was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Primitive,
    Workflow,
    /// A primitive that decides where calls go.
    Router,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::Primitive => "primitive",
            Role::Workflow => "workflow",
            Role::Router => "router",
        }
    }

    /// What the catalog knows it as.
    pub(crate) fn site(self) -> &'static str {
        match self {
            Role::Primitive | Role::Router => "primitive",
            Role::Workflow => "workflow",
        }
    }

    /// The one that an attribute is.
    pub(crate) fn of(attr: &Attribute) -> Option<Self> {
        let last = &attr.path().segments.last()?.ident;
        [Role::Primitive, Role::Workflow, Role::Router].into_iter().find(|role| last == role.name())
    }

    /// The arguments that it knows.
    pub(super) fn known(self) -> Vec<&'static str> {
        let own = if self == Role::Router { &[DEFAULT, BASELINE][..] } else { &[] };
        own.iter().copied().chain(KNOWN.iter().copied()).collect()
    }

    pub(crate) fn default_kind(self) -> &'static str {
        match self {
            Role::Primitive => "lambda",
            Role::Workflow => "sequential",
            Role::Router => "router",
        }
    }
}
