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
    /// # Errors
    /// A date that cannot be read back as it is; the message says which module can, or how to truncate it.
    pub fn serialize<T: Form<Seconds>, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.write(serializer)
    }

    /// Reads what [`serialize`] writes.
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
    /// # Errors
    /// A date that cannot be read back as it is; the message says which module can, or how to truncate it.
    pub fn serialize<T: Form<Millis>, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.write(serializer)
    }

    /// Reads what [`serialize`] writes.
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
