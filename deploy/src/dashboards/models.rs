//! How models answer, in a row of the dashboard of dependencies.

use crate::rules::cost::{ERRORS_RATIO, FIRST_TOKENS, HEALTH, LATENCIES, REQUESTS, TOKENS};

use super::Row;
use super::panel::{Panel, Thresholds};
use super::query::rate;
use super::scope::{errors_by_default, seconds_by_default};

const BY: &str = "provider, model";
const MODEL: &str = "{{model}} ({{provider}})";

pub(super) fn row() -> Row {
    let [(p50, _), (p95, _)] = LATENCIES;
    let [(first_p50, _), (first_p95, _)] = FIRST_TOKENS;
    Row::new(
        "Models",
        [
            Panel::states(
                "Health of models",
                "Whether a model answers: down is that in an instance the last three attempts of its calls, or more, have failed.",
                &[("down", "red"), ("up", "green")],
            )
            .size(8, 8)
            .target(format!("min by ({BY}) ({HEALTH}{{@}})"), MODEL),
            Panel::lines("Requests to models", "Attempts of calls that ended per second, by how.", "reqps")
                .thresholds(Thresholds::none())
                .up_from_zero()
                .target(rate(REQUESTS, &format!("{BY}, status"), ""), "{{model}} ({{provider}}) {{status}}"),
            Panel::lines(
                "Failed requests to models",
                "Attempts that failed, of those that succeeded or failed, over the last five minutes. Yellow from 1 %, red from \
                 5 %.",
                "percentunit",
            )
            .thresholds(errors_by_default())
            .zero_to_one()
            .target(format!("{ERRORS_RATIO}{{@}}"), MODEL),
            Panel::lines(
                "Latency of models",
                "The time within which half and 95 % of the attempts end. Yellow from 1 s, red from 5 s.",
                "s",
            )
            .size(8, 8)
            .thresholds(seconds_by_default())
            .up_from_zero()
            .target(format!("{p50}{{@}}"), "{{model}} ({{provider}}) p50")
            .target(format!("{p95}{{@}}"), "{{model}} ({{provider}}) p95"),
            Panel::lines(
                "Time to first token",
                "The time within which half and 95 % of the answers that come in chunks begin. Yellow from 1 s, red from 5 s.",
                "s",
            )
            .size(8, 8)
            .thresholds(seconds_by_default())
            .up_from_zero()
            .target(format!("{first_p50}{{@}}"), "{{model}} ({{provider}}) p50")
            .target(format!("{first_p95}{{@}}"), "{{model}} ({{provider}}) p95"),
            Panel::lines(
                "Tokens by model",
                "Tokens per second, of prompts and of answers.",
                "suffix: tokens/s",
            )
            .size(8, 8)
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(
                rate(TOKENS, &format!("{BY}, type"), ", type=~\"completion|prompt\""),
                "{{model}} ({{provider}}) {{type}}",
            ),
        ],
    )
}
