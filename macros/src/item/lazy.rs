//! A future or a stream in what a function returns, as far as the return type's spelling tells.

use syn::{GenericArgument, Path, PathArguments, ReturnType, Type, TypeParamBound, parse_quote};

use super::{arguments_of, bare, last_word};

/// What goes on after the function has returned.
pub(crate) struct Lazy {
    pub(crate) what: What,
    /// The future's output, or the stream's item; `None` where the spelling hides it.
    pub(crate) result: Option<Type>,
    /// How it is boxed, and the type of the box.
    pub(crate) boxed: Option<(Way, Type)>,
    /// Whether it is the value of a `Result` or an `Option`.
    pub(crate) within: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    Future,
    Stream,
}

/// The function of `Box` that makes the box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    New,
    Pin,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::New => "new",
            Way::Pin => "pin",
        }
    }
}

impl Lazy {
    pub(crate) fn of(output: &ReturnType) -> Option<Self> {
        match output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Lazy::in_type(ty),
        }
    }

    pub(crate) fn in_type(ty: &Type) -> Option<Self> {
        Lazy::alone(ty).or_else(|| {
            let value = ["Result", "Option"].iter().find_map(|name| arguments_of(ty, name))?;
            Some(Lazy { within: true, ..Lazy::alone(value.first()?)? })
        })
    }

    /// Whether a stream comes of it, be it after a future.
    pub(crate) fn is_stream(&self) -> bool {
        self.what == What::Stream || self.inner().is_some_and(|inner| inner.is_stream())
    }

    /// What goes on after a future has returned.
    pub(crate) fn inner(&self) -> Option<Self> {
        self.result.as_ref().and_then(Lazy::in_type)
    }

    /// A future or a stream that is not the value of something else.
    fn alone(ty: &Type) -> Option<Self> {
        let ty = bare(ty);
        let plain = |(what, result)| Lazy { what, result, boxed: None, within: false };
        let boxed = |way, lazy| Lazy { boxed: Some((way, ty.clone())), ..plain(lazy) };
        match ty {
            Type::ImplTrait(opaque) => opaque.bounds.iter().find_map(bound).map(plain),
            Type::Path(path) => {
                let name = last_word(&path.path)?;
                let what = match name.as_str() {
                    "BoxFuture" | "LocalBoxFuture" => What::Future,
                    "BoxStream" | "LocalBoxStream" => What::Stream,
                    // What the client of async-openai returns, which is such a box of its chunks.
                    "ChatCompletionResponseStream" => return Some(boxed(Way::Pin, (What::Stream, None))),
                    "Pin" => {
                        let [pinned] = *arguments_of(ty, "Pin")? else { return None };
                        let [inner] = *arguments_of(pinned, "Box")? else { return None };
                        return object(inner).map(|lazy| boxed(Way::Pin, lazy));
                    }
                    "Box" => {
                        let [inner] = *arguments_of(ty, "Box")? else { return None };
                        let is_unpin =
                            bounds(inner).any(|path| last_word(path).is_some_and(|word| word == "Unpin"));
                        return object(inner).filter(|_| is_unpin).map(|lazy| boxed(Way::New, lazy));
                    }
                    _ => return None,
                };
                let [result] = *arguments_of(ty, &name)? else { return None };
                Some(boxed(Way::Pin, (what, Some(result.clone()))))
            }
            _ => None,
        }
    }
}

/// Whether a type promises a future that has still to be made, which cannot be wrapped.
pub(crate) fn is_into_future(ty: &Type) -> bool {
    let Type::ImplTrait(opaque) = bare(ty) else { return false };
    opaque.bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => last_word(&bound.path).is_some_and(|word| word == "IntoFuture"),
        _ => false,
    })
}

type Found = (What, Option<Type>);

fn object(ty: &Type) -> Option<Found> {
    let Type::TraitObject(object) = bare(ty) else { return None };
    object.bounds.iter().find_map(bound)
}

fn bounds(ty: &Type) -> impl Iterator<Item = &Path> {
    let bounds = match bare(ty) {
        Type::TraitObject(object) => Some(&object.bounds),
        _ => None,
    };
    bounds.into_iter().flatten().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => Some(&bound.path),
        _ => None,
    })
}

fn bound(bound: &TypeParamBound) -> Option<Found> {
    let TypeParamBound::Trait(bound) = bound else { return None };
    let named = |name| associated(&bound.path, name).cloned();
    let fallible = || {
        let (ok, error) = (named("Ok")?, named("Error")?);
        Some(parse_quote!(::core::result::Result<#ok, #error>))
    };
    match last_word(&bound.path)?.as_str() {
        "Future" | "FusedFuture" => Some((What::Future, named("Output"))),
        "TryFuture" => Some((What::Future, fallible())),
        "Stream" | "FusedStream" => Some((What::Stream, named("Item"))),
        "TryStream" => Some((What::Stream, fallible())),
        _ => None,
    }
}

/// `T` of `Trait<Name = T>`
fn associated<'a>(path: &'a Path, name: &str) -> Option<&'a Type> {
    let PathArguments::AngleBracketed(arguments) = &path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(assoc) if assoc.ident == name => Some(&assoc.ty),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use quote::ToTokens as _;

    use super::*;

    fn seen(ty: &Type) -> Option<String> {
        Lazy::in_type(ty).map(|lazy| {
            let result = lazy.result.map_or_else(|| "?".to_owned(), |ty| ty.to_token_stream().to_string());
            let way = lazy.boxed.map_or("", |(way, _)| way.name());
            let within = if lazy.within { "within" } else { "" };
            format!("{:?} {result} {way} {within}", lazy.what).trim_end().replace("  ", " ")
        })
    }

    #[test]
    fn futures_and_streams_are_told_by_their_spelling() {
        let cases: [(Type, &str); 12] = [
            (parse_quote!(impl Future<Output = u8> + Send), "Future u8"),
            (
                parse_quote!((impl Send + std::future::Future<Output = Result<u8, E>>)),
                "Future Result < u8 , E >",
            ),
            (parse_quote!(impl Stream<Item = u8> + '_), "Stream u8"),
            (
                parse_quote!(impl TryStream<Ok = u8, Error = E>),
                "Stream :: core :: result :: Result < u8 , E >",
            ),
            (parse_quote!(BoxFuture<'_, u8>), "Future u8 pin"),
            (parse_quote!(futures::stream::LocalBoxStream<'static, u8>), "Stream u8 pin"),
            (parse_quote!(Pin<Box<dyn Future<Output = ()> + Send + 'a>>), "Future () pin"),
            (parse_quote!(std::pin::Pin<Box<dyn Stream<Item = u8>>>), "Stream u8 pin"),
            (parse_quote!(Box<dyn Stream<Item = u8> + Send + Unpin>), "Stream u8 new"),
            (parse_quote!(Result<impl Stream<Item = Result<u8, A>>, B>), "Stream Result < u8 , A > within"),
            (parse_quote!(io::Result<BoxStream<'_, u8>>), "Stream u8 pin within"),
            (parse_quote!(Option<Pin<Box<dyn Future<Output = u8>>>>), "Future u8 pin within"),
        ];
        for (ty, expected) in &cases {
            assert_eq!(seen(ty).as_deref(), Some(*expected), "{}", ty.to_token_stream());
        }
    }

    #[test]
    fn values_are_not_taken_for_futures() {
        let cases: [Type; 7] = [
            parse_quote!(u8),
            parse_quote!(Result<u8, Box<dyn Error + Unpin>>),
            parse_quote!(Vec<BoxFuture<'_, u8>>),
            parse_quote!(Box<dyn Stream<Item = u8>>),
            parse_quote!(impl Iterator<Item = u8>),
            parse_quote!(&mut dyn Future<Output = u8>),
            parse_quote!(Result<Result<impl Stream<Item = u8>, A>, B>),
        ];
        for ty in &cases {
            assert_eq!(seen(ty), None, "{}", ty.to_token_stream());
        }
    }
}
