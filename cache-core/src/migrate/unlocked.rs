//! What a schema lock does not have yet.

use std::fmt;

use cache_index::{Fingerprint, Schema};
use serde::Serialize;

use super::lock::SchemaLock;

/// A schema that is not the newest one of its prefix in a schema lock.
///
/// ```
/// # use cache_core::{CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// use cache_core::MigrateError;
///
/// let Err(MigrateError::NotLocked { schemas }) = Migrator::new().register::<User>().check_lock("# nothing yet") else {
///     panic!("the lock has no line of `user`");
/// };
/// for unlocked in &schemas {
///     assert_eq!((unlocked.model, unlocked.prefix, unlocked.last), ("User", "user", None));
///     println!("{unlocked}");
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unlocked {
    /// The model.
    pub model: &'static str,
    /// The prefix of its documents.
    pub prefix: &'static str,
    /// The fingerprint of its schema.
    pub fingerprint: Fingerprint,
    /// The newest one that the lock has for the prefix; `None`: it has none.
    pub last: Option<Fingerprint>,
}

impl fmt::Display for Unlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, prefix, fingerprint, last } = self;
        write!(f, "the schema of `{model}` is {fingerprint}, and ")?;
        match last {
            Some(last) => write!(f, "the last one of `{prefix}` is {last}"),
            None => write!(f, "`{prefix}` has none"),
        }
    }
}

impl Unlocked {
    /// The schema, if the lock does not end with it.
    pub(super) fn of(schema: &Schema, lock: &SchemaLock) -> Option<Self> {
        (!lock.is_current(schema)).then(|| Self {
            model: schema.model(),
            prefix: schema.prefix(),
            fingerprint: *schema.fingerprint(),
            last: lock.last(schema.prefix()),
        })
    }
}
