//! Indexes that are looked at now and then, so that one that vanished is there again before it is asked.

use std::time::Duration;

use cache_index::Schema;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::apply::healing;
use super::inspect::info;
use super::{MigrateError, Migrator, lease};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::index;

/// How often indexes are looked at that were filled when they were looked at last.
const EVERY: Duration = Duration::from_secs(30);

/// How often the others are.
const SOON: Duration = Duration::from_secs(1);

/// A watch over indexes, made by [`Migrator::watch`]. It ends when this is dropped, and with the last handle of the cache.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, MigrateError, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// use cache_core::Watch;
///
/// struct Service {
///     cache: Cache,
///     _watch: Watch, // as long as the service is there
/// }
///
/// async fn boot(cache: Cache) -> Result<Service, MigrateError> {
///     let migrator = Migrator::new().register::<User>();
///     migrator.run(&cache).await?;
///     Ok(Service { _watch: migrator.watch(&cache)?, cache })
/// }
/// ```
#[derive(Debug)]
#[must_use = "the watch ends when this is dropped"]
pub struct Watch {
    task: AbortHandle,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Migrator {
    /// Looks at the indexes of the registered models in the background: now, every 30 seconds, and every second while one
    /// of them is missing, is being filled or cannot be asked. What it sees is what [`Cache::readiness`] tells.
    ///
    /// An index that was there once and vanished since is made again, before a query finds it missing, unless indexes are
    /// [made by hand](crate::Strategy::Manual). When documents failed to be indexed meanwhile, answers say so, and those that are missing are counted;
    /// queries that look at the index do the same, so that this matters for indexes that are seldom asked.
    ///
    /// A process that asks indexes and leaves [`run`](Migrator::run) to another one, as to a command before the rollout, has
    /// a watch: it says that they are in use, so that no later release drops them. Its user needs the rights of a migrator
    /// for that; without them indexes are dropped a day ([`retain`](Migrator::retain)) after the alias moved on.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel, Migrator};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct User { #[primary_key] id: String, #[index] city: String }
    /// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
    /// let migrator = Migrator::new().register::<User>();
    /// migrator.run(&cache).await?;
    /// let watch = migrator.watch(&cache)?; // to be kept as long as the service runs
    /// # drop(watch);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MigrateError`] if the models cannot live together; [`Error::NoRuntime`] in it outside a runtime.
    pub fn watch(&self, cache: &Cache) -> Result<Watch, MigrateError> {
        self.watch_every(cache, EVERY)
    }

    /// Says that an index is in use that another process made, and what is to be done when it vanishes.
    async fn attach(&self, cache: &Cache) -> Result<(), MigrateError> {
        let (observed, plans) = self.observe(cache).await?;
        for (plan, observed) in plans.iter().zip(&observed).filter(|(plan, _)| plan.serves()) {
            let is_active = match &plan.active {
                Some(active) => info(cache, &plan.index).await?.is_some_and(|info| info.name == *active),
                None => false,
            };
            lease::take(cache, plan, observed, self.options.lease).await?;
            cache.standing().attached(&plan.index, healing(plan, &self.options, is_active));
        }
        Ok(())
    }

    /// As [`watch`](Migrator::watch), so often in place of every 30 seconds; every second at most.
    ///
    /// # Errors
    /// As [`watch`](Migrator::watch).
    pub fn watch_every(&self, cache: &Cache, every: Duration) -> Result<Watch, MigrateError> {
        self.check(cache)?;
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let keyspace = cache.keyspace()?;
        let indexes: Vec<_> =
            self.indexed().into_iter().map(|schema| (schema, schema.index_name(keyspace))).collect();
        for (schema, index) in &indexes {
            cache.registered(schema, index, index::look_beside);
        }
        let (cache, gone) = cache.detached();
        let task =
            runtime.spawn(gone.or(watch(self.clone(), cache, indexes, every.max(SOON)))).abort_handle();
        Ok(Watch { task })
    }
}

async fn watch(migrator: Migrator, cache: Cache, indexes: Vec<(&'static Schema, String)>, every: Duration) {
    loop {
        let mut settled = true;
        for (schema, index) in &indexes {
            // What keeps the server from answering now may be over in a moment, and then nothing else is known.
            let is_there = look(&cache, schema, index).await.unwrap_or(false);
            if is_there && !cache.standing().is_migrated(index) {
                let migrator = Migrator { schemas: vec![schema], ..migrator.clone() };
                // What it may not do, or what is in the way, the next look meets again.
                let _ = migrator.attach(&cache).await;
            }
            settled &= is_there;
        }
        tokio::time::sleep(if settled { every } else { SOON }).await;
    }
}

/// Whether the index is there and filled.
async fn look(cache: &Cache, schema: &'static Schema, index: &str) -> Result<bool> {
    let Some(look) = index::look_at(cache, schema, index).await? else {
        return index::look(cache, schema, index, Duration::ZERO).await;
    };
    index::notice(cache, schema, index, &look)?;
    Ok(look.info.is_filled())
}
