//! What a run would be refused for, told without one.

use cache_index::{Beside, Command};

use super::{MigrateError, Migrator, Plan, preflight, refuse};
use crate::cache::Cache;

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

/// Fails if the server takes no writes now and one of the plans needs some.
///
/// Only a write is refused for all the reasons for which writes are. This one changes nothing: bytes that are none, set
/// in a key that is none, make no key.
async fn takes_writes(cache: &Cache, plans: &[Plan]) -> Result<(), MigrateError> {
    let Some(plan) = plans.iter().find(|plan| !plan.serves()) else { return Ok(()) };
    let mut key = Vec::new();
    plan.schema.0.write_sibling(cache.keyspace()?, &mut key, Beside::Model, &[&"writes"])?;
    match cache.command(Command::new("SETRANGE").key(key).args_from(["0", ""]).repeatable()).await {
        Err(error) if error.is_write_refused() => Err(error.into()),
        // Whoever may not do this needs not to.
        _ => Ok(()),
    }
}
