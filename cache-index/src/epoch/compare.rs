//! What dates are compared with.

use super::form::Epoch;
use super::unit::{EpochValue, Unit};
use crate::value::{Comparand, Operand};

impl<T: EpochValue, U: Unit> Operand<Epoch<T, U>> for T {
    fn into_comparand(self) -> Comparand {
        U::compare(self.nanoseconds())
    }
}

impl<T: EpochValue, U: Unit> Operand<Epoch<T, U>> for &T {
    fn into_comparand(self) -> Comparand {
        U::compare(self.nanoseconds())
    }
}
