//! `OTEL_TRACES_SAMPLER` and its argument.

use super::{ConfigError, environment};
use crate::names::env;
use crate::pipeline::{Root, Sampler};

/// The sampler that the environment asks for; `parentbased_always_on` is the specification's default.
pub(crate) fn sampler() -> Result<Sampler, ConfigError> {
    let name = environment::text(env::TRACES_SAMPLER)?;
    let (root, parent_based) = match name.as_deref() {
        None | Some("parentbased_always_on") => (Root::On, true),
        Some("parentbased_always_off") => (Root::Off, true),
        Some("parentbased_traceidratio") => (ratio()?, true),
        Some("always_on") => (Root::On, false),
        Some("always_off") => (Root::Off, false),
        Some("traceidratio") => (ratio()?, false),
        Some(other) => {
            return Err(ConfigError::invalid(
                env::TRACES_SAMPLER,
                other,
                "`always_on`, `always_off`, `traceidratio`, `parentbased_always_on`, `parentbased_always_off` or `parentbased_traceidratio`",
            ));
        }
    };
    Ok(Sampler::Builtin { root, parent_based })
}

fn ratio() -> Result<Root, ConfigError> {
    let Some(text) = environment::text(env::TRACES_SAMPLER_ARG)? else { return Ok(Root::On) };
    match text.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(Root::ratio(ratio)),
        _ => Err(ConfigError::invalid(env::TRACES_SAMPLER_ARG, text, "a ratio from 0 to 1")),
    }
}
