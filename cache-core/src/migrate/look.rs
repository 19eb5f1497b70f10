//! One look at an index, and at the documents that are missing from it.

use super::{MigrateError, Migrator, preflight};
use crate::cache::{Cache, Readiness, Wants};
use crate::index;

impl Migrator {
    /// Asks the server what is true now of the indexes of the registered models, and answers it as
    /// [`Cache::readiness`] does; only reads. Queries of this cache take from it what they say of their answers.
    ///
    /// For processes that neither ran the migrator nor [watch](Migrator::watch): documents that are missing from an index
    /// are counted, also if another process of the release made it, or somebody by hand without its documents. Where no run
    /// compared the index, or documents failed to be indexed since, that reads the names of all keys, so it is nothing for a
    /// probe that comes every second.
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
        match self.looked(cache).await {
            Err(error) => Err(preflight::named(cache, &self.indexed(), error).await),
            readiness => readiness,
        }
    }

    async fn looked(&self, cache: &Cache) -> Result<Readiness, MigrateError> {
        self.check(cache)?;
        for schema in self.indexed() {
            let index = schema.index_name(cache.keyspace()?);
            cache.registered(schema, &index, index::look_beside);
            match index::look_at(cache, schema, &index).await? {
                Some(look) => {
                    let wants = index::saw(cache, schema, &index, &look)?;
                    index::follow(cache, schema, &index, Wants { count: false, ..wants }).await?;
                    index::count(cache, schema, &index, true).await?;
                }
                None => {
                    // Whether it is to be made again is for whoever needs it.
                    cache.standing().missing(&index);
                }
            }
        }
        Ok(cache.readiness())
    }
}
