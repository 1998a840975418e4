//! The return type, in the places where an expansion repeats it.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{ReturnType, Token, Type, TypeImplTrait, TypeInfer, parse_quote};

use super::{ends, located, ours_at};
use crate::item::{Lazy, bare};

pub(super) struct Returned<'a> {
    ty: Option<&'a Type>,
    lazy: Option<Lazy>,
}

impl<'a> Returned<'a> {
    pub(super) fn new(output: &'a ReturnType) -> Self {
        match output {
            ReturnType::Default => Returned { ty: None, lazy: None },
            ReturnType::Type(_, ty) => Returned::of(ty),
        }
    }

    pub(super) fn of(ty: &'a Type) -> Self {
        Returned { ty: Some(ty), lazy: Lazy::in_type(ty) }
    }

    pub(super) fn ty(&self) -> Option<&'a Type> {
        self.ty
    }

    /// The future or the stream in it.
    pub(super) fn lazy(&self) -> Option<&Lazy> {
        self.lazy.as_ref()
    }

    pub(super) fn is_never(&self) -> bool {
        self.ty.is_some_and(|ty| matches!(bare(ty), Type::Never(_)))
    }

    /// `-> T` of the closure that runs a plain function's body.
    pub(super) fn in_closure(&self) -> TokenStream {
        let ty = self.ty.map_or_else(|| parse_quote!(()), inferred);
        quote!(-> #ty)
    }

    /// `-> impl Future<Output = T>`.
    ///
    /// `impl` is a token of this crate's edition, where it captures every lifetime, whatever the user's is.
    pub(super) fn as_future(&self, private: &TokenStream, name: Span) -> ReturnType {
        let span = self.ty.map_or_else(|| ours_at(name), |ty| ends(ty).0);
        let output = match self.ty {
            None => quote!(()),
            // `Output = !` is unstable to write; the output of a function pointer is not.
            Some(_) if self.is_never() => quote!(<fn() -> ! as #private::FnRet>::Out),
            Some(ty) => {
                let mut ty = ty.clone();
                CaptureAll.visit_type_mut(&mut ty);
                quote!(#ty)
            }
        };
        let arrow = Token![->](span);
        let future = quote_spanned!(span=> impl ::core::future::Future<Output = #output>);
        ReturnType::Type(arrow, Box::new(Type::Verbatim(future)))
    }

    /// Tells an async block what it returns, at the user's return type.
    pub(super) fn edge(&self, private: &TokenStream) -> TokenStream {
        if self.is_never() {
            return TokenStream::new();
        }
        let Some(ty) = self.ty else {
            return quote!(if false { return #private::never::<()>(); });
        };
        let (first, last) = ends(ty);
        let (ty, private) = (inferred(ty), located(private, first));
        let open = quote_spanned!(first=> return #private::never::<);
        let close = quote_spanned!(last=> >());
        quote!(if false { #open #ty #close; })
    }
}

/// `T` with `_` for every `impl Trait`.
pub(super) fn inferred(ty: &Type) -> Type {
    let mut ty = ty.clone();
    Infer.visit_type_mut(&mut ty);
    ty
}

struct Infer;

impl VisitMut for Infer {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::ImplTrait(opaque) = ty {
            *ty = Type::Infer(TypeInfer {
                attrs: Vec::new(),
                underscore_token: Token![_](opaque.impl_token.span),
            });
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }
}

struct CaptureAll;

impl VisitMut for CaptureAll {
    fn visit_type_impl_trait_mut(&mut self, opaque: &mut TypeImplTrait) {
        opaque.impl_token.span = ours_at(opaque.impl_token.span);
        visit_mut::visit_type_impl_trait_mut(self, opaque);
    }
}
