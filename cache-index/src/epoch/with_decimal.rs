//! Decimals of `rust_decimal` as numbers, where a double holds them.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::{Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};

use super::form::{EpochVisitor, Form, KnownForm};
use super::unit::EpochNumber;
use crate::kind::Numeric;
use crate::path::Step;
use crate::value::{
    Comparand, IndexValue, Indexable, JsonType, Operand, ScalarValue, SortableValue, operands, scalars,
};

/// The largest integer that a double tells from its neighbours.
const MAX_EXACT: i128 = (1 << 53) - 1;

/// A decimal as a number: the type of handles of fields that are written by [`decimal_number`]. There are no values
/// of it.
///
/// ```
/// # use cache_index::*;
/// # struct Item;
/// # static SCHEMA: Schema = Schema::new("Item", "item", "id", &[]);
/// # impl IndexSchema for Item { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl Item {
/// #     const PRICE: Field<Item, DecimalNumber, Numeric, Options<No>> = Field::indexed("price", "price");
/// # }
/// use rust_decimal::Decimal;
///
/// // Of a field `#[serde(with = "cache_core::decimal_number")] price: Decimal`:
/// let cheap = Item::PRICE.lt(Decimal::new(19_95, 2)).render()?;
/// assert_eq!(cheap.params().values(), [b"19.95"]);
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub enum DecimalNumber {}

scalars! {
    DecimalNumber as DecimalNumber: Number, Numeric;
}

operands! {
    Decimal: DecimalNumber, |value| compared(value);
    &Decimal: DecimalNumber, |value| compared(*value);
}

impl KnownForm for DecimalNumber {}

/// A number that is no date.
///
/// ```
/// use cache_index::{DecimalForm, Written};
/// use rust_decimal::Decimal;
///
/// let price = Decimal::new(19_95, 2);
/// let written = Written::<_, DecimalForm>::new(&price);
/// assert_eq!(serde_json::to_string(&written)?, "19.95");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
pub enum DecimalForm {}

/// The double from which the same decimal is read. Integers of up to 53 bits and powers of ten of up to 22 are doubles,
/// so that the server, too, rounds only once.
fn double(decimal: Decimal) -> Option<f64> {
    let decimal = decimal.normalize();
    let number: f64 = decimal.to_string().parse().ok()?;
    let exact = decimal.mantissa().abs() <= MAX_EXACT && decimal.scale() <= 22;
    (exact && read(number) == Some(decimal)).then_some(number)
}

fn read(number: f64) -> Option<Decimal> {
    Decimal::from_str(&number.to_string()).ok()
}

fn compared(decimal: Decimal) -> Comparand {
    // What is no double is refused: it would compare as a decimal beside it does.
    double(decimal).map_or_else(|| Comparand::Inexact(decimal.to_string()), Comparand::Float)
}

impl Form<DecimalForm> for Decimal {
    type As = DecimalNumber;

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = double(*self).ok_or_else(|| {
            S::Error::custom(
                "`decimal_number` would lose digits of the decimal, since a double holds 15; round it, or store it \
                 without an index, as text",
            )
        })?;
        serializer.serialize_f64(number)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(EpochVisitor)? {
            EpochNumber::Whole(number) => Ok(number.into()),
            EpochNumber::Float(number) => read(number)
                .ok_or_else(|| D::Error::custom(format_args!("{number} has more digits than a `Decimal`"))),
        }
    }
}

/// `#[serde(with = "cache_core::decimal_number")]`: a decimal as a number, indexed as NUMERIC.
///
/// A number has no scale: 1.00 comes back as 1, which equals it. `Option` and `Vec` of decimals are written like this
/// too; an `Option` whose member may be missing needs `#[serde(default)]` beside it.
pub mod decimal_number {
    use serde::{Deserializer, Serializer};

    use super::{DecimalForm, Form};

    /// Writes a decimal, or an `Option` or a `Vec` of decimals.
    ///
    /// ```
    /// use cache_index::decimal_number;
    /// use rust_decimal::Decimal;
    ///
    /// let json = decimal_number::serialize(&Decimal::new(19_95, 2), serde_json::value::Serializer)?;
    /// assert_eq!(json, 19.95);
    /// let refused = decimal_number::serialize(&Decimal::MAX, serde_json::value::Serializer).unwrap_err();
    /// assert!(refused.to_string().starts_with("`decimal_number` would lose digits"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// A decimal of more digits than a double holds, which is 15.
    pub fn serialize<T: Form<DecimalForm>, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.write(serializer)
    }

    /// Reads what [`serialize`] writes.
    ///
    /// ```
    /// use cache_index::decimal_number;
    /// use rust_decimal::Decimal;
    ///
    /// let price: Decimal = decimal_number::deserialize(serde_json::json!(19.95))?;
    /// assert_eq!(price, Decimal::new(19_95, 2));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// What is no number, or one that no decimal holds.
    pub fn deserialize<'de, T: Form<DecimalForm>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        T::read(deserializer)
    }

    #[doc(hidden)]
    pub type __CacheForm<T> = <T as Form<DecimalForm>>::As;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::epoch::Written;

    fn round_trip(decimal: Decimal) -> Result<Decimal, serde_json::Error> {
        let json = serde_json::to_string(&Written::<_, DecimalForm>::new(&decimal))?;
        Decimal::read(&mut serde_json::Deserializer::from_str(&json))
    }

    #[test]
    fn decimals_are_numbers_or_refused() {
        for (text, same) in
            [("1.00", true), ("-0.1", true), ("12345678901234.5", true), ("0.12345678901234567", false)]
        {
            let decimal: Decimal = text.parse().unwrap();
            assert_eq!(round_trip(decimal).ok(), same.then_some(decimal), "{text}");
            assert_eq!(matches!(compared(decimal), Comparand::Float(_)), same, "{text}");
        }
        assert!(round_trip(Decimal::MAX).is_err());
    }

    proptest! {
        #[test]
        fn fifteen_digits_are_kept(digits in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0..=22_u32) {
            let decimal = Decimal::new(digits, scale);
            prop_assert_eq!(round_trip(decimal).unwrap(), decimal);
        }
    }
}
