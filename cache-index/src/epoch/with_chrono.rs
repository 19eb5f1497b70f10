//! The dates of `chrono`.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::unit::EpochValue;

impl EpochValue for DateTime<Utc> {
    fn nanoseconds(&self) -> i128 {
        i128::from(self.timestamp()) * 1_000_000_000 + i128::from(self.timestamp_subsec_nanos())
    }

    fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
        Self::from_timestamp(seconds, u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?)
    }
}

/// The offset is not stored: the date comes back as the same point in time at UTC.
impl EpochValue for DateTime<FixedOffset> {
    fn nanoseconds(&self) -> i128 {
        self.to_utc().nanoseconds()
    }

    fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        DateTime::<Utc>::from_nanoseconds(nanoseconds).map(|date| date.fixed_offset())
    }
}

impl EpochValue for NaiveDateTime {
    fn nanoseconds(&self) -> i128 {
        self.and_utc().nanoseconds()
    }

    fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        DateTime::<Utc>::from_nanoseconds(nanoseconds).map(|date| date.naive_utc())
    }
}

impl EpochValue for NaiveDate {
    fn nanoseconds(&self) -> i128 {
        self.and_time(NaiveTime::MIN).nanoseconds()
    }

    /// `None` also for what is no midnight.
    fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        let date = NaiveDateTime::from_nanoseconds(nanoseconds)?;
        (date.time() == NaiveTime::MIN).then(|| date.date())
    }
}
