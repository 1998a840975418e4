//! What `tracing` knows of an annotated function.

use std::collections::BTreeSet;
use std::sync::{OnceLock, PoisonError, RwLock};

use opentelemetry::{KeyValue, Value as Known};
use tracing::callsite::{Callsite as TracingCallsite, DefaultCallsite, Identifier};
use tracing::field::{Field, FieldSet, Value, ValueSet, display};
use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};
use tracing::metadata::Kind;
use tracing::subscriber::Interest;
use tracing::{Dispatch, Level, Metadata};

use crate::catalog::{Site, SiteKind};
use crate::names::attribute;

/// The place in the program where `tracing` sees the spans of one annotated function come from.
///
/// A macro of `tracing` makes a `static` of all this. Here it is made when somebody first asks, and never freed:
/// there is one for each function.
#[derive(Debug)]
pub(crate) struct Callsite {
    registered: DefaultCallsite,
    metadata: &'static Metadata<'static>,
    /// Each with whether it is recorded as its text is, without quotes.
    fields: Vec<(Field, bool)>,
}

/// Whose the metadata are, while they are made: they have to name a callsite, and a callsite has to have them.
struct Identity(OnceLock<&'static Metadata<'static>>);

impl TracingCallsite for Identity {
    /// It is not this that is registered.
    fn set_interest(&self, _interest: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        static NOBODY: Identity = Identity(OnceLock::new());
        static NOTHING: Metadata<'static> = Metadata::new(
            "",
            "",
            Level::TRACE,
            None,
            None,
            None,
            FieldSet::new(&[], Identifier(&NOBODY)),
            Kind::SPAN,
        );
        // It is there as soon as anybody else can see this.
        self.0.get().copied().unwrap_or(&NOTHING)
    }
}

/// Where the names of our spans are: by its place a name is known to be one of ours.
static NAMES: RwLock<BTreeSet<usize>> = RwLock::new(BTreeSet::new());

/// Whether `tracing` got this name from us, for the span of a call.
pub(crate) fn is_of_a_call(name: &'static str) -> bool {
    NAMES.read().unwrap_or_else(PoisonError::into_inner).contains(&(name.as_ptr() as usize))
}

/// How many values `tracing` takes at once.
const AT_ONCE: usize = 32;

impl Callsite {
    pub(crate) fn of(site: &'static Site) -> &'static Self {
        // A copy, which stands nowhere else.
        let name: &'static str = Box::leak(Box::from(site.name()));
        NAMES.write().unwrap_or_else(PoisonError::into_inner).insert(name.as_ptr() as usize);
        let mut declared: Vec<(&'static str, bool)> = Vec::new();
        let at_the_end = [attribute::STATUS, attribute::ERROR_TYPE];
        for key in site.fields_declared().iter().copied().chain(at_the_end) {
            let bare = key.trim_start_matches(['%', '?']);
            // `otel.name` and its like are commands to tracing-opentelemetry; of ours, they are attributes.
            let is_wanted = !bare.starts_with("otel.") && !crate::privacy::is_content(bare);
            if is_wanted && !declared.iter().any(|(known, _)| *known == bare) {
                declared.push((bare, bare.len() < key.len()));
            }
        }
        let keys: Vec<&'static str> = declared.iter().map(|(key, _)| *key).collect();
        let level = match site.kind() {
            SiteKind::Workflow => Level::INFO,
            SiteKind::Primitive => Level::DEBUG,
        };
        let module = site.function().rsplit_once("::").map_or(site.function(), |(module, _)| module);
        let identity: &'static Identity = Box::leak(Box::new(Identity(OnceLock::new())));
        let metadata: &'static Metadata<'static> = Box::leak(Box::new(Metadata::new(
            name,
            module,
            level,
            Some(site.file()),
            Some(site.line()),
            Some(module),
            FieldSet::new(Box::leak(keys.into_boxed_slice()), Identifier(identity)),
            Kind::SPAN,
        )));
        // Nobody else has seen it.
        let _ = identity.0.set(metadata);
        let fields = metadata.fields().iter().zip(declared).map(|(field, (_, as_it_is))| (field, as_it_is));
        // Those are in a list without a lock: a subscriber that is asked of one may come upon another.
        let registered = DefaultCallsite::new(metadata);
        Box::leak(Box::new(Callsite { registered, metadata, fields: fields.collect() }))
    }

    pub(super) fn metadata(&self) -> &'static Metadata<'static> {
        self.metadata
    }

    /// Whether a subscriber may want the spans: `None` if none does, and otherwise the question that is left, for that
    /// of a thread.
    ///
    /// Not to be asked within `get_default`, in which a callsite that registers itself finds no subscriber.
    pub(super) fn interest(&'static self) -> Option<impl Fn(&Dispatch) -> bool> {
        let level = self.metadata.level();
        if *level > STATIC_MAX_LEVEL || *level > LevelFilter::current() {
            return None;
        }
        let interest = self.registered.interest();
        (!interest.is_never())
            .then_some(move |dispatch: &Dispatch| interest.is_always() || dispatch.enabled(self.metadata))
    }

    /// Hands out the values of the attributes that are declared, as many at once as go; at least once.
    pub(super) fn values(&self, attributes: &[KeyValue], mut take: impl FnMut(&ValueSet<'_>)) {
        let known = attributes.iter().filter_map(|attribute| {
            let key = attribute.key.as_str();
            let (field, as_it_is) = self.fields.iter().find(|(field, _)| field.name() == key)?;
            Some((field, value(&attribute.value, *as_it_is)))
        });
        let known: Vec<(&Field, Box<dyn Value + '_>)> = known.collect();
        let Some((any, _)) = self.fields.first() else { return };
        for start in (0..known.len().max(1)).step_by(AT_ONCE) {
            let set: [(&Field, Option<&dyn Value>); AT_ONCE] =
                std::array::from_fn(|place| match known.get(start + place) {
                    Some((field, value)) => (*field, Some(&**value as &dyn Value)),
                    None => (any, None),
                });
            take(&self.metadata.fields().value_set(&set));
        }
    }
}

fn value(value: &Known, as_it_is: bool) -> Box<dyn Value + '_> {
    match value {
        Known::Bool(value) => Box::new(*value),
        Known::I64(value) => Box::new(*value),
        Known::F64(value) => Box::new(*value),
        Known::String(text) if as_it_is => Box::new(display(text.as_str())),
        Known::String(text) => Box::new(text.as_str()),
        other => Box::new(display(other.to_string())),
    }
}
