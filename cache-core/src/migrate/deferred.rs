//! Migrations of a server that cannot be asked yet.

use std::sync::Arc;
use std::time::Duration;

use cache_index::Schema;
use tokio::runtime::Handle;

use super::options::Strategy;
use super::{MigrateError, Migration, Migrator};
use crate::cache::{Cache, ErrorClass, IndexReadiness, PutOff, Reason};
use crate::error::Error;
use crate::index;

/// The longest pause before the first try and before any later one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// The longest pause where somebody has to mend something: a try may look at every document.
const MENDED: Duration = Duration::from_secs(60);

/// Runs the migration, with what is known of its indexes kept up to date.
pub(super) async fn run(migrator: &Migrator, cache: &Cache) -> Result<Migration, MigrateError> {
    register(migrator, cache)?;
    migrator.check(cache)?;
    match attempt(migrator, cache).await {
        Ok(migration) => {
            for schema in migrator.indexed() {
                let index = schema.index_name(cache.keyspace()?);
                cache.standing().put_off(&index, PutOff::is_done);
            }
            Ok(migration)
        }
        Err(error) if migrator.defers.unwrap_or_else(|| cache.degrades()) && may_come(&error) => {
            defer(migrator, cache, error)?;
            Ok(Migration::deferred())
        }
        error => error,
    }
}

fn register(migrator: &Migrator, cache: &Cache) -> Result<(), MigrateError> {
    for schema in migrator.indexed() {
        let index = schema.index_name(cache.keyspace()?);
        cache.registered(schema, &index, index::look_beside);
        if migrator.options.strategy == Strategy::Manual {
            // Also where the run fails.
            cache.standing().is_made_by_hand(&index);
        }
    }
    Ok(())
}

/// A run under way. If it breaks off, what was known of its indexes before is doubted.
struct UnderWay<'a> {
    cache: &'a Cache,
    indexes: Vec<(&'static Schema, String)>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        for (schema, index) in &self.indexes {
            self.cache.standing().changed(index);
            index::look_beside(self.cache, schema, index);
        }
    }
}

async fn attempt(migrator: &Migrator, cache: &Cache) -> Result<Migration, MigrateError> {
    let keyspace = cache.keyspace()?;
    let indexes =
        migrator.indexed().into_iter().map(|schema| (schema, schema.index_name(keyspace))).collect();
    let mut under_way = UnderWay { cache, indexes };
    let migration = migrator.run_now(cache).await?;
    under_way.indexes.clear();
    Ok(migration)
}

/// Whether it is the server that has to come, or to become what it is to be, rather than the settings to be mended.
fn may_come(error: &MigrateError) -> bool {
    match error {
        MigrateError::Server(error) => error.is_unavailable(),
        // The same, seen before the server had to refuse: memory that is freed or given mends it.
        MigrateError::ReadOnly(_) | MigrateError::Memory { .. } => true,
        _ => false,
    }
}

/// What a probe is told.
fn class(error: &MigrateError) -> ErrorClass {
    match error {
        MigrateError::Server(error) | MigrateError::ReadOnly(error) => ErrorClass::of(error),
        MigrateError::Memory { memory, .. } if memory.free() == 0 => ErrorClass::WriteRefused,
        MigrateError::Permission { .. } | MigrateError::KeyPermission { .. } => ErrorClass::AccessDenied,
        MigrateError::Unsupported(_) => ErrorClass::Refused,
        _ => ErrorClass::ToBeMended,
    }
}

impl IndexReadiness {
    /// What kept a migration that is [put off](crate::IndexState::Deferred) from being done the last time it was tried, with all
    /// that it says: the differences of a drift, the keys of documents that are missing. `None`: it is not put off.
    ///
    /// ```no_run
    /// # fn example(cache: cache_core::Cache) {
    /// use cache_core::MigrateError;
    ///
    /// for index in cache.readiness().indexes() {
    ///     if let Some(MigrateError::Verify { keys, .. }) = index.migrate_error() {
    ///         println!("{}: mend {keys:?}", index.model);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn migrate_error(&self) -> Option<&MigrateError> {
        self.reason()?.downcast_ref()
    }
}

/// Goes on in the background until it is done or the cache is gone, in the place of whoever did so before: a run that comes
/// later may have other options.
fn defer(migrator: &Migrator, cache: &Cache, error: MigrateError) -> Result<(), MigrateError> {
    let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
    let keyspace = cache.keyspace()?;
    let indexes: Vec<_> = migrator.indexed().iter().map(|schema| schema.index_name(keyspace)).collect();
    let task = Arc::new(());
    let (class, reason) = (class(&error), Reason::new(error));
    for index in &indexes {
        cache.standing().put_off(index, |put_off| put_off.begin(class, reason.clone(), &task));
    }
    let (cache, gone) = cache.detached();
    // What keeps one of them from being done keeps no other.
    let each =
        migrator.indexed().into_iter().map(|schema| Migrator { schemas: vec![schema], ..migrator.clone() });
    let open = each.zip(indexes).collect();
    let work = until_done(open, cache, task);
    runtime.spawn(gone.or(work));
    Ok(())
}

async fn until_done(mut open: Vec<(Migrator, String)>, cache: Cache, task: Arc<()>) {
    let (mut longest, most) = PAUSES;
    while !open.is_empty() {
        // Full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS 2015): replicas that lost one server at one
        // moment do not come back at one moment.
        let pause = longest.mul_f64(rand::random());
        if cache.is_enabled() || !cache.degrades() {
            tokio::time::sleep(pause).await;
        } else {
            // It is asked for in the background already. The pause is for what that does not see.
            let _ = tokio::time::timeout(pause.max(longest / 2), cache.watch_state().enabled()).await;
        }
        let (mut left, mut comes) = (Vec::with_capacity(open.len()), false);
        for (migrator, index) in open {
            if !cache.standing().put_off(&index, |put_off| put_off.is_left_to(&task)) {
                continue;
            }
            if let Err(error) = attempt(&migrator, &cache).await {
                comes |= may_come(&error);
                let (class, reason) = (class(&error), Reason::new(error));
                if cache.standing().put_off(&index, |put_off| put_off.met(class, reason, &task)) {
                    left.push((migrator, index));
                }
            }
        }
        open = left;
        longest = (longest * 2).min(if comes { most } else { MENDED });
    }
}
