//! One look at an index, and at the documents that are missing from it.

use cache_index::{IndexInfo, Schema, Shortfall};

use super::{MigrateError, Migrator};
use crate::cache::{Cache, Readiness};
use crate::document;
use crate::error::{Error, Result};
use crate::index;

impl Migrator {
    /// Asks the server what is true now of the indexes of the registered models, and answers it as
    /// [`Cache::readiness`] does; only reads. Queries of this cache take from it what they say of their answers.
    ///
    /// For processes that neither ran the migrator nor [watch](Migrator::watch): documents that are missing from an index
    /// are counted, also if another process of the release made it. Where documents failed to be indexed since the index
    /// was made, that reads the names of all keys, so it is nothing for a probe that comes every second.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel, Migrator};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct User { #[primary_key] id: String, #[index] city: String }
    /// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
    /// let readiness = Migrator::new().register::<User>().readiness(&cache).await?;
    /// println!("{readiness}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MigrateError`] if the models cannot live together, or the server cannot be asked.
    pub async fn readiness(&self, cache: &Cache) -> Result<Readiness, MigrateError> {
        self.check(cache)?;
        for schema in self.indexed() {
            let index = schema.index_name(cache.keyspace()?);
            cache.standing().registered(&index, schema);
            match look(cache, schema, &index).await? {
                Some(info) if info.is_filled() => {
                    count(cache, schema, &index, &info).await?;
                }
                Some(_) => {}
                None => {
                    // Whether it is to be made again is for whoever needs it.
                    cache.standing().missing(&index);
                }
            }
        }
        Ok(cache.readiness())
    }
}

/// What the server has under the name, taken into what is known of it; `None`: nothing.
pub(super) async fn look(cache: &Cache, schema: &'static Schema, index: &str) -> Result<Option<IndexInfo>> {
    let mark = cache.standing().mark(index, cache.connection().generation());
    let info = index::info(cache, index).await?;
    if let Some(info) = &info {
        index::saw(cache, schema, index, mark, info)?;
    }
    Ok(info)
}

/// Counts the documents that are there and not in the index, and has queries say so.
pub(super) async fn count(
    cache: &Cache,
    schema: &'static Schema,
    index: &str,
    info: &IndexInfo,
) -> Result<u64> {
    let missing = missing(cache, schema, info).await?;
    let shortfall = (missing > 0).then_some(Shortfall::FailedDocuments(missing));
    cache.standing().report(index, shortfall.into_iter().collect());
    Ok(missing)
}

/// How many documents are there and not in the index.
async fn missing(cache: &Cache, schema: &'static Schema, info: &IndexInfo) -> Result<u64> {
    match info.failures {
        0 => Ok(0),
        failures if schema.filter().is_some() => Ok(failures),
        failures => match document::count_all(cache, schema).await {
            Ok(there) => Ok(there.saturating_sub(info.documents)),
            Err(Error::Unsupported { .. }) => Ok(failures),
            Err(error) => Err(error),
        },
    }
}
