//! Modules for `#[serde(with = …)]`.

use super::form::Form;
use super::unit::{FloatSeconds, Millis, Seconds};

/// `#[serde(with = "cache_core::epoch_seconds")]`: a date as the whole seconds since 1970, indexed as NUMERIC.
///
/// `Option` and `Vec` of dates are written like this too; an `Option` whose member may be missing needs
/// `#[serde(default)]` beside it.
pub mod epoch_seconds {
    use serde::{Deserializer, Serializer};

    use super::{Form, Seconds};

    /// Writes a date, or an `Option` or a `Vec` of dates.
    ///
    /// ```
    /// # use cache_index::EpochValue;
    /// # #[derive(Debug, PartialEq)] struct Day(i64);
    /// # impl EpochValue for Day {
    /// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
    /// #     fn from_nanoseconds(n: i128) -> Option<Self> { (n % 86_400_000_000_000 == 0).then(|| Day((n / 86_400_000_000_000) as i64)) }
    /// # }
    /// use cache_index::epoch_seconds;
    ///
    /// let json = epoch_seconds::serialize(&Day(1), serde_json::value::Serializer)?;
    /// assert_eq!(json, serde_json::json!(86_400));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// A date that cannot be read back as it is; the message says which module can, or how to truncate it.
    pub fn serialize<T: Form<Seconds>, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.write(serializer)
    }

    /// Reads what [`serialize`] writes.
    ///
    /// ```
    /// # use cache_index::EpochValue;
    /// # #[derive(Debug, PartialEq)] struct Day(i64);
    /// # impl EpochValue for Day {
    /// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
    /// #     fn from_nanoseconds(n: i128) -> Option<Self> { (n % 86_400_000_000_000 == 0).then(|| Day((n / 86_400_000_000_000) as i64)) }
    /// # }
    /// use cache_index::epoch_seconds;
    ///
    /// let day: Day = epoch_seconds::deserialize(serde_json::json!(86_400))?;
    /// assert_eq!(day, Day(1));
    /// assert!(epoch_seconds::deserialize::<Day, _>(serde_json::json!("yesterday")).is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// What is no such number, or a date beyond those that the type has.
    pub fn deserialize<'de, T: Form<Seconds>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }

    #[doc(hidden)]
    pub type __CacheForm<T> = <T as Form<Seconds>>::As;
}

/// `#[serde(with = "cache_core::epoch_millis")]`: a date as the whole milliseconds since 1970, indexed as NUMERIC.
///
/// `Option` and `Vec` of dates are written like this too; an `Option` whose member may be missing needs
/// `#[serde(default)]` beside it.
pub mod epoch_millis {
    use serde::{Deserializer, Serializer};

    use super::{Form, Millis};

    /// Writes a date, or an `Option` or a `Vec` of dates.
    ///
    /// ```
    /// # use cache_index::EpochValue;
    /// # #[derive(Debug, PartialEq)] struct Day(i64);
    /// # impl EpochValue for Day {
    /// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
    /// #     fn from_nanoseconds(n: i128) -> Option<Self> { (n % 86_400_000_000_000 == 0).then(|| Day((n / 86_400_000_000_000) as i64)) }
    /// # }
    /// use cache_index::epoch_millis;
    ///
    /// let json = epoch_millis::serialize(&Day(1), serde_json::value::Serializer)?;
    /// assert_eq!(json, serde_json::json!(86_400_000));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// A date that cannot be read back as it is; the message says which module can, or how to truncate it.
    pub fn serialize<T: Form<Millis>, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.write(serializer)
    }

    /// Reads what [`serialize`] writes.
    ///
    /// ```
    /// # use cache_index::EpochValue;
    /// # #[derive(Debug, PartialEq)] struct Day(i64);
    /// # impl EpochValue for Day {
    /// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
    /// #     fn from_nanoseconds(n: i128) -> Option<Self> { (n % 86_400_000_000_000 == 0).then(|| Day((n / 86_400_000_000_000) as i64)) }
    /// # }
    /// use cache_index::epoch_millis;
    ///
    /// let day: Day = epoch_millis::deserialize(serde_json::json!(86_400_000))?;
    /// assert_eq!(day, Day(1));
    /// assert!(epoch_millis::deserialize::<Day, _>(serde_json::json!("yesterday")).is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// What is no such number, or a date beyond those that the type has.
    pub fn deserialize<'de, T: Form<Millis>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }

    #[doc(hidden)]
    pub type __CacheForm<T> = <T as Form<Millis>>::As;
}

/// `#[serde(with = "cache_core::epoch_float_seconds")]`: a date as the seconds since 1970, with a fraction that is exact to
/// the microsecond (from 2038 on, one in some hundred comes back, and is found, a microsecond off), indexed as NUMERIC.
/// So does redis-om-python.
///
/// `Option` and `Vec` of dates are written like this too; an `Option` whose member may be missing needs
/// `#[serde(default)]` beside it.
pub mod epoch_float_seconds {
    use serde::{Deserializer, Serializer};

    use super::{FloatSeconds, Form};

    /// Writes a date, or an `Option` or a `Vec` of dates.
    ///
    /// ```
    /// # use cache_index::EpochValue;
    /// # #[derive(Debug, PartialEq)] struct Day(i64);
    /// # impl EpochValue for Day {
    /// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
    /// #     fn from_nanoseconds(n: i128) -> Option<Self> { (n % 86_400_000_000_000 == 0).then(|| Day((n / 86_400_000_000_000) as i64)) }
    /// # }
    /// use cache_index::epoch_float_seconds;
    ///
    /// let json = epoch_float_seconds::serialize(&Day(1), serde_json::value::Serializer)?;
    /// assert_eq!(json, serde_json::json!(86_400.0));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// A date that cannot be read back as it is; the message says which module can, or how to truncate it.
    pub fn serialize<T: Form<FloatSeconds>, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.write(serializer)
    }

    /// Reads what [`serialize`] writes.
    ///
    /// ```
    /// # use cache_index::EpochValue;
    /// # #[derive(Debug, PartialEq)] struct Day(i64);
    /// # impl EpochValue for Day {
    /// #     fn nanoseconds(&self) -> i128 { i128::from(self.0) * 86_400_000_000_000 }
    /// #     fn from_nanoseconds(n: i128) -> Option<Self> { (n % 86_400_000_000_000 == 0).then(|| Day((n / 86_400_000_000_000) as i64)) }
    /// # }
    /// use cache_index::epoch_float_seconds;
    ///
    /// let day: Day = epoch_float_seconds::deserialize(serde_json::json!(86_400.0))?;
    /// assert_eq!(day, Day(1));
    /// assert!(epoch_float_seconds::deserialize::<Day, _>(serde_json::json!("yesterday")).is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// What is no such number, or a date beyond those that the type has.
    pub fn deserialize<'de, T: Form<FloatSeconds>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        T::read(deserializer)
    }

    #[doc(hidden)]
    pub type __CacheForm<T> = <T as Form<FloatSeconds>>::As;
}
