//! Unique fields: which types they may have, and the text that stands for a value of theirs.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use crate::value::{Comparand, JsonType, Operand};

/// A type whose values can be told apart to the letter: what a unique field may be.
///
/// Strings, `char`, `bool`, integers of up to 64 bits, what `#[derive(CacheValue)]` makes of these and of enums,
/// `Uuid`, `Ulid` and `Url`, and an `Option` of one: `None` is no value, of which there may be many.
///
/// ```
/// use cache_index::{JsonType, UniqueOperand, UniqueValue};
///
/// // What `#[derive(CacheValue)]` writes for this:
/// struct Email(String);
/// impl UniqueValue for Email {
///     type Unique = String;
///     const UNIQUE_JSON: JsonType = JsonType::String;
/// }
/// assert_eq!(UniqueOperand::<Option<Email>>::unique_json("ann@example.com"), Some("ann@example.com".into()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be unique",
    label = "has no values that are the same to the letter",
    note = "strings, `char`, `bool`, integers of up to 64 bits, enums and newtypes with `CacheValue`, and `Option`s of these can be unique",
    note = "give the field one of these types, or keep a digest of it in a field of its own"
)]
pub trait UniqueValue {
    /// What is compared: the type itself, or what is in the `Option`.
    type Unique;
    /// The JSON type of the values.
    const UNIQUE_JSON: JsonType;
}

/// What a unique field of type `V` can be looked up by: a value of it; strings also by `&str`.
///
/// ```
/// use cache_index::UniqueOperand;
///
/// assert_eq!(UniqueOperand::<bool>::unique_json(true), Some(true.into()));
/// assert_eq!(UniqueOperand::<u64>::unique_json(u64::MAX), Some(u64::MAX.into()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be looked up in a field of `{V}`",
    label = "expected a value like `{V}`",
    note = "convert the value to the field's own type; strings also take `&str`"
)]
pub trait UniqueOperand<V> {
    /// The JSON that a document has where the field has this value; `None`: no document has it.
    fn unique_json(self) -> Option<Value>;
}

impl<V: UniqueValue, T: Operand<V::Unique>> UniqueOperand<V> for T {
    fn unique_json(self) -> Option<Value> {
        json(self.into_comparand(), V::UNIQUE_JSON)
    }
}

/// The member of a unique field of type `V`.
///
/// ```
/// use cache_index::unique_member;
///
/// // A field of type `f64` would not compile: equal numbers may be written differently.
/// assert_eq!(unique_member::<Option<String>>("email"), "email");
/// ```
pub const fn unique_member<V: UniqueValue>(member: &'static str) -> &'static str {
    member
}

impl<T: UniqueValue> UniqueValue for Option<T> {
    type Unique = T::Unique;
    const UNIQUE_JSON: JsonType = T::UNIQUE_JSON;
}

macro_rules! unique {
    ($($type:ty)*) => {$(
        impl $crate::unique::UniqueValue for $type {
            type Unique = <$type as $crate::value::IndexValue>::Scalar;
            const UNIQUE_JSON: $crate::value::JsonType = <$type as $crate::value::IndexValue>::JSON;
        }
    )*};
}

#[cfg(any(feature = "ulid", feature = "url", feature = "uuid"))]
pub(crate) use unique;

unique! {
    String Box<str> Arc<str> Rc<str> Cow<'static, str> char bool
    i8 i16 i32 i64 isize u8 u16 u32 u64 usize
}

fn json(comparand: Comparand, json: JsonType) -> Option<Value> {
    match (comparand, json) {
        (Comparand::Tag(text), JsonType::Bool) => text.parse().ok().map(Value::Bool),
        (Comparand::Tag(text), _) => Some(Value::String(text)),
        (Comparand::Integer(number), _) => {
            i64::try_from(number).map(Value::from).or_else(|_| u64::try_from(number).map(Value::from)).ok()
        }
        (Comparand::Float(_) | Comparand::Inexact(_) | Comparand::Unnamed, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_serde_writes() {
        fn json<V>(value: impl UniqueOperand<V>) -> Option<Value> {
            value.unique_json()
        }
        assert_eq!(json::<String>("a\"b"), Some(Value::from("a\"b")));
        assert_eq!(json::<Option<String>>("true"), Some(Value::from("true")));
        assert_eq!(json::<bool>(true), Some(Value::from(true)));
        assert_eq!(json::<char>('x'), Some(Value::from("x")));
        assert_eq!(json::<u64>(u64::MAX), Some(Value::from(u64::MAX)));
        assert_eq!(json::<i8>(-7), Some(Value::from(-7)));
    }
}
