//! What is seen of branches: a count of each arm from the start on, and an event on the span.

use tta::testing::{Capture, capture};

enum Reply {
    Text(String),
    Call { name: &'static str },
    Nothing,
}

#[tta::primitive]
fn answer(reply: &Reply, strict: bool) -> usize {
    let length = #[branch("reply")]
    match reply {
        Reply::Text(text) if text.is_empty() => 0,
        Reply::Text(text) => text.len(),
        #[arm("tool call")]
        Reply::Call { name: "search" } => 1,
        Reply::Call { name } => name.len(),
        Reply::Nothing => 0,
    };
    #[branch("strictness")]
    if strict && length == 0 {
        return 100;
    } else if let Reply::Nothing = reply {
        return 200;
    } else if length > 5 {
        return 300;
    }
    length
}

#[tta::workflow]
async fn by_pattern(number: Option<i64>, text: &str, pair: (bool, Option<u8>)) -> usize {
    let first = #[branch("number")]
    match number {
        None => 0,
        Some(-1 | 1) => 1,
        Some(number @ 2..=9) if number > 0 => 2,
        Some(..) => 3,
    };
    let second = #[branch("literal")]
    match text {
        "" => 1,
        "a b" | "c" => 2,
        other => other.len(),
    };
    first
        + second
        + #[branch("tuple")]
        match pair {
            (true, Some(_)) => 100,
            (_, None) => 200,
            _ => 300,
        }
}

fn taken(capture: &Capture, branch: &str) -> Vec<(String, f64)> {
    let catalog = tta::catalog();
    let families = catalog.families();
    let family = families.iter().find(|family| family.name() == "tta_branch_decisions_total").expect("in it");
    let labels = catalog.labels(family);
    let arms = labels.iter().find(|label| label.name() == "arm").expect("a label");
    let of_arm = |arm: &&str| {
        let count = capture.metric("tta_branch_decisions_total", &[("branch", branch), ("arm", arm)])?;
        Some(((*arm).to_owned(), count))
    };
    arms.values().iter().filter_map(of_arm).collect()
}

fn counts(all: &[(&str, f64)]) -> Vec<(String, f64)> {
    all.iter().map(|(arm, count)| ((*arm).to_owned(), *count)).collect()
}

#[test]
fn every_arm_is_counted_from_zero_on_by_the_name_of_its_pattern() {
    let seen = capture();
    let none = [("Call", 0.0), ("Nothing", 0.0), ("Text", 0.0), ("Text_2", 0.0), ("tool call", 0.0)];
    assert_eq!(taken(&seen, "reply"), counts(&none));
    seen.run(|| {
        assert_eq!(answer(&Reply::Text("abc".to_owned()), true), 3);
        assert_eq!(answer(&Reply::Text(String::new()), true), 100);
        assert_eq!(answer(&Reply::Call { name: "search" }, false), 1);
        assert_eq!(answer(&Reply::Call { name: "answers" }, false), 300);
        assert_eq!(answer(&Reply::Nothing, false), 200);
    });
    let each = [("Call", 1.0), ("Nothing", 1.0), ("Text", 1.0), ("Text_2", 1.0), ("tool call", 1.0)];
    assert_eq!(taken(&seen, "reply"), counts(&each));
    let of_if = [("else", 2.0), ("else_if", 1.0), ("else_if_2", 1.0), ("then", 1.0)];
    assert_eq!(taken(&seen, "strictness"), counts(&of_if));
}

#[tokio::test]
async fn arms_of_patterns_without_a_variant_are_called_what_they_say() {
    let seen = capture();
    assert_eq!(seen.scope(by_pattern(Some(5), "c", (false, None))).await, 204);
    let names = |branch: &str| taken(&seen, branch).into_iter().map(|(arm, _)| arm).collect::<Vec<_>>();
    assert_eq!(names("number"), ["None", "Some", "Some_2", "Some_3"]);
    assert_eq!(names("literal"), ["a b|c", "empty", "other"]);
    assert_eq!(names("tuple"), ["(_,None)", "(true,Some)", "_"]);
}

#[tokio::test]
async fn the_span_says_which_arm_was_taken() {
    let seen = capture();
    seen.scope(by_pattern(None, "", (true, Some(1)))).await;
    let workflow = seen.span("invoke_workflow by_pattern");
    let events: Vec<String> = workflow
        .events
        .iter()
        .map(|event| {
            assert_eq!(event.name, "branch");
            let of: Vec<_> =
                event.attributes.iter().map(|own| format!("{}={}", own.key, own.value)).collect();
            of.join(" ")
        })
        .collect();
    assert_eq!(
        events,
        [
            "tta.branch.name=number tta.branch.arm=None",
            "tta.branch.name=literal tta.branch.arm=empty",
            "tta.branch.name=tuple tta.branch.arm=(true,Some)",
        ]
    );
}
