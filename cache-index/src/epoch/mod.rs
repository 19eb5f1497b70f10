//! Dates and decimals as numbers: which unit they are written in, how serde writes them, and how the index sees that.

// A file imports from those before it: unit, form, compare, with_*, modules.

mod compare;
mod form;
mod modules;
#[cfg(test)]
#[cfg(all(feature = "chrono", feature = "time"))]
mod tests;
mod unit;
#[cfg(feature = "chrono")]
mod with_chrono;
#[cfg(feature = "rust_decimal")]
mod with_decimal;
#[cfg(feature = "time")]
mod with_time;

pub use form::{Epoch, Form, HasForm, KnownForm, NoForm, Written, default_form};
pub use modules::{epoch_float_seconds, epoch_millis, epoch_seconds};
pub use unit::{EpochNumber, EpochValue, FloatSeconds, Millis, Seconds, Unit};
#[cfg(feature = "rust_decimal")]
pub use with_decimal::{DecimalForm, DecimalNumber, decimal_number};
