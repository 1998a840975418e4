//! What is seen of budgets: what is left of them, what they refuse, when most of one is spent, and whether a call was too
//! dear.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use tta::budget::{Budgets, Limits};
use tta::llm::Response;
use tta::testing::capture;
use tta::{LlmResponse, PolicyError, Usage};

/// gpt-4o costs $2.50 for a million tokens of a prompt and $10 for a million of an answer: half a cent.
#[derive(Clone, Debug)]
struct Answer;

impl LlmResponse for Answer {
    fn response(&self) -> Response<'_> {
        Response::new().usage(Usage::openai(1_600, 100))
    }
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_600, max_tokens = 100))]
async fn ask() -> Result<Answer, PolicyError> {
    Ok(Answer)
}

#[tta::primitive(llm(provider = "openai", model = "gpt-unheard-of"))]
async fn ask_stranger() -> Result<Answer, PolicyError> {
    Ok(Answer)
}

/// It cannot say that it was refused.
#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_600, max_tokens = 100))]
async fn ask_anyway() -> Answer {
    Answer
}

async fn each(times: usize) -> Result<(), PolicyError> {
    for _ in 0..times {
        ask().await?;
    }
    Ok(())
}

#[tta::workflow(budget = "$0.025")]
async fn within_budget(times: usize) -> Result<(), PolicyError> {
    each(times).await
}

#[tta::workflow(budget(usd = "$1", calls = 2))]
async fn within_calls(times: usize) -> Result<(), PolicyError> {
    each(times).await
}

#[tta::workflow(budget = "$0.50")]
async fn with_stranger() -> Result<Answer, PolicyError> {
    ask_stranger().await
}

#[tta::workflow(budget = "$0.012")]
async fn overdrawn() -> bool {
    ask_anyway().await;
    ask_anyway().await;
    ask_anyway().await;
    ask().await.is_err()
}

#[tta::workflow(slo(cost = "$0.01@95", success = 90))]
async fn promised(times: usize) -> Result<(), PolicyError> {
    each(times).await
}

#[tta::workflow(slo(cost = "$0.01@95"))]
async fn promised_and_unknown(times: usize) -> Result<(), PolicyError> {
    ask_stranger().await?;
    each(times).await
}

/// It does not answer.
#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn ask_in_vain() -> Result<Answer, std::io::Error> {
    Err(std::io::Error::other("503"))
}

#[tta::workflow(slo(cost = "$0.01@95"))]
async fn promised_in_spite(times: usize) -> Result<(), PolicyError> {
    let _ = ask_in_vain().await;
    each(times).await
}

#[tokio::test]
async fn what_a_budget_refuses_is_counted_by_the_limit_and_is_an_error_of_the_span() {
    let capture = capture();
    assert!(within_budget(6).await.is_err());
    assert!(within_calls(3).await.is_err());
    assert!(with_stranger().await.is_err());
    assert!(within_budget(5).await.is_ok(), "each call of it has a budget of its own");
    let refused = |budget, reason| {
        capture.metric("tta_budget_rejections_total", &[("budget", budget), ("reason", reason)])
    };
    assert_eq!(refused("within_budget", "dollars"), Some(1.0));
    assert_eq!(refused("within_budget", "unpriced"), Some(0.0), "known before the first");
    assert_eq!(refused("within_budget", "calls"), None, "there is no such limit");
    assert_eq!(refused("within_calls", "calls"), Some(1.0));
    assert_eq!(refused("with_stranger", "unpriced"), Some(1.0));
    assert_eq!(capture.metric("tta_budget_limit_dollars", &[("budget", "within_budget")]), Some(0.025));
    let errors = |kind| {
        let labels = [
            ("primitive_name", "ask"),
            ("primitive_type", "llm"),
            ("error_type", kind),
            ("category", "permanent"),
        ];
        capture.metric("tta_primitive_errors_total", &labels)
    };
    assert_eq!(errors("budget_exceeded"), Some(2.0));
    let spans = capture.spans();
    let refused =
        spans.iter().filter(|span| span.attribute("error.type").as_deref() == Some("budget_exceeded"));
    assert!(refused.count() >= 4, "the calls and their workflows");
    assert!(spans.iter().any(|span| span.attribute("error.type").as_deref() == Some("price_unknown")));
}

#[tokio::test]
async fn when_four_fifths_are_spent_the_span_of_the_call_says_so_once() {
    let capture = capture();
    within_budget(5).await.expect("there is enough");
    let told: Vec<_> = capture.spans().iter().flat_map(|span| span.events.events.clone()).collect();
    let told: Vec<_> = told.iter().filter(|event| event.name == "budget").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let said = format!("{:?}", told[0].attributes);
    assert!(said.contains("within_budget") && said.contains("0.8") && said.contains("$0.02 of"), "{said}");
}

#[tokio::test]
async fn a_call_that_cannot_be_refused_is_made_and_what_it_spends_counts() {
    let capture = capture();
    assert!(overdrawn().await, "the fourth call finds the budget overdrawn, and can say so");
    let refused = |reason| {
        capture.metric("tta_budget_rejections_total", &[("budget", "overdrawn"), ("reason", reason)])
    };
    assert_eq!(refused("dollars"), Some(1.0), "only what was not made");
    let spent = capture.span("invoke_workflow overdrawn").attribute("tta.cost.total_usd");
    assert_eq!(spent.as_deref(), Some("0.015"));
}

#[tokio::test]
async fn an_objective_on_cost_judges_each_call_whose_cost_is_known() {
    let capture = capture();
    promised(1).await.expect("nobody refuses it");
    promised(2).await.expect("nobody refuses it");
    promised(3).await.expect("nobody refuses it");
    promised(0).await.expect("nobody refuses it");
    promised_and_unknown(0).await.expect("nobody refuses it");
    promised_and_unknown(3).await.expect("nobody refuses it");
    promised_in_spite(2).await.expect("nobody refuses it");
    promised_in_spite(3).await.expect("nobody refuses it");
    let judged = |slo, objective, outcome| {
        let labels = [("slo", slo), ("objective", objective), ("outcome", outcome)];
        capture.metric("tta_slo_events_total", &labels)
    };
    assert_eq!(judged("promised", "cost", "good"), Some(3.0), "a cent is no more than a cent");
    assert_eq!(judged("promised", "cost", "bad"), Some(1.0));
    assert_eq!(judged("promised", "success", "good"), Some(4.0));
    let in_spite = ["good", "bad"].map(|outcome| judged("promised_in_spite", "cost", outcome));
    assert_eq!(in_spite, [Some(1.0), Some(1.0)], "an attempt without an answer is judged as if it were free");
    assert_eq!(judged("promised_and_unknown", "cost", "good"), Some(0.0), "nobody knows");
    assert_eq!(
        judged("promised_and_unknown", "cost", "bad"),
        Some(1.0),
        "it was too much whatever the rest was"
    );
}

/// Half a cent each time, and never what was asked for.
#[derive(Debug, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient)]
    Garbled,
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
        match self {
            Failure::Garbled => Response::new().usage(Usage::openai(1_600, 100)),
            Failure::Refused(_) => Response::unbilled(),
        }
    }
}

#[tta::primitive(
    llm(provider = "openai", model = "gpt-4o"),
    retry(max = 4, backoff = "1s..1s", jitter = "none", cost = "$0.02/1h")
)]
async fn garble() -> Result<Answer, Failure> {
    Err(Failure::Garbled)
}

#[tta::primitive(
    llm(provider = "openai", model = "gpt-4o", input_tokens = 1_600, max_tokens = 100),
    hedge(after = "1s", max = 5, share = 1.0, cost = "$0.01/1h")
)]
async fn dawdle() -> Result<Answer, Failure> {
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    Ok(Answer)
}

#[tokio::test(start_paused = true)]
async fn further_attempts_end_where_they_have_cost_what_they_may() {
    let capture = capture();
    let attempts = || capture.metric("tta_llm_requests_total", &labels("error"));
    garble().await.expect_err("it always fails");
    assert_eq!(attempts(), Some(5.0), "four further ones for two cents");
    garble().await.expect_err("it always fails");
    assert_eq!(attempts(), Some(6.0), "nothing is left for further ones");
    let budget = [("primitive_name", "garble"), ("outcome", "budget")];
    assert_eq!(capture.metric("tta_retry_attempts_total", &budget), Some(1.0));
    tokio::time::advance(std::time::Duration::from_hours(1)).await;
    garble().await.expect_err("it always fails");
    assert_eq!(attempts(), Some(11.0), "the hour has begun anew");
}

#[tokio::test(start_paused = true)]
async fn further_calls_of_a_hedge_cost_no_more_than_they_may() {
    let capture = capture();
    let hedged =
        |outcome| capture.metric("tta_hedges_total", &[("primitive_name", "dawdle"), ("outcome", outcome)]);
    let dropped = || capture.metric("tta_llm_requests_total", &labels("cancelled"));
    dawdle().await.expect("it is slow, and succeeds");
    assert_eq!((hedged("first"), dropped()), (Some(1.0), Some(5.0)), "what was begun is not stopped");
    dawdle().await.expect("it is slow, and succeeds");
    assert_eq!((hedged("first"), dropped()), (Some(1.0), Some(5.0)), "nothing is left for further ones");
}

fn labels(status: &str) -> [(&str, &str); 3] {
    [("provider", "openai"), ("model", "gpt-4o"), ("status", status)]
}

#[tokio::test]
async fn what_is_left_of_budgets_is_what_the_one_has_that_has_least() {
    let telemetry = tta::Telemetry::builder()
        .otlp(false)
        .console(false)
        .prometheus_addr("127.0.0.1:0".parse().expect("an address"))
        .init();
    let telemetry = telemetry.expect("nothing is wrong");
    let address = telemetry.prometheus_addr().expect("metrics are served");
    let left = |budget: &str| {
        let mut answer = ureq::get(format!("http://{address}/metrics")).call().expect("an answer");
        let text = answer.body_mut().read_to_string().expect("text");
        let line = format!("tta_budget_remaining_dollars{{budget=\"{budget}\"}} ");
        text.lines().find_map(|found| found.strip_prefix(&line)).map(str::to_owned)
    };
    assert_eq!(left("within_budget").as_deref(), Some("0.025"), "all of it where none is in use");
    assert_eq!(left("process"), None);
    tta::budget::install(
        Budgets::new()
            .process(Limits::new().money("$2".parse().expect("an amount")).per_day())
            .per_user(Limits::new().calls(100)),
    )
    .expect("there are none yet");
    assert_eq!(left("process").as_deref(), Some("2"));
    let [mut first, mut second] = [0, 1].map(|_| Box::pin(half_done()));
    futures::future::select(&mut first, std::future::ready(())).await;
    assert_eq!(left("half_done").as_deref(), Some("0.09"));
    futures::future::select(&mut second, std::future::ready(())).await;
    assert_eq!(left("half_done").as_deref(), Some("0.09"), "the least, and not the sum");
    drop((first, second));
    assert_eq!(left("half_done").as_deref(), Some("0.1"), "none is in use any more");
    assert_eq!(left("process").as_deref(), Some("1.98"));
    assert!(tta::catalog().families().iter().any(|family| family.name() == "tta_budget_limit_dollars"));
}

/// Spends a cent, and waits.
#[tta::workflow(budget = "$0.10")]
async fn half_done() -> Result<(), PolicyError> {
    each(2).await?;
    std::future::pending().await
}
