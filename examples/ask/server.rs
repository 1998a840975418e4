//! A chat-completions server inside the process, for machines without one. Its tokens are counted, not guessed.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{Json, Router, http::StatusCode, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};
use tiktoken_rs::o200k_base_singleton;
use tokio::net::TcpListener;

use crate::{error::AskError, extract::extract};

/// The server's models, which differ in how much they quote.
pub(crate) const FAST: &str = "extract-fast";
pub(crate) const QUALITY: &str = "extract-quality";

/// Starts the server on a free port of the loopback interface; it lives as long as the process.
pub(crate) async fn start() -> Result<SocketAddr, AskError> {
    let failed =
        |error: io::Error| AskError::Setup(format!("cannot start the embedded model server: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    // Loaded now, so that the first answer does not pay for it.
    let _ = tokio::task::spawn_blocking(o200k_base_singleton).await;
    let router = Router::new().route("/v1/chat/completions", post(chat_completions));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

#[derive(Deserialize)]
struct Request {
    model: String,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

async fn chat_completions(Json(request): Json<Request>) -> (StatusCode, Json<Value>) {
    let limit = match request.model.as_str() {
        FAST => 2,
        QUALITY => 5,
        _ => return refuse("model", "the models are extract-fast and extract-quality"),
    };
    let said: Vec<_> = request.messages.iter().filter(|message| message.role == "user").collect();
    let Some((question, passages)) = said.split_last() else {
        return refuse("messages", "the last user message must be the question");
    };
    let passages: Vec<_> = passages.iter().map(|message| message.content.as_str()).collect();
    let answer = extract(&question.content, &passages, limit);
    // Three tokens frame each message and three open the reply: "How to count tokens with tiktoken", OpenAI Cookbook.
    let prompt_tokens: usize = 3 + request
        .messages
        .iter()
        .map(|message| 3 + tokens(&message.role) + tokens(&message.content))
        .sum::<usize>();
    let completion_tokens = tokens(&answer);
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let response = json!({
        "id": format!("chatcmpl-{}", created.as_nanos()),
        "object": "chat.completion",
        "created": created.as_secs(),
        "model": request.model,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": answer, "refusal": null},
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    });
    (StatusCode::OK, Json(response))
}

fn refuse(param: &str, message: &str) -> (StatusCode, Json<Value>) {
    let error = json!({"message": message, "type": "invalid_request_error", "param": param, "code": null});
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error })))
}

fn tokens(text: &str) -> usize {
    o200k_base_singleton().count_ordinary(text)
}
