//! Half-precision numbers of the `half` crate as elements of vectors.

use half::{bf16, f16};
use serde::Serializer;

use crate::vector::{ElementType, Sealed, VectorElement};

macro_rules! elements {
    ($($type:ty: $element:ident;)*) => {$(
        impl Sealed for $type {}
        impl VectorElement for $type {
            const TYPE: ElementType = ElementType::$element;

            fn to_f64(self) -> f64 {
                <$type>::to_f64(self)
            }

            fn from_f64(number: f64) -> Self {
                <$type>::from_f64(number)
            }

            fn write(self, blob: &mut Vec<u8>) {
                blob.extend_from_slice(&self.to_le_bytes());
            }

            fn serialize<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f32(self.to_f32())
            }
        }
    )*};
}

elements! {
    f16: Float16;
    bf16: BFloat16;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::write_json;
    use crate::vector::Vector;

    proptest! {
        #[test]
        fn halves_come_back_to_the_last_bit(bits: [u16; 4]) {
            let halves = bits.map(f16::from_bits);
            let brains = bits.map(bf16::from_bits);
            prop_assume!(halves.iter().all(|number| number.is_finite()));
            prop_assume!(brains.iter().all(|number| number.is_finite()));
            let mut json = Vec::new();
            write_json(&mut json, &Vector::from(halves)).unwrap();
            prop_assert_eq!(&*serde_json::from_slice::<Vector<f16, 4>>(&json).unwrap(), &halves[..]);
            json.clear();
            write_json(&mut json, &Vector::from(brains)).unwrap();
            prop_assert_eq!(&*serde_json::from_slice::<Vector<bf16, 4>>(&json).unwrap(), &brains[..]);
        }
    }
}
