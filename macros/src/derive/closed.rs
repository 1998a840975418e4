//! A closed set of values: an enum without fields, whose variants have spellings.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Path, Variant};

use super::case::Case;
use super::{distinct, helper, rename_all, variants};
use crate::ctxt::Ctxt;
use crate::expand::private;
use crate::parse::{alone, krate, string, twice, unknown, word};
use crate::valid::text;

/// More variants than this are said to be meant: each is a series of every family that has the label.
const MANY: usize = 64;

const ON_ENUM: &[&str] = &["rename_all", "many", "crate"];

/// What a variant names a model by.
const OF_MODEL: &[&str] = &["provider", "model"];

const MODEL: &str = "#[route(provider = \"openai\", model = \"gpt-5\")]";

/// What such a set is called.
pub(super) struct Words {
    /// The derive, and its attribute.
    pub(super) derive: &'static str,
    pub(super) helper: &'static str,
    /// One of the values, and an example of one.
    pub(super) noun: &'static str,
    pub(super) example: &'static str,
    /// All of them.
    pub(super) all: &'static str,
    /// Whether each can name a model.
    pub(super) has_models: bool,
}

/// A variant, as it is spelled, and the provider and the model that it names.
pub(super) struct Value<'a> {
    pub(super) variant: &'a Ident,
    pub(super) text: LitStr,
    pub(super) model: Option<(LitStr, LitStr)>,
}

/// `#[helper(rename_all = "..", many, crate = path)]` on the enum.
#[derive(Default)]
struct Container {
    rename_all: Option<Case>,
    many: bool,
    krate: Option<Path>,
}

/// The variants with their spellings, and where tta is; what is wrong with them goes to `cx`.
pub(super) fn read<'a>(input: &'a DeriveInput, words: &Words, cx: &Ctxt) -> (Vec<Value<'a>>, TokenStream) {
    let container = container(input, words, cx);
    (values(input, words, &container, cx), private(container.krate.as_ref()))
}

fn container(input: &DeriveInput, words: &Words, cx: &Ctxt) -> Container {
    let mut container = Container::default();
    let mut seen = Vec::new();
    helper(&input.attrs, words.helper, "rename_all = \"snake_case\"", cx, |input| {
        if input.peek(LitStr) {
            return Err(input.error("a value belongs on a variant: each has one of its own"));
        }
        if let Some(keyword) = OF_MODEL.iter().find(|known| words.has_models && at_word(input, known)) {
            return Err(input.error(format!("`{keyword}` belongs on a variant: each route has its own")));
        }
        let keyword = word(input, ON_ENUM)?;
        if seen.contains(&keyword) {
            return Err(twice(&keyword));
        }
        seen.push(keyword.clone());
        match keyword.to_string().as_str() {
            "rename_all" => container.rename_all = Some(rename_all(input, &keyword)?),
            "many" => {
                alone(input, &keyword)?;
                container.many = true;
            }
            "crate" => container.krate = Some(krate(input, &keyword)?),
            _ => return Err(unknown(&keyword, ON_ENUM)),
        }
        Ok(())
    });
    container
}

fn values<'a>(input: &'a DeriveInput, words: &Words, container: &Container, cx: &Ctxt) -> Vec<Value<'a>> {
    let Words { derive, helper, noun, .. } = words;
    match &input.data {
        Data::Enum(_) => {}
        Data::Struct(data) => cx.error(
            data.struct_token,
            format!("the {noun}s of a struct cannot be listed: derive `{derive}` on an enum without fields"),
        ),
        Data::Union(data) => cx.error(
            data.union_token,
            format!("the {noun}s of a union cannot be listed: derive `{derive}` on an enum without fields"),
        ),
    }
    for parameter in input.generics.type_params() {
        cx.error(
            &parameter.ident,
            format!("{} are the same for every `{}`: remove the parameter", words.all, parameter.ident),
        );
    }
    let variants = variants(input, derive, cx);
    if variants.len() > MANY && !container.many {
        cx.error(
            &input.ident,
            format!(
                "{} {noun}s make that many series of each metric: \
                 write `#[{helper}(many)]` on the enum if that is meant",
                variants.len()
            ),
        );
    }
    let case = container.rename_all.unwrap_or(Case::Snake);
    let mut seen = Vec::new();
    variants
        .into_iter()
        .map(|variant| {
            let value = value(variant, words, case, cx);
            distinct(&mut seen, &value.text, &format!("#[{helper}(\"{}\")]", words.example), cx);
            value
        })
        .collect()
}

fn at_word(input: ParseStream<'_>, word: &str) -> bool {
    input.fork().call(Ident::parse_any).is_ok_and(|next| next == word)
}

fn value<'a>(variant: &'a Variant, words: &Words, case: Case, cx: &Ctxt) -> Value<'a> {
    let Words { helper: word, noun, example, .. } = words;
    if !matches!(variant.fields, Fields::Unit) {
        cx.error(
            &variant.fields,
            format!("a variant with fields has more {noun}s than one: write a variant without fields"),
        );
    }
    let ident = &variant.ident;
    let mut given: Option<LitStr> = None;
    let mut asked = Asked::default();
    helper(&variant.attrs, word, &format!("\"{example}\""), cx, |input| {
        if let Some(keyword) = ON_ENUM.iter().find(|known| at_word(input, known)) {
            return Err(input.error(format!("`{keyword}` belongs on the enum: it is for all variants")));
        }
        if words.has_models && OF_MODEL.iter().any(|known| at_word(input, known)) {
            return asked.read(input, cx);
        }
        let value: LitStr = input.parse().map_err(|error| {
            let wrong = format!("a variant's {word} is a string literal: write `#[{word}(\"{example}\")]`");
            Error::new(error.span(), wrong)
        })?;
        if given.is_some() {
            return Err(Error::new(value.span(), format!("a variant has one {noun}: keep one")));
        }
        text(&format!("the {noun}"), &value, cx);
        given = Some(value);
        Ok(())
    });
    let text = given.unwrap_or_else(|| LitStr::new(&case.apply(&ident.unraw().to_string()), ident.span()));
    Value { variant: ident, text, model: asked.whole(cx) }
}

/// `provider = "openai", model = "gpt-5"`
#[derive(Default)]
struct Asked {
    provider: Option<(Ident, LitStr)>,
    model: Option<(Ident, LitStr)>,
    /// A half of it is wrong, which has been said.
    is_wrong: bool,
}

impl Asked {
    fn read(&mut self, input: ParseStream<'_>, cx: &Ctxt) -> syn::Result<()> {
        let keyword = word(input, OF_MODEL)?;
        let is_model = keyword == "model";
        if (if is_model { &self.model } else { &self.provider }).is_some() {
            return Err(twice(&keyword));
        }
        let value = string(input, &keyword, MODEL).inspect_err(|_| self.is_wrong = true)?;
        text(&format!("the {keyword}"), &value, cx);
        *(if is_model { &mut self.model } else { &mut self.provider }) = Some((keyword, value));
        Ok(())
    }

    fn whole(self, cx: &Ctxt) -> Option<(LitStr, LitStr)> {
        match (self.provider, self.model) {
            (Some((_, provider)), Some((_, model))) => return Some((provider, model)),
            (Some((keyword, _)), None) | (None, Some((keyword, _))) if !self.is_wrong => {
                cx.error(keyword, format!("a price is known by provider and model: write `{MODEL}`"));
            }
            _ => {}
        }
        None
    }
}
