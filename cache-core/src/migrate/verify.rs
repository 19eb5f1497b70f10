//! Whether an index may take the place of another: what it lacks, compared with what the other lacks.

use std::time::Duration;

use cache_index::{Batch, IndexInfo, Shortfall};

use super::absent::{Absent, absent};
use super::error::MigrateError;
use super::inspect::{question, read};
use super::options::Options;
use super::plan::Plan;
use crate::cache::Cache;
use crate::index;

/// How often two indexes are compared where that is not done at one moment: on a cluster.
const TRIES: u32 = 10;

/// How long it is waited between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Fails if the new index lacks more documents than the old one, beyond what is allowed. `false`: it is gone.
///
/// Both are asked in one transaction, so that documents which are written or deleted meanwhile are in both counts or in
/// none.
pub(super) async fn verify(
    cache: &Cache,
    plan: &Plan,
    index: &str,
    against: &str,
    options: &Options,
) -> Result<bool, MigrateError> {
    let cluster = cache.capabilities().cluster;
    let mut tries = 0;
    loop {
        let questions = vec![question(index), question(against)];
        // A transaction would need both names on one slot.
        let batch = if cluster { Batch::pipeline(questions) } else { Batch::atomic(questions) };
        let mut infos = index::ask_all(cache, batch).await?.into_iter();
        let (Some(new), Some(old)) = (infos.next(), infos.next()) else { return Ok(false) };
        let Some(new) = read(new)? else { return Ok(false) };
        // An old index that is gone holds nothing that the new one could lack.
        let Some(old) = read(old)? else { return Ok(true) };
        if is_being_filled(&old) {
            // After a restart the server fills it again: until then it says less than it will.
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let missing = old.documents.saturating_sub(new.documents);
        if missing <= options.allowed_failures {
            return Ok(true);
        }
        if cluster && tries < TRIES {
            tries += 1;
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        // Counts say how many; which ones, and whether they are still missing, is seen by looking.
        let counted = Absent { number: missing, keys: new.last_failure.into_iter().collect() };
        let found = absent(cache, plan, &new.name, Some(against)).await?.unwrap_or(counted);
        return if found.number <= options.allowed_failures {
            Ok(true)
        } else {
            Err(failed(cache, plan, new.name, Some(against), found))
        };
    }
}

/// Fails if an index that fields were added to lacks more documents than before, beyond what is allowed.
pub(super) async fn verify_extended(
    cache: &Cache,
    plan: &Plan,
    index: &IndexInfo,
    before: u64,
    options: &Options,
) -> Result<(), MigrateError> {
    if index.failures == 0 {
        return Ok(());
    }
    let found = match absent(cache, plan, &index.name, None).await? {
        Some(found) => found,
        None => Absent { number: index.failures, keys: index.last_failure.clone().into_iter().collect() },
    };
    if found.number <= before.saturating_add(options.allowed_failures) {
        return Ok(());
    }
    let more = Absent { number: found.number - before, ..found };
    Err(failed(cache, plan, index.name.clone(), None, more))
}

fn is_being_filled(index: &IndexInfo) -> bool {
    index.indexing && index.background_problem.is_none()
}

/// What the index lacks is said to queries of it too: the service may go on without the migration.
fn failed(cache: &Cache, plan: &Plan, index: String, against: Option<&str>, found: Absent) -> MigrateError {
    cache.standing().report(&plan.index, vec![Shortfall::FailedDocuments(found.number)]);
    MigrateError::Verify {
        model: plan.model,
        index,
        against: against.map(str::to_owned),
        missing: found.number,
        keys: found.keys,
    }
}
