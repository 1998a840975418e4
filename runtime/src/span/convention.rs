//! What the semantic conventions for generative AI say of functions, and by which conventions that is said.

mod open_inference;

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use opentelemetry::KeyValue;

use crate::catalog::Site;
use crate::config::Semconv;
use crate::names::{TOOL_TYPE, attribute, operation};

/// A [`Semconv`].
static CHOSEN: AtomicU8 = AtomicU8::new(Semconv::GenAi141 as u8);

/// Chooses the conventions.
pub(crate) fn choose(semconv: Semconv) {
    CHOSEN.store(semconv as u8, Relaxed);
}

/// Whether nothing is said by the conventions for generative AI.
pub(crate) fn is_none() -> bool {
    CHOSEN.load(Relaxed) == Semconv::None as u8
}

/// Whether an attribute of a call is one that nothing is said by.
pub(super) fn is_left_out(key: &str) -> bool {
    is_none() && (key.starts_with("gen_ai.") || key.starts_with("openai."))
}

/// Has a call's attributes follow the conventions that were chosen.
pub(super) fn follow(site: &'static Site, attributes: &mut Vec<KeyValue>) {
    if is_none() {
        attributes.retain(|attribute| !is_left_out(attribute.key.as_str()));
    } else if CHOSEN.load(Relaxed) == Semconv::OpenInference as u8 {
        open_inference::add(site, attributes);
    }
}

/// The attributes of every call of a function, where the conventions know what it is.
///
/// A function that asks a model is one of that, whatever its kind: its calls say so themselves.
pub(super) fn attributes(site: &'static Site) -> impl Iterator<Item = KeyValue> {
    let known = site.operation().filter(|_| !asks_a_model(site));
    let name = match known {
        Some(operation::INVOKE_WORKFLOW) => Some(attribute::GEN_AI_WORKFLOW),
        Some(operation::INVOKE_AGENT) => Some(attribute::GEN_AI_AGENT),
        Some(operation::EXECUTE_TOOL) => Some(attribute::GEN_AI_TOOL),
        _ => None,
    };
    let tool = known.filter(|known| *known == operation::EXECUTE_TOOL);
    let operation = known.map(|known| KeyValue::new(attribute::GEN_AI_OPERATION, known));
    let name = name.map(|key| KeyValue::new(key, site.name()));
    let kind = tool.map(|_| KeyValue::new(attribute::GEN_AI_TOOL_TYPE, TOOL_TYPE));
    operation.into_iter().chain(name).chain(kind)
}

#[cfg_attr(not(feature = "llm"), allow(unused_variables))]
fn asks_a_model(site: &Site) -> bool {
    #[cfg(feature = "llm")]
    return site.llm().is_some();
    #[cfg(not(feature = "llm"))]
    false
}
