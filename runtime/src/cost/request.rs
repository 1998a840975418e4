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
    pub(super) top_k: Option<u64>,
    pub(super) frequency_penalty: Option<f64>,
    pub(super) presence_penalty: Option<f64>,
    pub(super) stop_sequences: Option<Vec<Cow<'static, str>>>,
    /// How many answers.
    pub(super) choice_count: Option<u64>,
    pub(super) output_type: Option<String>,
    pub(super) server_address: Option<String>,
    pub(super) server_port: Option<u64>,
    pub(super) seed: Option<i64>,
    pub(super) conversation: Option<String>,
}

/// A setting of a request that need not be there.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what `llm` takes here",
    label = "not a `{T}`, or an `Option` of what can be one",
    note = "a count, a port and a seed are integers, a temperature, `top_p` and a penalty floats, a conversation, an output type and an address text, and stop sequences a list of texts"
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
given!(f64 => f64);
given!(u8 => i64 u16 => i64 u32 => i64 u64 => i64 i32 => i64 i64 => i64);

#[diagnostic::do_not_recommend]
impl Given<f64> for f32 {
    fn given(&self) -> Option<f64> {
        Some(crate::span::value::widened(*self))
    }
}

#[diagnostic::do_not_recommend]
impl Given<f64> for Option<f32> {
    fn given(&self) -> Option<f64> {
        self.as_ref().and_then(Given::<f64>::given)
    }
}

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

#[diagnostic::do_not_recommend]
impl<T: AsRef<str>> Given<Vec<Cow<'static, str>>> for [T] {
    fn given(&self) -> Option<Vec<Cow<'static, str>>> {
        Some(self.iter().take(MAX_LIST).map(|text| name(text.as_ref())).collect())
    }
}

#[diagnostic::do_not_recommend]
impl<T: AsRef<str>, const N: usize> Given<Vec<Cow<'static, str>>> for [T; N] {
    fn given(&self) -> Option<Vec<Cow<'static, str>>> {
        self.as_slice().given()
    }
}

#[diagnostic::do_not_recommend]
impl<T: AsRef<str>> Given<Vec<Cow<'static, str>>> for Vec<T> {
    fn given(&self) -> Option<Vec<Cow<'static, str>>> {
        self.as_slice().given()
    }
}

#[diagnostic::do_not_recommend]
impl<L: Given<Vec<Cow<'static, str>>>> Given<Vec<Cow<'static, str>>> for Option<L> {
    fn given(&self) -> Option<Vec<Cow<'static, str>>> {
        self.as_ref()?.given()
    }
}

/// Bytes of a name from outside that are kept.
const MAX_NAME: usize = 256;

/// Texts of a list that are kept. No provider takes more stop sequences.
const MAX_LIST: usize = 16;

/// A name from outside, as much of it as is kept: no half of a secret at its end, where it could leave.
pub(super) fn cut(text: &str) -> &str {
    #[cfg(feature = "telemetry")]
    return crate::privacy::beginning(text, MAX_NAME);
    #[cfg(not(feature = "telemetry"))]
    &text[..text.floor_char_boundary(MAX_NAME)]
}

/// A name from outside.
pub(super) fn name(text: &str) -> Cow<'static, str> {
    Cow::Owned(cut(text).to_owned())
}

impl Request {
    /// What all choices of the answer may have together, in tokens.
    pub(super) fn longest(&self) -> Option<u64> {
        let choices = self.choice_count.unwrap_or(1).max(1);
        self.max_tokens.map(|tokens| tokens.saturating_mul(choices))
    }

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

    /// `top_k = ..`
    pub fn top_k(&mut self, top_k: &(impl Given<u64> + ?Sized)) {
        self.top_k = top_k.given();
    }

    /// `frequency_penalty = ..`
    pub fn frequency_penalty(&mut self, penalty: &(impl Given<f64> + ?Sized)) {
        self.frequency_penalty = penalty.given();
    }

    /// `presence_penalty = ..`
    pub fn presence_penalty(&mut self, penalty: &(impl Given<f64> + ?Sized)) {
        self.presence_penalty = penalty.given();
    }

    /// `stop_sequences = ..`
    pub fn stop_sequences(&mut self, sequences: &(impl Given<Vec<Cow<'static, str>>> + ?Sized)) {
        self.stop_sequences = sequences.given();
    }

    /// `choice_count = ..`
    pub fn choice_count(&mut self, count: &(impl Given<u64> + ?Sized)) {
        self.choice_count = count.given();
    }

    /// `output_type = ..`
    pub fn output_type(&mut self, ty: &(impl Given<String> + ?Sized)) {
        self.output_type = ty.given();
    }

    /// `server_address = ..`
    pub fn server_address(&mut self, address: &(impl Given<String> + ?Sized)) {
        self.server_address = address.given();
    }

    /// `server_port = ..`
    pub fn server_port(&mut self, port: &(impl Given<u64> + ?Sized)) {
        self.server_port = port.given();
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
