//! What belongs to an answer besides: what the house says of a topic, which is asked for once, and a last line, by a model
//! that is as good as it has to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tta::Decision;

use crate::failure::ModelError;
use crate::models::{Answer, BEST, LARGE, Model, SMALL, asked_instead, kept};
use crate::steps::{Request, work};

/// Tokens of what is asked of a topic, and of the answer.
fn lengths(topic: u64) -> (u64, u64) {
    (400 + 10 * topic, 60 + topic)
}

/// What the house says of a topic, and whether a model had to be asked for it.
pub(crate) async fn house_rules(request: Request) -> Answer {
    let topic = request.number % 12;
    let asked = Arc::new(AtomicBool::new(false));
    let rules = rules_of(topic, asked.clone()).await;
    if !asked.load(Relaxed) {
        let (prompt, completion) = lengths(topic);
        kept(&SMALL, prompt, completion);
    }
    rules
}

#[tta::primitive(
    llm(provider = "openai", model = "gpt-4o-mini", max_tokens = 100),
    maturity = "staging",
    cache(ttl = "2s", capacity = 100, key = topic)
)]
async fn rules_of(topic: u64, asked: Arc<AtomicBool>) -> Answer {
    asked.store(true, Relaxed);
    let (prompt, completion) = lengths(topic);
    let sent = SMALL.send(prompt, 100);
    work(Request { number: topic, broken: false }, Duration::from_millis(3)).await;
    sent.answered(0, completion)
}

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, tta::Route)]
pub(crate) enum Writer {
    #[route(provider = "openai", model = "gpt-4o-mini")]
    Quick,
    /// The one who would write everything.
    #[route(provider = "anthropic", model = "claude-haiku-4-5")]
    Careful,
    #[route(provider = "anthropic", model = "claude-sonnet-4-5")]
    Best,
}

impl Writer {
    const fn provider(self) -> &'static str {
        match self {
            Writer::Quick => "openai",
            Writer::Careful | Writer::Best => "anthropic",
        }
    }

    const fn model(self) -> &'static str {
        match self {
            Writer::Quick => "gpt-4o-mini",
            Writer::Careful => "claude-haiku-4-5",
            Writer::Best => "claude-sonnet-4-5",
        }
    }

    const fn asked(self) -> &'static Model {
        match self {
            Writer::Quick => &SMALL,
            Writer::Careful => &LARGE,
            Writer::Best => &BEST,
        }
    }
}

#[tta::router(maturity = "development", baseline = Writer::Careful)]
pub(crate) fn pick_writer(request: Request) -> Decision<Writer> {
    if request.is_each(12) {
        Decision::new(Writer::Best, "delicate")
    } else if request.is_each(5) {
        Decision::new(Writer::Careful, "long")
    } else {
        Decision::new(Writer::Quick, "short")
    }
}

#[tta::primitive(
    llm(
        provider = writer.provider(),
        model = writer.model(),
        models = ["claude-haiku-4-5", "claude-sonnet-4-5", "gpt-4o-mini"],
        max_tokens = 60,
    ),
    maturity = "development"
)]
async fn write_line(writer: Writer, request: Request) -> Result<Answer, ModelError> {
    let sent = writer.asked().send(120, 60);
    work(request, Duration::from_millis(2)).await;
    if request.is_each(90) {
        sent.refused();
        return Err(ModelError::RateLimited);
    }
    Ok(sent.answered(0, 20 + request.number % 30))
}

/// Writes the last line of an answer, which can do without.
pub(crate) async fn sign_off(request: Request) {
    let decision = pick_writer(request);
    let writer = *decision.route();
    if decision.run(|writer| write_line(writer, request)).await.is_ok() {
        asked_instead(writer.asked(), &LARGE, 120, 20 + request.number % 30);
    }
}
