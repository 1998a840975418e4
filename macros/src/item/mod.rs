//! What was annotated.

mod block;
mod lazy;
mod tail;

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, TokenStreamExt as _};
use syn::parse::{Parse, ParseStream};
use syn::{
    AttrStyle, Attribute, Error, GenericArgument, Path, PathArguments, Result, Signature, Token, Type,
    Visibility, braced, token,
};

pub(crate) use self::block::Block;
pub(crate) use self::lazy::{Lazy, What, is_into_future};
pub(crate) use self::tail::Tail;

use crate::args::Role;
use crate::branch::Branch;

/// A function with a body: free, inherent, of a trait impl, or a trait's default.
pub(crate) struct Function {
    /// Inner attributes of the body are here too: on a function both mean the same.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    pub(crate) brace: token::Brace,
    /// The body is not parsed, so that syntax newer than syn, and an editor's half-typed line, pass through.
    pub(crate) body: TokenStream,
    /// Those in the body, once it has been read for them.
    pub(crate) branches: Vec<Branch>,
}

/// How the function's call is wrapped.
pub(crate) enum Shape {
    /// The body runs in a closure.
    Sync,
    /// A plain function that returns one wrapped future.
    Async,
    /// An `async fn` that stays one, since a test or main attribute below ours needs it.
    Kept,
    /// A plain function whose body ends in an async block, which is what `#[async_trait]` writes.
    Tail(Box<Tail>),
}

impl Function {
    /// The annotated function, or the sentence why it is not one.
    pub(crate) fn read(role: Role, item: &TokenStream) -> Result<Self> {
        syn::parse2(item.clone()).map_err(|error| refuse(role, item.clone()).unwrap_or(error))
    }

    pub(crate) fn shape(&self) -> Shape {
        if self.sig.asyncness.is_some() {
            return if self.attrs.iter().any(starts_a_runtime) { Shape::Kept } else { Shape::Async };
        }
        let tail = Lazy::of(&self.sig.output)
            .filter(|lazy| lazy.what == What::Future && !lazy.within)
            .and_then(|lazy| Tail::of(self.body.clone(), lazy.result?));
        match tail {
            Some(tail) => Shape::Tail(Box::new(tail)),
            None => Shape::Sync,
        }
    }

    /// The last attribute that another macro expands, if the function's shape makes it matter: it must see an
    /// `async fn`, so ours has to expand after it.
    pub(crate) fn last_foreign(&self, shape: &Shape) -> Option<usize> {
        match shape {
            Shape::Async | Shape::Tail(_) => self.attrs.iter().rposition(is_foreign),
            Shape::Sync | Shape::Kept => None,
        }
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let defaultness = input.parse()?;
        let sig = input.parse()?;
        let content;
        let brace = braced!(content in input);
        let inner = content.call(Attribute::parse_inner)?;
        attrs.extend(inner.into_iter().map(|mut attr| {
            attr.style = AttrStyle::Outer;
            attr
        }));
        Ok(Function { attrs, vis, defaultness, sig, brace, body: content.parse()?, branches: Vec::new() })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attrs);
        self.vis.to_tokens(tokens);
        self.defaultness.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        self.brace.surround(tokens, |tokens| self.body.to_tokens(tokens));
    }
}

/// Whether an attribute is ours.
pub(crate) fn is_ours(attr: &Attribute) -> bool {
    Role::of(attr).is_some()
}

/// `T` without the invisible groups of `macro_rules!` and without parentheses.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        _ => ty,
    }
}

/// The type arguments of the last segment of `ty`, if that segment is called `name`.
pub(crate) fn arguments_of<'a>(ty: &'a Type, name: &str) -> Option<Vec<&'a Type>> {
    let Type::Path(path) = bare(ty) else {
        return None;
    };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    (last.ident == name).then(|| types.collect())
}

/// Why `item` is not a function that can be annotated.
fn refuse(role: Role, item: TokenStream) -> Option<Error> {
    let attribute = role.name();
    if let Ok(method) = syn::parse2::<syn::TraitItemFn>(item.clone()) {
        let semi = method.semi_token?;
        return Some(Error::new_spanned(
            semi,
            format!(
                "a function without a body does nothing to observe: \
                 put #[{attribute}] on the functions that implement it"
            ),
        ));
    }
    let (token, what, instead): (TokenStream, _, _) = match syn::parse2(item).ok()? {
        syn::Item::Trait(item) => (
            item.trait_token.into_token_stream(),
            "a trait",
            "put it on the methods of its impls, or on a method with a default body",
        ),
        syn::Item::Mod(item) => {
            (item.mod_token.into_token_stream(), "a module", "put it on the functions inside")
        }
        syn::Item::Struct(item) => {
            (item.struct_token.into_token_stream(), "a struct", "put it on its methods")
        }
        syn::Item::Enum(item) => (
            item.enum_token.into_token_stream(),
            "an enum",
            "put it on its methods; a set of label values is an enum with `#[derive(tta::Label)]`",
        ),
        syn::Item::Const(item) => {
            (item.const_token.into_token_stream(), "a constant", "put it on a function")
        }
        syn::Item::Static(item) => {
            (item.static_token.into_token_stream(), "a static", "put it on a function")
        }
        syn::Item::Type(item) => {
            (item.type_token.into_token_stream(), "a type alias", "put it on a function")
        }
        syn::Item::Use(item) => {
            (item.use_token.into_token_stream(), "an import", "put it on the function where it is written")
        }
        syn::Item::Union(item) => (item.union_token.into_token_stream(), "a union", "put it on its methods"),
        syn::Item::ForeignMod(item) => (
            item.abi.into_token_stream(),
            "an extern block",
            "put it on a function that calls what is declared inside",
        ),
        syn::Item::Macro(item) => {
            (item.mac.path.into_token_stream(), "a macro call", "write it inside the macro, on the function")
        }
        other => (other.into_token_stream(), "this item", "put it on a function"),
    };
    Some(Error::new_spanned(token, format!("#[{attribute}] goes on a function, not on {what}: {instead}")))
}

/// `#[tokio::test]`, `#[tokio::main]` and their likes, which turn an `async fn` into a plain one.
fn starts_a_runtime(attr: &Attribute) -> bool {
    last_word(attr.path()).is_some_and(|word| word == "test" || word == "main")
}

/// Whether a macro that we do not know expands the attribute.
fn is_foreign(attr: &Attribute) -> bool {
    const TOOLS: &[&str] = &["rustfmt", "clippy", "diagnostic", "miri", "rust_analyzer"];
    const BUILTIN: &[&str] = &[
        "allow",
        "automatically_derived",
        "bench",
        "cfg",
        "cfg_attr",
        "cold",
        "coverage",
        "deny",
        "deprecated",
        "doc",
        "expect",
        "export_name",
        "forbid",
        "ignore",
        "inline",
        "instruction_set",
        "link_section",
        "must_use",
        "no_mangle",
        "optimize",
        "should_panic",
        "target_feature",
        "test",
        "track_caller",
        "unsafe",
        "warn",
    ];
    let path = attr.path();
    let Some(first) = path.segments.first() else {
        return false;
    };
    let first = first.ident.to_string();
    let known = if path.segments.len() == 1 { BUILTIN } else { TOOLS };
    !known.contains(&first.as_str()) && !is_ours(attr)
}

fn last_word(path: &Path) -> Option<String> {
    path.segments.last().map(|last| last.ident.to_string())
}

/// A group in the place of another.
pub(crate) fn group(delimiter: Delimiter, span: Span, stream: TokenStream) -> Group {
    let mut group = Group::new(delimiter, stream);
    group.set_span(span);
    group
}
