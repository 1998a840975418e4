//! The client of a chat-completions service: the one of the environment, or the embedded one.

use std::{env, fmt, net::SocketAddr, time::Duration};

use async_openai::{
    Client,
    config::OpenAIConfig,
    middleware::ReqwestService,
    types::chat::{
        ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage,
        CreateChatCompletionRequest,
    },
};
use reqwest::{ClientBuilder, Url, header::HeaderValue};
use serde::{Deserialize, Serialize};
use tta::{LlmResponse, ModelPrice, Prices, PricesError, Usage, llm::Response};

use crate::{
    corpus::Passage,
    error::{AskError, root_cause},
    server,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Long enough for a model that reasons before it answers.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);

const INSTRUCTIONS: &str = "Answer the last message from the numbered passages before it and from nothing else, \
    in a few sentences. After each statement name its passage, like [2]. If the passages do not answer the question, \
    say so.";

/// Of an answer, with whatever a model thinks before it.
const MAX_TOKENS: u32 = 4_000;

/// More than a prompt has: no token is shorter than a byte, and in prose few are shorter than three.
fn tokens_at_most(question: &str, passages: &[Passage]) -> usize {
    let bytes: usize = passages.iter().map(|passage| passage.source.len() + passage.text.len()).sum();
    (INSTRUCTIONS.len() + question.len() + bytes) / 3 + 100
}

/// Who provides the models where no service is set.
const EMBEDDED: &str = "embedded";

/// Gives the embedded models the prices of those that they stand for, so that there is something to see: nobody
/// charges them.
fn price_the_embedded() -> Result<(), PricesError> {
    let fast = ModelPrice::new(EMBEDDED, server::FAST).input("$0.25").output("$2.00");
    let quality = ModelPrice::new(EMBEDDED, server::QUALITY).input("$1.25").output("$10.00");
    Prices::bundled().with(fast)?.with(quality)?.install();
    Ok(())
}

/// Which of the two models answers: a closed set, so it can be a metric label. The better one, or what it stands for, is
/// what the other is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, clap::ValueEnum, tta::Label, tta::Route)]
pub(crate) enum Tier {
    Fast,
    #[route(provider = "openai", model = "gpt-5")]
    Quality,
}

pub(crate) struct Model {
    client: Client<OpenAIConfig>,
    provider: &'static str,
    fast: String,
    quality: String,
    /// Scheme, host and port, without anything secret that the rest of the address may hold.
    service: String,
    api_key: String,
}

pub(crate) struct Completion {
    pub(crate) text: String,
    model: String,
    /// Where the service tells.
    usage: Option<Usage>,
}

impl LlmResponse for Completion {
    fn response(&self) -> Response<'_> {
        let mut response = Response::new().model(&self.model);
        if let Some(usage) = self.usage {
            response = response.usage(usage);
        }
        response
    }
}

impl Model {
    /// The service of `OPENAI_BASE_URL` and `OPENAI_API_KEY`; if one of them is missing, the embedded server.
    pub(crate) async fn connect() -> Result<Self, AskError> {
        let set =
            |name| env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let (Some(url), Some(api_key)) = (set("OPENAI_BASE_URL"), set("OPENAI_API_KEY")) else {
            return Self::embedded(server::start().await?);
        };
        let name = |variable, default: &str| set(variable).unwrap_or_else(|| default.to_owned());
        let names = [name("ASK_FAST_MODEL", "gpt-5-mini"), name("ASK_QUALITY_MODEL", "gpt-5")];
        Self::new("openai", &url, api_key, names, reqwest::Client::builder())
    }

    fn embedded(address: SocketAddr) -> Result<Self, AskError> {
        price_the_embedded().map_err(|error| AskError::Setup(error.to_string()))?;
        let names = [server::FAST, server::QUALITY].map(str::to_owned);
        // Loopback needs neither a proxy nor certificates, and works where there are none.
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        Self::new(EMBEDDED, &format!("http://{address}/v1"), "none".to_owned(), names, http)
    }

    fn new(
        provider: &'static str,
        url: &str,
        api_key: String,
        [fast, quality]: [String; 2],
        http: ClientBuilder,
    ) -> Result<Self, AskError> {
        let setup = |reason: &str| AskError::Setup(reason.to_owned());
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let parsed = parsed.ok_or_else(|| setup("OPENAI_BASE_URL is not an http:// or https:// address"))?;
        if HeaderValue::from_str(&api_key).is_err() {
            return Err(setup("OPENAI_API_KEY holds characters that no HTTP header can carry"));
        }
        // An error means that a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = http
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(|error| setup(&format!("cannot set up the HTTP client: {}", root_cause(&error))))?;
        let config = OpenAIConfig::new().with_api_base(url.trim_end_matches('/')).with_api_key(&api_key);
        // Without this service the client itself tries again, unseen, and waits as long as it is told to.
        let client = Client::build(http.clone(), config).with_http_service(ReqwestService::new(http));
        let service = parsed.origin().ascii_serialization();
        Ok(Self { client, provider, fast, quality, service, api_key })
    }

    fn name(&self, tier: Tier) -> &str {
        match tier {
            Tier::Fast => &self.fast,
            Tier::Quality => &self.quality,
        }
    }

    /// Asks the model. Counts and names are recorded, never the text of the prompt or of the answer.
    #[tta::primitive(
        labels(tier: Tier),
        llm(
            provider = self.provider,
            model = self.name(tier),
            input_tokens = tokens_at_most(question, passages),
            max_tokens = MAX_TOKENS,
        ),
    )]
    pub(crate) async fn complete(
        &self,
        tier: Tier,
        question: &str,
        passages: &[Passage],
    ) -> Result<Completion, AskError> {
        let passages = passages
            .iter()
            .zip(1..)
            .map(|(passage, number)| user(format!("[{number}] {}\n\n{}", passage.source, passage.text)));
        let request = CreateChatCompletionRequest {
            model: self.name(tier).to_owned(),
            messages: std::iter::once(ChatCompletionRequestSystemMessage::from(INSTRUCTIONS).into())
                .chain(passages)
                .chain([user(question.to_owned())])
                .collect(),
            max_completion_tokens: Some(MAX_TOKENS),
            ..CreateChatCompletionRequest::default()
        };
        let response = self.client.chat().create(request).await;
        let response =
            response.map_err(|error| AskError::from_client(error, &self.service, &self.api_key))?;
        let text = response.choices.into_iter().find_map(|choice| choice.message.content);
        let text = text.filter(|text| !text.trim().is_empty());
        let text = text.ok_or_else(|| AskError::NotACompletion { service: self.service.clone() })?;
        Ok(Completion {
            text,
            model: response.model,
            usage: response.usage.map(|usage| {
                let cached = usage.prompt_tokens_details.and_then(|details| details.cached_tokens);
                let reasoning = usage.completion_tokens_details.and_then(|details| details.reasoning_tokens);
                Usage::openai(usage.prompt_tokens.into(), usage.completion_tokens.into())
                    .cached(cached.unwrap_or_default().into())
                    .reasoning(reasoning.unwrap_or_default().into())
            }),
        })
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, fast, quality, .. } = self;
        if fast == server::FAST {
            write!(f, "embedded at {service}, quotes the documents at the prices of GPT-5; ")?;
            return f.write_str("for a real one set OPENAI_BASE_URL and OPENAI_API_KEY");
        }
        write!(f, "{fast} or {quality} at {service}")
    }
}

fn user(text: String) -> ChatCompletionRequestMessage {
    ChatCompletionRequestUserMessage::from(text).into()
}
