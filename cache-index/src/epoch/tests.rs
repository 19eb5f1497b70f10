//! Dates as numbers, there and back: over the whole range of each type and unit.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use proptest::prelude::*;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::unit::{EpochValue, FloatSeconds, Millis, Seconds, Unit};
use super::{Form, Written};
use crate::value::{Comparand, Operand};

/// Year 1 and the end of year 9999.
const FIRST: i128 = -62_135_596_800;
const LAST: i128 = 253_402_300_799;

/// What is read of what is written.
fn round_trip<T: Form<U>, U: Unit>(value: &T) -> Result<T, serde_json::Error> {
    let json = serde_json::to_string(&Written::<T, U>::new(value))?;
    T::read(&mut serde_json::Deserializer::from_str(&json))
}

fn text<T: Form<U>, U: Unit>(value: &T) -> String {
    serde_json::to_string(&Written::<T, U>::new(value)).unwrap()
}

fn compared<T: EpochValue, U: Unit>(value: &T) -> f64 {
    match Operand::<super::Epoch<T, U>>::into_comparand(value) {
        Comparand::Integer(number) => number as f64,
        Comparand::Float(number) => number,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_unit_writes_its_number() {
    let date = DateTime::<Utc>::from_timestamp(-1, 999_000_000).unwrap();
    assert_eq!(text::<_, Millis>(&date), "-1");
    assert_eq!(text::<_, FloatSeconds>(&date), "-0.001");
    assert_eq!(text::<_, Seconds>(&NaiveDate::from_ymd_opt(1970, 1, 2)), "86400");
    assert_eq!(text::<Option<NaiveDate>, Seconds>(&None), "null");
    assert_eq!(text::<_, Millis>(&vec![DateTime::<Utc>::UNIX_EPOCH]), "[0]");
}

#[test]
fn what_a_unit_would_lose_is_refused() {
    let at = |nanoseconds| DateTime::<Utc>::from_timestamp(1_700_000_000, nanoseconds).unwrap();
    let refused = |error: serde_json::Error| error.to_string();
    assert!(refused(round_trip::<_, Seconds>(&at(1_000_000)).unwrap_err()).contains("epoch_millis"));
    assert!(refused(round_trip::<_, Millis>(&at(1_000)).unwrap_err()).contains("epoch_float_seconds"));
    assert!(refused(round_trip::<_, FloatSeconds>(&at(1)).unwrap_err()).contains("microseconds"));
}

#[test]
fn what_is_no_date_of_the_type_is_refused() {
    fn read<T: Form<U>, U: Unit>(json: &str) -> bool {
        T::read(&mut serde_json::Deserializer::from_str(json)).is_ok()
    }
    assert!(read::<DateTime<Utc>, Seconds>("0"));
    for json in ["9223372036854775807", "18446744073709551615", "0.5", "\"0\"", "null", "1e300"] {
        assert!(!read::<DateTime<Utc>, Seconds>(json), "{json}");
        assert!(!read::<OffsetDateTime, Millis>(json), "{json}");
    }
    assert!(!read::<NaiveDate, Seconds>("1"));
    assert!(!read::<time::Date, FloatSeconds>("0.5"));
    // A whole number of seconds is one with a fraction, too.
    assert!(read::<OffsetDateTime, FloatSeconds>("1"));
    assert!(!read::<OffsetDateTime, FloatSeconds>("1e300"));
}

#[test]
fn the_ends_of_the_types_neither_wrap_nor_panic() {
    for date in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        assert_eq!(DateTime::<Utc>::from_nanoseconds(date.nanoseconds()), Some(date));
        for comparand in [
            Seconds::compare(date.nanoseconds()),
            Millis::compare(date.nanoseconds()),
            FloatSeconds::compare(date.nanoseconds()),
        ] {
            assert_ne!(comparand, Comparand::Unnamed);
        }
    }
    // Year 9999, where a double of seconds does not tell microseconds.
    let far = LAST * 1_000_000_000 + 1_000;
    assert!(matches!(FloatSeconds::compare(far), Comparand::Inexact(_)));
    for nanoseconds in [i128::MIN, i128::MAX] {
        assert_eq!(DateTime::<Utc>::from_nanoseconds(nanoseconds), None);
        assert_eq!(OffsetDateTime::from_nanoseconds(nanoseconds), None);
        assert!(Seconds::write(nanoseconds).is_err());
        assert!(FloatSeconds::write(nanoseconds).is_err());
    }
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(seconds in FIRST..=LAST, nanoseconds in 0..1_000_000_000_i128) {
        let nanoseconds = seconds * 1_000_000_000 + nanoseconds;
        for unit in [1_000_000_000, 1_000_000, 1_000, 1] {
            let date = DateTime::<Utc>::from_nanoseconds(nanoseconds.div_euclid(unit) * unit).unwrap();
            for read in [round_trip::<_, Seconds>(&date), round_trip::<_, Millis>(&date), round_trip::<_, FloatSeconds>(&date)] {
                // Refused, or the same.
                prop_assert_eq!(read.unwrap_or(date), date);
            }
            if unit >= 1_000_000 {
                prop_assert_eq!(round_trip::<_, Millis>(&date).unwrap(), date);
            }
        }
    }

    #[test]
    fn microseconds_of_our_times_are_doubles(microseconds in -8_000_000_000_000_000..8_000_000_000_000_000_i128) {
        let date = OffsetDateTime::from_nanoseconds(microseconds * 1_000).unwrap();
        prop_assert_eq!(round_trip::<_, FloatSeconds>(&date).unwrap(), date);
    }

    #[test]
    fn all_types_of_dates_agree(seconds in FIRST..=LAST, nanoseconds in 0..1_000_000_000_i128) {
        let nanoseconds = seconds * 1_000_000_000 + nanoseconds;
        prop_assert_eq!(NaiveDateTime::from_nanoseconds(nanoseconds).unwrap().nanoseconds(), nanoseconds);
        prop_assert_eq!(OffsetDateTime::from_nanoseconds(nanoseconds).unwrap().nanoseconds(), nanoseconds);
        prop_assert_eq!(PrimitiveDateTime::from_nanoseconds(nanoseconds).unwrap().nanoseconds(), nanoseconds);
        let midnight = nanoseconds.div_euclid(86_400_000_000_000) * 86_400_000_000_000;
        prop_assert_eq!(NaiveDate::from_nanoseconds(midnight).unwrap().nanoseconds(), midnight);
        prop_assert_eq!(time::Date::from_nanoseconds(midnight).unwrap().nanoseconds(), midnight);
    }

    /// However fine the operand is, it lies to what can be stored as the dates lie to each other.
    #[test]
    fn operands_lie_to_stored_dates_as_the_dates_do(
        seconds in -8_000_000_000..8_000_000_000_i128, fraction in 0..1_000_000_000_i128, off in -2_000_000..2_000_000_i128,
    ) {
        let operand = seconds * 1_000_000_000 + fraction;
        let at = |nanoseconds| DateTime::<Utc>::from_nanoseconds(nanoseconds).unwrap();
        let near = |unit: i128| at((operand + off).div_euclid(unit) * unit);
        let stored = near(1_000_000);
        prop_assert_eq!(
            compared::<_, Millis>(&stored).partial_cmp(&compared::<_, Millis>(&at(operand))),
            Some(stored.cmp(&at(operand)))
        );
        let stored = near(1_000_000_000);
        prop_assert_eq!(
            compared::<_, Seconds>(&stored).partial_cmp(&compared::<_, Seconds>(&at(operand))),
            Some(stored.cmp(&at(operand)))
        );
        // Where a double tells microseconds, but not what is between them, the operand is refused.
        let stored = at((operand + off / 1_000).div_euclid(1_000) * 1_000);
        prop_assume!(!matches!(FloatSeconds::compare(operand), Comparand::Inexact(_)));
        prop_assert_eq!(
            compared::<_, FloatSeconds>(&stored).partial_cmp(&compared::<_, FloatSeconds>(&at(operand))),
            Some(stored.cmp(&at(operand)))
        );
    }
}
