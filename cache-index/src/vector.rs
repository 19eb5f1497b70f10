//! Vectors: a fixed number of numbers, with the dimension and the element in the type.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod sealed {
    pub trait Sealed {}
}

#[cfg(feature = "half")]
pub(crate) use sealed::Sealed;

/// The number type in which the index keeps a vector.
///
/// ```
/// use cache_index::{ElementType, VectorElement};
///
/// assert_eq!(<f32 as VectorElement>::TYPE, ElementType::Float32);
/// assert_eq!(ElementType::Float32.keyword(), "FLOAT32");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementType {
    /// `FLOAT32`
    Float32,
    /// `FLOAT64`
    Float64,
    /// `FLOAT16`
    Float16,
    /// `BFLOAT16`
    BFloat16,
}

impl ElementType {
    /// RediSearch's word for it.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Float32 => "FLOAT32",
            Self::Float64 => "FLOAT64",
            Self::Float16 => "FLOAT16",
            Self::BFloat16 => "BFLOAT16",
        }
    }
}

/// What an index of vectors holds: how many numbers, of which type.
///
/// ```
/// use cache_index::{ElementType, FieldDef, JsonType, Vector, VectorType};
///
/// let embedding = FieldDef::inferred::<Vector<f32, 768>>("embedding", "embedding");
/// assert_eq!(embedding.json(), JsonType::Vector(VectorType { element: ElementType::Float32, dimension: 768 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VectorType {
    /// The number type.
    pub element: ElementType,
    /// How many numbers a vector has.
    pub dimension: usize,
}

/// A number that vectors are made of: `f32` (FLOAT32), `f64` (FLOAT64), and with the feature `half` its `f16`
/// (FLOAT16) and `bf16` (BFLOAT16).
///
/// ```
/// use cache_index::{Vector, VectorElement};
///
/// fn length<T: VectorElement, const N: usize>(vector: &Vector<T, N>) -> f64 {
///     vector.iter().map(|number| number.to_f64().powi(2)).sum::<f64>().sqrt()
/// }
/// assert_eq!(length(&Vector::from([3.0_f32, 4.0])), 5.0);
/// ```
#[diagnostic::on_unimplemented(
    message = "a vector of `{Self}` cannot be indexed",
    label = "vectors are made of `f32`, `f64`, `half::f16` or `half::bf16`",
    note = "write `Vector<f32, N>`; `f16` and `bf16` need the feature `half`"
)]
pub trait VectorElement: sealed::Sealed + Copy + Default + fmt::Debug + 'static {
    /// The number type in which the index keeps it.
    const TYPE: ElementType;
    /// The number as a double, which is exact.
    fn to_f64(self) -> f64;
    /// The number that a JSON number means.
    fn from_f64(number: f64) -> Self;
    /// Appends the number as the index reads it from a query.
    fn write(self, blob: &mut Vec<u8>);
    /// Serialises the number.
    ///
    /// # Errors
    /// The serializer's.
    fn serialize<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error>;
}

macro_rules! elements {
    ($($type:ty: $element:ident, $serialize:ident;)*) => {$(
        impl sealed::Sealed for $type {}
        impl VectorElement for $type {
            const TYPE: ElementType = ElementType::$element;

            fn to_f64(self) -> f64 {
                self.into()
            }

            fn from_f64(number: f64) -> Self {
                number as Self
            }

            fn write(self, blob: &mut Vec<u8>) {
                blob.extend_from_slice(&self.to_le_bytes());
            }

            fn serialize<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.$serialize(self)
            }
        }
    )*};
}

elements! {
    f32: Float32, serialize_f32;
    f64: Float64, serialize_f64;
}

/// A vector of `N` numbers, such as the embedding of a text. Indexed as VECTOR.
///
/// In JSON it is an array of exactly `N` numbers. `f32`, and with the feature `half` `f16` and `bf16`, come back to the
/// last bit; of `f64` about one in four hundred comes back one unit in the last place off (see
/// [`write_json`](crate::write_json)).
///
/// It dereferences to a slice, and is made from an array, or from a list of the right length.
///
/// ```
/// use cache_index::Vector;
///
/// let vector = Vector::from([0.5_f32, 1.0, -2.0]);
/// assert_eq!(vector.len(), 3);
/// let made: Vector<f32, 3> = vec![0.5, 1.0, -2.0].try_into()?;
/// assert_eq!(made, vector);
/// assert!(Vector::<f32, 2>::try_from(vec![1.0]).is_err());
/// # Ok::<(), cache_index::VectorLengthError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Vector<T, const N: usize>(Box<[T]>);

/// A list that has not as many numbers as the vector has dimensions.
///
/// ```
/// use cache_index::Vector;
///
/// let refused = Vector::<f32, 3>::try_from(vec![0.5, 1.0]).unwrap_err();
/// assert_eq!((refused.expected, refused.found), (3, 2));
/// assert_eq!(
///     refused.to_string(),
///     "a vector of 3 dimensions was given 2 numbers; use the model that the index was made for",
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a vector of {expected} dimensions was given {found} numbers; use the model that the index was made for"
)]
pub struct VectorLengthError {
    /// The dimension.
    pub expected: usize,
    /// How many numbers there were.
    pub found: usize,
}

impl<T: VectorElement, const N: usize> Vector<T, N> {
    /// The vector's numbers as the index reads them from a query: little-endian, one after the other.
    pub fn to_blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(N * size_of::<T>());
        self.0.iter().for_each(|number| number.write(&mut blob));
        blob
    }
}

impl<T: VectorElement, const N: usize> Default for Vector<T, N> {
    /// All zeros. It is similar to nothing by COSINE.
    fn default() -> Self {
        Self(vec![T::default(); N].into())
    }
}

impl<T, const N: usize> From<[T; N]> for Vector<T, N> {
    fn from(numbers: [T; N]) -> Self {
        Self(Box::new(numbers))
    }
}

impl<T, const N: usize> TryFrom<Vec<T>> for Vector<T, N> {
    type Error = VectorLengthError;

    fn try_from(numbers: Vec<T>) -> Result<Self, VectorLengthError> {
        if numbers.len() == N {
            Ok(Self(numbers.into_boxed_slice()))
        } else {
            Err(VectorLengthError { expected: N, found: numbers.len() })
        }
    }
}

impl<T, const N: usize> From<Vector<T, N>> for Vec<T> {
    fn from(vector: Vector<T, N>) -> Self {
        vector.0.into_vec()
    }
}

impl<T, const N: usize> Deref for Vector<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> DerefMut for Vector<T, N> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: fmt::Debug, const N: usize> fmt::Debug for Vector<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

struct Number<T>(T);

impl<T: VectorElement> Serialize for Number<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: VectorElement, const N: usize> Serialize for Vector<T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_tuple(N)?;
        self.0.iter().try_for_each(|number| array.serialize_element(&Number(*number)))?;
        array.end()
    }
}

impl<'de, T: VectorElement, const N: usize> Deserialize<'de> for Vector<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Numbers(PhantomData))
    }
}

struct Numbers<T, const N: usize>(PhantomData<T>);

impl<'de, T: VectorElement, const N: usize> Visitor<'de> for Numbers<T, N> {
    type Value = Vector<T, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {N} numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        // Not what the other side claims: that could be any number.
        let mut numbers = Vec::with_capacity(N);
        while let Some(number) = array.next_element()? {
            if numbers.len() == N {
                return Err(A::Error::invalid_length(N + 1, &self));
            }
            numbers.push(T::from_f64(number));
        }
        let found = numbers.len();
        Vector::try_from(numbers).map_err(|_| A::Error::invalid_length(found, &self))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::write_json;

    #[test]
    fn another_length_is_refused() {
        for json in ["[]", "[1]", "[1,2,3]", "null", r#"[1,"2"]"#] {
            assert!(serde_json::from_str::<Vector<f32, 2>>(json).is_err(), "{json}");
        }
        assert_eq!(&*serde_json::from_str::<Vector<f64, 2>>("[1, -2.5]").unwrap(), [1.0, -2.5]);
    }

    #[test]
    fn a_blob_is_little_endian() {
        assert_eq!(Vector::from([1.0_f32, -2.0]).to_blob(), [0, 0, 128, 63, 0, 0, 0, 192]);
        assert_eq!(Vector::from([1.0_f64]).to_blob(), [0, 0, 0, 0, 0, 0, 240, 63]);
    }

    proptest! {
        #[test]
        fn singles_come_back_to_the_last_bit(numbers: [f32; 3]) {
            prop_assume!(numbers.iter().all(|number| number.is_finite()));
            let vector = Vector::from(numbers);
            let mut json = Vec::new();
            write_json(&mut json, &vector).unwrap();
            prop_assert_eq!(serde_json::from_slice::<Vector<f32, 3>>(&json).unwrap(), vector);
        }
    }
}
