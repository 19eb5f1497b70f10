//! Doing something to every document that a query finds.

use bytes::Bytes;

use super::row::Key;
use super::stream::Rows;
use super::wanted::Wanted;
use crate::cache::Cache;
use crate::document::{self, CHUNK, Changes};
use crate::error::{Error, Result};
use crate::model::Model;

/// What an update by query did. See [`Query::update`](crate::Query::update).
///
/// ```
/// # use cache_core::{Cache, CacheModel, Changes};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, #[index] city: String, visits: Option<u64> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// for (id, visits) in [(1, Some(3)), (2, None)] {
///     User { id, city: "Bern".to_owned(), visits }.save(&cache).await?;
/// }
/// let updated = User::find_by_city("Bern").update(&cache, Changes::new().increment(User::VISITS, 1)).await?;
/// assert_eq!(updated.changed(), 1);
/// for (key, reason) in updated.refused() {
///     assert_eq!(key, "cache:user:2");
///     println!("{key}: {reason}"); // there is no number to add to
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "some of the documents may not have been changed"]
pub struct Updated {
    changed: u64,
    refused: Vec<(String, Error)>,
}

impl Updated {
    /// How many documents were changed, with no changes: how many are there. Those that went meanwhile are not among them.
    pub fn changed(&self) -> u64 {
        self.changed
    }

    /// The keys of the documents that could not be changed, each with the reason, as
    /// [`PatchError::NoNumber`](crate::PatchError::NoNumber).
    pub fn refused(&self) -> &[(String, Error)] {
        &self.refused
    }
}

/// The keys of all documents that are meant. They are read to the end before anything is done to one of them, so that
/// an answer that may lack some is refused in time.
async fn keys<M: Model>(wanted: &Wanted<M>, cache: &Cache) -> Result<Vec<Bytes>> {
    let mut rows = Rows::<M, Key>::new(wanted.clone(), cache);
    let mut keys = Vec::new();
    while let Some(Key(key)) = rows.next().await.transpose()? {
        // A copy: the key shares its bytes with the whole piece of the answer.
        keys.push(Bytes::copy_from_slice(&key));
    }
    Ok(keys)
}

pub(super) async fn delete<M: Model>(wanted: &Wanted<M>, cache: &Cache) -> Result<u64> {
    let mut deleted = 0;
    for keys in keys(wanted, cache).await?.chunks(CHUNK) {
        deleted += document::delete_keys::<M>(cache, keys)
            .await
            .map_err(|source| Error::Stopped { done: deleted, source: Box::new(source) })?;
    }
    Ok(deleted)
}

pub(super) async fn update<M: Model>(
    wanted: &Wanted<M>,
    cache: &Cache,
    changes: Changes<M>,
) -> Result<Updated> {
    let changes = changes.ready()?;
    let mut updated = Updated::default();
    for keys in keys(wanted, cache).await?.chunks(CHUNK) {
        for (key, result) in keys.iter().zip(changes.send_to(cache, keys).await) {
            match result {
                Ok(there) => updated.changed += u64::from(there),
                Err(source @ (Error::Patch { .. } | Error::NotUnique { .. } | Error::Contended { .. })) => {
                    updated.refused.push((String::from_utf8_lossy(key).into_owned(), source));
                }
                Err(source) => {
                    return Err(Error::Stopped { done: updated.changed, source: Box::new(source) });
                }
            }
        }
    }
    Ok(updated)
}
