//! What is seen of routers: what they decided and why, on which route a call was made, and series from the start on.
#![allow(clippy::unused_async, reason = "a policy asks for an async function, whatever is in it")]

use std::time::Duration;

use tokio::time::sleep;
use tta::router::{Adaptive, Feedback};
use tta::testing::{Capture, Expected, assert_trace_matches, capture};
use tta::{Decision, PolicyError, Route};

#[derive(Clone, Copy, Debug, PartialEq, Eq, tta::Route)]
enum Model {
    Small,
    Large,
}

#[derive(Clone, Debug, PartialEq, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient)]
    Busy,
    #[error_kind(transparent)]
    Refused(PolicyError),
}

impl From<PolicyError> for Failure {
    fn from(refusal: PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

#[tta::router(default = Model::Small, timeout("1s"))]
async fn pick(length: u64) -> Result<Decision<Model>, Failure> {
    sleep(Duration::from_millis(length)).await;
    match length {
        13 => Err(Failure::Busy),
        0..100 => Ok(Decision::new(Model::Small, "short")),
        _ => Ok(Decision::new(Model::Large, "long")),
    }
}

#[tta::primitive(kind = "llm")]
async fn ask(model: Model) -> Result<&'static str, Failure> {
    tokenize().await;
    sleep(Duration::from_secs(3)).await;
    if model == Model::Large { Err(Failure::Busy) } else { Ok("fine") }
}

#[tta::primitive]
async fn tokenize() {}

#[tta::workflow]
async fn reply(length: u64) -> Result<&'static str, Failure> {
    let decision = pick(length).await?;
    decision.run(ask).await
}

fn decisions(seen: &Capture, router: &str, route: &str, reason: &str) -> Option<f64> {
    let labels = [("router_name", router), ("route_selected", route), ("reason", reason)];
    seen.metric("tta_router_decisions_total", &labels)
}

fn of_router(seen: &Capture, family: &str, router: &str) -> Option<f64> {
    seen.metric(family, &[("router_name", router)])
}

fn of_route(seen: &Capture, family: &str, router: &str, route: &str) -> Option<f64> {
    seen.metric(family, &[("router_name", router), ("route_selected", route)])
}

#[tokio::test(start_paused = true)]
async fn a_decision_is_on_the_routers_span_and_the_route_on_the_call_that_followed() {
    let seen = capture();
    assert_eq!(seen.scope(reply(500)).await, Err(Failure::Busy));
    assert_trace_matches(
        &seen,
        &[Expected::new(
            "invoke_workflow reply",
            vec![
                Expected::new("pick", vec![]),
                Expected::new("ask", vec![Expected::new("tokenize", vec![])]),
            ],
        )],
    );
    let value = |span: &str, key: &str| seen.span(span).attribute(key);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(value("pick", "tta.primitive.kind"), some("router"));
    assert_eq!(value("pick", "tta.router.route"), some("large"));
    assert_eq!(value("pick", "tta.router.reason"), some("long"));
    assert_eq!(value("ask", "tta.router.name"), some("pick"));
    assert_eq!(value("ask", "tta.router.route"), some("large"));
    assert_eq!(value("tokenize", "tta.router.route"), None, "what the call does in its turn");
    let workflow = seen.span("invoke_workflow reply");
    assert_eq!(workflow.event_names(), ["routed"]);
    let event = &workflow.events.events[0];
    let keys: Vec<_> = event.attributes.iter().map(|own| (own.key.as_str(), own.value.to_string())).collect();
    let expected = [
        ("tta.router.name", "pick"),
        ("tta.router.route", "large"),
        ("tta.router.reason", "long"),
        ("tta.status", "error"),
        ("tta.router.elapsed_ms", "3000"),
    ];
    assert_eq!(keys, expected.map(|(key, value)| (key, value.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn decisions_errors_and_times_are_counted_and_begin_at_zero() {
    let seen = capture();
    seen.scope(async {
        assert_eq!(reply(10).await, Ok("fine"));
        assert_eq!(of_router(&seen, "tta_router_errors_total", "pick"), Some(0.0));
        assert_eq!(decisions(&seen, "pick", "small", "default"), Some(0.0));
        assert_eq!(decisions(&seen, "pick", "large", "other"), Some(0.0));
        assert_eq!(of_route(&seen, "tta_router_execution_seconds", "pick", "large"), Some(0.0));
        assert_eq!(reply(13).await, Ok("fine"), "the default");
        assert_eq!(reply(5_000).await, Ok("fine"), "the default after the timeout");
        assert!(reply(200).await.is_err());
        // Nobody follows it.
        let _ = pick(1).await;
    })
    .await;
    assert_eq!(decisions(&seen, "pick", "small", "short"), Some(2.0));
    assert_eq!(decisions(&seen, "pick", "small", "default"), Some(2.0));
    assert_eq!(decisions(&seen, "pick", "large", "long"), Some(1.0));
    assert_eq!(of_router(&seen, "tta_router_errors_total", "pick"), Some(2.0));
    assert_eq!(of_router(&seen, "tta_router_decision_duration_seconds", "pick"), Some(5.0));
    assert_eq!(of_route(&seen, "tta_router_execution_seconds", "pick", "small"), Some(3.0));
    assert_eq!(of_route(&seen, "tta_router_execution_seconds", "pick", "large"), Some(1.0));
    let errors: Vec<_> = seen
        .spans()
        .into_iter()
        .filter(|span| span.name == "pick" && !span.events.events.is_empty())
        .collect();
    let types: Vec<_> = errors
        .iter()
        .flat_map(|span| &span.events.events)
        .map(|event| (event.name.to_string(), event.attributes[0].value.to_string()))
        .collect();
    assert_eq!(
        types,
        [("router default".into(), "busy".into()), ("router default".into(), "timeout".to_owned())]
    );
    assert!(errors.iter().all(|span| !span.is_error()), "the default stands");
}

#[tta::router]
fn never_sure() -> Result<Decision<Model>, Failure> {
    Err(Failure::Busy)
}

#[tta::router]
fn many_words(number: u32) -> Decision<Model> {
    Decision::new(Model::Large, format!("reason \"{number}\"\n"))
}

#[test]
fn without_a_default_the_error_passes_and_is_counted() {
    let seen = capture();
    seen.run(|| assert_eq!(never_sure(), Err(Failure::Busy)));
    assert_eq!(of_router(&seen, "tta_router_errors_total", "never_sure"), Some(1.0));
    assert_eq!(decisions(&seen, "never_sure", "small", "default"), None);
    assert!(seen.span("never_sure").is_error());
}

#[test]
fn reasons_that_are_too_many_are_counted_as_other() {
    let seen = capture();
    seen.run(|| (0..40).for_each(|number| drop(many_words(number))));
    assert_eq!(decisions(&seen, "many_words", "large", "reason \"0\"\n"), Some(1.0));
    assert_eq!(decisions(&seen, "many_words", "large", "reason \"31\"\n"), Some(1.0));
    assert_eq!(decisions(&seen, "many_words", "large", "reason \"32\"\n"), None);
    assert_eq!(decisions(&seen, "many_words", "large", "other"), Some(8.0));
    let labels = [("family", "tta_router_decisions_total"), ("label", "reason")];
    assert_eq!(seen.metric("tta_label_overflow_total", &labels), Some(8.0));
}

static LEARNED: Adaptive<Model> = Adaptive::new().seed(2).set_aside(3, Duration::from_secs(30));

#[tta::router(name = "learned")]
fn by_experience(task: &str) -> Decision<Model> {
    LEARNED.choose(task)
}

static LABELLED: Adaptive<Model> = Adaptive::new().seed(2).context_label();

#[tta::router]
fn by_context(task: &str) -> Decision<Model> {
    LABELLED.choose(task)
}

#[test]
fn what_an_adaptive_learns_is_counted_for_the_router_that_lets_it_choose() {
    let seen = capture();
    let count = |family: &str, route: &str| of_route(&seen, family, "learned", route);
    let ratio = |route: &str, context: &str| {
        let labels = [("router_name", "learned"), ("route_selected", route), ("context", context)];
        seen.metric("tta_adaptive_strategy_success_ratio", &labels)
    };
    seen.run(|| {
        drop(by_experience("chat"));
        assert_eq!(count("tta_adaptive_strategies_created_total", "small"), Some(0.0));
        assert_eq!(count("tta_adaptive_breaker_activations_total", "large"), Some(0.0));
        assert_eq!(ratio("small", "all"), None, "before anything is known");
        for task in ["chat", "code"] {
            for _ in 0..200 {
                let decision = by_experience(task);
                let is_fine = *decision.route() == Model::Small;
                decision.begin().end(if is_fine { Feedback::success() } else { Feedback::failure() });
            }
        }
    });
    assert_eq!(count("tta_adaptive_strategies_created_total", "small"), Some(2.0));
    assert_eq!(count("tta_adaptive_strategies_created_total", "large"), Some(2.0));
    assert_eq!(count("tta_adaptive_breaker_activations_total", "small"), Some(0.0));
    assert_eq!(count("tta_adaptive_breaker_activations_total", "large"), Some(2.0));
    assert_eq!((ratio("small", "all"), ratio("large", "all")), (Some(1.0), Some(0.0)));
    assert_eq!(ratio("small", "chat"), None, "contexts are the user's own");
    let chosen: f64 = ["best", "explore", "probe"]
        .iter()
        .flat_map(|reason| Model::NAMES.iter().filter_map(|route| decisions(&seen, "learned", route, reason)))
        .sum();
    assert!((chosen - 401.0).abs() < 0.1, "{chosen}");
}

#[test]
fn contexts_are_a_label_where_that_is_asked_for() {
    let seen = capture();
    seen.run(|| {
        for number in 0..50 {
            by_context(&format!("task {number}")).begin().end(Feedback::success());
        }
    });
    let ratio = |context: &str| {
        let of = |route: &&str| {
            let labels = [("router_name", "by_context"), ("route_selected", *route), ("context", context)];
            seen.metric("tta_adaptive_strategy_success_ratio", &labels)
        };
        Model::NAMES.iter().find_map(of)
    };
    assert_eq!((ratio("task 0"), ratio("task 31"), ratio("other")), (Some(1.0), Some(1.0), Some(1.0)));
    assert_eq!((ratio("task 32"), ratio("all")), (None, None));
}

#[test]
fn the_catalog_knows_routers_their_routes_and_what_is_counted_of_them() {
    let catalog = tta::catalog();
    let label = |family: &str, label: &str| {
        let family = catalog.families().iter().find(|own| own.name() == family).expect("it is there");
        let labels = catalog.labels(family);
        labels.into_iter().find(|own| own.name() == label).expect("it has it")
    };
    let routers = label("tta_router_decisions_total", "router_name");
    assert_eq!(routers.values(), ["by_context", "learned", "many_words", "never_sure", "pick"]);
    assert_eq!(label("tta_router_execution_seconds", "route_selected").values(), ["large", "small"]);
    let reasons = label("tta_router_decisions_total", "reason");
    assert_eq!(reasons.values(), ["best", "default", "explore", "other", "probe"]);
    assert!(reasons.is_open() && reasons.limit() == Some(32));
    assert_eq!(
        label("tta_adaptive_strategies_created_total", "router_name").values(),
        ["by_context", "learned"]
    );
    let site = catalog.sites().iter().find(|site| site.name() == "pick").expect("it is there");
    assert_eq!(site.type_(), "router");
    let families: Vec<_> = site.families().iter().map(|family| family.name()).collect();
    assert!(families.contains(&"tta_router_errors_total") && families.contains(&"tta_timeouts_total"));
    assert!(!families.contains(&"tta_adaptive_strategies_created_total"), "it has none");
}
