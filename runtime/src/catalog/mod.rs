//! Everything the program can emit, known from its annotations.

#[cfg(feature = "telemetry")]
mod entries;
#[cfg(all(feature = "serde", feature = "telemetry"))]
mod json;
#[cfg(feature = "context")]
mod site;
mod slo;
#[cfg(feature = "telemetry")]
mod values;

#[cfg(feature = "telemetry")]
pub(crate) use entries::sites;
#[cfg(feature = "telemetry")]
pub use entries::{Catalog, CatalogConflict, CatalogLabel, CatalogSite, Registered, catalog};
#[cfg(feature = "telemetry")]
pub(crate) use site::Hidden;
#[cfg(feature = "context")]
pub use site::Site;
#[cfg(feature = "telemetry")]
pub use site::SiteKind;
#[cfg(all(feature = "context", not(feature = "telemetry")))]
pub(crate) use site::SiteKind;
pub use slo::Promise;
#[cfg(feature = "telemetry")]
pub(crate) use slo::Verdict;
#[cfg(feature = "telemetry")]
pub use slo::{Objective, Slo};
#[cfg(feature = "telemetry")]
pub use values::FamilyLabel;

/// How far a component is trusted, by those who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Maturity {
    /// Being built.
    Development,
    /// Being tried.
    Staging,
    /// Relied upon.
    Production,
}

impl Maturity {
    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Maturity::Development => "development",
            Maturity::Staging => "staging",
            Maturity::Production => "production",
        }
    }
}
