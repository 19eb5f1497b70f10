//! What may stand right of an operator, and what it is compared as.

use std::borrow::Cow;
use std::sync::Arc;

/// A value on the right of an operator, as the index compares it.
///
/// ```
/// use cache_index::{Comparand, Operand};
///
/// assert_eq!(Operand::<u8>::into_comparand(42_u8), Comparand::Integer(42));
/// #[derive(serde::Serialize)]
/// #[serde(rename_all = "snake_case")]
/// enum Role {
///     SeniorEditor,
/// }
/// assert_eq!(Comparand::named(&Role::SeniorEditor), Comparand::Tag("senior_editor".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Comparand {
    /// A string, or what a `char` or `bool` is as a tag.
    Tag(String),
    /// An integer, in the whole range of the 64-bit types.
    Integer(i128),
    /// A floating point number.
    Float(f64),
    /// What no double stands for, as text: comparing it would be comparing its neighbour.
    Inexact(String),
    /// A value that serde does not write as a string where the index holds strings.
    Unnamed,
}

impl Comparand {
    /// The name of an enum's variant, as serde writes it.
    pub fn named(value: &impl serde::Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(serde_json::Value::String(name)) => Self::Tag(name),
            _ => Self::Unnamed,
        }
    }
}

/// What may stand right of an operator of a field whose scalar is `V`.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # static SCHEMA: Schema = Schema::new("Order", "order", "id", &[]);
/// # impl IndexSchema for Order { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl Order {
/// #     const CURRENCY: Field<Order, String, Tag, Options<No>> = Field::indexed("currency", "currency");
/// # }
/// use cache_index::{Comparand, Operand};
///
/// struct Francs;
/// impl Operand<String> for Francs {
///     fn into_comparand(self) -> Comparand {
///         Comparand::Tag("CHF".to_owned())
///     }
/// }
/// assert_eq!(Order::CURRENCY.eq(Francs).render()?.params().values(), [b"CHF"]);
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with a field of `{V}`",
    label = "expected a value like `{V}`",
    note = "convert the operand to the field's own type; strings also take `&str`; documents without a value are found with `is_missing`"
)]
pub trait Operand<V> {
    /// The value as the index compares it.
    fn into_comparand(self) -> Comparand;
}

macro_rules! operands {
    ($($type:ty: $scalar:ty, |$value:ident| $comparand:expr;)*) => {$(
        impl Operand<$scalar> for $type {
            fn into_comparand(self) -> Comparand {
                let $value = self;
                $comparand
            }
        }
    )*};
}

operands! {
    String: String, |value| Comparand::Tag(value);
    &String: String, |value| Comparand::Tag(value.clone());
    &&str: String, |value| Comparand::Tag((*value).to_owned());
    &str: String, |value| Comparand::Tag(value.to_owned());
    Cow<'_, str>: String, |value| Comparand::Tag(value.into_owned());
    Box<str>: String, |value| Comparand::Tag(value.into_string());
    Arc<str>: String, |value| Comparand::Tag((*value).to_owned());
    &Arc<str>: String, |value| Comparand::Tag((**value).to_owned());
    char: char, |value| Comparand::Tag(value.to_string());
    &char: char, |value| Comparand::Tag(value.to_string());
    bool: bool, |value| Comparand::Tag(value.to_string());
    &bool: bool, |value| Comparand::Tag(value.to_string());
    f64: f64, |value| Comparand::Float(value);
    &f64: f64, |value| Comparand::Float(*value);
    f32: f32, |value| Comparand::Float(widen(value));
    &f32: f32, |value| Comparand::Float(widen(*value));
}

#[allow(unused_imports, reason = "only features use it")]
pub(crate) use operands;

macro_rules! integer_operands {
    ($($type:ty)*) => {$(
        operands! {
            $type: $type, |value| Comparand::Integer(value as i128);
            &$type: $type, |value| Comparand::Integer(*value as i128);
        }
    )*};
}

integer_operands! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

/// The double that an `f32` becomes on its way through JSON: serde_json writes 0.1f32 as `0.1`, and the index
/// holds the double 0.1, not the double nearest to the single.
pub(crate) fn widen(value: f32) -> f64 {
    // A finite f32's shortest text is a valid f64; the others keep their meaning and are refused later.
    value.to_string().parse().unwrap_or(f64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_compares_as_its_decimal_text() {
        assert_eq!(Operand::<f32>::into_comparand(0.1f32), Comparand::Float(0.1f64));
        assert_ne!(f64::from(0.1f32), 0.1f64);
    }
}
