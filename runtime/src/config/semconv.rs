//! By which conventions spans say what was done with models.

use super::{ConfigError, environment};
use crate::names::{env, semconv};

/// The names that calls of models, agents and tools have on spans and over OTLP, as `TTA_SEMCONV` says.
///
/// The names under `tta.` and the metrics of `/metrics` are the same with each.
///
/// ```no_run
/// # #[cfg(feature = "telemetry")]
/// # fn main() -> Result<(), tta::ConfigError> {
/// let telemetry = tta::Telemetry::builder().semconv(tta::Semconv::OpenInference).init()?;
/// # Ok(()) }
/// # #[cfg(not(feature = "telemetry"))] fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Semconv {
    /// `genai-1.41`: `gen_ai.*` of OpenTelemetry's semantic conventions 1.41, the last of the core conventions in which
    /// they were.
    #[default]
    GenAi141,
    /// `openinference`: besides those, the names of `OpenInference`, as Phoenix reads them.
    OpenInference,
    /// `none`: no `gen_ai.*`. Spans keep their names.
    None,
}

impl Semconv {
    /// Every one.
    pub const ALL: [Semconv; 3] = [Semconv::GenAi141, Semconv::OpenInference, Semconv::None];

    /// The word in `TTA_SEMCONV`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Semconv::GenAi141 => semconv::GEN_AI_1_41,
            Semconv::OpenInference => semconv::OPEN_INFERENCE,
            Semconv::None => semconv::NONE,
        }
    }

    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        let Some(text) = environment::text(env::SEMCONV)? else { return Ok(Semconv::default()) };
        let known = Semconv::ALL.into_iter().find(|known| text.eq_ignore_ascii_case(known.as_str()));
        known.ok_or_else(|| {
            let [first, second, third] = Semconv::ALL.map(Semconv::as_str);
            ConfigError::invalid(env::SEMCONV, text, format!("`{first}`, `{second}` or `{third}`"))
        })
    }
}
