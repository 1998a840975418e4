//! The error type of a signature, where a static can name it.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{BoundLifetimes, GenericParam, Generics, Lifetime, Type, TypeFnPtr, TypePath};

use crate::item::arguments_of;

/// `E` of `Result<_, E>`, unless it depends on a parameter of the function or, by its spelling, of the impl
/// around it.
pub(crate) fn error_type(returned: &Type, generics: &Generics) -> Option<Type> {
    let [_, error] = *arguments_of(returned, "Result")? else {
        return None;
    };
    if !can_be_named(error, generics) || is_customary_parameter(error) {
        return None;
    }
    let mut error = error.clone();
    Anonymous::default().visit_type_mut(&mut error);
    Some(error)
}

/// Whether a static inside the function can name `ty`, as far as the function's own signature tells.
pub(crate) fn can_be_named(ty: &Type, generics: &Generics) -> bool {
    let mut found = Opaque::default();
    found.visit_type(ty);
    !found.0 && !mentions_parameter(ty.to_token_stream(), generics)
}

/// Whether the tokens name `Self`, or a type or const parameter of the function.
pub(crate) fn mentions_parameter(tokens: TokenStream, generics: &Generics) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions_parameter(group.stream(), generics),
        TokenTree::Ident(word) => {
            word == "Self"
                || generics.params.iter().any(|param| match param {
                    GenericParam::Type(param) => param.ident == word,
                    GenericParam::Const(param) => param.ident == word,
                    GenericParam::Lifetime(_) => false,
                })
        }
        _ => false,
    })
}

/// Whether `ty` is spelled as parameters of the impl around a method are: `T`, `E2` or `Err` by custom, or
/// `Store::Error`, an associated type of one. Where that is wrong, `errors = ..` says so.
fn is_customary_parameter(ty: &Type) -> bool {
    let mut found = Customary::default();
    found.visit_type(ty);
    found.0
}

/// Finds types that have no name.
#[derive(Default)]
struct Opaque(bool);

impl<'ast> Visit<'ast> for Opaque {
    fn visit_type(&mut self, ty: &'ast Type) {
        self.0 |= matches!(ty, Type::ImplTrait(_) | Type::Infer(_));
        visit::visit_type(self, ty);
    }
}

#[derive(Default)]
struct Customary(bool);

impl<'ast> Visit<'ast> for Customary {
    fn visit_type_path(&mut self, ty: &'ast TypePath) {
        let path = &ty.path;
        if let (None, None, Some(first)) = (&ty.qself, path.leading_colon, path.segments.first()) {
            let name = first.ident.to_string();
            let is_type = name.starts_with(|letter: char| letter.is_ascii_uppercase());
            self.0 |= is_type && (name.len() < 3 || name == "Err" || path.segments.len() > 1);
        }
        visit::visit_type_path(self, ty);
    }
}

/// Replaces the lifetimes that the signature declares, and no others.
#[derive(Default)]
struct Anonymous {
    bound: Vec<Lifetime>,
}

impl Anonymous {
    fn within(&mut self, lifetimes: Option<&BoundLifetimes>, visit: impl FnOnce(&mut Self)) {
        let before = self.bound.len();
        let params = lifetimes.iter().flat_map(|lifetimes| &lifetimes.lifetimes);
        self.bound.extend(params.filter_map(|param| match param {
            GenericParam::Lifetime(param) => Some(param.lifetime.clone()),
            _ => None,
        }));
        visit(self);
        self.bound.truncate(before);
    }
}

impl VisitMut for Anonymous {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" && !self.bound.contains(lifetime) {
            *lifetime = Lifetime::new("'_", lifetime.span());
        }
    }

    fn visit_type_fn_ptr_mut(&mut self, ty: &mut TypeFnPtr) {
        let lifetimes = ty.lifetimes.clone();
        self.within(lifetimes.as_ref(), |all| visit_mut::visit_type_fn_ptr_mut(all, ty));
    }

    fn visit_trait_bound_mut(&mut self, bound: &mut syn::TraitBound) {
        let lifetimes = bound.lifetimes.clone();
        self.within(lifetimes.as_ref(), |all| visit_mut::visit_trait_bound_mut(all, bound));
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    fn named(returned: &Type) -> Option<String> {
        let generics: Generics = parse_quote!(<'a, Item, const N: usize>);
        error_type(returned, &generics).map(|ty| quote!(#ty).to_string())
    }

    #[test]
    fn the_second_argument_of_a_result_is_the_error() {
        assert_eq!(named(&parse_quote!(Result<u8, MyError>)).as_deref(), Some("MyError"));
        assert_eq!(
            named(&parse_quote!(std::result::Result<Vec<u8>, io::Error>)).as_deref(),
            Some("io :: Error")
        );
        assert_eq!(named(&parse_quote!(io::Result<u8>)), None);
        assert_eq!(named(&parse_quote!(Option<u8>)), None);
    }

    #[test]
    fn what_a_static_cannot_name_is_left_out() {
        for returned in [
            quote!(Result<u8, Item>),
            quote!(Result<u8, Wrapper<Item>>),
            quote!(Result<u8, Wrapper<{ N }>>),
            quote!(Result<u8, T>),
            quote!(Result<u8, E2>),
            quote!(Result<u8, Vec<Err>>),
            quote!(Result<u8, Self>),
            quote!(Result<u8, Self::Error>),
            quote!(Result<u8, Store::Error>),
            quote!(Result<u8, Box<impl Error>>),
        ] {
            let ty: Type = parse_quote!(#returned);
            assert_eq!(named(&ty), None, "{returned}");
        }
    }

    #[test]
    fn lifetimes_of_the_signature_become_anonymous() {
        let anonymous = named(&parse_quote!(Result<u8, Bad<'a, 'static, for<'b> fn(&'b u8)>>));
        assert_eq!(anonymous.as_deref(), Some("Bad < '_ , 'static , for < 'b > fn (& 'b u8) >"));
    }
}
