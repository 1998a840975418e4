//! A decision that is kept in a Redis: its route by name, and why.
//!
//! What an [`Adaptive`](super::Adaptive) would have learned from it stays in the process that decided.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use super::{Decision, Route};

#[derive(serde::Serialize, serde::Deserialize)]
struct Written<'a> {
    route: Cow<'a, str>,
    reason: Cow<'a, str>,
}

impl<R: Route> Serialize for Decision<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { route: self.route().name().into(), reason: self.reason().into() }.serialize(serializer)
    }
}

impl<'de, R: Route + Clone> Deserialize<'de> for Decision<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { route, reason } = Written::deserialize(deserializer)?;
        let named = R::NAMES.iter().position(|name| *name == route).and_then(|place| R::ALL.get(place));
        let known = named.ok_or_else(|| D::Error::custom(format!("no route is named `{route}`")))?;
        Ok(Decision::new(known.clone(), reason.into_owned()))
    }
}
