//! The form of a date in JSON: what serde writes and reads, and what that is to the index.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error as _, Unexpected, Visitor};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};

use super::unit::{EpochNumber, EpochValue, Unit};
use crate::kind::{Kind, Numeric};
use crate::path::Step;
use crate::value::{IndexValue, Indexable, JsonType, ScalarValue, SortableValue, TextValue};

/// A date `T` as a number of the unit `U`: the type of handles of fields that are written by
/// [`epoch_seconds`](crate::epoch_seconds) and its like. There are no values of it.
///
/// ```
/// # use cache_index::*;
/// # struct Event;
/// # static SCHEMA: Schema = Schema::new("Event", "event", "id", &[]);
/// # impl IndexSchema for Event { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl Event {
/// #     const ON: Field<Event, Epoch<Day, Seconds>, Numeric, Options<No>> = Field::indexed("on", "on");
/// # }
/// # #[derive(Debug, Clone, PartialEq)] struct Day(i64);
/// # impl EpochValue for Day {
/// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
/// #     fn from_nanoseconds(nanoseconds: i128) -> Option<Self> { i64::try_from(nanoseconds / 86_400_000_000_000).ok().map(Day) }
/// # }
/// // Of a field `#[serde(with = "cache_core::epoch_seconds")] on: Day`:
/// let later = Event::ON.gt(Day(1)).render()?;
/// assert_eq!((later.text(), later.params().values()), ("@on:[($p0 +inf]", &[b"86400".to_vec()][..]));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub struct Epoch<T, U>(PhantomData<fn() -> (T, U)>);

impl<T: EpochValue, U: Unit> IndexValue for Epoch<T, U> {
    type Kind = Numeric;
    type Scalar = Self;
    const JSON: JsonType = JsonType::Number;
    const STEP: Step = Step::One;
}
impl<T: EpochValue, U: Unit> Indexable<Numeric> for Epoch<T, U> {}
impl<T: EpochValue, U: Unit> SortableValue for Epoch<T, U> {}
impl<T: EpochValue, U: Unit> ScalarValue for Epoch<T, U> {
    type ElementKind = Numeric;
    type Element = Self;
}

/// What can be written in this unit: dates, and `Option` and `Vec` of them.
///
/// ```
/// # use cache_index::EpochValue;
/// # #[derive(Debug, Clone, PartialEq)] struct Day(i64);
/// # impl EpochValue for Day {
/// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
/// #     fn from_nanoseconds(nanoseconds: i128) -> Option<Self> { i64::try_from(nanoseconds / 86_400_000_000_000).ok().map(Day) }
/// # }
/// use cache_index::{Form, Millis, Seconds, Written};
///
/// fn json<T: Form<U>, U>(value: &T) -> serde_json::Result<String> {
///     serde_json::to_string(&Written::<T, U>::new(value))
/// }
/// assert_eq!(json::<_, Seconds>(&vec![Day(0), Day(1)])?, "[0,86400]");
/// assert_eq!(json::<_, Millis>(&None::<Day>)?, "null");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written as a number of seconds",
    label = "not a date",
    note = "dates, and `Option` and `Vec` of them can; the features `chrono` and `time` of `cache-core` have the dates of \
            these crates"
)]
pub trait Form<U>: Sized {
    /// What the index sees.
    type As;

    /// Writes it.
    ///
    /// # Errors
    /// A date that the unit would round.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads it.
    ///
    /// # Errors
    /// What is no number of the unit, or no date of the type.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// A value that serializes in this unit.
///
/// ```
/// # use cache_index::EpochValue;
/// # #[derive(Debug, Clone, PartialEq)] struct Day(i64);
/// # impl EpochValue for Day {
/// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
/// #     fn from_nanoseconds(nanoseconds: i128) -> Option<Self> { i64::try_from(nanoseconds / 86_400_000_000_000).ok().map(Day) }
/// # }
/// use cache_index::{Millis, Written};
///
/// let written = Written::<_, Millis>::new(&Day(1));
/// assert_eq!(serde_json::to_string(&written)?, "86400000");
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct Written<'a, T, U>(&'a T, PhantomData<U>);

impl<'a, T, U> Written<'a, T, U> {
    /// The value in the unit.
    pub fn new(value: &'a T) -> Self {
        Self(value, PhantomData)
    }
}

impl<T: Form<U>, U> Serialize for Written<'_, T, U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// A value that was read in this unit.
struct Read<T, U>(T, PhantomData<U>);

impl<'de, T: Form<U>, U> Deserialize<'de> for Read<T, U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(|value| Self(value, PhantomData))
    }
}

impl<T: EpochValue, U: Unit> Form<U> for T {
    type As = Epoch<T, U>;

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match U::write(self.nanoseconds()).map_err(S::Error::custom)? {
            EpochNumber::Whole(number) => serializer.serialize_i64(number),
            EpochNumber::Float(number) => serializer.serialize_f64(number),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = deserializer.deserialize_any(EpochVisitor)?;
        let date = U::read(number).and_then(T::from_nanoseconds);
        date.ok_or_else(|| {
            let found = match number {
                EpochNumber::Whole(number) => Unexpected::Signed(number),
                EpochNumber::Float(number) => Unexpected::Float(number),
            };
            D::Error::invalid_value(found, &"a date as a number of the field's unit")
        })
    }
}

impl<T: Form<U>, U> Form<U> for Option<T> {
    type As = Option<T::As>;

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => serializer.serialize_some(&Written::new(value)),
            None => serializer.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<Read<T, U>>::deserialize(deserializer)?.map(|read| read.0))
    }
}

impl<T: Form<U>, U> Form<U> for Vec<T> {
    type As = Vec<T::As>;

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Written::<T, U>::new))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Read<T, U>>::deserialize(deserializer)?.into_iter().map(|read| read.0).collect())
    }
}

/// Reads any number.
pub(super) struct EpochVisitor;

impl Visitor<'_> for EpochVisitor {
    type Value = EpochNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E>(self, number: i64) -> Result<EpochNumber, E> {
        Ok(EpochNumber::Whole(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<EpochNumber, E> {
        i64::try_from(number)
            .map(EpochNumber::Whole)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E>(self, number: f64) -> Result<EpochNumber, E> {
        Ok(EpochNumber::Float(number))
    }
}

/// The form of a model's field, by its number. What the derive writes for `#[serde(with = …)]`.
///
/// ```
/// # use cache_index::EpochValue;
/// # #[derive(Debug, Clone, PartialEq)] struct Day(i64);
/// # impl EpochValue for Day {
/// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
/// #     fn from_nanoseconds(nanoseconds: i128) -> Option<Self> { i64::try_from(nanoseconds / 86_400_000_000_000).ok().map(Day) }
/// # }
/// use cache_index::{Epoch, FieldDef, FieldKind, HasForm, Seconds};
///
/// // What the derive writes for the first field, `#[serde(with = "cache_core::epoch_seconds")] on: Day`:
/// struct Event;
/// impl HasForm<0> for Event {
///     type As = Epoch<Day, Seconds>;
/// }
/// let on = FieldDef::inferred::<<Event as HasForm<0>>::As>("on", "on");
/// assert_eq!(on.kind(), FieldKind::Numeric);
/// ```
pub trait HasForm<const FIELD: usize> {
    /// What the index sees of the field.
    type As: KnownForm;
}

/// What a module for `#[serde(with = …)]` is known to write.
///
/// ```
/// # use cache_index::EpochValue;
/// # #[derive(Debug, Clone, PartialEq)] struct Day(i64);
/// # impl EpochValue for Day {
/// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
/// #     fn from_nanoseconds(nanoseconds: i128) -> Option<Self> { i64::try_from(nanoseconds / 86_400_000_000_000).ok().map(Day) }
/// # }
/// use cache_index::{Form, KnownForm, Millis};
///
/// fn is_known<T: Form<Millis, As: KnownForm>>() -> bool {
///     true
/// }
/// assert!(is_known::<Option<Day>>());
/// ```
#[diagnostic::on_unimplemented(
    message = "serde writes this field with a module that the index does not know",
    label = "written by `#[serde(with = …)]`",
    note = "write dates with `#[serde(with = \"cache_core::epoch_seconds\")]`, `epoch_millis` or `epoch_float_seconds`, \
            decimals with `decimal_number`",
    note = "for other modules, write the type that is stored: `#[index(as = String)]`"
)]
pub trait KnownForm {}

impl<T, U> KnownForm for Epoch<T, U> {}
impl<F: KnownForm> KnownForm for Option<F> {}
impl<F: KnownForm> KnownForm for Vec<F> {}

/// What a module writes that names no form. It can be indexed as anything, so that there is one message.
///
/// ```
/// use cache_index::{FieldDef, JsonType, NoForm, Tag};
/// # struct Money;
///
/// let price = FieldDef::indexed::<NoForm<Money>, Tag>("price", "price");
/// assert_eq!(price.json(), JsonType::Any, "what is written there is not known");
/// ```
pub struct NoForm<T>(PhantomData<fn() -> T>);

impl<T> IndexValue for NoForm<T> {
    type Kind = Numeric;
    type Scalar = T;
    const JSON: JsonType = JsonType::Any;
    const STEP: Step = Step::One;
}
impl<T, K: Kind> Indexable<K> for NoForm<T> {}
impl<T> SortableValue for NoForm<T> {}
impl<T> TextValue for NoForm<T> {}

/// The form that stands where a module exports none.
#[doc(hidden)]
pub mod default_form {
    /// The form of a field of type `T`.
    pub type __CacheForm<T> = super::NoForm<T>;
}
