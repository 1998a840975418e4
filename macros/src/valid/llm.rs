//! What can be asked of a model.

use std::collections::HashSet;

use super::text;
use crate::args::{LLM_EXAMPLE, Llm, literal_text};
use crate::ctxt::Ctxt;
use crate::words::{did_you_mean, one_of};

/// What the semantic conventions for generative AI call what is asked of a model.
const OPERATIONS: &[&str] = &["chat", "text_completion", "embeddings", "generate_content"];

/// What they call what an answer is.
const OUTPUT_TYPES: &[&str] = &["text", "json", "image", "speech"];

/// A label has no more values than this that are known before the first call.
const MOST_MODELS: usize = 64;

pub(super) fn settings(llm: &Llm, cx: &Ctxt) {
    for (name, expr) in [("provider", &llm.provider), ("model", &llm.model)] {
        match expr {
            None => {
                cx.error(&llm.keyword, format!("`llm` has no `{name}`: write `{LLM_EXAMPLE}`"));
            }
            Some(expr) => {
                if let Some(literal) = literal_text(expr) {
                    text(&format!("the {name}"), literal, cx);
                }
            }
        }
    }
    if let Some(operation) = &llm.operation {
        let value = operation.value();
        if !OPERATIONS.contains(&value.as_str()) {
            let hint = did_you_mean(&value, OPERATIONS);
            cx.error(operation, format!("unknown operation `{value}`{hint}: write {}", one_of(OPERATIONS)));
        }
    }
    for (_, expr) in llm.others.iter().filter(|(name, _)| name == "output_type") {
        let Some(literal) = literal_text(expr) else { continue };
        let value = literal.value();
        if !OUTPUT_TYPES.contains(&value.as_str()) {
            let hint = did_you_mean(&value, OUTPUT_TYPES);
            cx.error(literal, format!("unknown output type `{value}`{hint}: write {}", one_of(OUTPUT_TYPES)));
        }
    }
    let Some(models) = &llm.models else { return };
    if models.names.is_empty() || models.names.len() > MOST_MODELS {
        cx.error(
            &models.list,
            format!(
                "`models` names from 1 to {MOST_MODELS} models, found {}: leave it out where they are not known",
                models.names.len()
            ),
        );
    }
    let mut seen = HashSet::new();
    for name in &models.names {
        text("a model's name", name, cx);
        if !seen.insert(name.value()) {
            cx.error(name, format!("`{}` is listed twice", name.value()));
        }
    }
    let asked = llm.model.as_ref().and_then(literal_text);
    if let Some(asked) = asked.filter(|asked| !seen.contains(&asked.value())) {
        cx.error(asked, format!("`{}` is none of `models`: add it there", asked.value()));
    }
}
