//! Cost & Efficiency: what models cost, for what, and what of it is for nothing. Rows of other dashboards, too.

use crate::rules::cost::{
    CACHED, COST, MODEL_HOUR, PER_CALL, TOKENS, UNPRICED, WASTED, WASTED_SHARE, WORKFLOW_COST, WORKFLOW_HOUR,
    WORKFLOW_WASTED,
};

use super::links::{Labels, WORKFLOW};
use super::panel::{Panel, Thresholds};
use super::query::{quantile, rate};
use super::scope::Scope;
use super::{Draft, Row, budgets, chosen, savings};

/// What single calls of workflows cost.
const DISTRIBUTION: &str = "tta_workflow_call_cost_dollars";

const MODELS: &str = ", model=~\"$model\"";
const WORKFLOWS: &str = ", workflow_name=~\"$workflow\"";
/// Those that no other one is around, so that a dollar is in one of them.
const ROOTS: &str = ", workflow_name=~\"$workflow\", root=\"true\"";
const BY_MODEL: &str = "provider, model";
const MODEL: &str = "{{model}} ({{provider}})";
const NAME: &str = "{{workflow_name}}";

const DOLLARS: &str = "currencyUSD";
const TOKENS_PER_SECOND: &str = "suffix: tokens/s";

/// Of thirty days.
const DAYS_OF_A_MONTH: &str = "30";

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    let models = chosen(scope, "model", "model", "The models that are shown.", &[COST]);
    let workflows =
        chosen(scope, "workflow", "workflow_name", "The workflows that are shown.", &[WORKFLOW_COST]);
    Draft {
        uid: "tta-cost",
        title: "Cost & Efficiency",
        description: "What models cost, by model and by workflow, and what of it is for nothing.",
        variables: [workflows, models].into_iter().flatten().collect(),
        rows: vec![
            now(scope),
            by_hour(scope),
            of_a_call(scope),
            savings::saved(),
            tokens(),
            budgets::row(),
            to_change(scope),
        ],
    }
}

/// From a fifth of the cost on an alert tells of it.
fn wasted_thresholds() -> Thresholds {
    Thresholds::rising(WASTED_SHARE / 2.0, WASTED_SHARE)
}

/// Dollars an hour, as they are spent now.
fn per_hour(counter: &str, by: &str, matchers: &str) -> String {
    format!("3600 * {}", rate(counter, by, matchers))
}

/// The wasted part of what is spent now; nothing where nothing is.
fn wasted_share(counter: &str, by: &str, matchers: &str) -> String {
    let wasted = rate(counter, by, &format!("{matchers}, disposition=\"wasted\""));
    format!("{wasted} / ({} > 0)", rate(counter, by, matchers))
}

fn now(scope: &Scope<'_>) -> Row {
    let projection = match scope.monthly_budget {
        Some(budget) => Thresholds::rising(0.8 * budget, budget),
        None => Thresholds::none(),
    };
    let all_prompts = rate(TOKENS, "", ", model=~\"$model\", type=\"prompt\"");
    Row::new(
        "Now",
        [
            Panel::number(
                "Cost of the last hour",
                "Dollars spent on the chosen models in the last hour, whatever came of it. Calls without a price are not in \
                 it.",
                DOLLARS,
            )
            .target(format!("sum({MODEL_HOUR}{{@{MODELS}}})"), "dollars"),
            Panel::number(
                "Projection for the month",
                "Thirty times what the last day has cost, in dollars; less than it will be while there is less than a day to look \
                 at. With a budget (--monthly-budget) yellow from \
                 four fifths of it, red from all of it.",
                DOLLARS,
            )
            .thresholds(projection)
            .target(
                format!("{DAYS_OF_A_MONTH} * sum(increase({COST}{{@{MODELS}}}[1d]))"),
                "dollars",
            ),
            Panel::number(
                "Wasted of all",
                "Of what was spent on all models in the last hour, the part that went to attempts that failed, were too late or \
                 that nobody waited for. Yellow from 10 %, red from 20 %.",
                "percentunit",
            )
            .thresholds(wasted_thresholds())
            .no_value("no cost")
            .target(format!("{WASTED}{{@}}"), "wasted"),
            Panel::number(
                "Cached of prompts",
                "Of the tokens of prompts, the part that the provider had in its cache, and charges less for.",
                "percentunit",
            )
            .no_value("no prompts")
            .target(
                format!(
                    "{} / ({all_prompts} > 0)",
                    rate(TOKENS, "", ", model=~\"$model\", type=\"cache_read\"")
                ),
                "cached",
            ),
            Panel::number(
                "Unpriced",
                "Attempts a minute of which nobody knows what they cost, those without an answer included. Any is yellow: they are \
                 in no sum.",
                "cpm",
            )
            .thresholds(Thresholds::yellow(0.000_001))
            .target(format!("60 * {}", rate(UNPRICED, "", MODELS)), "unpriced"),
            Panel::number("Tokens", "Tokens of prompts and of answers per second.", TOKENS_PER_SECOND)
                .target(rate(TOKENS, "", ", model=~\"$model\", type=~\"completion|prompt\""), "tokens"),
        ],
    )
}

fn by_hour(scope: &Scope<'_>) -> Row {
    let links = || scope.traces(WORKFLOW, Labels::Series);
    Row::new(
        "Cost",
        [
            Panel::lines("Cost per hour by model", "Dollars an hour, by the model that was asked for.", DOLLARS)
                .size(12, 8)
                .thresholds(Thresholds::none())
                .up_from_zero()
                .target(per_hour(COST, BY_MODEL, MODELS), MODEL),
            Panel::lines(
                "Cost per hour by workflow",
                "Dollars an hour, by the outermost workflow: what is spent in a workflow within another is in that one, and \
                 nothing is in two of them.",
                DOLLARS,
            )
            .size(12, 8)
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(per_hour(WORKFLOW_COST, WORKFLOW.label, ROOTS), NAME)
            .links(links()),
            Panel::lines(
                "Useful and wasted",
                "Dollars an hour: wasted is what went to attempts that failed, were too late or that nobody waited for.",
                DOLLARS,
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(per_hour(COST, "disposition", MODELS), "{{disposition}}"),
            Panel::lines(
                "Wasted by model",
                "Of what a model costs, the part for attempts that did not succeed. Yellow from 10 %, red from 20 %.",
                "percentunit",
            )
            .thresholds(wasted_thresholds())
            .zero_to_one()
            .target(wasted_share(COST, BY_MODEL, MODELS), MODEL),
            Panel::lines(
                "Wasted by workflow",
                "Of what was spent in a workflow in the last hour, the part that was for nothing: attempts that failed, and \
                 all that a call had spent that failed in the end. Yellow from 10 %, red from 20 %.",
                "percentunit",
            )
            .thresholds(wasted_thresholds())
            .zero_to_one()
            .target(format!("{WORKFLOW_WASTED}{{@{WORKFLOWS}}}"), NAME)
            .links(scope.failures(WORKFLOW, Labels::Series)),
        ],
    )
}

/// What a call of a workflow costs on average, calls that ask no model among them.
fn mean(scope: &Scope<'_>) -> Panel {
    Panel::lines(
        "Cost of a call",
        "Dollars that a call of a workflow costs on average, over the last five minutes; those that ask no model are among the \
         calls.",
        DOLLARS,
    )
    .thresholds(Thresholds::none())
    .up_from_zero()
    .target(format!("{PER_CALL}{{@{WORKFLOWS}}}"), NAME)
    .links(scope.traces(WORKFLOW, Labels::Series))
}

fn of_a_call(scope: &Scope<'_>) -> Row {
    let within = |share: &str| quantile(share, DISTRIBUTION, WORKFLOW.label, WORKFLOWS);
    Row::new(
        "What a call costs",
        [
            mean(scope),
            Panel::lines(
                "Costs of calls",
                "What half, 95 % and 99 % of the calls cost at most, in dollars, of those that ask a model.",
                DOLLARS,
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(within("0.5"), "{{workflow_name}} p50")
            .target(within("0.95"), "{{workflow_name}} p95")
            .target(within("0.99"), "{{workflow_name}} p99")
            .links(scope.traces(WORKFLOW, Labels::Series)),
            Panel::heatmap(
                "Distribution of costs",
                "How many calls of the workflows cost how much.",
                DOLLARS,
            )
            .size(8, 8)
            .target(
                format!("sum by (le) (increase({DISTRIBUTION}_bucket{{@{WORKFLOWS}}}[$__rate_interval]))"),
                "{{le}}",
            ),
        ],
    )
}

fn tokens() -> Row {
    Row::new(
        "Tokens",
        [
            Panel::lines(
                "Tokens by type",
                "Tokens per second. What was read from the provider's cache or written to it is also in prompt, reasoning also \
                 in completion.",
                TOKENS_PER_SECOND,
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(rate(TOKENS, "type", MODELS), "{{type}}"),
            Panel::lines(
                "Cached of prompts by model",
                "Of the tokens of prompts, the part that the provider had in its cache, over the last five minutes. What is the \
                 same in many prompts is cached if it is at their beginning.",
                "percentunit",
            )
            .thresholds(Thresholds::none())
            .zero_to_one()
            .target(format!("{CACHED}{{@{MODELS}}}"), MODEL),
            Panel::lines(
                "Unpriced calls by model",
                "Attempts a minute of which nobody knows what they cost, by what is missing: the price of the model, the usage in \
                 the answer, or the answer. Any is yellow.",
                "cpm",
            )
            .thresholds(Thresholds::yellow(0.000_001))
            .up_from_zero()
            .target(
                format!("60 * {}", rate(UNPRICED, &format!("{BY_MODEL}, reason"), MODELS)),
                format!("{MODEL} {{{{reason}}}}"),
            ),
        ],
    )
}

/// What costs most, beside what can be done about it.
fn to_change(scope: &Scope<'_>) -> Row {
    let none = Thresholds::none();
    let of_models = |series: &str, more: &str| format!("sum by ({BY_MODEL}) ({series}{{@{MODELS}{more}}})");
    let of_workflows =
        |series: &str, more: &str| format!("sum by (workflow_name) ({series}{{@{WORKFLOWS}{more}}})");
    Row::new(
        "What to change",
        [
            Panel::table(
                "Models by cost",
                "Of the last hour: where a model costs much and little of its prompts is cached, put what is the same in all of \
                 them at their beginning, or cache whole answers; where much is wasted, look at its errors and timeouts; where \
                 a thousand tokens cost much, try a smaller model by a router.",
                "short",
            )
            .column(of_models(MODEL_HOUR, ""), "cost", DOLLARS, &none)
            .column(of_models(MODEL_HOUR, ", disposition=\"wasted\""), "wasted", DOLLARS, &none)
            .column(of_models(CACHED, ""), "cached of prompts", "percentunit", &none)
            .column(
                format!(
                    "1000 * {} / ({} > 0)",
                    rate(COST, BY_MODEL, MODELS),
                    rate(TOKENS, BY_MODEL, ", model=~\"$model\", type=~\"completion|prompt\"")
                ),
                "1000 tokens",
                DOLLARS,
                &none,
            )
            .sorted_by("cost"),
            Panel::table(
                "Workflows by what they waste",
                "Of the last hour, of outermost workflows; the share and the cost of a call are of all calls. Much is wasted \
                 where calls fail late: ask the model after what may fail, cache what it has answered, or retry one step in the \
                 place of all.",
                "short",
            )
            .column(of_workflows(WORKFLOW_HOUR, ", disposition=\"wasted\""), "wasted", DOLLARS, &none)
            .column(of_workflows(WORKFLOW_HOUR, ""), "cost", DOLLARS, &none)
            .column(of_workflows(WORKFLOW_WASTED, ""), "wasted of it", "percentunit", &wasted_thresholds())
            .column(of_workflows(PER_CALL, ""), "a call", DOLLARS, &none)
            .sorted_by("wasted")
            .links([scope.drilldown(WORKFLOW, Labels::Row)].into_iter().chain(scope.traces(WORKFLOW, Labels::Row))),
        ],
    )
}

/// A row for the overview.
pub(super) fn in_short(scope: &Scope<'_>) -> Row {
    let links =
        [scope.drilldown(WORKFLOW, Labels::Series)].into_iter().chain(scope.traces(WORKFLOW, Labels::Series));
    Row::new(
        "Cost",
        [
            Panel::lines(
                "Cost of workflows",
                "Dollars an hour that are spent on models, by the outermost workflow.",
                DOLLARS,
            )
            .size(12, 8)
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(per_hour(WORKFLOW_COST, WORKFLOW.label, ROOTS), NAME)
            .links(links),
            wasted_by_workflow(scope),
        ],
    )
}

fn wasted_by_workflow(scope: &Scope<'_>) -> Panel {
    Panel::lines(
        "Wasted of the cost",
        "Of what is spent in a workflow, the part that is for nothing: attempts that failed, and all that a call had spent that \
         failed in the end. Yellow from 10 %, red from 20 %.",
        "percentunit",
    )
    .size(12, 8)
    .thresholds(wasted_thresholds())
    .zero_to_one()
    .target(wasted_share(WORKFLOW_COST, WORKFLOW.label, WORKFLOWS), NAME)
    .links(scope.failures(WORKFLOW, Labels::Series))
}

/// A row for the drilldown.
pub(super) fn of_workflow(scope: &Scope<'_>) -> Row {
    Row::new(
        "Cost",
        [
            Panel::lines(
                "Useful and wasted in the workflow",
                "Dollars an hour that are spent in calls of the workflow, also where another workflow is around it.",
                DOLLARS,
            )
            .size(12, 8)
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(
                per_hour(WORKFLOW_COST, "workflow_name, disposition", WORKFLOWS),
                "{{workflow_name}} {{disposition}}",
            )
            .links(scope.traces(WORKFLOW, Labels::Series)),
            mean(scope).size(12, 8),
        ],
    )
}
