//! Reading environment variables by the rules of the OpenTelemetry specification.

use std::time::Duration;

use super::ConfigError;

/// The variable's value. An empty one counts as unset, as the specification says.
pub(crate) fn text(variable: &'static str) -> Result<Option<String>, ConfigError> {
    match std::env::var(variable) {
        Ok(value) if value.trim().is_empty() => Ok(None),
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(value)) => {
            Err(ConfigError::invalid(variable, value.to_string_lossy(), "text in UTF-8"))
        }
    }
}

/// `true` or `false` in any case.
pub(crate) fn boolean(variable: &'static str) -> Result<Option<bool>, ConfigError> {
    let Some(value) = text(variable)? else { return Ok(None) };
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => Err(ConfigError::invalid(variable, value, "`true` or `false`")),
    }
}

/// A whole number from `least` up.
pub(crate) fn number(variable: &'static str, least: usize) -> Result<Option<usize>, ConfigError> {
    let Some(value) = text(variable)? else { return Ok(None) };
    match value.parse() {
        Ok(number) if number >= least => Ok(Some(number)),
        _ => Err(ConfigError::invalid(variable, value, format!("a whole number, {least} or more"))),
    }
}

/// A time in milliseconds.
pub(crate) fn milliseconds(variable: &'static str) -> Result<Option<Duration>, ConfigError> {
    let Some(value) = text(variable)? else { return Ok(None) };
    match value.parse() {
        Ok(milliseconds) if milliseconds > 0 => Ok(Some(Duration::from_millis(milliseconds))),
        _ => Err(ConfigError::invalid(variable, value, "milliseconds, a whole number, 1 or more")),
    }
}
