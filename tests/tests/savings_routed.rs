//! What is seen of what routers save: the tokens that were used on a route, at the price of the baseline.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use tta::llm::{Response, Spent};
use tta::testing::{Capture, capture};
use tta::{Decision, LlmResponse, PolicyError, Usage};

#[derive(Clone, Copy, Debug, PartialEq, tta::Route)]
enum Model {
    #[route(provider = "openai", model = "gpt-4o-mini")]
    Small,
    #[route(provider = "openai", model = "gpt-4o")]
    Large,
    #[route("dear", provider = "openai", model = "gpt-4")]
    Dear,
    /// Whatever it asks is its own.
    Any,
}

/// What a million tokens of a prompt cost, in cents.
const CENTS: [(&str, u64); 3] = [("gpt-4o-mini", 15), ("gpt-4o", 250), ("gpt-4", 3_000)];

#[derive(Clone, Debug, PartialEq)]
struct Answer(u64);

impl LlmResponse for Answer {
    fn response(&self) -> Response<'_> {
        Response::new().usage(Usage::openai(self.0, 0))
    }
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

impl LlmResponse for Failure {
    fn response(&self) -> Response<'_> {
        Response::new().usage(Usage::openai(1_000_000, 0))
    }
}

#[tta::router(baseline = Model::Large)]
fn pick(route: Model) -> Decision<Model> {
    Decision::new(route, "asked for")
}

#[derive(Clone, Copy, Debug, tta::Route)]
enum Unknown {
    #[route(provider = "openai", model = "gpt-4o-mini")]
    Small,
    #[route(provider = "nobody", model = "nothing")]
    Nothing,
}

#[tta::router(baseline = Unknown::Nothing)]
fn pick_unknown(route: Unknown) -> Decision<Unknown> {
    Decision::new(route, "asked for")
}

#[tta::primitive(llm(provider = "openai", model = model))]
async fn ask(model: &str, millions: u64) -> Result<Answer, Failure> {
    Ok(Answer(millions * 1_000_000))
}

/// Fails once; that attempt is billed.
#[tta::primitive(llm(provider = "openai", model = model), retry(max = 1, backoff = "1ms..1ms"))]
async fn ask_again(model: &str, tries: &std::sync::atomic::AtomicU32) -> Result<Answer, Failure> {
    let number = tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    if number == 0 { Err(Failure::Busy) } else { Ok(Answer(1_000_000)) }
}

#[tta::primitive(llm(provider = "openai", model = "text-embedding-3-small", operation = "embeddings"))]
async fn embed() -> Answer {
    Answer(1_000_000)
}

#[tta::primitive(cache(ttl = "1h"))]
async fn kept(model: String, millions: u64) -> Result<Answer, Failure> {
    ask(&model, millions).await
}

fn model_of(route: Model) -> &'static str {
    match route {
        Model::Small => "gpt-4o-mini",
        Model::Dear => "gpt-4",
        Model::Large | Model::Any => "gpt-4o",
    }
}

fn cents_of(model: &str) -> u64 {
    CENTS.iter().find(|(name, _)| *name == model).expect("it is one of them").1
}

fn cents(money: tta::Money) -> u64 {
    money.pico() / 10_000_000_000
}

/// Two calls, one after the other, and one of another model.
#[tta::workflow]
async fn answer(route: Model, fails: bool) -> Spent {
    let _ = pick(route)
        .run(async |route| {
            ask(model_of(route), 1).await?;
            embed().await;
            tta::spawn(ask(model_of(route), 3)).await.expect("it does not panic")?;
            if fails { Err(Failure::Busy) } else { Ok(()) }
        })
        .await;
    tta::context().spent()
}

fn counted(seen: &Capture, router: &str, route: &str) -> [Option<f64>; 2] {
    let labels = [("router_name", router), ("route_selected", route)];
    ["tta_router_cost_savings_dollars_total", "tta_router_extra_cost_dollars_total"]
        .map(|family| seen.metric(family, &labels).map(|dollars| (dollars * 100.0).round()))
}

#[tokio::test]
async fn a_cheaper_route_saves_what_the_baseline_would_have_cost_for_the_same_tokens() {
    let seen = capture();
    assert_eq!(counted(&seen, "pick", "small"), [Some(0.0); 2], "before the first call");
    assert_eq!(counted(&seen, "pick", "large"), [Some(0.0); 2], "before the first call");
    let spent = seen.scope(answer(Model::Small, false)).await;
    let saved = 4 * (cents_of("gpt-4o") - cents_of("gpt-4o-mini"));
    assert_eq!(cents(spent.saved()), saved);
    assert_eq!(counted(&seen, "pick", "small"), [Some(saved as f64), Some(0.0)]);
    let workflow = seen.span("invoke_workflow answer");
    let on_span: f64 =
        workflow.attribute("tta.cost.saved_usd").and_then(|text| text.parse().ok()).expect("a number");
    assert!((on_span * 100.0 - saved as f64).abs() < 1e-6, "{workflow:?}");
}

#[tokio::test]
async fn a_dearer_route_is_extra_cost_and_saves_nothing() {
    let seen = capture();
    let spent = seen.scope(answer(Model::Dear, false)).await;
    let extra = 4 * (cents_of("gpt-4") - cents_of("gpt-4o"));
    assert_eq!((cents(spent.saved()), counted(&seen, "pick", "dear")), (0, [Some(0.0), Some(extra as f64)]));
}

#[tokio::test]
async fn the_baseline_itself_and_a_call_that_failed_save_nothing() {
    for (route, fails) in [(Model::Large, false), (Model::Small, true), (Model::Dear, true)] {
        let seen = capture();
        let spent = seen.scope(answer(route, fails)).await;
        assert_eq!(cents(spent.saved()), 0, "{route:?}");
        for name in ["small", "dear"] {
            assert_eq!(counted(&seen, "pick", name), [Some(0.0); 2], "{route:?}");
        }
    }
}

#[tta::workflow]
async fn answer_unknown() -> Spent {
    let _ = pick_unknown(Unknown::Small).run(async |_| ask("gpt-4o-mini", 1).await).await;
    let _ = pick_unknown(Unknown::Nothing).run(async |_| ask("gpt-4o-mini", 1).await).await;
    tta::context().spent()
}

#[tokio::test]
async fn a_baseline_without_a_price_is_compared_with_nothing() {
    let seen = capture();
    let spent = seen.scope(answer_unknown()).await;
    assert_eq!((cents(spent.saved()), counted(&seen, "pick_unknown", "small")), (0, [Some(0.0); 2]));
}

#[tta::workflow]
async fn answer_any() -> Spent {
    let _ = pick(Model::Any).run(async |_| ask("gpt-4", 1).await).await;
    tta::context().spent()
}

#[tokio::test]
async fn of_a_route_without_a_model_every_call_is_compared() {
    let seen = capture();
    let spent = seen.scope(answer_any()).await;
    let extra = cents_of("gpt-4") - cents_of("gpt-4o");
    assert_eq!((cents(spent.saved()), counted(&seen, "pick", "any")), (0, [Some(0.0), Some(extra as f64)]));
}

#[tta::workflow]
async fn answer_again() -> Spent {
    let tries = std::sync::atomic::AtomicU32::new(0);
    let _ = pick(Model::Small).run(async |route| ask_again(model_of(route), &tries).await).await;
    tta::context().spent()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_failed_is_wasted_and_compared_with_nothing() {
    let seen = capture();
    let spent = seen.scope(answer_again()).await;
    assert_eq!(cents(spent.wasted()), cents_of("gpt-4o-mini"));
    assert_eq!(cents(spent.saved()), cents_of("gpt-4o") - cents_of("gpt-4o-mini"));
}

/// A router in the route of another, a cache in that of both.
#[tta::workflow]
async fn nested(millions: u64) -> Spent {
    let _ = pick(Model::Small)
        .run(async |_| {
            pick(Model::Small).run(async |route| kept(model_of(route).to_owned(), millions).await).await
        })
        .await;
    tta::context().spent()
}

#[tokio::test]
async fn a_call_is_compared_once_and_what_is_cached_saves_what_it_has_cost() {
    let seen = capture();
    let saved = 7 * (cents_of("gpt-4o") - cents_of("gpt-4o-mini"));
    assert_eq!(cents(seen.scope(nested(7)).await.saved()), saved, "once");
    assert_eq!(cents(seen.scope(nested(7)).await.saved()), 7 * cents_of("gpt-4o-mini"), "nothing was asked");
    assert_eq!(counted(&seen, "pick", "small"), [Some(saved as f64), Some(0.0)]);
}
