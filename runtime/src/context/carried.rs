//! A message, and where it comes from.

use std::fmt;
use std::future::Future;

use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;

use crate::propagation::sent_from;
use crate::span::call::Place;

/// A value for a channel or a queue, together with the trace, the workflow and the baggage that it was made in.
///
/// What receives it belongs to the same trace: its first span hangs under the sender's, and has a link to it as well,
/// since a message is received when the sender may long have gone on. A workflow that is called there has the
/// sender's as its cause.
///
/// ```
/// use tta::Carried;
///
/// #[tta::workflow]
/// fn order(queue: &std::sync::mpsc::Sender<Carried<u64>>) {
///     let _ = queue.send(Carried::new(17));
/// }
///
/// #[tta::workflow]
/// async fn ship(order: u64) -> u64 {
///     order
/// }
///
/// let (give, take) = std::sync::mpsc::channel();
/// order(&give);
/// let message = take.recv().expect("a message");
/// # let shipped = futures_executor::block_on(async {
/// message.scope(ship).await
/// # });
/// # assert_eq!(shipped, 17);
/// ```
///
/// With the feature `serde` it can be sent to another process, by any queue, as `{"value": .., "context": {..}}`. What
/// comes from there is believed as far as [`Trust`](crate::propagation::Trust) goes.
#[derive(Clone)]
pub struct Carried<T> {
    value: T,
    from: From,
}

/// Where a value comes from.
#[derive(Clone)]
enum From {
    Here(Context),
    #[cfg(feature = "serde")]
    Elsewhere(std::collections::HashMap<String, String>),
}

impl<T> Carried<T> {
    /// The value, from here.
    #[must_use]
    pub fn new(value: T) -> Self {
        Carried { value, from: From::Here(crate::span::local::current(Clone::clone)) }
    }

    /// The value.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// The value alone: what is done with it belongs to nobody.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Has the value received by a future, where it came from.
    pub fn scope<F: Future>(self, receive: impl FnOnce(T) -> F) -> impl Future<Output = F::Output> {
        let context = self.from.context();
        let receiving = {
            let place = Place::at(context.clone());
            let _entered = place.enter();
            receive(self.value)
        };
        receiving.with_context(context)
    }

    /// Has the value received by a function, where it came from.
    pub fn run<R>(self, receive: impl FnOnce(T) -> R) -> R {
        let place = Place::at(self.from.context());
        let _entered = place.enter();
        receive(self.value)
    }
}

impl From {
    fn context(&self) -> Context {
        match self {
            From::Here(context) => sent_from(context),
            #[cfg(feature = "serde")]
            From::Elsewhere(headers) => sent_from(&crate::propagation::extract(headers)),
        }
    }
}

/// Without where it comes from.
impl<T: fmt::Debug> fmt::Debug for Carried<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried").field("value", &self.value).finish_non_exhaustive()
    }
}

#[cfg(feature = "serde")]
mod serde {
    use std::collections::HashMap;

    use opentelemetry::propagation::TextMapPropagator as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Carried, From};

    #[derive(Serialize, Deserialize)]
    #[serde(rename = "Carried")]
    struct Sent<T> {
        value: T,
        /// Missing where somebody else has sent the value.
        #[serde(default)]
        context: HashMap<String, String>,
    }

    impl<T: Serialize> Serialize for Carried<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let context = match &self.from {
                From::Here(context) => {
                    let mut headers = HashMap::new();
                    crate::propagation::propagators().inject_context(context, &mut headers);
                    headers
                }
                From::Elsewhere(headers) => headers.clone(),
            };
            Sent { value: &self.value, context }.serialize(serializer)
        }
    }

    impl<'de, T: Deserialize<'de>> Deserialize<'de> for Carried<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let Sent { value, context } = Sent::deserialize(deserializer)?;
            Ok(Carried { value, from: From::Elsewhere(context) })
        }
    }
}
