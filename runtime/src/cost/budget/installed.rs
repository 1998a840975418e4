//! The budgets of the process.

use std::sync::OnceLock;

use super::Budgets;

static BUDGETS: OnceLock<Budgets> = OnceLock::new();

/// Those of the environment, while the program has installed none.
#[cfg(feature = "telemetry")]
static DEFAULT: OnceLock<Budgets> = OnceLock::new();

/// There are budgets already, of which something may be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the process has budgets already, and what is spent of them is not forgotten")]
#[non_exhaustive]
pub struct InstalledBefore;

/// Has every call in this process keep to these budgets, once and for all. A function's own `budget` lies within them.
///
/// The user and the session are those of the [`WorkflowContext`](crate::WorkflowContext) that is opened around the
/// outermost call.
///
/// ```
/// use tta::budget::{Budgets, Limits};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dollars = |amount: &str| amount.parse();
/// tta::budget::install(
///     Budgets::new()
///         .process(Limits::new().money(dollars("$100")?).per_day())
///         .per_user(Limits::new().money(dollars("$1")?).per_day()),
/// )?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// [`InstalledBefore`] the second time.
pub fn install(budgets: Budgets) -> Result<(), InstalledBefore> {
    BUDGETS.set(budgets).map_err(|_| InstalledBefore)?;
    #[cfg(feature = "telemetry")]
    show();
    Ok(())
}

/// Has calls keep to a budget of the process unless the program installs its own.
#[cfg(feature = "telemetry")]
pub(crate) fn install_default(limits: super::Limits) {
    // That of an earlier `init` stays.
    if DEFAULT.set(Budgets::new().process(limits)).is_ok() && BUDGETS.get().is_none() {
        show();
    }
}

/// Opens their series.
#[cfg(feature = "telemetry")]
fn show() {
    let Some(budgets) = installed() else { return };
    super::unwatch(Budgets::PROCESS);
    budgets.of_process().into_iter().for_each(super::watch);
    let store = crate::metric::store::Store::global();
    budgets.declared().for_each(|(name, limits)| super::open(name, &limits, store));
}

/// Those of the process, to be read.
#[must_use]
pub fn installed() -> Option<&'static Budgets> {
    #[cfg(feature = "telemetry")]
    return BUDGETS.get().or_else(|| DEFAULT.get());
    #[cfg(not(feature = "telemetry"))]
    BUDGETS.get()
}
