//! The dates of `time`.

use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

use super::unit::EpochValue;

/// The offset is not stored: the date comes back as the same point in time at UTC.
impl EpochValue for OffsetDateTime {
    fn nanoseconds(&self) -> i128 {
        self.unix_timestamp_nanos()
    }

    fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        Self::from_unix_timestamp_nanos(nanoseconds).ok()
    }
}

impl EpochValue for PrimitiveDateTime {
    fn nanoseconds(&self) -> i128 {
        self.assume_utc().nanoseconds()
    }

    fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        let date = OffsetDateTime::from_nanoseconds(nanoseconds)?;
        Some(Self::new(date.date(), date.time()))
    }
}

impl EpochValue for Date {
    fn nanoseconds(&self) -> i128 {
        self.midnight().nanoseconds()
    }

    /// `None` also for what is no midnight.
    fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        let date = OffsetDateTime::from_nanoseconds(nanoseconds)?;
        (date.time() == Time::MIDNIGHT).then(|| date.date())
    }
}
