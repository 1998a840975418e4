//! What a macro is given, and what must be true of its answer.

use std::fmt;

use arbitrary::{Result, Unstructured};
use proc_macro2::TokenStream;

use crate::args::Role;
use crate::corpus::{ARGUMENTS, ERROR_KINDS, FUNCTIONS, LABELS, OTHERS, ROUTERS, ROUTES, ROUTING, tokens};
use crate::edit::edited;
use crate::{branch, derive, expand};

/// The macros that users write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Macro {
    /// `#[primitive(..)]`
    Primitive,
    /// `#[workflow(..)]`
    Workflow,
    /// `#[router(..)]`
    Router,
    /// `#[derive(Label)]`
    Label,
    /// `#[derive(Route)]`
    Route,
    /// `#[derive(ErrorKind)]`
    ErrorKind,
}

impl Macro {
    const ALL: [Macro; 6] =
        [Macro::Primitive, Macro::Workflow, Macro::Router, Macro::Label, Macro::Route, Macro::ErrorKind];
}

/// A macro at an item.
pub struct Input {
    which: Macro,
    /// Nothing for a derive.
    args: TokenStream,
    item: TokenStream,
}

impl Input {
    /// Something right, changed in none to many places.
    ///
    /// # Errors
    /// None: what bytes there are is enough.
    pub fn random(u: &mut Unstructured<'_>) -> Result<Self> {
        let which = *u.choose(&Macro::ALL)?;
        let (args, item) = match which {
            Macro::Primitive | Macro::Workflow => {
                let items = u.choose(&[FUNCTIONS, OTHERS])?;
                (edited(ARGUMENTS, u)?, edited(items, u)?)
            }
            Macro::Router => {
                let items = u.choose(&[ROUTERS, OTHERS])?;
                (edited(ROUTING, u)?, edited(items, u)?)
            }
            Macro::Label => (TokenStream::new(), edited(LABELS, u)?),
            Macro::Route => (TokenStream::new(), edited(ROUTES, u)?),
            Macro::ErrorKind => (TokenStream::new(), edited(ERROR_KINDS, u)?),
        };
        Ok(Input { which, args, item })
    }

    /// Everything that is right.
    pub fn valid() -> impl Iterator<Item = Self> {
        let of = |(which, arguments, items): (_, &'static [&'static str], &'static [&'static str])| {
            arguments.iter().flat_map(move |args| {
                items.iter().map(move |item| Input { which, args: tokens(args), item: tokens(item) })
            })
        };
        let attributes = [
            (Macro::Primitive, ARGUMENTS, FUNCTIONS),
            (Macro::Workflow, ARGUMENTS, FUNCTIONS),
            (Macro::Router, ROUTING, ROUTERS),
        ]
        .into_iter()
        .flat_map(of);
        let derive = |which, items: &'static [&'static str]| {
            items.iter().map(move |item| Input { which, args: TokenStream::new(), item: tokens(item) })
        };
        let others =
            [Macro::Primitive, Macro::Workflow].into_iter().flat_map(move |which| derive(which, OTHERS));
        attributes
            .chain(others)
            .chain(derive(Macro::Label, LABELS))
            .chain(derive(Macro::Route, ROUTES))
            .chain(derive(Macro::ErrorKind, ERROR_KINDS))
    }

    /// Expands it.
    ///
    /// # Panics
    /// If the macro does, or if its answer is none that the compiler could go on with.
    #[expect(clippy::must_use_candidate, reason = "what must be true is seen to here")]
    pub fn check(&self) -> Answer {
        let output = match self.which {
            Macro::Primitive => expand::expand(Role::Primitive, &self.args, &self.item),
            Macro::Workflow => expand::expand(Role::Workflow, &self.args, &self.item),
            Macro::Router => expand::expand(Role::Router, &self.args, &self.item),
            Macro::Label => derive::label::expand(self.item.clone()),
            Macro::Route => derive::route::expand(self.item.clone()),
            Macro::ErrorKind => derive::error_kind::expand(self.item.clone()),
        };
        let text = output.to_string();
        assert!(text.parse::<TokenStream>().is_ok(), "no tokens: {text}");
        let refused = text.starts_with(":: core :: compile_error !");
        let refuses = text.contains("compile_error");
        assert_eq!(refused, refuses, "an error comes first, or there is none: {text}");
        let attribute = matches!(self.which, Macro::Primitive | Macro::Workflow | Macro::Router);
        // From a block, what says that a method is left out is gone.
        if attribute && refused && !is_block(&self.item) {
            // Nor is what the compiler would refuse for itself.
            let item = branch::strip(self.item.clone()).to_string();
            assert!(text.ends_with(&item), "the item is not in its place: {text}");
        }
        if syn::parse2::<syn::Item>(self.item.clone()).is_ok() {
            let items = syn::parse2::<syn::File>(output);
            assert!(items.is_ok(), "an item became none: {text}");
        }
        if refused { Answer::Refused } else { Answer::Expanded }
    }
}

fn is_block(item: &TokenStream) -> bool {
    crate::item::Block::read(item).is_some()
}

/// What a macro makes of its input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Code to compile.
    Expanded,
    /// Errors that say why not.
    Refused,
}

/// As it would be written.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Input { args, item, .. } = self;
        match self.which {
            Macro::Primitive => write!(f, "#[primitive({args})] {item}"),
            Macro::Workflow => write!(f, "#[workflow({args})] {item}"),
            Macro::Router => write!(f, "#[router({args})] {item}"),
            Macro::Label => write!(f, "#[derive(Label)] {item}"),
            Macro::Route => write!(f, "#[derive(Route)] {item}"),
            Macro::ErrorKind => write!(f, "#[derive(ErrorKind)] {item}"),
        }
    }
}
