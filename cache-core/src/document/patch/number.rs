//! Numbers that can be incremented, and what may be added to them.

use cache_index::write_json;

/// A type of number that can be incremented where it is stored: integers up to 64 bits, `f32` and `f64`, also in an
/// `Option`.
///
/// A newtype that serde writes as its number becomes one by taking over what the number has:
///
/// ```
/// use cache_core::{Number, NumberRange};
///
/// struct Cents(i64);
///
/// impl Number for Cents {
///     type Scalar = i64;
///     const RANGE: NumberRange = <i64 as Number>::RANGE;
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a field of `{Self}` cannot be incremented",
    label = "not a number of at most 64 bits",
    note = "`increment` takes integers up to 64 bits, `f32` and `f64`; change other fields with `set`"
)]
pub trait Number {
    /// The number itself, which decides what may be added.
    type Scalar;
    /// What its values can be.
    const RANGE: NumberRange;
}

/// What the values of a type of number can be.
///
/// For a newtype that holds less than its number does:
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::{Number, NumberRange, PatchError};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Percent(u8);
///
/// impl Number for Percent {
///     type Scalar = u8;
///     const RANGE: NumberRange = NumberRange::integers(0, 100);
/// }
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Job { #[primary_key] id: u64, done: Percent }
///
/// Job { id: 7, done: Percent(70) }.save(&cache).await?;
/// let error = Job::patch(7).increment(Job::DONE, 60).send(&cache).await.unwrap_err();
/// assert!(matches!(error.patch_error(), Some(PatchError::OutOfRange { .. })), "130 % was not stored");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberRange(pub(super) Range);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    Integers { least: i128, most: i128 },
    Single,
    Double,
}

impl NumberRange {
    /// The finite numbers of `f32`.
    pub const SINGLE: Self = Self(Range::Single);
    /// The finite numbers of `f64`.
    pub const DOUBLE: Self = Self(Range::Double);

    /// The integers from `least` to `most`, both included.
    pub const fn integers(least: i128, most: i128) -> Self {
        Self(Range::Integers { least, most })
    }
}

impl<T: Number> Number for Option<T> {
    type Scalar = T::Scalar;
    const RANGE: NumberRange = T::RANGE;
}

/// What may be added to a field whose number is a `V`: to an integer any integer, also a negative one; to a floating
/// point number one of its own type, or an integer of at most 32 bits.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, visits: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::{Increment, Patch};
///
/// fn add_visits(id: u64, by: impl Increment<u64>) -> Patch<User> {
///     User::patch(id).increment(User::VISITS, by)
/// }
///
/// # User { id: 7, visits: 1 }.save(&cache).await?;
/// add_visits(7, 3_u8).send(&cache).await?;
/// assert_eq!(add_visits(7, -1).send_and_get(&cache).await?.visits, 3);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be added to a field of `{V}`",
    label = "expected a number like `{V}`",
    note = "add integers to integers, and floating point numbers of the field's own type to those"
)]
pub trait Increment<V> {
    /// The number.
    fn amount(self) -> Amount;
}

/// A number to add.
///
/// A type of one's own can be added by what its number is:
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Timer { #[primary_key] id: u64, seconds: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::{Amount, Increment};
///
/// struct Minutes(i64);
///
/// impl Increment<i64> for Minutes {
///     fn amount(self) -> Amount {
///         Increment::<i64>::amount(self.0 * 60)
///     }
/// }
///
/// # Timer { id: 7, seconds: 30 }.save(&cache).await?;
/// let timer = Timer::patch(7).increment(Timer::SECONDS, Minutes(2)).send_and_get(&cache).await?;
/// assert_eq!(timer.seconds, 150);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Amount {
    /// In full: what both Rust and the script read as this number.
    pub(super) text: String,
    double: f64,
}

impl Amount {
    fn integer(by: i128) -> Self {
        Self { text: by.to_string(), double: by as f64 }
    }

    fn double(by: f64) -> Self {
        Self { text: format!("{by:e}"), double: by }
    }

    /// What the script is told in order to add it to a number of this range; `None`: it is not finite.
    pub(super) fn arguments(&self, range: NumberRange) -> Option<Vec<Vec<u8>>> {
        if !self.double.is_finite() {
            return None;
        }
        let mut arguments = vec![self.text.clone().into_bytes()];
        match range.0 {
            Range::Integers { least, most } => {
                arguments.extend([least, most].map(|number| number.to_string().into_bytes()));
            }
            Range::Single => {}
            Range::Double => {
                let mut surviving = Vec::new();
                write_json(&mut surviving, &self.double).ok()?;
                arguments.push(surviving);
            }
        }
        Some(arguments)
    }
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Number for $type {
            type Scalar = Self;
            const RANGE: NumberRange = NumberRange::integers(<$type>::MIN as i128, <$type>::MAX as i128);
        }
        integers! { $type: i8 i16 i32 i64 isize u8 u16 u32 u64 usize }
    )*};
    ($type:ty: $($amount:ty)*) => {$(
        impl Increment<$type> for $amount {
            fn amount(self) -> Amount {
                Amount::integer(self as i128)
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

macro_rules! floats {
    ($($type:ty as $range:ident: $($amount:ty)*;)*) => {$(
        impl Number for $type {
            type Scalar = Self;
            const RANGE: NumberRange = NumberRange::$range;
        }
        $(impl Increment<$type> for $amount {
            fn amount(self) -> Amount {
                Amount::double(self.into())
            }
        })*
    )*};
}

floats! {
    f32 as SINGLE: f32 i8 i16 i32 u8 u16 u32;
    f64 as DOUBLE: f64 i8 i16 i32 u8 u16 u32;
}
