//! The names of `OpenInference`, for what a span has by those of OpenTelemetry.

use opentelemetry::{KeyValue, Value};

use super::asks_a_model;
use crate::catalog::{Site, SiteKind};
use crate::names::{attribute, open_inference as name, operation};

/// Adds them.
pub(super) fn add(site: &'static Site, attributes: &mut Vec<KeyValue>) {
    let kind = kind(site, attributes);
    let mut own = vec![KeyValue::new(name::KIND, kind)];
    match kind {
        name::kind::TOOL => own.push(KeyValue::new(name::TOOL, site.name())),
        name::kind::AGENT => own.push(KeyValue::new(name::AGENT, site.name())),
        _ => {}
    }
    #[cfg(feature = "llm")]
    if asks_a_model(site) {
        model::describe(kind, attributes, &mut own);
    }
    let said = [
        (attribute::GEN_AI_INPUT_MESSAGES, name::INPUT, name::INPUT_TYPE),
        (attribute::GEN_AI_TOOL_ARGUMENTS, name::INPUT, name::INPUT_TYPE),
        (attribute::GEN_AI_OUTPUT_MESSAGES, name::OUTPUT, name::OUTPUT_TYPE),
        (attribute::GEN_AI_TOOL_RESULT, name::OUTPUT, name::OUTPUT_TYPE),
    ];
    for (key, value, ty) in said {
        let Some(Value::String(text)) = find(attributes, key) else { continue };
        let is_json = text.as_str().starts_with(['{', '[']);
        own.push(KeyValue::new(value, text.clone()));
        own.push(KeyValue::new(ty, if is_json { name::JSON } else { name::TEXT }));
    }
    // What the program has set by these names stays.
    own.retain(|own| find(attributes, own.key.as_str()).is_none());
    attributes.append(&mut own);
}

fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|own| own.key.as_str() == key).map(|own| &own.value)
}

fn kind(site: &'static Site, attributes: &[KeyValue]) -> &'static str {
    let is_embedding = || {
        let operation = find(attributes, attribute::GEN_AI_OPERATION);
        operation.is_some_and(|is| is.as_str() == operation::EMBEDDINGS)
    };
    match (site.kind(), site.type_()) {
        _ if asks_a_model(site) => {
            if is_embedding() {
                name::kind::EMBEDDING
            } else {
                name::kind::LLM
            }
        }
        (SiteKind::Primitive, "llm") => name::kind::LLM,
        (SiteKind::Primitive, "embedding") => name::kind::EMBEDDING,
        (SiteKind::Primitive, "retrieval") => name::kind::RETRIEVER,
        (SiteKind::Primitive, "tool") => name::kind::TOOL,
        (SiteKind::Primitive, "agent") => name::kind::AGENT,
        _ => name::kind::CHAIN,
    }
}

#[cfg(feature = "llm")]
mod model {
    //! What was asked of a model, and answered.

    use opentelemetry::{Array, KeyValue, Value};

    use super::{find, name};
    use crate::names::attribute;

    pub(super) fn describe(kind: &str, attributes: &[KeyValue], own: &mut Vec<KeyValue>) {
        let get = |key: &str| find(attributes, key).cloned();
        let asked = get(attribute::GEN_AI_REQUEST_MODEL);
        if let Some(model) = get(attribute::GEN_AI_RESPONSE_MODEL).or(asked) {
            let is_embedding = kind == name::kind::EMBEDDING;
            own.push(KeyValue::new(if is_embedding { name::EMBEDDING_MODEL } else { name::MODEL }, model));
        }
        if let Some(provider) = get(attribute::GEN_AI_PROVIDER) {
            let (provider, system) = by_their_names(&provider.as_str());
            own.push(KeyValue::new(name::PROVIDER, provider));
            own.extend(system.map(|system| KeyValue::new(name::SYSTEM, system)));
        }
        let parameters = parameters(attributes);
        if !parameters.is_empty() {
            let parameters = serde_json::Value::Object(parameters).to_string();
            own.push(KeyValue::new(name::PARAMETERS, parameters));
        }
        for (key, theirs) in [
            (attribute::GEN_AI_INPUT_TOKENS, name::PROMPT),
            (attribute::GEN_AI_OUTPUT_TOKENS, name::COMPLETION),
            (attribute::GEN_AI_CACHE_READ, name::CACHE_READ),
            (attribute::GEN_AI_CACHE_WRITE, name::CACHE_WRITE),
            (attribute::GEN_AI_REASONING, name::REASONING),
        ] {
            own.extend(get(key).map(|value| KeyValue::new(theirs, value)));
        }
        // They have no word for a cost of which only a part is known.
        if get(attribute::COST_COMPLETE) == Some(Value::Bool(true)) {
            own.extend(get(attribute::COST).map(|cost| KeyValue::new(name::COST, cost)));
        }
        let tokens = (get(attribute::GEN_AI_INPUT_TOKENS), get(attribute::GEN_AI_OUTPUT_TOKENS));
        if let (Some(Value::I64(input)), Some(Value::I64(output))) = tokens {
            own.push(KeyValue::new(name::TOTAL, input.saturating_add(output)));
        }
    }

    /// Who serves a model, and whose it is, where that is known from who serves it.
    fn by_their_names(provider: &str) -> (String, Option<String>) {
        let (provider, system) = match provider {
            "gcp.vertex_ai" | "gcp.gemini" | "gcp.gen_ai" => ("google", Some("vertexai")),
            "azure.ai.openai" => ("azure", Some("openai")),
            "azure.ai.inference" => ("azure", None),
            "aws.bedrock" => ("aws", None),
            "mistral_ai" => ("mistralai", Some("mistralai")),
            "x_ai" => ("xai", Some("xai")),
            "openai" | "anthropic" | "cohere" | "deepseek" => (provider, Some(provider)),
            // Many serve the models of others.
            other => (other, None),
        };
        (provider.to_owned(), system.map(ToOwned::to_owned))
    }

    /// By the names that most providers give them.
    fn parameters(attributes: &[KeyValue]) -> serde_json::Map<String, serde_json::Value> {
        let known = [
            (attribute::GEN_AI_MAX_TOKENS, "max_tokens"),
            (attribute::GEN_AI_TEMPERATURE, "temperature"),
            (attribute::GEN_AI_TOP_P, "top_p"),
            (attribute::GEN_AI_TOP_K, "top_k"),
            (attribute::GEN_AI_FREQUENCY_PENALTY, "frequency_penalty"),
            (attribute::GEN_AI_PRESENCE_PENALTY, "presence_penalty"),
            (attribute::GEN_AI_STOP_SEQUENCES, "stop"),
            (attribute::GEN_AI_CHOICE_COUNT, "n"),
            (attribute::GEN_AI_SEED, "seed"),
        ];
        let given = known.into_iter().filter_map(|(key, theirs)| {
            let value = match find(attributes, key)? {
                Value::I64(number) => (*number).into(),
                Value::F64(number) => (*number).into(),
                Value::Array(Array::String(texts)) => {
                    texts.iter().map(|text| text.as_str().to_owned()).collect()
                }
                other => other.as_str().into_owned().into(),
            };
            Some((theirs.to_owned(), value))
        });
        given.collect()
    }
}
