//! What may be written to a field of decimals.

use cache_index::{DecimalForm, DecimalNumber, Written, write_json};
use rust_decimal::Decimal;

use super::assign::Assign;

macro_rules! decimals {
    ($($value:ty => $field:ty;)*) => {$(
        impl Assign<$field> for $value {
            fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
                write_json(buffer, &Written::<_, DecimalForm>::new(&self))
            }
        }
        impl Assign<$field> for &$value {
            fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
                write_json(buffer, &Written::<_, DecimalForm>::new(self))
            }
        }
    )*};
}

decimals! {
    Decimal => DecimalNumber;
    Decimal => Option<DecimalNumber>;
    Option<Decimal> => Option<DecimalNumber>;
    Vec<Decimal> => Vec<DecimalNumber>;
}
