//! Attribute values: what `fields(..)`, `ret(..)` and [`span()`](crate::span) record.

use std::borrow::Cow;

/// The value of a span attribute; types are kept as OpenTelemetry knows them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A boolean.
    Bool(bool),
    /// An integer.
    I64(i64),
    /// A float.
    F64(f64),
    /// Text.
    Str(Cow<'static, str>),
}

/// A type that can be recorded as a span attribute as it is.
///
/// `None` records nothing. An integer that does not fit an `i64` is recorded as text, since
/// OpenTelemetry knows no larger integer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an attribute value",
    label = "not a bool, number, string or Option of one",
    note = "write `%` before the expression to record its `Display` form, or `?` for its `Debug` form"
)]
pub trait ToValue {
    /// The value to record, if any.
    fn to_value(&self) -> Option<Value>;
}

impl ToValue for Value {
    fn to_value(&self) -> Option<Value> {
        Some(self.clone())
    }
}

impl ToValue for bool {
    fn to_value(&self) -> Option<Value> {
        Some(Value::Bool(*self))
    }
}

impl ToValue for str {
    fn to_value(&self) -> Option<Value> {
        Some(Value::Str(Cow::Owned(self.to_owned())))
    }
}

impl ToValue for String {
    fn to_value(&self) -> Option<Value> {
        self.as_str().to_value()
    }
}

impl ToValue for Cow<'_, str> {
    fn to_value(&self) -> Option<Value> {
        (**self).to_value()
    }
}

impl ToValue for char {
    fn to_value(&self) -> Option<Value> {
        Some(Value::Str(Cow::Owned(self.to_string())))
    }
}

impl ToValue for f64 {
    fn to_value(&self) -> Option<Value> {
        Some(Value::F64(*self))
    }
}

impl ToValue for f32 {
    fn to_value(&self) -> Option<Value> {
        Some(Value::F64(widened(*self)))
    }
}

/// The number that is written the same: 0.7, and not 0.699999988079071.
pub(crate) fn widened(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| f64::from(number))
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl ToValue for $integer {
            fn to_value(&self) -> Option<Value> {
                Some(i64::try_from(*self).map_or_else(|_| Value::Str(Cow::Owned(self.to_string())), Value::I64))
            }
        }

        impl From<$integer> for Value {
            fn from(value: $integer) -> Self {
                i64::try_from(value).map_or_else(|_| Value::Str(Cow::Owned(value.to_string())), Value::I64)
            }
        }
    )*};
}

integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl<V: ToValue> ToValue for Option<V> {
    fn to_value(&self) -> Option<Value> {
        self.as_ref()?.to_value()
    }
}

impl<V: ToValue + ?Sized> ToValue for &V {
    fn to_value(&self) -> Option<Value> {
        (**self).to_value()
    }
}

impl<V: ToValue + ?Sized> ToValue for &mut V {
    fn to_value(&self) -> Option<Value> {
        (**self).to_value()
    }
}

impl<V: ToValue + ?Sized> ToValue for Box<V> {
    fn to_value(&self) -> Option<Value> {
        (**self).to_value()
    }
}

impl<V: ToValue + ?Sized> ToValue for std::sync::Arc<V> {
    fn to_value(&self) -> Option<Value> {
        (**self).to_value()
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::F64(value)
    }
}

impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Value::F64(widened(value))
    }
}

impl From<char> for Value {
    fn from(value: char) -> Self {
        Value::Str(Cow::Owned(value.to_string()))
    }
}

impl From<Cow<'static, str>> for Value {
    fn from(value: Cow<'static, str>) -> Self {
        Value::Str(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Value::Str(Cow::Owned(value.clone()))
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Value::Str(Cow::Borrowed(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Str(Cow::Owned(value))
    }
}

#[cfg(feature = "context")]
impl From<Value> for opentelemetry::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(value) => value.into(),
            Value::I64(value) => value.into(),
            Value::F64(value) => value.into(),
            Value::Str(value) => value.into(),
        }
    }
}
