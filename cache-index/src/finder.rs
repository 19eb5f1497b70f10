//! What a generated `find_by_<field>` takes: a value, a range of numbers, a text to search for, a place and a distance.

use std::borrow::Cow;
use std::ops::{Bound, Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use crate::epoch::{Epoch, EpochValue, Unit};
use crate::field::Field;
use crate::filter::Filter;
use crate::geo::{Distance, GeoPoint};
use crate::kind::{Geo, Numeric, Tag, Text, VectorKind};
use crate::value::{IndexValue, Operand};
use crate::vector::{Vector, VectorElement};

/// The argument of a finder for a field whose scalar is `S` and whose kind is `K`.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const AGE: Field<User, i64, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::{Filter, FindBy, Numeric};
///
/// // What the derive writes for the field `age: i64`:
/// fn find_by_age(age: impl FindBy<i64, Numeric>) -> Filter<User> {
///     age.into_filter(User::AGE)
/// }
/// assert_eq!(find_by_age(42).render()?.text(), "@age:[$p0 $p0]");
/// assert_eq!(find_by_age(18..65).render()?.text(), "@age:[$p0 ($p1]");
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing to find a {K} field of `{S}` by",
    label = "expected a value like `{S}`",
    note = "TAG finders take a value, NUMERIC finders a value or a range, TEXT finders the words, GEO finders a point \
            and a `Distance`, VECTOR finders a vector and a distance; shapes are searched with `filter`"
)]
pub trait FindBy<S, K> {
    /// The filter that finds by this argument.
    fn into_filter<M, V: IndexValue<Scalar = S>, O>(self, field: Field<M, V, K, O>) -> Filter<M>;
}

impl<S, T: Operand<S>> FindBy<S, Tag> for T {
    fn into_filter<M, V: IndexValue<Scalar = S>, O>(self, field: Field<M, V, Tag, O>) -> Filter<M> {
        field.eq(self)
    }
}

impl FindBy<GeoPoint, Geo> for (GeoPoint, Distance) {
    fn into_filter<M, V: IndexValue<Scalar = GeoPoint>, O>(self, field: Field<M, V, Geo, O>) -> Filter<M> {
        field.within_radius(self.0, self.1)
    }
}

impl<T: VectorElement, const N: usize> FindBy<Vector<T, N>, VectorKind> for (&Vector<T, N>, f64) {
    fn into_filter<M, V: IndexValue<Scalar = Vector<T, N>>, O>(
        self,
        field: Field<M, V, VectorKind, O>,
    ) -> Filter<M> {
        field.within_range(self.0, self.1)
    }
}

macro_rules! texts {
    ($($type:ty),*) => {$(
        impl<S> FindBy<S, Text> for $type {
            fn into_filter<M, V: IndexValue<Scalar = S>, O>(self, field: Field<M, V, Text, O>) -> Filter<M> {
                field.matches(self)
            }
        }
    )*};
}

texts! { &str, &&str, String, &String, Cow<'_, str> }

macro_rules! numbers {
    ($($type:ty as $scalar:ty),*) => {$(
        impl FindBy<$scalar, Numeric> for $type {
            fn into_filter<M, V: IndexValue<Scalar = $scalar>, O>(self, field: Field<M, V, Numeric, O>) -> Filter<M> {
                field.eq(self)
            }
        }
    )*};
}

numbers! {
    i8 as i8, i16 as i16, i32 as i32, i64 as i64, isize as isize, u8 as u8, u16 as u16, u32 as u32, u64 as u64,
    usize as usize, f32 as f32, f64 as f64, &i8 as i8, &i16 as i16, &i32 as i32, &i64 as i64, &isize as isize,
    &u8 as u8, &u16 as u16, &u32 as u32, &u64 as u64, &usize as usize, &f32 as f32, &f64 as f64
}

macro_rules! ranges {
    ($($range:ty),*) => {$(
        impl<S: Operand<S> + Clone> FindBy<S, Numeric> for $range {
            fn into_filter<M, V: IndexValue<Scalar = S>, O>(self, field: Field<M, V, Numeric, O>) -> Filter<M> {
                field.between::<S>(self)
            }
        }
    )*};
}

ranges! {
    Range<S>, RangeInclusive<S>, RangeFrom<S>, RangeTo<S>, RangeToInclusive<S>, RangeFull, (Bound<S>, Bound<S>)
}

macro_rules! dates {
    ($($found:ty: $method:ident;)*) => {$(
        impl<T: EpochValue + Clone, U: Unit> FindBy<Epoch<T, U>, Numeric> for $found {
            fn into_filter<M, V: IndexValue<Scalar = Epoch<T, U>>, O>(
                self,
                field: Field<M, V, Numeric, O>,
            ) -> Filter<M> {
                field.$method(self)
            }
        }
    )*};
}

impl<T: EpochValue + Clone, U: Unit> FindBy<Epoch<T, U>, Numeric> for RangeFull {
    fn into_filter<M, V: IndexValue<Scalar = Epoch<T, U>>, O>(
        self,
        field: Field<M, V, Numeric, O>,
    ) -> Filter<M> {
        field.between::<T>(self)
    }
}

dates! {
    T: eq;
    &T: eq;
    Range<T>: between;
    RangeInclusive<T>: between;
    RangeFrom<T>: between;
    RangeTo<T>: between;
    RangeToInclusive<T>: between;
    (Bound<T>, Bound<T>): between;
}
