//! Units: the number that a date is in each, exactly or not at all.

use crate::value::Comparand;

/// The largest integer that a double tells from its neighbours.
const MAX_EXACT: i128 = (1 << 53) - 1;

const SECOND: i128 = 1_000_000_000;

/// A type whose values are points in time: with the features `chrono` and `time`, the dates of these crates.
///
/// Dates without an offset are taken as UTC, and dates without a time of day as their midnight. A type of one's own can
/// be one:
///
/// ```
/// use cache_index::EpochValue;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq)]
/// struct Year(i32);
///
/// impl EpochValue for Year {
///     fn nanoseconds(&self) -> i128 {
///         (i128::from(self.0) - 1970) * 31_556_952_000_000_000
///     }
///
///     fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
///         i32::try_from(nanoseconds.div_euclid(31_556_952_000_000_000) + 1970).ok().map(Self)
///     }
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Book {
///     #[serde(with = "cache_index::epoch_seconds")]
///     printed: Year,
/// }
///
/// let json = serde_json::to_string(&Book { printed: Year(1971) })?;
/// assert_eq!(json, r#"{"printed":31556952}"#);
/// assert_eq!(serde_json::from_str::<Book>(&json)?.printed, Year(1971));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no date that can be written as a number",
    label = "not a date",
    note = "the features `chrono` and `time` of `cache-core` have the dates of these crates"
)]
pub trait EpochValue: Sized {
    /// The nanoseconds since 1970-01-01T00:00:00Z; negative before.
    fn nanoseconds(&self) -> i128;

    /// The date so many nanoseconds after 1970-01-01T00:00:00Z; `None`: the type has no such date.
    fn from_nanoseconds(nanoseconds: i128) -> Option<Self>;
}

/// A number that a date is written as.
///
/// ```
/// use cache_index::{EpochNumber, FloatSeconds, Seconds, Unit};
///
/// let half_past = 1_500_000_000;
/// assert_eq!(FloatSeconds::write(half_past), Ok(EpochNumber::Float(1.5)));
/// assert!(Seconds::write(half_past).is_err());
/// assert_eq!(Seconds::write(2_000_000_000), Ok(EpochNumber::Whole(2)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EpochNumber {
    /// A whole number of units.
    Whole(i64),
    /// Seconds with a fraction.
    Float(f64),
}

/// What dates are counted in: [`Seconds`], [`Millis`] or [`FloatSeconds`].
///
/// ```
/// use cache_index::{EpochNumber, Millis, Seconds, Unit};
///
/// fn is_kept<U: Unit>(nanoseconds: i128) -> bool {
///     U::write(nanoseconds).ok().and_then(U::read) == Some(nanoseconds)
/// }
/// assert!(is_kept::<Millis>(1_500_000_000));
/// assert!(!is_kept::<Seconds>(1_500_000_000));
/// ```
pub trait Unit: 'static {
    /// The number that a date is written as.
    ///
    /// # Errors
    /// What it would lose, and what to write instead.
    fn write(nanoseconds: i128) -> Result<EpochNumber, &'static str>;

    /// The nanoseconds that a number means; `None`: it is none of this unit.
    fn read(number: EpochNumber) -> Option<i128>;

    /// The number that compares with all that can be stored as the date does.
    fn compare(nanoseconds: i128) -> Comparand;
}

/// Whole seconds.
///
/// ```
/// use cache_index::{EpochNumber, Seconds, Unit};
///
/// assert_eq!(Seconds::read(EpochNumber::Whole(-1)), Some(-1_000_000_000));
/// let refused = Seconds::write(1_500_000_000).unwrap_err();
/// assert!(refused.starts_with("`epoch_seconds` would lose the date's fraction of a second"));
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Seconds {}

/// Whole milliseconds.
///
/// ```
/// use cache_index::{EpochNumber, Millis, Unit};
///
/// assert_eq!(Millis::write(1_500_000_000), Ok(EpochNumber::Whole(1_500)));
/// let refused = Millis::write(1_500).unwrap_err();
/// assert!(refused.starts_with("`epoch_millis` would lose the date's fraction of a millisecond"));
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Millis {}

/// Seconds as a floating point number, exact to the microsecond.
///
/// ```
/// use cache_index::{EpochNumber, FloatSeconds, Unit};
///
/// assert_eq!(FloatSeconds::write(250_000_000), Ok(EpochNumber::Float(0.25)));
/// assert!(FloatSeconds::write(1).is_err(), "a nanosecond");
/// ```
#[derive(Debug, Clone, Copy)]
pub enum FloatSeconds {}

fn whole(nanoseconds: i128, unit: i128, finer: &'static str) -> Result<EpochNumber, &'static str> {
    if nanoseconds % unit != 0 {
        return Err(finer);
    }
    let number = nanoseconds / unit;
    match i64::try_from(number) {
        Ok(exact) if number.abs() <= MAX_EXACT => Ok(EpochNumber::Whole(exact)),
        _ => Err(
            "the date is so far away that the index could not tell it from its neighbours; store it without \
                  an index, as text",
        ),
    }
}

/// Only whole numbers are stored, so any fraction compares as a half.
fn between_wholes(nanoseconds: i128, unit: i128) -> Comparand {
    let below = nanoseconds.div_euclid(unit);
    if nanoseconds % unit == 0 {
        Comparand::Integer(below)
    } else if below.abs() < MAX_EXACT / 2 {
        Comparand::Float(below as f64 + 0.5)
    } else {
        Comparand::Inexact(shown(nanoseconds))
    }
}

fn shown(nanoseconds: i128) -> String {
    format!("the date {nanoseconds} nanoseconds from 1970")
}

fn units(number: EpochNumber, unit: i128) -> Option<i128> {
    match number {
        EpochNumber::Whole(number) => i128::from(number).checked_mul(unit),
        EpochNumber::Float(_) => None,
    }
}

impl Unit for Seconds {
    fn write(nanoseconds: i128) -> Result<EpochNumber, &'static str> {
        whole(
            nanoseconds,
            SECOND,
            "`epoch_seconds` would lose the date's fraction of a second; write `#[serde(with = \
             \"cache_core::epoch_millis\")]`, or truncate the date to seconds",
        )
    }

    fn read(number: EpochNumber) -> Option<i128> {
        units(number, SECOND)
    }

    fn compare(nanoseconds: i128) -> Comparand {
        between_wholes(nanoseconds, SECOND)
    }
}

impl Unit for Millis {
    fn write(nanoseconds: i128) -> Result<EpochNumber, &'static str> {
        whole(
            nanoseconds,
            1_000_000,
            "`epoch_millis` would lose the date's fraction of a millisecond; write `#[serde(with = \
             \"cache_core::epoch_float_seconds\")]`, or truncate the date to milliseconds",
        )
    }

    fn read(number: EpochNumber) -> Option<i128> {
        units(number, 1_000_000)
    }

    fn compare(nanoseconds: i128) -> Comparand {
        between_wholes(nanoseconds, 1_000_000)
    }
}

impl FloatSeconds {
    /// The double nearest to this many microseconds. Their quotient as doubles could be another one.
    fn double(microseconds: i128) -> f64 {
        let magnitude = microseconds.unsigned_abs();
        let text = format!("{}.{:06}", magnitude / 1_000_000, magnitude % 1_000_000);
        let number: f64 = text.parse().unwrap_or(f64::NAN);
        if microseconds < 0 { -number } else { number }
    }
}

impl Unit for FloatSeconds {
    fn write(nanoseconds: i128) -> Result<EpochNumber, &'static str> {
        let number = EpochNumber::Float(Self::double(nanoseconds / 1_000));
        if Self::read(number) == Some(nanoseconds) {
            Ok(number)
        } else {
            Err(
                "`epoch_float_seconds` would lose digits of the date, which a double of seconds cannot hold; truncate \
                 the date to microseconds, before 1700 and after 2240 to milliseconds",
            )
        }
    }

    fn read(number: EpochNumber) -> Option<i128> {
        let number = match number {
            EpochNumber::Whole(number) => return i128::from(number).checked_mul(SECOND),
            EpochNumber::Float(number) if number.abs() <= MAX_EXACT as f64 => number,
            EpochNumber::Float(_) => return None,
        };
        // Both exact: the fraction of a double is one.
        let (seconds, fraction) = (number.trunc(), number.fract());
        Some(seconds as i128 * SECOND + (fraction * 1e6).round() as i128 * 1_000)
    }

    fn compare(nanoseconds: i128) -> Comparand {
        let below = nanoseconds.div_euclid(1_000);
        let (number, next) = (Self::double(below), Self::double(below.saturating_add(1)));
        let between = number.midpoint(next);
        if nanoseconds % 1_000 == 0 {
            if Self::read(EpochNumber::Float(number)) == Some(nanoseconds) {
                return Comparand::Float(number);
            }
        } else if number < between && between < next {
            return Comparand::Float(between);
        }
        // It would compare as a date beside it does.
        Comparand::Inexact(shown(nanoseconds))
    }
}
