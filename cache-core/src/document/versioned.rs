//! Changing a document that has a version: read, changed, and written if nobody else did meanwhile.

use std::time::Duration;

use cache_index::Command;
use tokio::time::{Instant, sleep};

use super::expiry::Expiry;
use super::keyed::{key_of, keyed, same_key};
use super::read::get_at;
use super::write::{Condition, Write};
use crate::backoff::Backoff;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Versioned;
use crate::primary_key::Id;

/// How long a document is tried to be changed, at least, while others change it.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it is waited before the second try, at most; twice as long before each further one, until `LONGEST`.
const SHORTEST: Duration = Duration::from_millis(1);

/// Longer than a round trip to a server in another region: those who wait this long are one at a time.
const LONGEST: Duration = Duration::from_millis(250);

/// Reads the document, changes it and writes it, again and again while others were faster. What the derive's
/// `modify` does.
///
/// # Errors
/// [`Error::NotFound`], [`Error::VersionConflict`] after thirty seconds, [`Error::OtherKey`]; else as a save.
pub async fn modify<M: Versioned>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
    mut change: impl FnMut(&mut M),
) -> Result<M> {
    let read = keyed::<M>(cache, Command::new("JSON.GET").repeatable(), id)?;
    let key = key_of(&read);
    let (started, mut backoff) = (Instant::now(), Backoff::new(SHORTEST, LONGEST));
    loop {
        let Some(mut document) = get_at::<M>(cache, Ok(read.clone())).await? else {
            let key = Some(String::from_utf8_lossy(&key).into_owned());
            return Err(Error::NotFound { model: M::schema().model(), key });
        };
        let Some(version) = document.document_version() else {
            return Err(Error::NoNextVersion { model: M::schema().model() });
        };
        change(&mut document);
        // Also a closure that replaces the whole value replaces what it was given, not what others stored meanwhile.
        document.set_version(version);
        same_key(cache, &document, &key)?;
        let write = Write::new(&document, cache, Condition::There, Expiry::Model)?;
        match write.run(cache).await {
            Ok((saved, _)) => {
                document.set_version(saved.version().unwrap_or_default());
                return Ok(document);
            }
            Err(error) if !error.is_version_conflict() || started.elapsed() >= PATIENCE => return Err(error),
            Err(_) => {}
        }
        // At random, so that those who met do not meet again.
        sleep(backoff.pause()).await;
    }
}
