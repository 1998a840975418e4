//! What `llm(..)` asks of a model, looked up in the arguments of a call.
#![cfg_attr(not(feature = "llm"), allow(dead_code))]

use std::borrow::Cow;

/// What is asked of a model.
#[derive(Debug, Default)]
pub struct Request {
    pub(super) provider: Cow<'static, str>,
    pub(super) model: Cow<'static, str>,
    /// The most that the answer may have, in tokens.
    pub(super) max_tokens: Option<u64>,
    /// What the prompt has, in tokens, where somebody has counted them.
    pub(super) input_tokens: Option<u64>,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) seed: Option<i64>,
    pub(super) conversation: Option<String>,
}

/// A setting of a request that need not be there.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what `llm` takes here",
    label = "not a `{T}`, or an `Option` of what can be one",
    note = "a number of tokens and a seed are integers, a temperature and `top_p` floats, a conversation is text"
)]
pub trait Given<T> {
    /// The setting, if it is.
    fn given(&self) -> Option<T>;
}

#[diagnostic::do_not_recommend]
impl<T, G: Given<T> + ?Sized> Given<T> for &G {
    fn given(&self) -> Option<T> {
        (**self).given()
    }
}

macro_rules! given {
    ($($number:ty => $to:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Given<$to> for $number {
            fn given(&self) -> Option<$to> {
                <$to>::try_from(*self).ok()
            }
        }

        #[diagnostic::do_not_recommend]
        impl Given<$to> for Option<$number> {
            fn given(&self) -> Option<$to> {
                self.as_ref().and_then(Given::<$to>::given)
            }
        }
    )*};
}

given!(u8 => u64 u16 => u64 u32 => u64 u64 => u64 usize => u64 i32 => u64 i64 => u64);
given!(f32 => f64 f64 => f64);
given!(u8 => i64 u16 => i64 u32 => i64 u64 => i64 i32 => i64 i64 => i64);

#[diagnostic::do_not_recommend]
impl Given<String> for str {
    fn given(&self) -> Option<String> {
        Some(self.to_owned())
    }
}

#[diagnostic::do_not_recommend]
impl Given<String> for String {
    fn given(&self) -> Option<String> {
        Some(self.clone())
    }
}

#[diagnostic::do_not_recommend]
impl<T: AsRef<str>> Given<String> for Option<T> {
    fn given(&self) -> Option<String> {
        self.as_ref().map(|text| text.as_ref().to_owned())
    }
}

/// Bytes of a name from outside that are kept.
const MAX_NAME: usize = 256;

/// A name from outside, as much of it as is kept.
pub(super) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_NAME)]
}

/// A name from outside.
pub(super) fn name(text: &str) -> Cow<'static, str> {
    Cow::Owned(cut(text).to_owned())
}

impl Request {
    /// `provider = ..`
    pub fn provider(&mut self, provider: &(impl AsRef<str> + ?Sized)) {
        self.provider = name(provider.as_ref());
    }

    /// `model = ..`
    pub fn model(&mut self, model: &(impl AsRef<str> + ?Sized)) {
        self.model = name(model.as_ref());
    }

    /// `max_tokens = ..`
    pub fn max_tokens(&mut self, tokens: &(impl Given<u64> + ?Sized)) {
        self.max_tokens = tokens.given();
    }

    /// `input_tokens = ..`
    pub fn input_tokens(&mut self, tokens: &(impl Given<u64> + ?Sized)) {
        self.input_tokens = tokens.given();
    }

    /// `temperature = ..`
    pub fn temperature(&mut self, temperature: &(impl Given<f64> + ?Sized)) {
        self.temperature = temperature.given();
    }

    /// `top_p = ..`
    pub fn top_p(&mut self, top_p: &(impl Given<f64> + ?Sized)) {
        self.top_p = top_p.given();
    }

    /// `seed = ..`
    pub fn seed(&mut self, seed: &(impl Given<i64> + ?Sized)) {
        self.seed = seed.given();
    }

    /// `conversation = ..`
    pub fn conversation(&mut self, id: &(impl Given<String> + ?Sized)) {
        self.conversation = id.given();
    }
}
