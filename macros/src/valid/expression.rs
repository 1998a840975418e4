//! Expressions of arguments run in closures, where the function's own control flow does not reach.

use syn::visit::{self, Visit};
use syn::{Expr, ExprAsync, ExprAwait, ExprClosure, ExprReturn, ExprTry, Item};

use crate::ctxt::Ctxt;

/// Refuses `.await`, `?` and `return` outside of closures and async blocks of the expression's own.
pub(super) fn check(expr: &Expr, argument: &str, cx: &Ctxt) {
    Leaving { argument, cx }.visit_expr(expr);
}

struct Leaving<'a> {
    argument: &'a str,
    cx: &'a Ctxt,
}

impl Leaving<'_> {
    fn refuse(&self, token: impl quote::ToTokens, what: &str) {
        let argument = self.argument;
        self.cx.error(
            token,
            format!("`{what}` would leave the function from inside `{argument}`: record a plain value here"),
        );
    }
}

impl<'ast> Visit<'ast> for Leaving<'_> {
    fn visit_expr_await(&mut self, expr: &'ast ExprAwait) {
        self.refuse(expr.await_token, ".await");
        visit::visit_expr_await(self, expr);
    }

    fn visit_expr_try(&mut self, expr: &'ast ExprTry) {
        self.refuse(expr.question_token, "?");
        visit::visit_expr_try(self, expr);
    }

    fn visit_expr_return(&mut self, expr: &'ast ExprReturn) {
        self.refuse(expr.return_token, "return");
        visit::visit_expr_return(self, expr);
    }

    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}

    fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}

    fn visit_item(&mut self, _: &'ast Item) {}
}
