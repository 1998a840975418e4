//! What a thread keeps for the calls that run on it.

use std::cell::{Cell, RefCell};

use opentelemetry::Context;

use super::call::Running;

/// The calls of one thread.
pub(super) struct Local {
    /// Calls whose bodies have begun in polls that are still going on, innermost last.
    pub(super) begun: RefCell<Vec<Running>>,
    /// How the call ended whose span is about to be told.
    #[cfg(feature = "telemetry")]
    pub(super) ending: Cell<Option<super::record::Ending>>,
    /// Whether the innermost annotated call is a primitive, whose own calls are not steps of the workflow.
    pub(super) in_primitive: Cell<bool>,
}

thread_local! {
    static LOCAL: Local = {
        // A thread destroys its values in the reverse order in which they came to be. OpenTelemetry's are
        // made first, so as long as ours are there, so are they.
        Context::map_current(|_| ());
        Local {
            begun: RefCell::default(),
            #[cfg(feature = "telemetry")]
            ending: Cell::new(None),
            in_primitive: Cell::new(false),
        }
    };
}

/// Runs `with` unless the thread is ending, when a future that some other thread-local value held may
/// still be dropped. What then ends is counted; it cannot be made current any more.
pub(super) fn local<R>(with: impl FnOnce(&Local) -> R) -> Option<R> {
    LOCAL.try_with(with).ok()
}

/// Looks at the current context; at an empty one if the thread is ending.
pub(crate) fn current<R>(look: impl FnOnce(&Context) -> R) -> R {
    if local(|_| ()).is_some() { Context::map_current(look) } else { look(&Context::new()) }
}
