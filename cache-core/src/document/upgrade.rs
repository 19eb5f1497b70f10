//! Bringing one stored document to the form of its model, before something is done to it that means this form.

use bytes::Bytes;
use cache_index::{Command, Reply};

use super::read::{unreadable, upgrade};
use super::rewrite::{Rewritten, StoredForm};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;

/// How often it is tried while others change the same document each time.
pub(super) const TRIES: usize = 64;

/// Stores the document in the form of the model, if it has an older one.
///
/// # Errors
/// [`Error::Upgrade`]; [`Error::Contended`] if others change it all the time; else as a save.
pub(super) async fn upgrade_stored<M: Model>(cache: &Cache, key: &Bytes) -> Result<()> {
    let Some(version) = M::SCHEMA_VERSION else { return Ok(()) };
    for _ in 0..TRIES {
        let raw = match cache.command(Command::new("JSON.GET").key(key).repeatable()).await? {
            Reply::Nil => return Ok(()),
            Reply::Bulk(raw) => raw,
            other => return Err(unreadable("JSON.GET", &other)),
        };
        let stored = StoredForm::read::<M>(key.clone(), raw)?;
        if stored.version >= version {
            return Ok(());
        }
        let mut members = stored.members.clone();
        upgrade::<M>(key, stored.version, &mut members)?;
        match stored.rewrite::<M>(cache, members, version, true)?.run(cache).await? {
            Rewritten::Stored | Rewritten::Missing => return Ok(()),
            // There is no condition.
            Rewritten::Changed | Rewritten::Unless => {}
        }
    }
    Err(contended::<M>(key))
}

pub(super) fn contended<M: Model>(key: &[u8]) -> Error {
    Error::Contended { model: M::schema().model(), key: String::from_utf8_lossy(key).into_owned() }
}
