//! What the types of async-openai tell is what the bodies tell that they are read from.

use async_openai::error::OpenAIError;
use async_openai::types::chat::{CreateChatCompletionResponse, CreateChatCompletionStreamResponse};
use async_openai::types::embeddings::CreateEmbeddingResponse;
use async_openai::types::responses;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tta::llm::Response;
use tta::{LlmChunk, LlmResponse, Telemetry};

fn read<T: DeserializeOwned>(body: &str) -> T {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

fn tells_the_same<T: DeserializeOwned + LlmResponse>(body: &str) {
    let (typed, plain): (T, Value) = (read(body), read(body));
    assert_eq!(typed.response(), plain.response());
    assert_ne!(plain.response(), Response::new());
}

fn chunks_tell_the_same<T: DeserializeOwned + LlmChunk>(stream: &str) -> usize {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let mut telling = 0;
    for body in data {
        let (typed, plain): (T, Value) = (read(body), read(body));
        assert_eq!(typed.chunk(), plain.chunk(), "{body}");
        telling += usize::from(plain.chunk() != Response::new());
    }
    telling
}

/// With prompts and answers, and without.
#[test]
fn answers_tell_what_their_bodies_tell() {
    let tell = || {
        tells_the_same::<CreateChatCompletionResponse>(include_str!("llm_http/openai_chat.json"));
        tells_the_same::<responses::Response>(include_str!("llm_http/openai_responses.json"));
        tells_the_same::<CreateEmbeddingResponse>(
            r#"{"object": "list", "model": "text-embedding-3-small", "data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}}"#,
        );
    };
    let body = include_str!("llm_http/openai_chat.json");
    let shown = || format!("{:?}", read::<CreateChatCompletionResponse>(body).response());
    tell();
    let silent = shown();
    let telemetry = Telemetry::builder().console(false).otlp(false).prometheus(false).capture_content(true);
    let _telemetry = telemetry.init().expect("nothing is wrong");
    tell();
    assert_ne!(shown(), silent, "nothing of the answer is recorded");
}

#[test]
fn what_was_not_sent_is_not_billed() {
    assert_eq!(OpenAIError::InvalidArgument("no messages".to_owned()).response(), Response::unbilled());
}

#[test]
fn chunks_tell_what_their_bodies_tell() {
    let chat = include_str!("llm_http/openai_chat.sse");
    assert_eq!(chunks_tell_the_same::<CreateChatCompletionStreamResponse>(chat), 4);
    let of_responses = include_str!("llm_http/openai_responses.sse");
    let texts = usize::from(cfg!(feature = "tiktoken"));
    assert_eq!(chunks_tell_the_same::<responses::ResponseStreamEvent>(of_responses), 3 + texts);
}
