//! Credentials that expire: asked for before each request.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use super::answer::{Again, Refusal};
use crate::export::client::readable;
use crate::pipeline::Aside;

type Answer = Result<String, Box<dyn Error + Send + Sync>>;

/// Code of the program's that has a bearer token. It is never shown, nor is what it answers.
#[derive(Clone)]
pub(crate) struct TokenSource(Arc<dyn Fn() -> Answer + Send + Sync>);

impl TokenSource {
    pub(crate) fn new<E>(source: impl Fn() -> Result<String, E> + Send + Sync + 'static) -> Self
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        TokenSource(Arc::new(move || source().map_err(Into::into)))
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource")
    }
}

/// Asks a source, for one connection.
pub(super) struct Token {
    source: TokenSource,
    /// A source may ask somebody over the network, and wait.
    aside: Aside<Answer>,
}

impl Token {
    pub(super) fn from(source: TokenSource) -> Self {
        Token { source, aside: Aside::default() }
    }

    /// The value of `authorization`.
    pub(super) async fn authorization(&mut self) -> Result<HeaderValue, Refusal> {
        let refused = |why: &str, again| Refusal {
            message: format!("the source of tokens has none: {}", readable(why)),
            again,
        };
        let TokenSource(source) = self.source.clone();
        let answer = self.aside.run(move || source()).await;
        let answer = answer
            .map_err(|_| refused("it panicked, or is still busy with an earlier request", Again::Never))?;
        let token = answer.map_err(|error| refused(&error.to_string(), Again::Later))?;
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| refused("what it answered cannot be in a header", Again::Never))?;
        value.set_sensitive(true);
        Ok(value)
    }
}
