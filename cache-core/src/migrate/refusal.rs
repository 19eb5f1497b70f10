//! What a run would be refused for, told without one.

use cache_index::{Beside, Command};

use super::{MigrateError, Migrator, Plan, preflight, refuse};
use crate::cache::Cache;
use crate::error::Error;

impl Migrator {
    /// What would keep [`run`](Migrator::run) from carrying these plans out, as far as it is known before anything is
    /// written.
    pub(crate) async fn refusal(&self, cache: &Cache, plans: &[Plan]) -> Option<MigrateError> {
        if let Err(refused) = refuse::refuse(plans, &self.options) {
            return Some(refused);
        }
        match preflight::check(cache, plans).await {
            Ok(()) => takes_writes(cache, plans).await.err(),
            Err(error) => Some(preflight::named(cache, &self.indexed(), error).await),
        }
    }
}

/// What the probe is called where it is refused: nobody sent it.
const WRITE: &str = "a write that would change nothing";

/// Fails if the server takes no writes now and one of the plans needs some.
///
/// Only a write is refused for all the reasons for which writes are, and only one that may take memory for want of it. Every run
/// sends this command, so that whoever may run the migrator may send it. With `XX` it changes a member only that is there, and
/// makes neither it nor the key.
async fn takes_writes(cache: &Cache, plans: &[Plan]) -> Result<(), MigrateError> {
    let Some(plan) = plans.iter().find(|plan| !plan.serves()) else { return Ok(()) };
    let mut key = Vec::new();
    plan.schema.0.write_sibling(cache.keyspace()?, &mut key, Beside::Model, &[&"writes"])?;
    match cache.command(Command::new("ZADD").key(key).args_from(["XX", "1", "m"]).repeatable()).await {
        Err(error) if error.is_write_refused() => Err(unnamed(error).into()),
        // Whatever else is wrong, a run says: rights were asked for before, where that can be.
        _ => Ok(()),
    }
}

fn unnamed(error: Error) -> Error {
    match error {
        Error::Server { source, .. } => Error::Server { command: WRITE.to_owned(), source },
        other => other,
    }
}
