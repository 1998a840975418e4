//! The first statement of the block: what the call knows before its body runs.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;

use super::llm::Asking;
use super::{Call, hidden, ours_at};
use crate::args::{Field, Label, LabelSet, Mode};
use crate::words::CONTENT;

impl Call<'_> {
    // Output, where nothing is asked of the arguments:
    //     begin(&__SITE);
    //
    // and where something is:
    //     begin_with(
    //         &__SITE,
    //         || [LabelValue::closed::<Tier>(&(tier))],
    //         |__f| { __f.set("len", &(q.len())); }
    //     );
    pub(super) fn begin(&self) -> TokenStream {
        let private = &self.private;
        if !self.asks() {
            return quote!(#private::begin(&__SITE););
        }
        let asking = self.asking();
        let ask = asking.as_ref().map(|asking| &asking.ask);
        let labels = self.args.labels.iter().flat_map(|labels| &labels.list);
        let labels = labels.map(|label| self.label_value(label));
        let fields = match (&asking, self.args.fields.as_slice()) {
            (None, []) => quote!(|_| {}),
            (asking, fields) => {
                let recorder = hidden("__f");
                let request = asking.as_ref().map(|asking| &asking.record);
                let fields = fields.iter().map(record);
                quote!(|#recorder| { #request #(#fields)* })
            }
        };
        let labels = match ask {
            None => quote!([#(#labels),*]),
            Some(ask) => quote!({ #ask [#(#labels),*] }),
        };
        let begin = quote!(#private::begin_with(&__SITE, || #labels, #fields););
        match asking {
            None => begin,
            Some(Asking { before, begun, .. }) => quote!(#before #begin #begun),
        }
    }

    /// Whether something is asked of the arguments.
    pub(super) fn asks(&self) -> bool {
        self.args.labels.iter().any(|labels| !labels.list.is_empty())
            || !self.args.fields.is_empty()
            || self.llm().is_some()
    }

    fn label_value(&self, label: &Label) -> TokenStream {
        let private = &self.private;
        let value = reference(&label.expr);
        match &label.set {
            LabelSet::Closed(ty) => quote!(#private::LabelValue::closed::<#ty>(#value)),
            LabelSet::Bounded(_) => quote!(#private::LabelValue::bounded(#value)),
        }
    }
}

/// `__f.set("key", &(value));`, and of a prompt `if __f.wants_content() { __f.set_content("key", &(value)); }`
pub(super) fn record(field: &Field) -> TokenStream {
    let recorder = hidden("__f");
    let (key, value) = (&field.key, reference(&field.expr));
    if CONTENT.contains(&key.value().as_str()) {
        let value = match field.mode {
            Mode::Value => value,
            Mode::Display => quote!(&::core::format_args!("{}", #value)),
            Mode::Debug => quote!(&::core::format_args!("{:?}", #value)),
        };
        return quote!(if #recorder.wants_content() { #recorder.set_content(#key, #value); });
    }
    match field.mode {
        // What is written in the program need not be copied.
        Mode::Value if is_text(&field.expr) => {
            let text = &field.expr;
            quote!(#recorder.set_text(#key, #text);)
        }
        Mode::Value => quote!(#recorder.set(#key, #value);),
        Mode::Display => quote!(#recorder.set_display(#key, #value);),
        Mode::Debug => quote!(#recorder.set_debug(#key, #value);),
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Lit(literal) if matches!(literal.lit, syn::Lit::Str(_)))
}

/// `&(expr)`, whose errors point at the expression.
pub(super) fn reference(expr: &Expr) -> TokenStream {
    let first = expr.to_token_stream().into_iter().next();
    let at = ours_at(first.map_or_else(Span::call_site, |token| token.span()));
    quote_spanned!(at=> &(#expr))
}
