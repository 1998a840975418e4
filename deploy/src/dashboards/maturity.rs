//! Component Maturity: which functions are said to be ready, and which are.

use super::panel::{Panel, Thresholds};
use super::scope::Scope;
use super::{Draft, Row, chosen};

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    Draft {
        uid: "tta-maturity",
        title: "Component Maturity",
        description: "Which functions are said to be ready, and which of them are by what they do.",
        variables: chosen(
            scope,
            "component",
            "name",
            "The functions that are shown.",
            &["tta_component_info"],
        )
        .into_iter()
        .collect(),
        rows: vec![said(), proved(scope)],
    }
}

fn said() -> Row {
    Row::new(
        "Said",
        [
            Panel::number("Components", "Annotated functions of the program.", "short")
                .target("count(group by (job, name, kind) (tta_component_info{@, name=~\"$component\"}))", "components"),
            Panel::number("By maturity", "How many functions are said to be how mature.", "short")
                .size(12, 4)
                .target(
                    "count by (maturity) (group by (job, name, kind, maturity) (tta_component_info{@, name=~\"$component\"}))",
                    "{{maturity}}",
                ),
            Panel::number("By kind", "How many functions there are of each kind.", "short")
                .size(8, 4)
                .target("count by (kind) (group by (job, name, kind) (tta_component_info{@, name=~\"$component\"}))", "{{kind}}"),
            Panel::table(
                "All components",
                "Every annotated function, and the version of the program it is in.",
                "short",
            )
            .size(24, 8)
            .target("group by (name, kind, maturity, version) (tta_component_info{@, name=~\"$component\"})", ""),
        ],
    )
}

fn proved(scope: &Scope<'_>) -> Row {
    let by = "name, kind, maturity";
    let verdict = |title: &str, description: &str, series: &str| {
        Panel::table(title, format!("{description} 1 is yes, 0 is no."), "bool_yes_no")
            .thresholds(Thresholds::falling(1.0, 1.0))
            .target(format!("min by ({by}) ({series}{{@, name=~\"$component\"}})"), "")
    };
    let mut panels = vec![
        Panel::number(
            "Promotable",
            "Functions that are used enough, fail seldom enough and keep their objectives, of all. Yellow from half of them, green \
             from nine in ten.",
            "percentunit",
        )
        .size(24, 4)
        .thresholds(Thresholds::falling(0.5, 0.9))
        .target("avg(component:tta_component_promotable:bool{@, name=~\"$component\"})", "promotable"),
        verdict("Ready for promotion", "Whether all of the others hold.", "component:tta_component_promotable:bool"),
        verdict("Used", "Whether it is called often enough to judge it.", "component:tta_component_traffic:bool"),
        verdict("Sound", "Whether it fails seldom enough.", "component:tta_component_errors:bool"),
    ];
    if !scope.recorded("component:tta_component_slo:bool").is_empty() {
        panels.push(verdict(
            "Keeps its objectives",
            "Whether error budget is left.",
            "component:tta_component_slo:bool",
        ));
    }
    Row::new("Proved", panels)
}
