//! An annotated function.
#![cfg_attr(not(feature = "telemetry"), allow(dead_code, unreachable_pub))]

#[cfg(feature = "telemetry")]
use std::borrow::Cow;
#[cfg(feature = "telemetry")]
use std::sync::{
    OnceLock,
    atomic::{AtomicU8, Ordering::Relaxed},
};

#[cfg(feature = "telemetry")]
use opentelemetry::trace::SpanKind;

#[cfg(feature = "telemetry")]
use super::Slo;
use super::{Maturity, Promise};
#[cfg(feature = "tracing")]
use crate::bridge::Callsite;
use crate::metric::label::LabelDecl;
#[cfg(feature = "telemetry")]
use crate::metric::{
    bind::Bound,
    family::{self, Family},
};
#[cfg(feature = "telemetry")]
use crate::names::operation;
use crate::outcome::Kind;
use crate::policy::Aspect;
#[cfg(feature = "telemetry")]
use crate::policy::Observed;
use crate::span::probe::KnownErrors;

/// Which attribute a function has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SiteKind {
    /// `#[workflow]`
    Workflow,
    /// `#[primitive]`
    Primitive,
}

impl SiteKind {
    /// The attribute's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            SiteKind::Workflow => "workflow",
            SiteKind::Primitive => "primitive",
        }
    }
}

/// An annotated function: what the attribute says of it, in a `static` beside its body.
#[derive(Debug)]
pub struct Site {
    kind: SiteKind,
    name: &'static str,
    type_: &'static str,
    function: &'static str,
    file: &'static str,
    line: u32,
    labels: &'static [LabelDecl],
    labels_on_all: bool,
    /// Those of what is returned, and those of what is in it.
    errors: [Option<fn() -> KnownErrors>; 2],
    promise: Option<Promise>,
    maturity: Option<Maturity>,
    /// Its policies.
    aspects: &'static [&'static dyn Aspect],
    has_purse: bool,
    #[cfg(feature = "llm")]
    budget: Option<crate::cost::budget::Limits>,
    #[cfg(feature = "telemetry")]
    span_name: OnceLock<Cow<'static, str>>,
    #[cfg(feature = "telemetry")]
    bound: OnceLock<Bound>,
    /// The keys of `fields(..)` and `ret(..)`.
    #[cfg(feature = "tracing")]
    fields: &'static [&'static str],
    #[cfg(feature = "tracing")]
    callsite: OnceLock<&'static Callsite>,
    /// What `TTA_FILTER` says of it, a [`Hidden`].
    #[cfg(feature = "telemetry")]
    hidden: AtomicU8,
}

/// What is hidden of a function's calls.
#[cfg(feature = "telemetry")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Hidden {
    /// Nothing.
    Nothing,
    /// The call has no span of its own.
    Span,
    /// Nor has anything that it calls.
    Everything,
}

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Site {
    const fn new(kind: SiteKind, name: &'static str, type_: &'static str) -> Self {
        Site {
            kind,
            name,
            type_,
            function: "",
            file: "",
            line: 0,
            labels: &[],
            labels_on_all: false,
            errors: [None; 2],
            promise: None,
            maturity: None,
            aspects: &[],
            has_purse: false,
            #[cfg(feature = "llm")]
            budget: None,
            #[cfg(feature = "telemetry")]
            span_name: OnceLock::new(),
            #[cfg(feature = "telemetry")]
            bound: OnceLock::new(),
            #[cfg(feature = "tracing")]
            fields: &[],
            #[cfg(feature = "tracing")]
            callsite: OnceLock::new(),
            #[cfg(feature = "telemetry")]
            hidden: AtomicU8::new(Hidden::Nothing as u8),
        }
    }

    /// A `#[primitive]`.
    pub const fn primitive(name: &'static str, type_: &'static str) -> Self {
        Site::new(SiteKind::Primitive, name, type_)
    }

    /// A `#[workflow]`.
    pub const fn workflow(name: &'static str, type_: &'static str) -> Self {
        Site::new(SiteKind::Workflow, name, type_)
    }

    /// Where it is.
    pub const fn at(mut self, function: &'static str, file: &'static str, line: u32) -> Self {
        self.function = function;
        self.file = file;
        self.line = line;
        self
    }

    /// Its labels.
    pub const fn labels(mut self, labels: &'static [LabelDecl]) -> Self {
        self.labels = labels;
        self
    }

    /// The labels go on durations too.
    pub const fn labels_on_all(mut self) -> Self {
        self.labels_on_all = true;
        self
    }

    /// The keys of its `fields(..)` and `ret(..)`, those with a `%` or `?` in front whose values are.
    #[cfg_attr(not(feature = "tracing"), allow(unused_variables, unused_mut))]
    pub const fn fields(mut self, fields: &'static [&'static str]) -> Self {
        #[cfg(feature = "tracing")]
        {
            self.fields = fields;
        }
        self
    }

    /// Its errors; again, those of the future or stream in what it returns.
    pub const fn errors(mut self, known: fn() -> KnownErrors) -> Self {
        self.errors = [Some(known), self.errors[0]];
        self
    }

    /// Its objectives.
    pub const fn slo(mut self, promise: Promise) -> Self {
        self.promise = Some(promise);
        self
    }

    /// Its maturity.
    pub const fn maturity(mut self, maturity: Maturity) -> Self {
        self.maturity = Some(maturity);
        self
    }

    /// Its policies.
    pub const fn aspects(mut self, aspects: &'static [&'static dyn Aspect]) -> Self {
        self.aspects = aspects;
        self
    }

    /// What each of its calls may spend.
    #[cfg_attr(not(feature = "llm"), allow(unused_variables))]
    pub const fn budget(mut self, limits: crate::cost::private::Limits) -> Self {
        self.has_purse = true;
        #[cfg(feature = "llm")]
        {
            self.budget = Some(limits);
        }
        self
    }

    /// What each of its calls may spend, if there is a limit.
    #[cfg(feature = "llm")]
    pub(crate) const fn limits(&self) -> Option<crate::cost::budget::Limits> {
        self.budget
    }

    /// It calls a model.
    pub const fn purse(mut self) -> Self {
        self.has_purse = true;
        self
    }

    pub(crate) const fn kind(&self) -> SiteKind {
        self.kind
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The attribute's `kind`, label `primitive_type` or `workflow_type`.
    pub(crate) const fn type_(&self) -> &'static str {
        self.type_
    }

    pub(crate) const fn function(&self) -> &'static str {
        self.function
    }

    pub(crate) const fn file(&self) -> &'static str {
        self.file
    }

    pub(crate) const fn line(&self) -> u32 {
        self.line
    }

    pub(crate) const fn label_decls(&self) -> &'static [LabelDecl] {
        self.labels
    }

    pub(crate) const fn labels_are_on_all(&self) -> bool {
        self.labels_on_all
    }

    #[inline]
    pub(crate) const fn promise(&self) -> Option<&Promise> {
        self.promise.as_ref()
    }

    pub(crate) const fn declared_maturity(&self) -> Option<Maturity> {
        self.maturity
    }

    /// Whether what is spent in a call of it is of interest where the call has no span.
    #[inline]
    pub(crate) const fn has_purse(&self) -> bool {
        self.has_purse
    }

    /// The kinds of errors that are known before the first call; without the panic that any call can end in.
    pub(crate) fn known_errors(&self) -> Vec<Kind> {
        let mut all = Vec::new();
        for known in self.errors.iter().flatten() {
            match known() {
                KnownErrors::Named(kind) => all.push(kind),
                KnownErrors::Kinds(kinds) => all.extend_from_slice(kinds),
            }
        }
        all.dedup();
        all
    }
}

#[cfg(feature = "tracing")]
impl Site {
    /// The keys of `fields(..)` and `ret(..)`, with how they are recorded.
    pub(crate) const fn fields_declared(&self) -> &'static [&'static str] {
        self.fields
    }

    /// What `tracing` knows of it, from the first time that somebody asks.
    pub(crate) fn callsite(&'static self) -> &'static Callsite {
        self.callsite.get_or_init(|| Callsite::of(self))
    }
}

#[cfg(feature = "telemetry")]
impl Site {
    /// The span's name, by the GenAI conventions where they have one.
    pub(crate) fn span_name(&'static self) -> &'static str {
        self.span_name.get_or_init(|| match self.operation() {
            Some(operation) => format!("{operation} {}", self.name).into(),
            None => self.name.into(),
        })
    }

    /// What the GenAI conventions call what it does, where they have a word for it; what is asked of a model is known
    /// to each call.
    pub(crate) fn operation(&self) -> Option<&'static str> {
        match (self.kind, self.type_) {
            (SiteKind::Workflow, _) => Some(operation::INVOKE_WORKFLOW),
            (SiteKind::Primitive, "tool") => Some(operation::EXECUTE_TOOL),
            (SiteKind::Primitive, "agent") => Some(operation::INVOKE_AGENT),
            (SiteKind::Primitive, _) => None,
        }
    }

    /// By the GenAI conventions a model is another service.
    pub(crate) fn span_kind(&self) -> SpanKind {
        match self.type_ {
            "llm" | "embedding" => SpanKind::Client,
            _ => SpanKind::Internal,
        }
    }

    /// The handles into the process's store, bound by the first call or by `init`.
    pub(crate) fn bound(&'static self) -> &'static Bound {
        self.bound.get_or_init(|| Bound::new(self))
    }

    pub(crate) fn hide(&self, hidden: Hidden) {
        self.hidden.store(hidden as u8, Relaxed);
    }

    /// Whether calls of it have a span of their own.
    #[inline]
    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden.load(Relaxed) != Hidden::Nothing as u8
    }

    /// Whether nothing that it calls has a span.
    pub(crate) fn hides_everything(&self) -> bool {
        self.hidden.load(Relaxed) == Hidden::Everything as u8
    }

    /// Its circuit breaker.
    #[cfg(feature = "breaker")]
    pub(crate) fn breaker(&self) -> Option<&'static crate::policy::Breaker> {
        self.aspects.iter().find_map(|aspect| aspect.breaker())
    }

    /// What it asks of models.
    #[cfg(feature = "llm")]
    pub(crate) fn llm(&self) -> Option<&'static crate::cost::Llm> {
        self.aspects.iter().find_map(|aspect| aspect.llm())
    }

    /// What it is as a router.
    #[cfg(feature = "router")]
    pub(crate) fn router(&self) -> Option<&'static dyn crate::router::Routing> {
        self.aspects.iter().find_map(|aspect| aspect.router())
    }

    /// What is counted of its branches.
    #[cfg(feature = "parallel")]
    pub(crate) fn parallel(&self) -> Option<&'static crate::flow::Parallel> {
        self.aspects.iter().find_map(|aspect| aspect.parallel())
    }

    /// What its policies count.
    pub(crate) fn observed(&self) -> impl Iterator<Item = &'static Observed> {
        self.aspects.iter().flat_map(|aspect| aspect.observed())
    }

    pub(crate) fn declared_slo(&self) -> Option<Slo> {
        self.promise.map(Slo)
    }

    pub(crate) fn name_label(&self) -> (&'static str, Cow<'static, str>) {
        (self.kind.name_label(), self.name.into())
    }

    pub(crate) fn kind_label(&self) -> (&'static str, Cow<'static, str>) {
        (self.kind.type_label(), self.type_.into())
    }
}

#[cfg(feature = "telemetry")]
impl SiteKind {
    const fn name_label(self) -> &'static str {
        match self {
            SiteKind::Workflow => crate::names::label::WORKFLOW_NAME,
            SiteKind::Primitive => crate::names::label::PRIMITIVE_NAME,
        }
    }

    const fn type_label(self) -> &'static str {
        match self {
            SiteKind::Workflow => crate::names::label::WORKFLOW_TYPE,
            SiteKind::Primitive => crate::names::label::PRIMITIVE_TYPE,
        }
    }

    pub(crate) const fn executions(self) -> &'static Family {
        match self {
            SiteKind::Workflow => &family::WORKFLOW_EXECUTIONS,
            SiteKind::Primitive => &family::PRIMITIVE_EXECUTIONS,
        }
    }

    pub(crate) const fn duration(self) -> &'static Family {
        match self {
            SiteKind::Workflow => &family::WORKFLOW_DURATION,
            SiteKind::Primitive => &family::PRIMITIVE_DURATION,
        }
    }

    pub(crate) const fn active(self) -> &'static Family {
        match self {
            SiteKind::Workflow => &family::WORKFLOWS_ACTIVE,
            SiteKind::Primitive => &family::PRIMITIVES_ACTIVE,
        }
    }

    pub(crate) const fn errors(self) -> &'static Family {
        match self {
            SiteKind::Workflow => &family::WORKFLOW_ERRORS,
            SiteKind::Primitive => &family::PRIMITIVE_ERRORS,
        }
    }
}

/// A site is a `static`: its address is its identity.
#[cfg(feature = "telemetry")]
impl PartialEq for Site {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}
