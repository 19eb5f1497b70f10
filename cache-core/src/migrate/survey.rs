//! What there is, and what is to be done about it.

use super::observed::Observed;
use super::plan::{self, Plan};
use super::{MigrateError, Migrator, foresee, inspect, masters, refuse};
use crate::cache::Cache;

/// How often it is looked at an index that may be in the middle of being extended by another replica: what that leaves beside is
/// read a moment before the index is, and is there with the next look.
const LOOKS: u32 = 3;

impl Migrator {
    /// Both, with what is told beyond.
    pub(super) async fn planned(&self, cache: &Cache) -> Result<Vec<Plan>, MigrateError> {
        let (observed, mut plans) = self.observe(cache).await?;
        foresee::foresee(cache, &observed, &mut plans).await?;
        Ok(plans)
    }

    pub(super) async fn observe(&self, cache: &Cache) -> Result<(Vec<Observed>, Vec<Plan>), MigrateError> {
        self.check(cache)?;
        let schemas = self.indexed();
        // Without an index there is nothing to ask a server, which may have no search module.
        if schemas.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        if cache.asked(None).await?.cluster {
            masters::check(cache).await?;
        }
        let keyspace = cache.keyspace()?;
        let mut looks = LOOKS;
        loop {
            let observed = inspect::inspect(cache, &schemas).await?;
            let plan = |(schema, observed)| plan::plan(schema, keyspace, observed, &self.options);
            let mut plans: Vec<_> = schemas.iter().copied().zip(&observed).map(plan).collect();
            looks -= 1;
            if looks == 0 || !plans.iter().any(Plan::is_doubted) {
                refuse::warn(&mut plans);
                return Ok((observed, plans));
            }
        }
    }
}
