//! What finders of decimals take.

use std::ops::{Bound, Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};

use rust_decimal::Decimal;

use crate::epoch::DecimalNumber;
use crate::field::Field;
use crate::filter::Filter;
use crate::finder::FindBy;
use crate::kind::Numeric;
use crate::value::IndexValue;

macro_rules! decimals {
    ($($found:ty: $method:ident;)*) => {$(
        impl FindBy<DecimalNumber, Numeric> for $found {
            fn into_filter<M, V: IndexValue<Scalar = DecimalNumber>, O>(
                self,
                field: Field<M, V, Numeric, O>,
            ) -> Filter<M> {
                field.$method(self)
            }
        }
    )*};
}

decimals! {
    Decimal: eq;
    &Decimal: eq;
    Range<Decimal>: between;
    RangeInclusive<Decimal>: between;
    RangeFrom<Decimal>: between;
    RangeTo<Decimal>: between;
    RangeToInclusive<Decimal>: between;
    (Bound<Decimal>, Bound<Decimal>): between;
}
