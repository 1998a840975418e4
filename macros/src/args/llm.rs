//! `llm(provider = "openai", model = request.model, ..)`: what is asked of a model.

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Expr, ExprArray, Lit, LitStr, Result};

use super::setting::{literal, settings};
use crate::ctxt::Ctxt;

/// What a function asks of a model.
pub(crate) struct Llm {
    pub(crate) keyword: Ident,
    pub(crate) provider: Option<Expr>,
    pub(crate) model: Option<Expr>,
    /// All models that there are, where somebody has said so.
    pub(crate) models: Option<Models>,
    pub(crate) operation: Option<LitStr>,
    /// What else is asked, each with its name.
    pub(crate) others: Vec<(Ident, Expr)>,
}

pub(crate) struct Models {
    pub(crate) list: ExprArray,
    pub(crate) names: Vec<LitStr>,
}

impl Llm {
    /// Everything that it looks up in the arguments.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.provider.iter().chain(&self.model).chain(self.others.iter().map(|(_, expr)| expr))
    }

    /// The kind of the function that has it, unless it says otherwise.
    pub(crate) fn kind(&self) -> &'static str {
        let is_embedding = self.operation.as_ref().is_some_and(|operation| operation.value() == "embeddings");
        if is_embedding { "embedding" } else { "llm" }
    }
}

/// The text of a string literal.
pub(crate) fn text(expr: &Expr) -> Option<&LitStr> {
    match literal(expr) {
        Some(Lit::Str(text)) => Some(text),
        _ => None,
    }
}

const KNOWN: &[&str] = &[
    "provider",
    "model",
    "models",
    "operation",
    "max_tokens",
    "input_tokens",
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "stop_sequences",
    "choice_count",
    "output_type",
    "seed",
    "conversation",
    "server_address",
    "server_port",
];

pub(crate) const EXAMPLE: &str = "llm(provider = \"openai\", model = request.model)";

pub(super) fn llm(input: ParseStream<'_>, keyword: &Ident, cx: &Ctxt) -> Result<Llm> {
    let mut llm = Llm {
        keyword: keyword.clone(),
        provider: None,
        model: None,
        models: None,
        operation: None,
        others: Vec::new(),
    };
    settings(input, keyword, EXAMPLE, KNOWN, cx, |setting| {
        match setting.name().as_str() {
            "provider" => llm.provider = Some(setting.value),
            "model" => llm.model = Some(setting.value),
            "models" => {
                let wrong = || setting.wrong("the names of all models", "[\"gpt-5\", \"gpt-5-mini\"]");
                let Expr::Array(list) = &setting.value else { return Err(wrong()) };
                let names = list.elems.iter().map(|name| text(name).cloned()).collect::<Option<Vec<_>>>();
                llm.models = Some(Models { list: list.clone(), names: names.ok_or_else(wrong)? });
            }
            "operation" => llm.operation = Some(setting.text("chat")?),
            _ => llm.others.push((setting.word, setting.value)),
        }
        Ok(())
    })?;
    Ok(llm)
}
