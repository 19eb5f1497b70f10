//! Migrations of a server that cannot be asked yet.

use std::sync::Arc;
use std::time::Duration;

use cache_index::ServerErrorKind;
use tokio::runtime::Handle;

use super::{MigrateError, Migration, Migrator};
use crate::cache::{Cache, ErrorClass};
use crate::error::Error;
use crate::index;

/// The longest pause before the first try and before any later one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Runs the migration, with what is known of its indexes kept up to date.
pub(super) async fn run(migrator: &Migrator, cache: &Cache) -> Result<Migration, MigrateError> {
    register(migrator, cache)?;
    match attempt(migrator, cache).await {
        Err(MigrateError::Server(error)) if migrator.defers && may_come(&error) => {
            defer(migrator, cache, &error)?;
            Ok(Migration::deferred())
        }
        other => other,
    }
}

fn register(migrator: &Migrator, cache: &Cache) -> Result<(), MigrateError> {
    for schema in migrator.indexed() {
        cache.standing().registered(&schema.index_name(cache.keyspace()?), schema);
    }
    Ok(())
}

async fn attempt(migrator: &Migrator, cache: &Cache) -> Result<Migration, MigrateError> {
    let migration = migrator.run_now(cache).await?;
    for schema in migrator.indexed() {
        let index = schema.index_name(cache.keyspace()?);
        index::look(cache, schema, &index, Duration::ZERO).await?;
    }
    Ok(migration)
}

/// Whether it is the server that has to come, or to become what it is to be, rather than the settings to be mended.
fn may_come(error: &Error) -> bool {
    error.is_unavailable() || error.server_kind() == Some(ServerErrorKind::ReadOnly)
}

/// Goes on in the background until it is done or the cache is gone, unless somebody does already.
fn defer(migrator: &Migrator, cache: &Cache, error: &Error) -> Result<(), MigrateError> {
    let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
    let keyspace = cache.keyspace()?;
    let indexes: Vec<_> = migrator.indexed().iter().map(|schema| schema.index_name(keyspace)).collect();
    let (task, mut begun) = (Arc::new(()), false);
    for index in &indexes {
        begun |= cache.standing().deferred(index, ErrorClass::of(error), &task);
    }
    if begun {
        let (cache, gone) = cache.detached();
        let work = until_done(migrator.clone(), cache, indexes, task);
        runtime.spawn(gone.or(work));
    }
    Ok(())
}

async fn until_done(migrator: Migrator, cache: Cache, indexes: Vec<String>, task: Arc<()>) {
    let (mut longest, most) = PAUSES;
    loop {
        // Full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS 2015): replicas that lost one server at one
        // moment do not come back at one moment.
        tokio::time::sleep(longest.mul_f64(rand::random())).await;
        longest = (longest * 2).min(most);
        match attempt(&migrator, &cache).await {
            Ok(_) => return,
            Err(error) => {
                let class = match &error {
                    MigrateError::Server(error) => ErrorClass::of(error),
                    _ => ErrorClass::Refused,
                };
                for index in &indexes {
                    cache.standing().deferred(index, class, &task);
                }
            }
        }
    }
}
