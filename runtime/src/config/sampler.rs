//! `OTEL_TRACES_SAMPLER` and its argument.

use opentelemetry_sdk::trace::Sampler;

use super::{ConfigError, environment};
use crate::names::env;

/// The sampler that the environment asks for; `parentbased_always_on` is the specification's default.
pub(crate) fn sampler() -> Result<Sampler, ConfigError> {
    let name = environment::text(env::TRACES_SAMPLER)?;
    let parent_based = |root: Sampler| Sampler::ParentBased(Box::new(root));
    match name.as_deref() {
        None | Some("parentbased_always_on") => Ok(parent_based(Sampler::AlwaysOn)),
        Some("always_on") => Ok(Sampler::AlwaysOn),
        Some("always_off") => Ok(Sampler::AlwaysOff),
        Some("traceidratio") => Ok(Sampler::TraceIdRatioBased(ratio()?)),
        Some("parentbased_always_off") => Ok(parent_based(Sampler::AlwaysOff)),
        Some("parentbased_traceidratio") => Ok(parent_based(Sampler::TraceIdRatioBased(ratio()?))),
        Some(other) => Err(ConfigError::invalid(
            env::TRACES_SAMPLER,
            other,
            "`always_on`, `always_off`, `traceidratio`, `parentbased_always_on`, `parentbased_always_off` or `parentbased_traceidratio`",
        )),
    }
}

fn ratio() -> Result<f64, ConfigError> {
    let Some(text) = environment::text(env::TRACES_SAMPLER_ARG)? else { return Ok(1.0) };
    match text.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err(ConfigError::invalid(env::TRACES_SAMPLER_ARG, text, "a ratio from 0 to 1")),
    }
}
