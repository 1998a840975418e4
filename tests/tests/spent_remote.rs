//! What a worker in another process spends, seen by whoever has asked it: over real connections.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use std::net::SocketAddr;

use axum::Router;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::get;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::net::TcpListener;
use tta::http::{ClientLayer, ServerLayer};
use tta::llm::{Response, Spent};
use tta::testing::{Capture, capture};
use tta::{LlmResponse, Money, PolicyError, Usage};

/// gpt-4o costs $2.50 for a million tokens of a prompt and $10 for a million of an answer: half a cent.
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

/// What the worker does.
#[tta::workflow]
async fn work(is_failing: bool) -> Result<(), &'static str> {
    for _ in 0..2 {
        ask().await.map_err(|_| "refused")?;
    }
    if is_failing { Err("it does not work") } else { Ok(()) }
}

/// One that tells callers who say that they are friends, and its address.
async fn worker() -> SocketAddr {
    let layer = ServerLayer::new().tell_spent(|request: &Parts| request.headers.contains_key("friend"));
    let answer = async |is_failing| match work(is_failing).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::BAD_GATEWAY,
    };
    let router = Router::new()
        .route("/work", get(move || answer(false)))
        .route("/fail", get(move || answer(true)))
        .route("/forward", get(async || [("tta-spent", "useful=7,calls=1")]))
        .layer(layer)
        .route("/lie", get(async || [("tta-spent", "useful=many")]))
        .route(
            "/elsewhere",
            get(async |headers: HeaderMap| {
                // The same server by a name that nobody has put on a list.
                let host = headers["host"].to_str().unwrap_or_default().replace("127.0.0.1", "localhost");
                Redirect::temporary(&format!("http://{host}/claim"))
            }),
        )
        .route("/claim", get(async || [("tta-spent", "useful=9000000000000,calls=1")]));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn client(layer: ClientLayer) -> ClientWithMiddleware {
    // What reqwest's clients need to be made, with whatever they speak.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    ClientBuilder::new(client).with(layer).build()
}

#[tta::primitive(kind = "tool")]
async fn delegate(
    client: &ClientWithMiddleware,
    url: String,
    header: &'static str,
) -> Result<(), reqwest_middleware::Error> {
    let response = client.get(url).header(header, "yes").send().await?;
    response.error_for_status()?;
    Ok(())
}

#[tta::workflow]
async fn front(client: &ClientWithMiddleware, url: String, header: &'static str) -> Spent {
    ask().await.expect("nobody refuses it");
    let _ = delegate(client, url, header).await;
    tta::context().spent()
}

fn shown(spent: &Spent) -> [String; 3] {
    [spent.total(), spent.wasted(), spent.remote()].map(|money| money.to_string())
}

fn counted(capture: &Capture, workflow: &str, disposition: &str) -> Option<f64> {
    let labels = [("workflow_name", workflow), ("root", "true"), ("disposition", disposition)];
    capture.metric("tta_workflow_cost_dollars_total", &labels)
}

#[tokio::test]
async fn what_a_worker_spends_is_in_the_calls_that_asked_it_and_counted_by_the_worker_alone() {
    let (worker, capture) = (worker().await, capture());
    let friend = client(ClientLayer::new().propagate_to(["127.0.0.1"]));
    let spent = front(&friend, format!("http://{worker}/work"), "friend").await;
    assert_eq!(shown(&spent), ["$0.015", "$0.00", "$0.01"]);
    assert_eq!((spent.calls(), spent.input_tokens(), spent.is_complete()), (3, 4_800, true));
    let of = |span: &str, attribute| capture.span(span).attribute(attribute);
    assert_eq!(of("invoke_workflow front", "tta.cost.total_usd").as_deref(), Some("0.015"));
    assert_eq!(of("invoke_workflow front", "tta.cost.remote_usd").as_deref(), Some("0.01"));
    assert_eq!(of("execute_tool delegate", "tta.cost.total_usd").as_deref(), Some("0.01"));
    assert_eq!(of("GET", "tta.cost.remote_usd").as_deref(), Some("0.01"));
    assert_eq!(of("invoke_workflow work", "tta.cost.total_usd").as_deref(), Some("0.01"));
    assert_eq!(of("invoke_workflow work", "tta.cost.remote_usd"), None, "it is its own");
    // A sum over both processes has each dollar once.
    assert_eq!(counted(&capture, "front", "useful"), Some(0.005));
    assert_eq!(counted(&capture, "work", "useful"), Some(0.01));
}

#[tokio::test]
async fn what_a_worker_spends_before_it_fails_is_wasted_on_both_sides() {
    let (worker, capture) = (worker().await, capture());
    let friend = client(ClientLayer::new().propagate_to(["127.0.0.1"]));
    let spent = front(&friend, format!("http://{worker}/fail"), "friend").await;
    assert_eq!(shown(&spent), ["$0.015", "$0.01", "$0.01"]);
    assert_eq!(
        (counted(&capture, "front", "useful"), counted(&capture, "front", "wasted")),
        (Some(0.005), Some(0.0))
    );
    assert_eq!(counted(&capture, "work", "wasted"), Some(0.01));
}

#[tokio::test]
async fn only_friends_are_told_and_only_known_hosts_are_believed() {
    let (worker, capture) = (worker().await, capture());
    let friend = client(ClientLayer::new().propagate_to(["127.0.0.1"]));
    let stranger = client(ClientLayer::new());
    for (client, path, header, total) in [
        (&friend, "work", "no-friend", "$0.005"),
        (&stranger, "work", "friend", "$0.005"),
        (&stranger, "claim", "friend", "$0.005"),
        (&friend, "lie", "friend", "$0.005"),
        // What another server has told is passed on to nobody.
        (&friend, "forward", "no-friend", "$0.005"),
        (&friend, "forward", "friend", "$0.005"),
        // A redirect leads to a host that is not on the list.
        (&friend, "elsewhere", "friend", "$0.005"),
        (&friend, "claim", "friend", "$9.005"),
    ] {
        let spent = front(client, format!("http://{worker}/{path}"), header).await;
        assert_eq!(spent.total().to_string(), total, "{path} {header}");
    }
    let malformed = [("propagator", "spent"), ("reason", "malformed")];
    assert_eq!(capture.metric("tta_propagation_errors_total", &malformed), Some(1.0));
}

#[tta::primitive(cache(ttl = "10m", key = url.clone()))]
async fn delegate_once(client: &ClientWithMiddleware, url: String) -> Result<(), PolicyError> {
    ask().await?;
    delegate(client, url, "friend").await.expect("the worker is there");
    Ok(())
}

#[tta::workflow]
async fn asks_once(client: &ClientWithMiddleware, url: String) -> Spent {
    delegate_once(client, url).await.expect("nobody refuses it");
    tta::context().spent()
}

#[tokio::test]
async fn what_an_entry_saves_in_other_processes_is_in_the_call_and_in_no_counter() {
    let (worker, capture) = (worker().await, capture());
    let friend = client(ClientLayer::new().propagate_to(["127.0.0.1"]));
    let url = format!("http://{worker}/work");
    let first = asks_once(&friend, url.clone()).await;
    assert_eq!(
        (shown(&first), first.saved()),
        (["$0.015", "$0.00", "$0.01"].map(str::to_owned), Money::ZERO)
    );
    let second = asks_once(&friend, url).await;
    assert_eq!((second.total(), second.saved().to_string()), (Money::ZERO, "$0.015".to_owned()));
    let saved = capture.metric("tta_cache_savings_dollars_total", &[("primitive_name", "delegate_once")]);
    assert_eq!(saved, Some(0.005), "what is spent is counted without the worker's, too");
}

#[tta::workflow(budget = "$0.03")]
async fn bounded(client: &ClientWithMiddleware, url: String) -> Result<(), PolicyError> {
    for _ in 0..2 {
        let _ = delegate(client, url.clone(), "friend").await;
    }
    // A cent is left.
    ask().await?;
    ask().await?;
    ask().await.map(drop)
}

#[tokio::test]
async fn what_a_worker_has_spent_counts_in_the_budgets_of_who_asked() {
    let (worker, capture) = (worker().await, capture());
    let friend = client(ClientLayer::new().propagate_to(["127.0.0.1"]));
    let refused =
        bounded(&friend, format!("http://{worker}/work")).await.expect_err("there is too little left");
    assert!(refused.to_string().contains("$0.03 spent"), "{refused}");
    let labels = [("budget", "bounded"), ("reason", "dollars")];
    assert_eq!(capture.metric("tta_budget_rejections_total", &labels), Some(1.0));
}

#[tta::primitive(retry(max = 1))]
async fn within_retry() -> Result<(), PolicyError> {
    ask().await.map(drop)
}

/// Nothing is around it that could pay.
async fn spend_unasked() -> StatusCode {
    match within_retry().await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::TOO_MANY_REQUESTS,
    }
}

#[tokio::test]
async fn a_server_that_tells_what_was_spent_keeps_to_the_budgets_of_the_process() {
    let limits = tta::budget::Limits::new().calls(100).money("$0.50".parse().expect("an amount"));
    tta::budget::install(tta::budget::Budgets::new().per_user(limits)).expect("there is none yet");
    let router =
        Router::new().route("/", get(spend_as_somebody)).layer(ServerLayer::new().tell_spent(|_| true));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    let anybody = client(ClientLayer::new());
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(anybody.get(format!("http://{address}/")).send().await.expect("an answer").status());
    }
    assert_eq!(answers, [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
}

async fn spend_as_somebody() -> StatusCode {
    tta::WorkflowContext::builder()
        .user_id("u")
        .build()
        .scope(async {
            for _ in 0..50 {
                let status = spend_unasked().await;
                if status != StatusCode::OK {
                    return status;
                }
            }
            StatusCode::OK
        })
        .await
}
