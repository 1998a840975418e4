//! What an answer would have cost on a router's baseline.

use std::fmt;
use std::sync::Arc;

use super::account::Account;
use super::response::Response;
use super::{Money, PriceRequest, Priced};
use crate::router::Repriced;

/// An answer, as it is priced elsewhere; nothing, where no router compares.
#[derive(Default)]
pub(super) struct Elsewhere {
    route: Option<Arc<Repriced>>,
    price: Option<Priced>,
}

impl fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elsewhere").finish_non_exhaustive()
    }
}

impl Elsewhere {
    /// Of an answer to a call with this account.
    pub(super) fn begin(&mut self, account: Option<&Account>) {
        self.route = account.and_then(Account::route).cloned();
    }

    /// Prices what was used; not known, if it is not known how much that was.
    pub(super) fn price(&mut self, asked: &PriceRequest<'_>, response: &Response<'_>) {
        let Some(route) = &self.route else { return };
        let usage = response.usage.unwrap_or_default();
        let price = route.price(asked, response, &usage);
        self.price = if response.usage.is_some() { price } else { price.map(|_| Priced::Unknown) };
    }

    /// The call has succeeded, and has cost this.
    pub(super) fn add(&self, cost: Option<Money>) {
        if let (Some(route), Some(price)) = (&self.route, self.price) {
            route.add(cost, price);
        }
    }
}
