//! What the semantic conventions for generative AI say of functions.

use opentelemetry::KeyValue;

use crate::catalog::Site;
use crate::names::{TOOL_TYPE, attribute, operation};

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
